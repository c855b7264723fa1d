import { sliceTimer, yieldToEventLoop } from '../core/index.js';
import type { Analyzer } from '../text/index.js';
import type { LabelScore } from './log-probs.js';

/** How often each term stands in the texts of each label. Plain data. */
export interface WordCounts {
  readonly labels: readonly string[];
  /** For each term the counts by label: pairs of the label's place and the count. */
  readonly terms: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** All terms of each label's texts. */
  readonly totals: readonly number[];
}

/** The terms of a text, and how often each stands in it. */
export type Bag = ReadonlyMap<string, number>;

export const bagOf = (analyze: Analyzer, text: string): Bag => {
  const bag = new Map<string, number>();
  for (const term of analyze(text)) bag.set(term, (bag.get(term) ?? 0) + 1);
  return bag;
};

/** Counts the words of all texts; gives the event loop its turns. */
export const countWords = async (
  rows: readonly { readonly bag: Bag; readonly label: string }[],
  labels: readonly string[],
): Promise<WordCounts> => {
  const places = new Map(labels.map((label, at) => [label, at]));
  const terms = new Map<string, Map<number, number>>();
  const totals = labels.map(() => 0);
  const isTurnDue = sliceTimer();
  for (const { bag, label } of rows) {
    const at = places.get(label) ?? 0;
    for (const [term, count] of bag) {
      const byLabel = terms.get(term) ?? new Map<number, number>();
      byLabel.set(at, (byLabel.get(at) ?? 0) + count);
      terms.set(term, byLabel);
      totals[at] = (totals[at] ?? 0) + count;
    }
    if (isTurnDue()) await yieldToEventLoop();
  }
  return { labels, terms, totals };
};

/** Scores of all labels for one text, the best first, and how many of its terms are known. */
export interface CountScores {
  readonly scores: readonly LabelScore[];
  readonly knownTerms: number;
}

/**
 * How little a text looks like the texts of all other labels: complement naive Bayes, which stands unequal numbers of examples
 * better than the plain form (Rennie, Shih, Teevan and Karger 2003, "Tackling the Poor Assumptions of Naive Bayes Text
 * Classifiers"). A score is the mean over the known terms of minus the log of their share among the other labels.
 */
export const scoresOf = ({ labels, terms, totals }: WordCounts, bag: Bag): CountScores => {
  const all = totals.reduce((sum, total) => sum + total, 0);
  const sums = labels.map(() => 0);
  let knownTerms = 0;
  for (const [term, count] of bag) {
    const byLabel = terms.get(term);
    if (byLabel === undefined) continue;
    let everywhere = 0;
    for (const each of byLabel.values()) everywhere += each;
    knownTerms += count;
    for (const at of sums.keys()) {
      const share = (everywhere - (byLabel.get(at) ?? 0) + 1) / (all - (totals[at] ?? 0) + terms.size);
      sums[at] = (sums[at] ?? 0) - count * Math.log(share);
    }
  }
  const scores = labels.map((label, at) => ({ label, score: (sums[at] ?? 0) / Math.max(1, knownTerms) }));
  return { scores: scores.sort((a, b) => b.score - a.score), knownTerms };
};
