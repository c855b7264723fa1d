import { PipewrightError } from '../core/index.js';
import { hardCut, recursiveSpans, textSeparators } from './recursive-splitter.js';
import { checkSizes, trimEnd } from './span.js';
import { defineSplitter, type Splitter } from './splitter.js';
import { mergeUnits, type Unit, withGaps } from './units.js';

export interface TokenSplitterOptions {
  /**
   * Counts the tokens of a text, as the model does that will read the pieces. It must not count more for a text than for its
   * parts together; tokenizers do not, where the parts end with white space.
   */
  readonly countTokens: (text: string) => number;
  /** Most tokens in a piece. @default 256 */
  readonly maxTokens?: number;
  /** How many tokens of a piece's end the next one may repeat; below `maxTokens`. @default 32 */
  readonly overlapTokens?: number;
}

const minUnitChars = 32;
const maxUnitChars = 256;

/**
 * Cuts by the tokens of a model, between paragraphs, lines, sentences and words like `recursiveSplitter`. Each stretch of text is
 * counted once; only a stretch that is over the size alone is halved and counted again.
 * @throws {PipewrightError} `bad-option` for an overlap that is not below the size, or when one character has more tokens than a piece may have.
 * @example (await tokenSplitter({ countTokens: (text) => text.length, maxTokens: 8, overlapTokens: 0 })({ id: 'a', text: 'One two three' })).length // => 2
 */
export const tokenSplitter = ({ countTokens, maxTokens = 256, overlapTokens = 32 }: TokenSplitterOptions): Splitter => {
  checkSizes({ name: 'maxTokens', value: maxTokens, min: 1 }, { name: 'overlapTokens', value: overlapTokens });
  // About four characters make a token: with two of them per token of overlap, an overlap is made of several units.
  const unitChars = Math.min(Math.max(overlapTokens * 2, minUnitChars), maxUnitChars);
  return defineSplitter('token', ({ text }) =>
    mergeUnits(text, countedUnits(text, { countTokens, maxTokens, unitChars }), {
      max: maxTokens,
      overlap: overlapTokens,
    }),
  );
};

interface Counting {
  readonly countTokens: (text: string) => number;
  readonly maxTokens: number;
  readonly unitChars: number;
}

/** Short stretches that end with the white space behind them, each with its tokens. */
function* countedUnits(text: string, counting: Counting): Generator<Unit, void, undefined> {
  const sizes = { maxChars: counting.unitChars, overlapChars: 0, separators: textSeparators };
  for (const { start, end } of withGaps(recursiveSpans(text, sizes), text.length)) {
    yield* counted(text, start, end, counting);
  }
}

function* counted(text: string, start: number, end: number, counting: Counting): Generator<Unit, void, undefined> {
  const { countTokens, maxTokens } = counting;
  const size = countTokens(text.slice(start, end));
  const bareEnd = trimEnd(text, start, end);
  const middle = hardCut(text, start + Math.ceil((bareEnd - start) / 2));
  if (size <= maxTokens) yield { start, end, size };
  else if (middle > start && middle < bareEnd) {
    yield* counted(text, start, middle, counting);
    yield* counted(text, middle, end, counting);
  } else yield { start, end: bareEnd, size: loneSize(text, start, bareEnd, counting) };
}

/** One character with so much white space behind it that only without it is it small enough: it fills a piece. */
const loneSize = (text: string, start: number, end: number, { countTokens, maxTokens }: Counting): number => {
  const size = countTokens(text.slice(start, end));
  if (size <= maxTokens) return maxTokens;
  throw new PipewrightError(
    'bad-option',
    `\`maxTokens\` is ${maxTokens}, but the character at ${start} alone has ${size} tokens. Allow at least that many.`,
  );
};
