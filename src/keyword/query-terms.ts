import type { KeywordSearchOptions } from '../core/index.js';
import { type Analyzer, locateTerms } from '../text/index.js';
import type { Postings } from './postings.js';
import type { WeightedTerm } from './score.js';
import { topK } from './top-k.js';
import { termsLike, termsWithPrefix, type Vocabulary, type VocabularyOf } from './vocabulary.js';

/** Terms that may stand for one of the query, at most: of more, the closest and then the most frequent. */
const maxExpansions = 50;
/** What a similar term counts, by its edits. */
const similarWeight = [1, 0.5, 0.25] as const;

/** What is longer is a hash or the like. */
const maxWordLength = 64;

/** Elasticsearch's rule for `fuzziness: AUTO`. */
const allowedEdits = (word: string, maxEdits: number): number =>
  word.length > maxWordLength ? 0 : Math.min(maxEdits, word.length < 3 ? 0 : word.length < 6 ? 1 : 2);

const idfOf = (frequency: number, liveCount: number): number =>
  Math.log(1 + (liveCount - frequency + 0.5) / (frequency + 0.5));

/** Terms that stand for one of the query, and what each counts beside the term itself. */
type Expansions = Map<string, number>;

/**
 * What a search counts. A term of the query weighs its idf × (k1 + 1) × its count in the query. One that stands for it counts
 * less, and its idf is at most that of the term itself, so that a rare misspelling does not outweigh the word.
 */
export const queryTerms = async (
  postings: Postings,
  vocabularyOf: VocabularyOf,
  analyzer: Analyzer,
  text: string,
  { isPrefix = false, maxEdits = 0 }: Pick<KeywordSearchOptions, 'isPrefix' | 'maxEdits'>,
): Promise<readonly WeightedTerm[]> => {
  const { terms, documentFrequency, liveCount, saturation } = postings;
  const weights = new Map<number, number>();
  const frequencyOf = (term: string): number => documentFrequency[terms.get(term) ?? -1] ?? 0;
  const add = (term: string, count: number, maxIdf: number): void => {
    const number = terms.get(term);
    const frequency = frequencyOf(term);
    if (number === undefined || frequency <= 0) return;
    const weight = Math.min(maxIdf, idfOf(frequency, liveCount)) * (saturation.k1 + 1) * count;
    weights.set(number, (weights.get(number) ?? 0) + weight);
  };
  const counts = new Map<string, number>();
  for (const term of analyzer(text)) counts.set(term, (counts.get(term) ?? 0) + 1);
  const endings = isPrefix && !/\s$/u.test(text) ? endingsOf(analyzer, text) : new Map<string, string>();
  const vocabulary = isPrefix || maxEdits > 0 ? await vocabularyOf(postings.names) : undefined;
  for (const [term, count] of counts) {
    add(term, count, Number.POSITIVE_INFINITY);
    if (vocabulary === undefined) continue;
    const expansions = await expand({ vocabulary, frequencyOf }, term, allowedEdits(term, maxEdits), endings.get(term));
    if (expansions.size === 0 && frequencyOf(term) === 0 && endings.has(term) && analyzer.isStemmed === true) {
      addStem(frequencyOf, endings.get(term) ?? term, expansions);
    }
    const frequency = frequencyOf(term);
    const maxIdf = frequency > 0 ? idfOf(frequency, liveCount) : Number.POSITIVE_INFINITY;
    for (const [other, factor] of expansions) add(other, count * factor, maxIdf);
  }
  return Array.from(weights, ([number, weight]) => ({ number, weight }));
};

/** The terms that the last word of a text gives, with the word as it stands there. */
const endingsOf = (analyzer: Analyzer, text: string): ReadonlyMap<string, string> => {
  const located = locateTerms(analyzer, text);
  const end = located.reduce((last, term) => Math.max(last, term.end), 0);
  return new Map(located.filter((term) => term.end === end).map(({ term, word }) => [term, word]));
};

interface Known {
  readonly vocabulary: Vocabulary;
  readonly frequencyOf: (term: string) => number;
}

const expand = async (
  { vocabulary, frequencyOf }: Known,
  term: string,
  maxEdits: number,
  beginning: string | undefined,
): Promise<Expansions> => {
  const expansions: Expansions = new Map();
  const keep = (other: string, factor: number): void => {
    expansions.set(other, Math.max(factor, expansions.get(other) ?? 0));
  };
  if (maxEdits > 0) {
    const similar = (await termsLike(vocabulary, term, maxEdits)).filter(({ edits }) => edits > 0);
    // Fewer edits outweigh any frequency.
    const byEdits = best(similar, ({ term: other, edits }) => frequencyOf(other) - edits * 2 ** 32);
    for (const { term: other, edits } of byEdits) keep(other, similarWeight[edits] ?? 0);
  }
  if (beginning !== undefined) {
    const longer = termsWithPrefix(vocabulary, beginning).filter((other) => other !== term);
    for (const other of best(longer, frequencyOf)) keep(other, beginning.length / other.length);
  }
  return expansions;
};

/** Of items that are in the index still, those that rank highest. */
const best = <Item extends string | { readonly term: string }>(
  items: readonly Item[],
  rankOf: (item: Item) => number,
): readonly Item[] => {
  if (items.length <= maxExpansions) return items;
  const heap = topK();
  heap.start(maxExpansions);
  for (const [at, item] of items.entries()) heap.offer(at, rankOf(item));
  return heap.ranked().map(({ row }) => items[row] as Item);
};

const shortestStem = 3;

/**
 * While somebody types `refunding`, `refundi` is the beginning of no term, because the index holds the stem `refund`: then the
 * longest term that `refundi` begins with stands for it.
 */
const addStem = (frequencyOf: (term: string) => number, word: string, expansions: Expansions): void => {
  for (let length = word.length - 1; length >= Math.max(shortestStem, word.length / 2); length--) {
    const stem = word.slice(0, length);
    if (frequencyOf(stem) === 0) continue;
    expansions.set(stem, length / word.length);
    return;
  }
};
