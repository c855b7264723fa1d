import { PipewrightError, sliceTimer, yieldToEventLoop } from '../../core/index.js';
import {
  headerDeadCount,
  headerEntry,
  headerLength,
  headerLinkedCount,
  isLinked,
  isLive,
  maxLevel,
  nodeFlags,
  noRow,
} from './assembly/layout.js';
import type { KernelParts } from './kernel.js';

/*
 * A graph as bytes: 32-bit words, little-endian.
 *
 *   head      magic, version, m
 *   each row  its label, its level, then for each level from 0 a count and so many labels
 *   tail      linked rows, label of the entry, checksum of all words before
 */
const magic = 0x57484750; // "PGHW"
const version = 1;
const headWords = 3;
const tailWords = 3;
const pieceWords = 262_144;

/** FNV-1a over words: every change of a single word changes it. */
const mix = (hash: number, words: Uint32Array, from: number, to: number): number => {
  let mixed = hash;
  for (let i = from; i < to; i++) mixed = Math.imul(mixed ^ (words[i] as number), 0x01000193);
  return mixed;
};
const firstHash = 0x811c9dc5 | 0;

const wordsOfRow = ({ rows, space }: KernelParts, row: number): number => {
  let count = 2;
  for (let level = rows.levelOf(row); level >= 0; level--) {
    count += 1 + (space.words[rows.listAt(row, level) >>> 2] as number);
  }
  return count;
};

const isInGraph = ({ rows, space }: KernelParts, row: number): boolean =>
  ((space.words[(rows.nodeAt(row) + nodeFlags) >>> 2] as number) & isLinked) !== 0;

/** Copies a row to `out` from `at` on; returns where it ends. */
const putRow = ({ rows, space }: KernelParts, row: number, out: Uint32Array, at: number): number => {
  const top = rows.levelOf(row);
  let to = at;
  out[to++] = rows.labelOf(row);
  out[to++] = top;
  for (let level = 0; level <= top; level++) {
    const list = rows.listAt(row, level) >>> 2;
    const count = space.words[list] as number;
    out[to++] = count;
    for (let i = 1; i <= count; i++) out[to++] = rows.labelOf(space.words[list + i] as number);
  }
  return to;
};

/** The graph in pieces of about a mebibyte. */
export function* exportGraph(parts: KernelParts): Generator<Uint8Array, void, undefined> {
  const { header, options, rows } = parts;
  const length = header(headerLength);
  let linked = 0;
  let piece = new Uint32Array(pieceWords);
  piece.set([magic, version, options.m]);
  let filled = headWords;
  let hash = firstHash;
  const flush = (): Uint8Array => {
    hash = mix(hash, piece, 0, filled);
    const bytes = new Uint8Array(piece.buffer, 0, filled * 4);
    piece = new Uint32Array(pieceWords);
    filled = 0;
    return bytes;
  };
  for (let row = 0; row < length; row++) {
    if (!isInGraph(parts, row)) continue;
    if (filled + wordsOfRow(parts, row) > pieceWords) yield flush();
    filled = putRow(parts, row, piece, filled);
    linked++;
  }
  yield flush();
  const entry = header(headerEntry);
  piece.set([linked, entry === noRow ? noRow : rows.labelOf(entry)]);
  filled = 2;
  yield flush();
  yield new Uint8Array(Uint32Array.of(hash).buffer);
}

const damaged = (what: string): PipewrightError =>
  new PipewrightError('store-damaged', `The stored graph is damaged: ${what}. Throw it away and link the rows again.`);

const toWords = (bytes: Uint8Array): Uint32Array => {
  if (bytes.length % 4 !== 0) throw damaged('its length cannot be right');
  const isAligned = bytes.byteOffset % 4 === 0;
  return isAligned
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
    : new Uint32Array(bytes.slice().buffer);
};

/** The words of a graph: its head, its rows in pieces that end with a row, and its tail. */
interface GraphWords {
  readonly head: Uint32Array;
  readonly rows: readonly Uint32Array[];
  readonly tail: readonly number[];
}

/** Takes the pieces apart, which may be larger than those of the export, but end where one of those does. */
const takeApart = (pieces: readonly Uint8Array[]): GraphWords => {
  const rows = pieces.map(toWords);
  const head = rows[0]?.subarray(0, headWords) ?? new Uint32Array();
  if (head.length < headWords) throw damaged('its length cannot be right');
  rows[0] = (rows[0] as Uint32Array).subarray(headWords);
  const tail: number[] = [];
  while (tail.length < tailWords) {
    const last = rows.pop();
    if (last === undefined) throw damaged('its length cannot be right');
    const kept = Math.max(0, last.length - (tailWords - tail.length));
    tail.unshift(...last.subarray(kept));
    if (kept > 0) rows.push(last.subarray(0, kept));
  }
  return { head, rows, tail };
};

interface Frame {
  readonly linked: number;
  readonly entry: number;
}

/** Everything that can be told before a word is written. */
const readFrame = ({ head, tail }: GraphWords, { options, header }: KernelParts): Frame => {
  const [first, itsVersion, m] = head;
  const [linked = 0, entry = noRow] = tail;
  if (first !== magic) throw damaged('it does not begin like one');
  if (itsVersion !== version) {
    throw new PipewrightError(
      'store-newer',
      `The stored graph has version ${itsVersion}; this release reads ${version}.`,
    );
  }
  if (m !== options.m) throw damaged(`its \`m\` is ${m}, not ${options.m}`);
  if ((entry === noRow) !== (linked === 0)) throw damaged('it has rows and no entry, or the reverse');
  if (linked > header(headerLength)) throw damaged('it has more rows than there are vectors');
  return { linked, entry };
};

/** One step after another of a long loop; in between the event loop has its turn. Loops that follow each other share a timer. */
const inSlices = async (step: () => boolean, isTime = sliceTimer()): Promise<void> => {
  while (step()) {
    if (isTime()) await yieldToEventLoop();
  }
};

const stepWords = 65_536;

const checkSum = async ({ head, rows, tail }: GraphWords): Promise<void> => {
  const isTime = sliceTimer();
  let hash = mix(firstHash, head, 0, head.length);
  for (const words of rows) {
    let at = 0;
    await inSlices(() => {
      const to = Math.min(words.length, at + stepWords);
      hash = mix(hash, words, at, to);
      at = to;
      return at < words.length;
    }, isTime);
  }
  hash = mix(hash, Uint32Array.from(tail), 0, tailWords - 1);
  if (hash >>> 0 !== tail[tailWords - 1]) throw damaged('its checksum is wrong');
};

/** Links one row as the words at `at` say; returns where the next one begins. */
const readRow = (parts: KernelParts, words: Uint32Array, at: number, end: number): number => {
  const { rows, space, options } = parts;
  const row = rows.rowOf(words[at] as number);
  const top = words[at + 1] as number;
  if (at + 2 > end || row === noRow || top > maxLevel) throw damaged('a row in it does not exist');
  const flags = (rows.nodeAt(row) + nodeFlags) >>> 2;
  if (((space.words[flags] as number) & isLinked) !== 0) throw damaged('a row is in it twice');
  if (((space.words[flags] as number) & isLive) === 0) throw damaged('a row in it has no vector');
  rows.setLevel(row, top);
  let from = at + 2;
  for (let level = 0; level <= top; level++) {
    const count = words[from] as number;
    const most = level === 0 ? 2 * options.m : options.m;
    if (!(count <= most) || from + 1 + count > end) throw damaged('a list in it is too long');
    const list = rows.listAt(row, level) >>> 2;
    for (let i = 1; i <= count; i++) {
      const neighbour = rows.rowOf(words[from + i] as number);
      if (neighbour === noRow) throw damaged('a link in it leads nowhere');
      space.words[list + i] = neighbour;
    }
    space.words[list] = count;
    from += 1 + count;
  }
  Atomics.or(space.words, flags, isLinked);
  Atomics.add(space.words, headerLinkedCount >>> 2, 1);
  return from;
};

/** Links that lead to rows outside the graph would be walked to, so none may. */
const checkLinks = async ({ rows, space, header }: KernelParts): Promise<void> => {
  const length = header(headerLength);
  const linkedAt = (row: number): boolean =>
    ((space.words[(rows.nodeAt(row) + nodeFlags) >>> 2] as number) & isLinked) !== 0;
  const checkRow = (row: number): void => {
    for (let level = rows.levelOf(row); level >= 0; level--) {
      const list = rows.listAt(row, level) >>> 2;
      const end = list + (space.words[list] as number);
      for (let i = list + 1; i <= end; i++) {
        const to = space.words[i] as number;
        if (!linkedAt(to) || rows.levelOf(to) < level) throw damaged('a link in it leads out of it');
      }
    }
  };
  let row = 0;
  await inSlices(() => {
    const to = Math.min(length, row + 1_024);
    for (; row < to; row++) if (linkedAt(row)) checkRow(row);
    return row < length;
  });
};

/** Takes every row out of the graph again. */
const clear = async ({ rows, space, header }: KernelParts): Promise<void> => {
  let row = header(headerLength);
  await inSlices(() => {
    const to = Math.max(0, row - 1_024);
    while (row > to) {
      row--;
      Atomics.and(space.words, (rows.nodeAt(row) + nodeFlags) >>> 2, ~isLinked);
      for (let level = rows.levelOf(row); level >= 0; level--) space.words[rows.listAt(row, level) >>> 2] = 0;
    }
    return row > 0;
  });
  space.words[headerEntry >>> 2] = noRow;
  space.words[headerLinkedCount >>> 2] = 0;
  space.words[headerDeadCount >>> 2] = 0;
};

const readRows = async (parts: KernelParts, pieces: readonly Uint32Array[]): Promise<void> => {
  const isTime = sliceTimer();
  for (const words of pieces) {
    let at = 0;
    await inSlices(() => {
      for (let i = 0; i < 256 && at < words.length; i++) at = readRow(parts, words, at, words.length);
      return at < words.length;
    }, isTime);
  }
};

/** Links rows as the pieces say. The entry is set last: until then no search sees any of it. */
export const importGraph = async (parts: KernelParts, pieces: readonly Uint8Array[]): Promise<void> => {
  const { space, header } = parts;
  if (header(headerLinkedCount) > 0) {
    throw new PipewrightError('bad-input', 'A graph can be read only into a kernel in which no row is linked yet.');
  }
  const words = takeApart(pieces);
  const { linked, entry } = readFrame(words, parts);
  await checkSum(words);
  try {
    await readRows(parts, words.rows);
    if (header(headerLinkedCount) !== linked) throw damaged('rows are missing in it');
    await checkLinks(parts);
    const entryRow = parts.rows.rowOf(entry);
    if (linked > 0 && (entryRow === noRow || !isInGraph(parts, entryRow))) throw damaged('its entry is not in it');
    Atomics.store(space.words, headerEntry >>> 2, entryRow);
  } catch (error) {
    await clear(parts);
    throw error;
  }
};
