import { type Analyzer, analyzer, sentenceSpans, stopWords, wordRarity, words } from '../text/index.js';

/** A sentence and its terms. */
export interface Sentence {
  readonly text: string;
  readonly terms: readonly string[];
}

/** A sentence that may be told again, and where it stands. */
export interface Unit extends Sentence {
  /** Which of the texts it is from, and its place in it. */
  readonly textAt: number;
  readonly at: number;
}

export interface RankedUnit extends Unit {
  readonly score: number;
}

/** A sentence that is longer is cut at spaces, so that every note can fit somewhere. */
const maxUnitLength = 600;

const cutLong = (sentence: string): readonly string[] => {
  const pieces: string[] = [];
  let rest = sentence;
  while (rest.length > maxUnitLength) {
    const space = rest.lastIndexOf(' ', maxUnitLength);
    const end = space > maxUnitLength / 2 ? space : maxUnitLength;
    // Not through a pair of surrogates.
    const safeEnd = /[\uD800-\uDBFF]$/u.test(rest.slice(0, end)) ? end - 1 : end;
    pieces.push(rest.slice(0, safeEnd));
    rest = rest.slice(safeEnd).trimStart();
  }
  return rest === '' ? pieces : [...pieces, rest];
};

/** The sentences of a text, none of them long. */
export const sentencesIn = (text: string): readonly string[] =>
  sentenceSpans(text).flatMap(({ start, end }) => cutLong(text.slice(start, end).replace(/\s+/gu, ' ').trim()));

const analyze: Analyzer = analyzer();

export const sentenceOf = (text: string): Sentence => ({ text, terms: analyze(text) });

const k1 = 1.2;
const b = 0.5;
/** What a sentence gets of the better one of its neighbours, and of what its whole text has of the query. */
const neighbourShare = 0.3;
const textShare = 0.3;

/** How much each term of the query says: being rare in English, and in what is remembered. */
const queryWeights = (query: string, all: readonly (readonly string[])[]): ReadonlyMap<string, number> => {
  const rarities = new Map<string, number>();
  for (const word of words(query)) {
    for (const term of analyze(word)) rarities.set(term, Math.max(rarities.get(term) ?? 0, wordRarity(word)));
  }
  const holding = new Map<string, number>();
  for (const terms of all) {
    for (const term of new Set(terms)) if (rarities.has(term)) holding.set(term, (holding.get(term) ?? 0) + 1);
  }
  return new Map(
    [...rarities].map(([term, rarity]) => {
      const count = holding.get(term) ?? 0;
      return [term, rarity * Math.log(1 + (all.length - count + 0.5) / (count + 0.5))];
    }),
  );
};

const bm25Of = (terms: readonly string[], weights: ReadonlyMap<string, number>, meanLength: number): number => {
  const counts = new Map<string, number>();
  for (const term of terms) if (weights.has(term)) counts.set(term, (counts.get(term) ?? 0) + 1);
  const norm = k1 * (1 - b + (b * terms.length) / Math.max(1, meanLength));
  let sum = 0;
  for (const [term, count] of counts) sum += (weights.get(term) ?? 0) * ((count * (k1 + 1)) / (count + norm));
  return sum;
};

/**
 * How well each sentence belongs to the query, from 0 to about 1, by its words: BM25 over stems with the rarities of these sentences
 * and of English, and shares of what the sentences beside it and the rest of its text have, since an answer often stands beside the
 * words of its question.
 */
export const relevanceOf = (units: readonly Unit[], query: string): readonly number[] => {
  const all = units.map(({ terms }) => terms);
  const weights = queryWeights(query, all);
  const meanLength = all.reduce((sum, terms) => sum + terms.length, 0) / Math.max(1, all.length);
  const own = all.map((terms) => bm25Of(terms, weights, meanLength));
  const ofText = new Map<number, Set<string>>();
  units.forEach(({ textAt }, at) => {
    const terms = ofText.get(textAt) ?? new Set();
    for (const term of all[at] ?? []) if (weights.has(term)) terms.add(term);
    ofText.set(textAt, terms);
  });
  const beside = (at: number, other: number): number =>
    units[other]?.textAt === units[at]?.textAt ? (own[other] ?? 0) : 0;
  const most = [...weights.values()].reduce((sum, weight) => sum + weight, 0) * (1 + textShare);
  return units.map(({ textAt }, at) => {
    let text = 0;
    for (const term of ofText.get(textAt) ?? []) text += weights.get(term) ?? 0;
    const neighbour = Math.max(beside(at, at - 1), beside(at, at + 1));
    const score = (own[at] ?? 0) + neighbourShare * neighbour + textShare * text;
    return most === 0 ? 0 : score / most;
  });
};

/** The words of a text, to tell whether it has been said. */
export const normalised = (text: string): string => words(text).join(' ');

/** Whether a text says something at all. */
export const saysSomething = (text: string): boolean => words(text).some((word) => !stopWords.has(word));
