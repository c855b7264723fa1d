import { sliceTimer, yieldToEventLoop } from '../core/index.js';
import type { RowSet } from '../filter/index.js';
import { placeOf } from './arrays.js';
import { averageLength, type Postings } from './postings.js';
import { firstOf, frequencyOf, rowOf, type Segment, type Tail, termPlace } from './segment.js';
import type { Sums } from './sums.js';
import type { Scored } from './top-k.js';

export interface ScoreOptions {
  readonly k: number;
  readonly minScore: number;
  /** The rows that pass the filter. */
  readonly allowed: RowSet | undefined;
}

/** A term that a search counts; a document's share is `weight` × f / (f + norm). */
export interface WeightedTerm {
  readonly number: number;
  readonly weight: number;
}

/** Where the postings of a term stand in a segment. */
interface Stretch {
  readonly segment: Segment;
  readonly from: number;
  readonly to: number;
}

interface SearchedTerm extends WeightedTerm {
  readonly stretches: readonly Stretch[];
  /** No document's share exceeds it. */
  readonly bound: number;
  readonly count: number;
}

/** One search under way; the norm of a document is fixed + perWord × its length. */
interface Scoring {
  readonly postings: Postings;
  readonly tail: Tail;
  readonly sums: Sums;
  /** Documents that come while the search gives way to other work are not in it. */
  readonly rowCount: number;
  readonly fixed: number;
  readonly perWord: number;
  readonly allowed: RowSet | undefined;
  readonly isTimeUp: () => boolean;
}

const chunk = 1 << 15;
/** Bounds are kept in 32 bits; this is more than their rounding. */
const roundingUp = 1 + 1e-6;

/** The largest share of each term: its maxima were taken at the average length of that time, and shares grow no faster than it. */
const searchedTerm = (postings: Postings, { number, weight }: WeightedTerm): SearchedTerm => {
  const average = averageLength(postings);
  const { segments, tail } = postings;
  const stretches: Stretch[] = [];
  let count = 0;
  let bound = 0;
  const raise = (max: number, thenAverage: number): void => {
    bound = Math.max(bound, Math.min(1, max * Math.max(1, average / (thenAverage || average || 1)) * roundingUp));
  };
  for (const segment of segments) {
    const place = termPlace(segment, number);
    if (place < 0) continue;
    const from = segment.offsets[place] as number;
    const to = segment.offsets[place + 1] as number;
    stretches.push({ segment, from, to });
    count += to - from;
    raise(segment.maxima[place] as number, segment.averageLength);
  }
  if ((tail.heads[number] ?? 0) > 0) raise(tail.maxima[number] as number, tail.averageLength);
  return { number, weight, stretches, bound: bound * weight, count };
};

const isIn = (bits: Uint32Array, row: number): boolean => (((bits[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 1;

/** Adds shares of postings side by side; with `isNewAllowed` false only to documents that have a score already. */
const addStretch = (
  { postings, sums, fixed, perWord, allowed }: Scoring,
  { segment, from, to }: Stretch,
  { number, weight }: WeightedTerm,
  isNewAllowed: boolean,
): void => {
  const { packed } = segment;
  const { lengths, oddCounts } = postings;
  const { scores, touched } = sums;
  const bits = allowed?.bits;
  let { touchedCount } = sums;
  for (let at = from; at < to; at++) {
    const posting = packed[at] as number;
    const row = rowOf(posting);
    const before = scores[row] as number;
    if (before === 0 && (!isNewAllowed || (bits !== undefined && !isIn(bits, row)))) continue;
    const frequency = frequencyOf(posting, number, oddCounts);
    const share = (weight * frequency) / (frequency + fixed + perWord * (lengths[row] as number));
    // 0 or NaN where the document is deleted.
    if (!(share > 0)) continue;
    if (before === 0) touched[touchedCount++] = row;
    scores[row] = before + share;
  }
  sums.touchedCount = touchedCount;
};

/** The same for given rows, ascending, each looked up: for few rows and a long stretch. */
const addLookedUp = (
  { postings, sums, fixed, perWord }: Scoring,
  { segment: { packed }, from, to }: Stretch,
  { number, weight }: WeightedTerm,
  wanted: Int32Array | Uint32Array,
  wantedCount: number,
): void => {
  const { scores, touched } = sums;
  let at = from;
  const first = placeOf(wanted, rowOf(packed[from] ?? 0), 0, wantedCount);
  for (let i = first; i < wantedCount && at < to; i++) {
    const row = wanted[i] as number;
    at = placeOf(packed, firstOf(row), at, to);
    const posting = packed[at] as number;
    if (at >= to || rowOf(posting) !== row) continue;
    const frequency = frequencyOf(posting, number, postings.oddCounts);
    const share = (weight * frequency) / (frequency + fixed + perWord * (postings.lengths[row] as number));
    if (!(share > 0)) continue;
    const before = scores[row] as number;
    if (before === 0) touched[sums.touchedCount++] = row;
    scores[row] = before + share;
  }
};

const addTail = (scoring: Scoring, { number, weight }: WeightedTerm, isNewAllowed: boolean): void => {
  const { postings, tail, sums, fixed, perWord, allowed, rowCount } = scoring;
  for (let at = tail.heads[number] ?? 0; at > 0; at = tail.previous[at] as number) {
    const row = tail.rows[at] as number;
    if (row >= rowCount) continue;
    const before = sums.scores[row] as number;
    if (before === 0 && (!isNewAllowed || (allowed !== undefined && !isIn(allowed.bits, row)))) continue;
    const frequency = tail.frequencies[at] as number;
    const share = (weight * frequency) / (frequency + fixed + perWord * (postings.lengths[row] as number));
    if (!(share > 0)) continue;
    if (before === 0) sums.touched[sums.touchedCount++] = row;
    sums.scores[row] = before + share;
  }
};

/** One look-up costs about as much as reading so many postings. */
const lookUpCost = 8;

/** Adds the shares of a term to all documents that may have them. */
const addTerm = async (scoring: Scoring, term: SearchedTerm): Promise<void> => {
  const { allowed } = scoring;
  for (const stretch of term.stretches) {
    const { segment, from, to } = stretch;
    if (allowed !== undefined && allowed.count * lookUpCost < to - from) {
      addLookedUp(scoring, stretch, term, allowed.rows(), allowed.count);
    } else {
      for (let at = from; at < to; at += chunk) {
        addStretch(scoring, { segment, from: at, to: Math.min(to, at + chunk) }, term, true);
        if (scoring.isTimeUp()) await yieldToEventLoop();
      }
    }
  }
  addTail(scoring, term, true);
};

/** Fills `best` anew from scores so far. */
const rank = async (
  scoring: Scoring,
  rows: Int32Array,
  count: number,
  { k, minScore }: ScoreOptions,
): Promise<void> => {
  const { postings, sums, isTimeUp } = scoring;
  const { scores, best } = sums;
  best.start(Math.min(k, postings.liveCount));
  for (let from = 0; from < count; from += chunk) {
    const to = Math.min(count, from + chunk);
    for (let at = from; at < to; at++) {
      const row = rows[at] as number;
      const score = scores[row] as number;
      // The floor first, because nearly all rows end here.
      if (score < best.floor() || score < minScore || postings.documents[row] === undefined) continue;
      best.offer(row, score);
    }
    if (to < count && isTimeUp()) await yieldToEventLoop();
  }
};

/** Those of `rows` that what is left can still lift to the floor, in `candidates`; returns their count. */
const keepCandidates = ({ sums }: Scoring, rows: Int32Array, count: number, needed: number): number => {
  let kept = 0;
  for (let at = 0; at < count; at++) {
    const row = rows[at] as number;
    if ((sums.scores[row] as number) >= needed) sums.candidates[kept++] = row;
  }
  return kept;
};

/** Counts the terms that cannot lift a new document into the best: on the few rows that they may still matter for. */
const finish = async (
  scoring: Scoring,
  terms: readonly SearchedTerm[],
  all: number,
  options: ScoreOptions,
): Promise<void> => {
  const { sums, isTimeUp } = scoring;
  const { candidates } = sums;
  let rest = all;
  let floor = options.minScore;
  let count = sums.touchedCount;
  const keep = async (rows: Int32Array): Promise<void> => {
    await rank(scoring, rows, count, options);
    floor = Math.max(floor, sums.best.floor());
    // What is left is a difference of sums: it may be off by their rounding.
    count = keepCandidates(scoring, rows, count, floor * (2 - roundingUp) - Math.max(0, rest) * roundingUp);
  };
  await keep(sums.touched);
  candidates.subarray(0, count).sort();
  for (const term of terms) {
    for (const stretch of term.stretches) {
      if (count * lookUpCost < stretch.to - stretch.from) {
        addLookedUp(scoring, stretch, term, candidates, count);
      } else addStretch(scoring, stretch, term, false);
      if (isTimeUp()) await yieldToEventLoop();
    }
    addTail(scoring, term, false);
    rest -= term.bound;
    await keep(candidates);
  }
};

/**
 * The best documents by BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009; with an idf that is never
 * negative, as in Lucene). Terms that can add most come first; once those left could not lift a new document into the best `k`,
 * they are looked up for the documents that they can still lift (MaxScore: Turtle and Flood, Query evaluation, 1995). The result
 * is exact.
 */
export const score = async (
  postings: Postings,
  weighted: readonly WeightedTerm[],
  sums: Sums,
  options: ScoreOptions,
): Promise<readonly Scored[]> => {
  const { k1, b } = postings.saturation;
  const average = averageLength(postings);
  const scoring: Scoring = {
    postings,
    tail: postings.tail,
    sums,
    rowCount: postings.documents.length,
    fixed: k1 * (1 - b),
    perWord: average > 0 ? (k1 * b) / average : 0,
    allowed: options.allowed,
    isTimeUp: sliceTimer(),
  };
  const terms = weighted.map((term) => searchedTerm(postings, term));
  terms.sort((x, y) => y.bound - x.bound || x.number - y.number);
  let rest = terms.reduce((sum, { bound }) => sum + bound, 0);
  let floor = options.minScore;
  for (const [at, term] of terms.entries()) {
    // Knowing the floor pays where the next term is in more documents than were seen so far.
    if (sums.touchedCount >= options.k && sums.touchedCount < term.count) {
      await rank(scoring, sums.touched, sums.touchedCount, options);
      floor = Math.max(options.minScore, sums.best.floor());
    }
    if (rest * roundingUp < floor) {
      await finish(scoring, terms.slice(at), rest, options);
      return sums.best.ranked();
    }
    await addTerm(scoring, term);
    rest -= term.bound;
  }
  await rank(scoring, sums.touched, sums.touchedCount, options);
  return sums.best.ranked();
};
