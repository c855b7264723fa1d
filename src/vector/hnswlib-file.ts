import { checkAtLeast, PipewrightError, sliceTimer, yieldToEventLoop } from '../core/index.js';

/*
 * The file that hnswlib (and so hnswlib-node) writes on 64-bit little-endian machines:
 *
 *   0   u64  offset of level 0 (0)           48  i32  highest level
 *   8   u64  capacity                        52  u32  entry
 *   16  u64  elements                        56  u64  m above level 0
 *   24  u64  bytes of an element             64  u64  m on level 0
 *   32  u64  offset of the label             72  u64  m
 *   40  u64  offset of the vector            80  f64  factor of the levels
 *                                            88  u64  efConstruction
 *   96  each element: u16 count, u8 flags at +2 (1: removed), m0 links; the vector; a 64-bit label
 *   …   for each element: u32 bytes of its upper lists, and the lists
 */
const headBytes = 96;
const isRemoved = 1;

/** A vector of an index file and the number that it was added under. */
export interface HnswlibEntry {
  readonly label: number;
  readonly vector: Float32Array;
}

interface Head {
  readonly count: number;
  readonly elementBytes: number;
  readonly labelAt: number;
  readonly vectorAt: number;
}

const damaged = (what: string): PipewrightError =>
  new PipewrightError('store-damaged', `This is not a whole index file of hnswlib: ${what}.`);

const readHead = (view: DataView, dimensions: number): Head => {
  if (view.byteLength < headBytes) throw damaged('it is too short');
  const word = (at: number): number => Number(view.getBigUint64(at, true));
  const [count, elementBytes, labelAt, vectorAt, m] = [word(16), word(24), word(32), word(40), word(56)];
  const linkBytes = 4 * (1 + 2 * m);
  if (word(0) !== 0 || word(64) !== 2 * m || m < 1) throw damaged('its numbers do not fit each other');
  if (vectorAt !== linkBytes || labelAt !== linkBytes + dimensions * 4 || elementBytes !== labelAt + 8) {
    throw damaged(`its vectors do not have ${dimensions} dimensions`);
  }
  if (count > word(8) || headBytes + count * elementBytes > view.byteLength) throw damaged('it is cut short');
  return { count, elementBytes, labelAt, vectorAt };
};

/** The upper lists come after the elements; they tell whether the file is whole. */
const checkEnd = (view: DataView, { count, elementBytes }: Head): void => {
  let at = headBytes + count * elementBytes;
  for (let i = 0; i < count; i++) {
    if (at + 4 > view.byteLength) throw damaged('it is cut short');
    at += 4 + view.getUint32(at, true);
  }
  if (at !== view.byteLength) throw damaged(at > view.byteLength ? 'it is cut short' : 'it is too long');
};

/**
 * The vectors of an index file that hnswlib-node or LangChain's `HNSWLib` wrote, removed ones left out: the way to move such an index
 * into a collection. An index of the space `cosine` holds them scaled to length 1.
 * @throws {PipewrightError} `store-damaged` for anything that is not a whole file of vectors of these dimensions.
 * @example for await (const { label, vector } of hnswlibEntries(await readFile('hnswlib.index'), 384)) …
 */
export async function* hnswlibEntries(
  bytes: Uint8Array,
  dimensions: number,
): AsyncGenerator<HnswlibEntry, void, undefined> {
  checkAtLeast('dimensions', dimensions, 1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = readHead(view, dimensions);
  checkEnd(view, head);
  const isTurnDue = sliceTimer();
  for (let row = 0; row < head.count; row++) {
    const at = headBytes + row * head.elementBytes;
    if ((view.getUint8(at + 2) & isRemoved) !== 0) continue;
    const vector = new Float32Array(dimensions);
    for (let i = 0; i < dimensions; i++) {
      const value = view.getFloat32(at + head.vectorAt + 4 * i, true);
      if (!Number.isFinite(value)) throw damaged(`the vector of element ${row} holds ${value}`);
      vector[i] = value;
    }
    yield { label: Number(view.getBigUint64(at + head.labelAt, true)), vector };
    if (isTurnDue()) await yieldToEventLoop();
  }
}
