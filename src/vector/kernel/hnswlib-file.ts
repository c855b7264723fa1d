import { PipewrightError } from '../../core/index.js';
import { headerEntry, headerLinkedCount, isLinked, maxLevel, nodeFlags, noRow } from './assembly/layout.js';
import { createKernel, type KernelParts, partsOf } from './kernel.js';
import type { KernelOptions, VectorKernel } from './types.js';

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
 *   …   for each element: u32 bytes of its upper lists, then for each level from 1 on a u32 with a count, and m links
 */
const headBytes = 96;

interface Head {
  readonly count: number;
  readonly elementBytes: number;
  readonly labelAt: number;
  readonly vectorAt: number;
  readonly topLevel: number;
  readonly entry: number;
  readonly m: number;
  readonly efConstruction: number;
}

export interface HnswlibFile {
  /** A kernel with the vectors and the graph of the file; removed elements are removed rows of it. */
  readonly kernel: VectorKernel;
  /** The label of each row. */
  readonly labels: readonly number[];
}

const damaged = (what: string): PipewrightError =>
  new PipewrightError('store-damaged', `This is not a whole index file of hnswlib: ${what}.`);

const readHead = (view: DataView, dimensions: number): Head => {
  if (view.byteLength < headBytes) throw damaged('it is too short');
  const word = (at: number): number => Number(view.getBigUint64(at, true));
  const m = word(56);
  const elementBytes = word(24);
  const head: Head = {
    count: word(16),
    elementBytes,
    labelAt: word(32),
    vectorAt: word(40),
    topLevel: view.getInt32(48, true),
    entry: view.getUint32(52, true),
    m,
    efConstruction: word(88),
  };
  const links = 4 * (1 + 2 * m);
  if (word(0) !== 0 || word(64) !== 2 * m || word(72) !== m || m < 2 || m > 128)
    throw damaged('its numbers do not fit each other');
  if (head.vectorAt !== links || head.labelAt !== links + dimensions * 4 || elementBytes !== head.labelAt + 8) {
    throw damaged(`its vectors do not have ${dimensions} dimensions`);
  }
  if (head.count > word(8) || headBytes + head.count * elementBytes > view.byteLength) throw damaged('it is cut short');
  if (head.count > 0 && (head.entry >= head.count || head.topLevel < 0 || head.topLevel > maxLevel)) {
    throw damaged('its entry does not exist');
  }
  return head;
};

/** Copies a list of links into a node, each checked. */
const readList = (
  parts: KernelParts,
  view: DataView,
  { count }: Head,
  at: number,
  list: number,
  most: number,
): void => {
  const length = view.getUint16(at, true);
  if (length > most) throw damaged('a list of links is too long');
  const { words } = parts.space;
  for (let i = 1; i <= length; i++) {
    const to = view.getUint32(at + 4 * i, true);
    if (to >= count) throw damaged('a link leads nowhere');
    words[(list >>> 2) + i] = to;
  }
  words[list >>> 2] = length;
};

/** Sets the vectors and the lists of level 0. Returns the labels. */
const readElements = (kernel: VectorKernel, view: DataView, head: Head): number[] => {
  const parts = partsOf(kernel);
  const labels: number[] = [];
  const vector = new Float32Array(kernel.options.dimensions);
  for (let row = 0; row < head.count; row++) {
    const at = headBytes + row * head.elementBytes;
    for (let i = 0; i < vector.length; i++) {
      const value = view.getFloat32(at + head.vectorAt + 4 * i, true);
      if (!Number.isFinite(value)) throw damaged(`the vector of element ${row} holds ${value}`);
      vector[i] = value;
    }
    kernel.set(row, vector);
    readList(parts, view, head, at, parts.rows.listAt(row, 0), 2 * head.m);
    labels.push(Number(view.getBigUint64(at + head.labelAt, true)));
  }
  return labels;
};

/** Reads the lists above level 0, which come after all elements. */
const readUpperLists = (parts: KernelParts, view: DataView, head: Head): void => {
  const { rows, space } = parts;
  const listBytes = 4 * (1 + head.m);
  let at = headBytes + head.count * head.elementBytes;
  for (let row = 0; row < head.count; row++) {
    if (at + 4 > view.byteLength) throw damaged('it is cut short');
    const bytes = view.getUint32(at, true);
    const level = bytes / listBytes;
    at += 4;
    if (!Number.isInteger(level) || level > head.topLevel || at + bytes > view.byteLength) {
      throw damaged('the upper levels of a row do not fit');
    }
    rows.setLevel(row, level);
    for (let i = 1; i <= level; i++, at += listBytes) readList(parts, view, head, at, rows.listAt(row, i), head.m);
    Atomics.or(space.words, (rows.nodeAt(row) + nodeFlags) >>> 2, isLinked);
  }
  if (at !== view.byteLength) throw damaged('it is too long');
  if (head.count > 0 && rows.levelOf(head.entry) !== head.topLevel)
    throw damaged('its entry is not on the highest level');
};

/** A link above level 0 must lead to a row that reaches up to there. */
const checkLevels = ({ rows, space }: KernelParts, count: number): void => {
  for (let row = 0; row < count; row++) {
    for (let level = rows.levelOf(row); level > 0; level--) {
      const list = rows.listAt(row, level) >>> 2;
      const end = list + (space.words[list] as number);
      for (let i = list + 1; i <= end; i++) {
        if (rows.levelOf(space.words[i] as number) < level) throw damaged('a link leads above the level of its row');
      }
    }
  }
};

/**
 * Reads an index file that hnswlib-node wrote: `ip` and `cosine` indexes with the metric `dot`, `l2` ones with `euclidean`. The
 * file does not say which it is. Works in one go: some seconds for a million vectors.
 * @throws {PipewrightError} `store-damaged` for anything that is not a whole file of vectors of these dimensions
 */
export const importHnswlib = (bytes: Uint8Array, options: Omit<KernelOptions, 'm' | 'efConstruction'>): HnswlibFile => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = readHead(view, options.dimensions);
  const kernel = createKernel({
    ...options,
    m: head.m,
    efConstruction: Math.min(Math.max(head.efConstruction, 1), 4_096),
  });
  const parts = partsOf(kernel);
  const labels = readElements(kernel, view, head);
  readUpperLists(parts, view, head);
  checkLevels(parts, head.count);
  parts.space.words[headerLinkedCount >>> 2] = head.count;
  parts.space.words[headerEntry >>> 2] = head.count === 0 ? noRow : head.entry;
  for (let row = 0; row < head.count; row++) {
    const flags = view.getUint8(headBytes + row * head.elementBytes + 2);
    if ((flags & 1) !== 0) kernel.remove(row);
  }
  return { kernel, labels };
};
