import { stopWords } from './stop-words.js';

const setOf = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/u));

/** Never the last word of a sentence: something always follows. */
const leading =
  setOf(`dr mr mrs ms prof rev hon gen col sgt capt lt gov sen rep pres st mt e.g i.e eg ie cf viz vs approx ca
  resp incl excl al`);
/** Abbreviations only before a number: `No. 5`, `Sept. 11`, `Fig. 3`. */
const beforeNumber =
  setOf(`no nos fig figs eq eqs sec secs ch chs vol vols p pp art arts app tab ref refs par para jan feb mar
  apr jun jul aug sep sept oct nov dec ver v`);
/** Abbreviations that may also end a sentence. */
const trailing = setOf('etc inc ltd co corp jr sr bros dept univ assn ave blvd rd est min max ed eds');

/** Longest word and longest look ahead that are read around a candidate, so that odd text costs no more than plain text. */
const windowLength = 48;

const lastWord = /(?:^|[\s("'“‘[{])((?:\p{L}\.)*[\p{L}\p{M}]+)\.["'”’)\]]*$/u;
const firstWord = /^["'“‘([{*_`]*([\p{L}\p{N}]+)/u;
const dottedLetters = /^\p{L}(?:\.\p{L}+)*$/u;
const closedByQuote = /[.!?…]["'”’)\]]+$/u;

/**
 * Whether the sentence that starts at `start` really ends at `at`, where the segmenter proposed an end; `limit` is how far the
 * text may be read.
 */
export const isSentenceEnd = (text: string, start: number, at: number, limit: number): boolean => {
  const before = text.slice(Math.max(start, at - windowLength), at);
  const after = text.slice(at, Math.min(limit, at + windowLength));
  const trimmed = before.trimEnd();
  // `page?q=1` and `really?!` go on; sentences of scripts without spaces end in marks of their own.
  if (trimmed.length === before.length && /[\x21-\x7e]$/u.test(trimmed)) return false;
  const next = firstWord.exec(after)?.[1] ?? '';
  // `"Yes!" he said`
  if (closedByQuote.test(trimmed) && /^\p{Ll}/u.test(next)) return false;
  const word = lastWord.exec(trimmed)?.[1];
  return word === undefined || !isAbbreviation(word, next);
};

const isAbbreviation = (word: string, next: string): boolean => {
  const lower = word.toLowerCase();
  if (leading.has(lower)) return true;
  if (beforeNumber.has(lower)) return /^\p{N}/u.test(next);
  const mayEnd = trailing.has(lower) || (dottedLetters.test(word) && (word.length === 1 || word.includes('.')));
  // An initial or `U.S.` before a word that often starts a sentence does end one.
  return mayEnd && !stopWords.has(next.toLowerCase());
};
