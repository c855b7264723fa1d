import { recursiveSpans } from './recursive-splitter.js';
import { checkSizes } from './span.js';
import { defineSplitter, type Splitter } from './splitter.js';

export interface CharacterSplitterOptions {
  /** Longest piece, in UTF-16 code units; at least 2. @default 1000 */
  readonly maxChars?: number;
  /** How much of a piece's end the next one repeats; below `maxChars`. @default 200 */
  readonly overlapChars?: number;
}

/**
 * Cuts windows of one length, wherever they fall, but never inside a surrogate pair. For text without words and lines, such as
 * sequences; for prose use `recursiveSplitter`.
 * @throws {PipewrightError} `bad-option` for a size below 2 or an overlap that is not below the size.
 * @example (await characterSplitter({ maxChars: 3, overlapChars: 1 })({ id: 'a', text: 'ACGTA' })).map((piece) => piece.text) // => ['ACG', 'GTA']
 */
export const characterSplitter = ({
  maxChars = 1_000,
  overlapChars = 200,
}: CharacterSplitterOptions = {}): Splitter => {
  checkSizes({ name: 'maxChars', value: maxChars, min: 2 }, { name: 'overlapChars', value: overlapChars });
  return defineSplitter('character', ({ text }) => recursiveSpans(text, { maxChars, overlapChars, separators: [] }));
};
