import { type Document, sliceTimer, yieldToEventLoop } from '../core/index.js';
import type { Postings } from './postings.js';
import type { Sums } from './sums.js';
import { type Scored, type TopK, topK } from './top-k.js';

export interface ScoreOptions {
  readonly k1: number;
  readonly b: number;
  readonly k: number;
  readonly minScore: number;
  readonly matches: ((document: Document) => boolean) | undefined;
}

/** A term of the query: `weight` is idf × (k1 + 1) × its count in the query, which no document's share can exceed. */
interface QueryTerm {
  readonly number: number;
  readonly weight: number;
  /** Documents that hold it. */
  readonly frequency: number;
}

/** One search under way. A share is weight × frequency / (frequency + fixed + perWord × length of the document). */
interface Scoring {
  readonly postings: Postings;
  readonly sums: Sums;
  /** Documents that come while the search gives way to other work are not in it. */
  readonly size: number;
  readonly fixed: number;
  readonly perWord: number;
  readonly isTimeUp: () => boolean;
}

const chunk = 1 << 15;

const queryTerms = (postings: Postings, terms: readonly string[], k1: number): QueryTerm[] => {
  const counts = new Map<number, number>();
  for (const term of terms) {
    const number = postings.terms.get(term);
    if (number !== undefined) counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  const found: QueryTerm[] = [];
  for (const [number, count] of counts) {
    const frequency = postings.documentFrequency[number] as number;
    if (frequency <= 0) continue;
    const idf = Math.log(1 + (postings.liveCount - frequency + 0.5) / (frequency + 0.5));
    found.push({ number, weight: idf * (k1 + 1) * count, frequency });
  }
  return found.sort((a, b) => b.weight - a.weight || a.number - b.number);
};

/** Adds a term's share to a document; with `isNewAllowed` false only where it has a score already. */
const addShare = (
  { postings, sums, size, fixed, perWord }: Scoring,
  document: number,
  frequency: number,
  weight: number,
  isNewAllowed: boolean,
): void => {
  if (document >= size) return;
  const before = sums.scores[document] as number;
  if (before === 0 && !isNewAllowed) return;
  const share = (weight * frequency) / (frequency + fixed + perWord * (postings.lengths[document] as number));
  // 0 or NaN where the document is deleted.
  if (!(share > 0)) return;
  if (before === 0) sums.touched[sums.touchedCount++] = document;
  sums.scores[document] = before + share;
};

/** The same for sorted postings side by side, written out with local names because this loop is where the time goes. */
const addShares = (scoring: Scoring, from: number, to: number, weight: number, isNewAllowed: boolean): void => {
  const { postings, sums, fixed, perWord } = scoring;
  const { documents, frequencies } = postings.sorted;
  const { lengths } = postings;
  const { scores, touched } = sums;
  let { touchedCount } = sums;
  for (let at = from; at < to; at++) {
    const document = documents[at] as number;
    const before = scores[document] as number;
    if (before === 0 && !isNewAllowed) continue;
    const frequency = frequencies[at] as number;
    const share = (weight * frequency) / (frequency + fixed + perWord * (lengths[document] as number));
    if (!(share > 0)) continue;
    if (before === 0) touched[touchedCount++] = document;
    scores[document] = before + share;
  }
  sums.touchedCount = touchedCount;
};

const addTerm = async (scoring: Scoring, { number, weight }: QueryTerm, isNewAllowed: boolean): Promise<void> => {
  const { sorted, recent } = scoring.postings;
  const end = sorted.offsets[number + 1] ?? 0;
  for (let from = sorted.offsets[number] ?? end; from < end; from += chunk) {
    addShares(scoring, from, Math.min(end, from + chunk), weight, isNewAllowed);
    if (scoring.isTimeUp()) await yieldToEventLoop();
  }
  let count = 0;
  for (let at = recent.heads[number] as number; at >= 0; at = recent.previous[at] as number) {
    addShare(scoring, recent.documents[at] as number, recent.frequencies[at] as number, weight, isNewAllowed);
    if (++count % chunk === 0 && scoring.isTimeUp()) await yieldToEventLoop();
  }
};

/** Fills `best` anew from all scores so far. */
const rank = async (scoring: Scoring, best: TopK, { minScore, matches }: ScoreOptions): Promise<void> => {
  const { sums, postings } = scoring;
  best.clear();
  for (let at = 0; at < sums.touchedCount; at++) {
    const number = sums.touched[at] as number;
    const value = sums.scores[number] as number;
    if (value >= minScore && best.wouldKeep(number, value)) {
      const document = postings.documents[number];
      if (document !== undefined && (matches === undefined || matches(document))) best.offer(number, value);
    }
    if (at % chunk === chunk - 1 && scoring.isTimeUp()) await yieldToEventLoop();
  }
};

/**
 * The best documents by BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009; with an idf that is never
 * negative, as in Lucene). Terms are taken from the rarest on; once those left could not lift a new document into the best `k`,
 * only documents seen before are counted on (MaxScore: Turtle and Flood, Query evaluation, 1995). The result is exact.
 */
export const score = async (
  postings: Postings,
  terms: readonly string[],
  sums: Sums,
  options: ScoreOptions,
): Promise<readonly Scored[]> => {
  const { k1, b, k } = options;
  const { documents, liveCount, totalLength } = postings;
  const perWord = totalLength > 0 ? (k1 * b * liveCount) / totalLength : 0;
  const size = documents.length;
  const scoring: Scoring = { postings, sums, size, fixed: k1 * (1 - b), perWord, isTimeUp: sliceTimer() };
  const best = topK(Math.min(k, liveCount));
  const query = queryTerms(postings, terms, k1);
  let rest = query.reduce((sum, { weight }) => sum + weight, 0);
  let floor = 0;
  for (const term of query) {
    // Knowing the floor pays where the next term is in more documents than were seen so far.
    if (sums.touchedCount < term.frequency && rest >= floor) {
      await rank(scoring, best, options);
      floor = best.floor();
    }
    await addTerm(scoring, term, rest >= floor);
    rest -= term.weight;
  }
  await rank(scoring, best, options);
  return best.ranked();
};
