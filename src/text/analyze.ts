import { foldDiacritics } from './diacritics.js';
import { locateWords, type LocatedWord } from './locate.js';
import { stem as englishStem } from './stem.js';
import { identifierWords, words } from './words.js';

export interface AnalyzeOptions {
  /** Reduce English words to their stems, so that `refunds` finds `refund`. @default true */
  readonly isStemmed?: boolean;
  /** Words to leave out, in lower case, before stemming. @default none */
  readonly stopWords?: ReadonlySet<string>;
  /** Split compound names of code too; see `identifierWords`. @default false */
  readonly hasIdentifiers?: boolean;
  /** Whether `é` differs from `e`. @default true */
  readonly hasDiacritics?: boolean;
}

/** A term, and the word of the text that gave it. */
export interface LocatedTerm extends LocatedWord {
  readonly term: string;
}

/** Turns a text into the terms that an index counts. Documents and queries must go through the same one. */
export interface Analyzer {
  (text: string): readonly string[];
  /** Two analyzers with the same id make the same terms: an index on disk asks. */
  readonly id?: string;
  /** Whether a term may be shorter than its word, as a stem is. */
  readonly isStemmed?: boolean;
  /** The same terms in the same order, and where they stand in the text. */
  readonly locate?: (text: string) => readonly LocatedTerm[];
}

/** Stems remembered by one analyzer; texts repeat a few thousand words, and stemming is the dear part. */
const maxRememberedStems = 20_000;
/** No word of a language is as long; what is, such as a hash in hex, has no stem. */
const maxStemmedLength = 64;

const noWords: ReadonlySet<string> = new Set();

/** What an analyzer is made of; `language` is part of its id. */
export interface AnalyzerParts extends Pick<AnalyzeOptions, 'stopWords' | 'hasIdentifiers' | 'hasDiacritics'> {
  readonly language: string;
  readonly stem: ((word: string) => string) | undefined;
}

const remembering = (make: (word: string) => string): ((word: string) => string) => {
  const known = new Map<string, string>();
  return (word) => {
    const before = known.get(word);
    if (before !== undefined) return before;
    if (known.size >= maxRememberedStems) known.clear();
    const made = word.length > maxStemmedLength ? word : make(word);
    known.set(word, made);
    return made;
  };
};

/** Puts an analyzer together. */
export const analyzerOf = (parts: AnalyzerParts): Analyzer => {
  const { language, stem, stopWords = noWords, hasIdentifiers = false, hasDiacritics = true } = parts;
  const split = hasIdentifiers ? identifierWords : words;
  const makeTerm = (word: string): string => {
    const stemmed = stem === undefined ? word : stem(word);
    return hasDiacritics ? stemmed : foldDiacritics(stemmed);
  };
  const isPlain = stem === undefined && hasDiacritics;
  const termOf = isPlain ? makeTerm : remembering(makeTerm);
  const isKept = (word: string): boolean => !stopWords.has(word);
  const analyze = (text: string): readonly string[] => {
    const all = split(text);
    const kept = stopWords.size === 0 ? all : all.filter(isKept);
    return isPlain ? kept : kept.map(termOf);
  };
  const locate = (text: string): readonly LocatedTerm[] =>
    locateWords(text, hasIdentifiers)
      .filter(({ word }) => isKept(word))
      .map((located) => ({ ...located, term: termOf(located.word) }));
  const id = JSON.stringify([language, stem !== undefined, hasIdentifiers, hasDiacritics, [...stopWords].sort()]);
  return Object.assign(analyze, { id, isStemmed: stem !== undefined, locate });
};

/**
 * Makes an analyzer for many texts; it remembers the stems it made.
 * @example analyzer({ stopWords })('The refunds') // => ['refund']
 */
export const analyzer = ({ isStemmed = true, ...parts }: AnalyzeOptions = {}): Analyzer => {
  // The English stemmer knows plain letters only, so marks go before it.
  const stem = parts.hasDiacritics === false ? (word: string) => englishStem(foldDiacritics(word)) : englishStem;
  return analyzerOf({ ...parts, language: 'english', stem: isStemmed ? stem : undefined });
};

/**
 * The terms of one text. For many texts make an `analyzer`.
 * @example analyze('Searching wings') // => ['search', 'wing']
 */
export const analyze = (text: string, options?: AnalyzeOptions): readonly string[] => analyzer(options)(text);

const anyWord = /[\p{L}\p{N}\p{M}]+/gu;

/** The terms of a text and where they stand; for an analyzer that cannot tell, each word of the text is looked at on its own. */
export const locateTerms = (analyze: Analyzer, text: string): readonly LocatedTerm[] =>
  analyze.locate?.(text) ??
  Array.from(text.matchAll(anyWord)).flatMap((match) =>
    analyze(match[0]).map((term) => ({ term, word: term, start: match.index, end: match.index + match[0].length })),
  );
