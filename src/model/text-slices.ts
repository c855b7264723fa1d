/** Slices this short keep the tokenizer fast: its time grows with the square of a run without breaks. */
export const maxSliceLength = 500;

/** A stretch of text that is tokenized on its own. */
export interface TextSlice {
  readonly start: number;
  readonly end: number;
  /** Whether tokens of the text could not go across either end, so that slices add up to the exact count. */
  readonly isExact: boolean;
}

/**
 * Places where no token of OpenAI's encodings can go across: before white space or a sign after a letter or digit, between
 * letters and digits, and after a line break. An apostrophe is left out because it may begin a contraction.
 */
const boundary =
  /(?<=[\p{L}\p{N}])(?=[^\p{L}\p{M}\p{N}'’])|(?<=\p{L})(?=\p{N})|(?<=\p{N})(?=\p{L})|(?<=\n)(?=[\p{L}\p{N}])/gu;

const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;

/** `at`, or one less where it would cut a surrogate pair. */
export const withinCharacters = (text: string, at: number): number =>
  at > 0 && at < text.length && isLowSurrogate(text.charCodeAt(at)) ? at - 1 : at;

/** Whether the space at `at` begins a token, seen without the cost of the expression: in front of it stands a plain sign. */
const isWordEnd = (text: string, at: number): boolean => {
  if (text.charCodeAt(at) !== 32) return false;
  const before = text.charCodeAt(at - 1);
  return (before > 32 && before < 0x7f) || (before >= 0xc0 && before < 0x1680);
};

const boundariesIn = (text: string, from: number, to: number): readonly number[] => {
  // One character more, of up to two units, for what the expression looks at.
  const window = text.slice(from, to + 2);
  return [...window.matchAll(boundary)].map((match) => from + match.index).filter((at) => at > from && at <= to);
};

/** The slice that begins at `start`: up to the last exact boundary, or else as long as may be. */
export const sliceFrom = (text: string, start: number): TextSlice => {
  const limit = start + maxSliceLength;
  if (limit >= text.length) return { start, end: text.length, isExact: true };
  for (let at = limit; at > start + maxSliceLength / 2; at--) {
    if (isWordEnd(text, at)) return { start, end: at, isExact: true };
  }
  const end = boundariesIn(text, start, limit).at(-1);
  return end === undefined
    ? { start, end: withinCharacters(text, limit), isExact: false }
    : { start, end, isExact: true };
};

/** Calls of the tokenizer cost as much as some hundred characters: what can be counted together is. */
const maxStretchLength = 4_000;

/** The slice that begins at `start`, and as many more as add up exactly with it. */
export const stretchFrom = (text: string, start: number): TextSlice => {
  let stretch = sliceFrom(text, start);
  while (stretch.isExact && stretch.end < text.length && stretch.end - start < maxStretchLength) {
    const next = sliceFrom(text, stretch.end);
    if (!next.isExact) break;
    stretch = { ...next, start };
  }
  return stretch;
};

/** The slice that ends at `end`: from the first exact boundary, or else as long as may be. */
export const sliceUpTo = (text: string, end: number): TextSlice => {
  const limit = end - maxSliceLength;
  if (limit <= 0) return { start: 0, end, isExact: true };
  for (let at = limit; at < end - maxSliceLength / 2; at++) {
    if (isWordEnd(text, at)) return { start: at, end, isExact: true };
  }
  const start = boundariesIn(text, limit - 1, end - 1)[0];
  return start === undefined
    ? { start: withinCharacters(text, limit), end, isExact: false }
    : { start, end, isExact: true };
};
