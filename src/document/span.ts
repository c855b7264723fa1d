import { PipewrightError } from '../core/index.js';
import type { PieceSpan } from './splitter.js';

/** White space as `\s` and `String.trim` see it. */
export const isSpace = (code: number): boolean =>
  code === 32 ||
  (code >= 9 && code <= 13) ||
  code === 0xa0 ||
  (code > 0xff &&
    (code === 0x1680 ||
      (code >= 0x2000 && code <= 0x200a) ||
      code === 0x2028 ||
      code === 0x2029 ||
      code === 0x202f ||
      code === 0x205f ||
      code === 0x3000 ||
      code === 0xfeff));

/** The first offset from `start` that is no white space, at most `end`. */
export const skipSpace = (text: string, start: number, end: number): number => {
  let at = start;
  while (at < end && isSpace(text.charCodeAt(at))) at++;
  return at;
};

/** The end of what is left when white space is taken from the end of `[start, end)`. */
export const trimEnd = (text: string, start: number, end: number): number => {
  let at = end;
  while (at > start && isSpace(text.charCodeAt(at - 1))) at--;
  return at;
};

/** The span without white space around it. */
export const trimmed = (text: string, start: number, end: number): PieceSpan => {
  const from = skipSpace(text, start, end);
  return { start: from, end: trimEnd(text, from, end) };
};

/** The span without blank lines around it; where it begins a line, that line keeps its indentation. */
export const trimmedLines = (text: string, start: number, end: number): PieceSpan => {
  const from = skipSpace(text, start, end);
  if (from === end) return { start: end, end };
  let lineStart = from;
  while (lineStart > start && isIndent(text.charCodeAt(lineStart - 1))) lineStart--;
  const isLine = lineStart === 0 || text.charCodeAt(lineStart - 1) === newline;
  return { start: isLine ? lineStart : from, end: trimEnd(text, from, end) };
};

const newline = 10;
const isIndent = (code: number): boolean => code === 32 || code === 9;

const isHigh = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
const isLow = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;

/** Whether a cut at this offset would cut a surrogate pair in half. */
export const isInsidePair = (text: string, at: number): boolean =>
  at > 0 && at < text.length && isLow(text.charCodeAt(at)) && isHigh(text.charCodeAt(at - 1));

/** Throws `bad-option` unless the size can hold any one character and the overlap is smaller than the size. */
export const checkSizes = (
  size: { readonly name: string; readonly value: number; readonly min: number },
  overlap: { readonly name: string; readonly value: number },
): void => {
  if (!Number.isInteger(size.value) || size.value < size.min) {
    throw new PipewrightError(
      'bad-option',
      `\`${size.name}\` must be a whole number of at least ${size.min}, got ${size.value}.`,
    );
  }
  if (!Number.isInteger(overlap.value) || overlap.value < 0 || overlap.value >= size.value) {
    throw new PipewrightError(
      'bad-option',
      `\`${overlap.name}\` must be a whole number from 0 to ${size.value - 1} (below \`${size.name}\`), got ${overlap.value}.`,
    );
  }
};
