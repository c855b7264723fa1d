import { checkSizes, isInsidePair, skipSpace, trimmed } from './span.js';
import { defineSplitter, type PieceSpan, type Splitter } from './splitter.js';

export interface RecursiveSplitterOptions {
  /** Longest piece, in UTF-16 code units; at least 2. @default 1000 */
  readonly maxChars?: number;
  /** How much of a piece's end the next one may repeat; below `maxChars`. @default 200 */
  readonly overlapChars?: number;
  /** Where to cut, best first; a cut stands behind its separator. @default paragraphs, lines, sentences, clauses, words */
  readonly separators?: readonly string[];
}

export interface RecursiveSizes {
  readonly maxChars: number;
  readonly overlapChars: number;
  readonly separators: readonly string[];
}

/** The stretch to cut: no cut falls at or before `covered`. */
export interface CutRange {
  readonly start: number;
  readonly covered: number;
  readonly end: number;
}

export const textSeparators: readonly string[] = ['\n\n', '\r\n\r\n', '\n', '. ', '? ', '! ', '。', '; ', ', ', ' '];

/**
 * Cuts at the best border that still fits: between paragraphs, else lines, else sentences, else words, and inside a word only
 * when a word alone is too long. The splitter for prose of unknown form. Every character but white space is in some piece.
 * @throws {PipewrightError} `bad-option` for a size below 2 or an overlap that is not below the size.
 * @example (await recursiveSplitter({ maxChars: 9, overlapChars: 0 })({ id: 'a', text: 'One two. Three.' })).map((piece) => piece.text) // => ['One two.', 'Three.']
 */
export const recursiveSplitter = (options: RecursiveSplitterOptions = {}): Splitter => {
  const sizes = { maxChars: 1_000, overlapChars: 200, separators: textSeparators, ...options };
  checkSizes({ name: 'maxChars', value: sizes.maxChars, min: 2 }, { name: 'overlapChars', value: sizes.overlapChars });
  const separators = sizes.separators.filter((separator) => separator !== '');
  return defineSplitter('recursive', ({ text }) => recursiveSpans(text, { ...sizes, separators }));
};

/** The spans of the pieces, without white space around them. Reads each window once per separator, so the time is linear. */
export function* recursiveSpans(
  text: string,
  sizes: RecursiveSizes,
  range: CutRange = { start: 0, covered: 0, end: text.length },
): Generator<PieceSpan, void, undefined> {
  let { start, covered } = range;
  let given = start;
  while (covered < range.end) {
    if (start === covered) start = covered = skipSpace(text, covered, range.end);
    let cut = cutOf(text, start, covered, range.end, sizes);
    if (cut === undefined && start < covered) {
      // Only a cut inside a word would keep what is before `covered` in the piece: rather leave it apart.
      const apart = trimmed(text, start, covered);
      if (apart.end > given) yield apart;
      start = skipSpace(text, covered, range.end);
      cut = cutOf(text, start, start, range.end, sizes);
    }
    const end = cut ?? hardCut(text, start + sizes.maxChars);
    const span = trimmed(text, start, end);
    // A stretch that adds only white space to the overlap is no piece.
    if (span.end > Math.max(span.start, given)) {
      yield span;
      given = span.end;
    }
    covered = end;
    start = overlapStart(text, start, end, sizes);
  }
}

/** Where the piece that begins at `start` ends; undefined when no separator stands between `covered` and the size. */
const cutOf = (
  text: string,
  start: number,
  covered: number,
  end: number,
  { maxChars, separators }: RecursiveSizes,
): number | undefined => {
  const limit = start + maxChars;
  if (end <= limit) return end;
  return lastCut(text, covered, limit, start + maxChars / 3, separators);
};

/**
 * The last cut in `(from, to]` behind the best separator that fills the piece up to `wanted` at least, so that a heading or a short
 * first paragraph is not left alone; where none does, the best separator at all.
 */
export const lastCut = (
  text: string,
  from: number,
  to: number,
  wanted: number,
  separators: readonly string[],
): number | undefined => {
  const window = text.slice(from, to);
  let small: number | undefined;
  for (const separator of separators) {
    const found = window.lastIndexOf(separator);
    if (found === -1) continue;
    const cut = from + found + separator.length;
    if (isInsidePair(text, cut)) continue;
    if (cut >= wanted) return cut;
    small ??= cut;
  }
  return small;
};

/** A cut at `at`, or one earlier where `at` is inside a surrogate pair. */
export const hardCut = (text: string, at: number): number => (isInsidePair(text, at) ? at - 1 : at);

/** Where the next piece begins: at the best border that keeps at least half of the overlap, else right in the text. */
const overlapStart = (
  text: string,
  start: number,
  end: number,
  { overlapChars, separators }: RecursiveSizes,
): number => {
  const zoneStart = end - overlapChars;
  if (overlapChars === 0 || zoneStart <= start) return end;
  const zone = text.slice(zoneStart, end);
  for (const separator of separators) {
    const found = zone.indexOf(separator);
    const at = found + separator.length;
    if (found !== -1 && at <= overlapChars / 2 && !isInsidePair(text, zoneStart + at)) {
      return skipSpace(text, zoneStart + at, end);
    }
  }
  return skipSpace(text, isInsidePair(text, zoneStart) ? zoneStart + 1 : zoneStart, end);
};
