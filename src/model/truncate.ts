import { checkAtLeast, sliceTimer, yieldToEventLoop } from '../core/index.js';
import { sentenceSpans } from '../text/index.js';
import { type CountShort, encodingOf, loadEncoding } from './encoding.js';
import { maxSliceLength, sliceFrom, sliceUpTo, withinCharacters } from './text-slices.js';
import { estimateTokens } from './tokens.js';

export interface TruncateOptions {
  /** The text that comes back has at most so many tokens, the marker included. */
  readonly maxTokens: number;
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
  /** Which part stays: the beginning, the end, or both of them without the middle. @default 'head' */
  readonly keep?: 'head' | 'tail' | 'ends';
  /**
   * Where it may be cut. Where not one whole sentence fits, `sentence` cuts between characters after all, and `sentence-only`
   * leaves nothing. @default 'character'
   */
  readonly cutAt?: 'character' | 'sentence' | 'sentence-only';
  /** Stands where text was left out. @default '' for head and tail, ' … ' for ends */
  readonly marker?: string;
}

export interface Truncated {
  readonly text: string;
  /** By the count of `tokenCounter` for the model. */
  readonly tokens: number;
  readonly isTruncated: boolean;
}

/** A stretch of the text and its tokens. */
interface Kept {
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
}

const counterOf = (model: string): CountShort | Promise<CountShort> => {
  const encoding = encodingOf(model);
  return encoding === undefined ? (text) => estimateTokens(text, model) : loadEncoding(encoding.name);
};

/** The largest `length` up to `most` for which `fits`, found by halving; a step where more tokens fit than fewer is passed. */
const largest = (most: number, fits: (length: number) => boolean): number => {
  let low = 0;
  let high = most;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
};

/** The longest beginning of the text within the budget. Reads one slice more than it keeps. */
const headOf = async (text: string, maxTokens: number, count: CountShort): Promise<Kept> => {
  const isDue = sliceTimer();
  let tokens = 0;
  let at = 0;
  while (at < text.length) {
    const { end } = sliceFrom(text, at);
    const more = count(text.slice(at, end));
    if (tokens + more > maxTokens) {
      const start = at;
      const room = maxTokens - tokens;
      const prefix = (length: number): string => text.slice(start, withinCharacters(text, start + length));
      const length = largest(end - start, (candidate) => count(prefix(candidate)) <= room);
      return { start: 0, end: start + prefix(length).length, tokens: tokens + count(prefix(length)) };
    }
    tokens += more;
    at = end;
    if (isDue()) await yieldToEventLoop();
  }
  return { start: 0, end: text.length, tokens };
};

/** The longest end of the text within the budget. Reads one slice more than it keeps. */
const tailOf = async (text: string, maxTokens: number, count: CountShort): Promise<Kept> => {
  const isDue = sliceTimer();
  let tokens = 0;
  let at = text.length;
  while (at > 0) {
    const { start } = sliceUpTo(text, at);
    const more = count(text.slice(start, at));
    if (tokens + more > maxTokens) {
      const end = at;
      const room = maxTokens - tokens;
      const suffix = (length: number): string => text.slice(afterPair(text, end - length), end);
      const length = largest(end - start, (candidate) => count(suffix(candidate)) <= room);
      return { start: end - suffix(length).length, end: text.length, tokens: tokens + count(suffix(length)) };
    }
    tokens += more;
    at = start;
    if (isDue()) await yieldToEventLoop();
  }
  return { start: 0, end: text.length, tokens };
};

/** `at`, or one more where it would cut a surrogate pair. */
const afterPair = (text: string, at: number): number => (withinCharacters(text, at) === at ? at : at + 1);

/** How far from the cut the end or beginning of a sentence is looked for. */
const sentenceWindow = 8_000;

/** The last end of a sentence in the head; the text behind the cut shows whether the last one is whole. */
const sentenceEnd = (text: string, cut: number): number | undefined => {
  const from = Math.max(0, cut - sentenceWindow);
  const spans = sentenceSpans(text.slice(from, cut + maxSliceLength));
  const last = spans.findLast(({ end }) => from + end <= cut);
  return last === undefined ? undefined : from + last.end;
};

/** The first beginning of a sentence in the tail. */
const sentenceStart = (text: string, cut: number): number | undefined => {
  const from = Math.max(0, cut - maxSliceLength);
  const first = sentenceSpans(text.slice(from, cut + sentenceWindow)).find(({ start }) => from + start >= cut);
  return first === undefined ? undefined : from + first.start;
};

/**
 * Cuts a text to at most `maxTokens` tokens, never through a character. Takes time by what it keeps, not by what it is given.
 * @throws {PipewrightError} `bad-option` when `maxTokens` is below 0.
 * @example (await truncate('one two three four', { maxTokens: 2 })).text // => 'one two'
 */
export const truncate = async (text: string, options: TruncateOptions): Promise<Truncated> => {
  const { maxTokens, model = 'gpt-5', keep = 'head', cutAt = 'character' } = options;
  const { marker = keep === 'ends' ? ' … ' : '' } = options;
  checkAtLeast('maxTokens', maxTokens, 0);
  const count = await counterOf(model);
  const whole = await headOf(text, maxTokens, count);
  if (whole.end === text.length) return { text, tokens: whole.tokens, isTruncated: false };
  if (keep === 'head' && cutAt === 'character' && marker === '') {
    return { text: text.slice(0, whole.end), tokens: whole.tokens, isTruncated: true };
  }
  const cut = { text, keep, marker, count, cutAt };
  // Tokens at the seams may fall together otherwise than apart: try with less until the whole is within the budget.
  for (let room = maxTokens - count(marker); room > 0; ) {
    const shorter = await cutTo(cut, room);
    const tokens = (await headOf(shorter, Number.POSITIVE_INFINITY, count)).tokens;
    if (tokens <= maxTokens) return { text: shorter, tokens, isTruncated: true };
    room -= tokens - maxTokens;
  }
  // Not even one token fits beside the marker.
  return { text: '', tokens: 0, isTruncated: true };
};

interface Cut {
  readonly text: string;
  readonly keep: 'head' | 'tail' | 'ends';
  readonly marker: string;
  readonly count: CountShort;
  readonly cutAt: 'character' | 'sentence' | 'sentence-only';
}

const cutTo = async ({ text, keep, marker, count, cutAt }: Cut, maxTokens: number): Promise<string> => {
  const headRoom = keep === 'head' ? maxTokens : keep === 'ends' ? Math.ceil(maxTokens / 2) : 0;
  const head = headRoom === 0 ? { end: 0, tokens: 0 } : await headOf(text, headRoom, count);
  const headEnd = atSentence(cutAt, sentenceEnd, text, head.end) ?? 0;
  if (keep === 'head') return text.slice(0, headEnd) + marker;
  const tail = await tailOf(text, maxTokens - head.tokens, count);
  return (
    text.slice(0, headEnd) + marker + text.slice(atSentence(cutAt, sentenceStart, text, tail.start) ?? text.length)
  );
};

/** Where to cut instead of at `cut`; undefined where nothing may stay. */
const atSentence = (
  cutAt: Cut['cutAt'],
  find: (text: string, cut: number) => number | undefined,
  text: string,
  cut: number,
): number | undefined => (cutAt === 'character' ? cut : (find(text, cut) ?? (cutAt === 'sentence' ? cut : undefined)));
