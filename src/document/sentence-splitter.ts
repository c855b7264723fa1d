import { sentenceSpans } from '../text/index.js';
import { recursiveSpans, textSeparators } from './recursive-splitter.js';
import { checkSizes, skipSpace } from './span.js';
import { defineSplitter, type PieceSpan, type Splitter } from './splitter.js';
import { mergeUnits, type Unit, withGaps } from './units.js';

export interface SentenceSplitterOptions {
  /** Longest piece, in UTF-16 code units; at least 2. @default 1000 */
  readonly maxChars?: number;
  /** How much of a piece's end the next one may repeat, in whole sentences; below `maxChars`. @default 200 */
  readonly overlapChars?: number;
}

/**
 * Joins whole sentences; only a sentence that is too long alone is cut. For prose whose pieces must be readable by themselves, at
 * the price of finding the sentences.
 * @throws {PipewrightError} `bad-option` for a size below 2 or an overlap that is not below the size.
 * @example (await sentenceSplitter({ maxChars: 12, overlapChars: 0 })({ id: 'a', text: 'It rains. We stay.' })).map((piece) => piece.text) // => ['It rains.', 'We stay.']
 */
export const sentenceSplitter = ({ maxChars = 1_000, overlapChars = 200 }: SentenceSplitterOptions = {}): Splitter => {
  checkSizes({ name: 'maxChars', value: maxChars, min: 2 }, { name: 'overlapChars', value: overlapChars });
  return defineSplitter('sentence', ({ text }) =>
    mergeUnits(text, sentenceUnits(text, maxChars), { max: maxChars, overlap: overlapChars }),
  );
};

/** Sentences are looked for in stretches of this length, so that the event loop gets its turns. */
const stretchChars = 65_536;

/** The sentences, each with the white space that follows it; one that is too long comes in parts. */
export function* sentenceUnits(text: string, maxChars: number): Generator<Unit, void, undefined> {
  const sizes = { maxChars, overlapChars: 0, separators: textSeparators };
  for (const sentence of withGaps(sentencesOf(text), text.length)) {
    const { start, end } = sentence;
    const parts = end - start <= maxChars ? [sentence] : recursiveSpans(text, sizes, { start, covered: start, end });
    // What is over the size is white space behind the last word, which no piece ends with.
    for (const part of withGaps(parts, end)) yield { ...part, size: Math.min(part.end - part.start, maxChars) };
  }
}

/** The sentences with the marks before them (`#`, `-`, fences), which `sentenceSpans` leaves out. */
function* sentencesOf(text: string): Generator<PieceSpan, void, undefined> {
  const sizes = { maxChars: stretchChars, overlapChars: 0, separators: textSeparators };
  for (const stretch of recursiveSpans(text, sizes)) {
    let start = stretch.start;
    for (const sentence of sentenceSpans(text.slice(stretch.start, stretch.end))) {
      const end = stretch.start + sentence.end;
      yield { start, end };
      start = skipSpace(text, end, stretch.end);
    }
    if (start < stretch.end) yield { start, end: stretch.end };
  }
}
