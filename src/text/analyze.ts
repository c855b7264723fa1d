import { stem } from './stem.js';
import { identifierWords, words } from './words.js';

export interface AnalyzeOptions {
  /** Reduce English words to their stems, so that `refunds` finds `refund`. @default true */
  readonly isStemmed?: boolean;
  /** Words to leave out, in lower case, before stemming. @default none */
  readonly stopWords?: ReadonlySet<string>;
  /** Split compound names of code too; see `identifierWords`. @default false */
  readonly hasIdentifiers?: boolean;
}

/** Turns a text into the terms that an index counts. Documents and queries must go through the same one. */
export type Analyzer = (text: string) => readonly string[];

/** Stems remembered by one analyzer; texts repeat a few thousand words, and stemming is the dear part. */
const maxRememberedStems = 20_000;

const noWords: ReadonlySet<string> = new Set();

/**
 * Makes an analyzer for many texts; it remembers the stems it made.
 * @example analyzer({ stopWords })('The refunds') // => ['refund']
 */
export const analyzer = (options: AnalyzeOptions = {}): Analyzer => {
  const { isStemmed = true, stopWords = noWords, hasIdentifiers = false } = options;
  const split = hasIdentifiers ? identifierWords : words;
  const stems = new Map<string, string>();
  const stemOf = (word: string): string => {
    const known = stems.get(word);
    if (known !== undefined) return known;
    if (stems.size >= maxRememberedStems) stems.clear();
    const made = stem(word);
    stems.set(word, made);
    return made;
  };
  return (text) => {
    const all = split(text);
    const kept = stopWords.size === 0 ? all : all.filter((word) => !stopWords.has(word));
    return isStemmed ? kept.map(stemOf) : kept;
  };
};

/**
 * The terms of one text. For many texts make an `analyzer`.
 * @example analyze('Searching wings') // => ['search', 'wing']
 */
export const analyze = (text: string, options?: AnalyzeOptions): readonly string[] => analyzer(options)(text);
