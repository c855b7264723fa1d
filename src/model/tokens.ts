import { modelFamily } from './model-name.js';

/** Kinds of characters; a run of one kind is costed at once. */
const word = 0;
const digit = 1;
const space = 2;
const lineBreak = 3;
const punctuation = 4;
const alphabet = 5;
const han = 6;
const kana = 7;
const hangul = 8;
const other = 9;

const isBetween = (code: number, first: number, last: number): boolean => code >= first && code <= last;

const asciiKind = (code: number): number => {
  const lower = code | 32;
  if (isBetween(lower, 97, 122)) return word;
  if (isBetween(code, 48, 57)) return digit;
  if (code === 10 || code === 13) return lineBreak;
  return code === 32 || code === 9 ? space : punctuation;
};

const kindOf = (code: number): number => {
  if (code < 0x80) return asciiKind(code);
  if (code < 0xc0) return punctuation;
  if (code < 0x250) return word;
  if (isBetween(code, 0x370, 0x10ff) || isBetween(code, 0x1e00, 0x1fff)) return alphabet;
  if (isBetween(code, 0x2010, 0x205f) || isBetween(code, 0x3000, 0x303f) || isBetween(code, 0xff00, 0xff65)) {
    return punctuation;
  }
  if (isBetween(code, 0x3040, 0x30ff)) return kana;
  if (isBetween(code, 0x3400, 0x9fff)) return han;
  return isBetween(code, 0xac00, 0xd7af) ? hangul : other;
};

/** Tokens of a word by its letters: most short English words are one token, long and foreign ones are cut. */
const wordTokens = (letters: number, accented: number): number => {
  const whole =
    letters <= 3 ? 0.69 : letters <= 6 ? 1.22 : letters <= 9 ? 1.25 : 2.19 + 0.32 * Math.max(0, letters - 13);
  return whole + 0.92 * accented;
};

/** A space belongs to the word behind it, and an indentation is seldom a token of its own; only very long runs are. */
const longestSpaceToken = 80;

/** Tokens of a run of characters of one kind. The figures are a least-squares fit to o200k; see `estimateTokens`. */
const runTokens = (kind: number, length: number, accented: number): number => {
  switch (kind) {
    case word:
      return wordTokens(length, accented);
    case digit:
      return 1.3 * Math.ceil(length / 3);
    case space:
      return Math.floor(length / longestSpaceToken);
    case lineBreak:
      return 0.71 + Math.floor(length / longestSpaceToken);
    case punctuation:
      return 0.77 + 0.23 * (length - 1);
    case alphabet:
      return 0.31 + 0.21 * length;
    case han:
      return 0.86 * length;
    case kana:
      return 0.63 * length;
    case hangul:
      return 0.67 * length;
    default:
      return 1.65 * length;
  }
};

/**
 * How many more tokens a model's tokenizer makes than o200k. Measured on recorded replies with the usage that the server
 * reported: Claude to 4.6 1.00–1.21, mean 1.08, over nine replies; Claude from 4.7 1.48 on one, and Anthropic's
 * documentation says up to 1.35 times as many as before; Gemini, Llama, Mistral, DeepSeek and gpt-oss 0.92–1.11.
 */
const tokenRatio = (model: string): number => {
  const family = modelFamily(model);
  if (!family.startsWith('claude')) return 1;
  return /^claude-(?:\d|[a-z]+-[0-3]|[a-z]+-4(?:-[0-6])?$)/u.test(family) ? 1.1 : 1.45;
};

/**
 * About how many tokens a text has, at once and without a tokenizer's tables: for budgets and for models whose tokenizer is
 * not public. Against o200k, on stretches of 800 characters that the fit had not seen, the mean error is 5 % on English
 * prose, 6 % on code, 5 % on German, 8 % on French and Chinese, 2 % on Japanese, 3 % on Korean and 4 % on Russian; Polish is
 * 17 % too low. One stretch in the worst case is 35 % off. Takes time proportional to the text (about 10 ms a million
 * characters).
 * @example estimateTokens('The quick brown fox jumps over the lazy dog.') // => 10
 */
export const estimateTokens = (text: string, model = ''): number => {
  let tokens = 0;
  for (let at = 0; at < text.length; ) {
    const start = at;
    const kind = kindOf(text.charCodeAt(at));
    let accented = 0;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (kindOf(code) !== kind) break;
      if (code >= 0xc0) accented++;
    }
    tokens += runTokens(kind, at - start, accented);
  }
  return Math.ceil(tokens * tokenRatio(model));
};
