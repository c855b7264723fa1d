import type { Match } from './match.js';
import { type Question, termWeight } from './question.js';

/** How a candidate relates to a question, each from about 0 to 1. */
export interface Features {
  /** Share of the question's words, by weight, that stand in the candidate. */
  readonly coverage: number;
  /** BM25 against the other candidates (Robertson and Zaragoza 2009), as a share of the question's weight. */
  readonly bm25: number;
  readonly pairs: number;
  readonly order: number;
  readonly holdsKind: number;
  readonly lacksKind: number;
  /** `coverage` of a candidate that holds the right kind of answer. */
  readonly kindNear: number;
  /** What the neighbours, the headings and the code below add to the coverage. */
  readonly before: number;
  readonly after: number;
  readonly headings: number;
  readonly title: number;
  readonly code: number;
  /** `before`, where the candidate begins with a word that points back. */
  readonly pointedBefore: number;
  readonly length: number;
  readonly isShort: number;
  readonly isQuestion: number;
  /** 1 for the first source, 1/2 for the second, … */
  readonly rank: number;
  /** Coverage of the whole source, its title left out. */
  readonly source: number;
  /** Share of the question's names and numbers that the source holds nowhere. */
  readonly lacksName: number;
  /** Of the question's words that stand in some title, the share that stands in this source's. */
  readonly onTopic: number;
  readonly focus: number;
  readonly unseen: number;
  readonly howToCode: number;
  readonly howToOption: number;
  /** Code, where the question does not ask how something is done. */
  readonly unaskedCode: number;
}

/**
 * Weights of a conditional logit over the candidates of a question, fitted on half of the questions of XQuAD (English) together
 * with forty questions about the READMEs of npm packages, and rounded. `isQuestion`, `onTopic` and `unaskedCode` are set by hand,
 * because those sets hardly tell: they keep the answer on the library that is asked about, and free of questions and stray code.
 */
export const weights: Readonly<Record<keyof Features, number>> = {
  coverage: 3.1,
  bm25: 3,
  pairs: 0.9,
  order: 1.1,
  holdsKind: 0.8,
  lacksKind: -0.3,
  kindNear: 0.6,
  before: 1.7,
  after: 1.2,
  headings: 0.7,
  title: 1.6,
  code: 1.3,
  pointedBefore: 0.8,
  length: 0.3,
  isShort: -1.3,
  isQuestion: -1,
  rank: 2.6,
  source: 1.7,
  lacksName: -1,
  onTopic: 3,
  focus: 0.8,
  unseen: -0.5,
  howToCode: 2.5,
  howToOption: 1.5,
  unaskedCode: -1,
};

export interface Scored {
  readonly match: Match;
  readonly features: Features;
  readonly score: number;
}

const most = (a: readonly number[], b: readonly number[]): readonly number[] =>
  a.map((value, i) => Math.max(value, b[i] ?? 0));

/**
 * Rarity of each term among the candidates, as in BM25; a word of the kind asked for counts less. `others` pretends that so many
 * more candidates were there which hold none of the terms.
 */
const weightsOf = (question: Question, matches: readonly Match[], others: number): readonly number[] =>
  question.terms.map((term, i) => {
    const count = matches.reduce((sum, { strengths }) => sum + (strengths[i] === 1 ? 1 : 0), 0);
    const rarity = Math.log(1 + (matches.length + others - count + 0.5) / (count + 0.5));
    return (0.05 + rarity) * termWeight(question, term);
  });

const sourceStrengths = (matches: readonly Match[]): ReadonlyMap<number, readonly number[]> => {
  const best = new Map<number, number[]>();
  for (const { candidate, strengths, inHeadings, inCode } of matches) {
    const known = best.get(candidate.source) ?? strengths.map(() => 0);
    best.set(
      candidate.source,
      known.map((value, i) => Math.max(value, strengths[i] ?? 0, inHeadings[i] ?? 0, inCode[i] ?? 0)),
    );
  }
  return best;
};

const bm25Of = (match: Match, termWeights: readonly number[], averageLength: number): number => {
  const norm = 1.2 * (0.25 + (0.75 * match.length) / averageLength);
  return sum(
    termWeights.map((weight, i) => {
      const strength = match.strengths[i] ?? 0;
      const count = strength === 0 ? 0 : Math.max(match.counts[i] ?? 0, strength);
      return (weight * count * 2.2) / (count + norm);
    }),
  );
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** What scoring needs to know of all candidates together. */
interface Crowd {
  readonly question: Question;
  readonly matches: readonly Match[];
  readonly termWeights: readonly number[];
  readonly totalWeight: number;
  readonly averageLength: number;
  readonly sources: ReadonlyMap<number, readonly number[]>;
  /** The strengths of the terms in whichever title holds them best. */
  readonly topic: readonly number[];
}

const crowdOf = (question: Question, matches: readonly Match[], others = 0): Crowd => {
  const termWeights = weightsOf(question, matches, others);
  return {
    question,
    matches,
    termWeights,
    totalWeight: sum(termWeights) || 1,
    averageLength: Math.max(1, matches.reduce((total, { length }) => total + length, 0) / Math.max(1, matches.length)),
    sources: sourceStrengths(matches),
    topic: question.terms.map((_, i) => matches.reduce((best, { inTitle }) => Math.max(best, inTitle[i] ?? 0), 0)),
  };
};

/** Share of the question, by weight, that is found with these strengths. */
const shareOf = ({ termWeights, totalWeight }: Crowd, strengths: readonly number[]): number => {
  let found = 0;
  for (const [i, weight] of termWeights.entries()) found += weight * (strengths[i] ?? 0);
  return found / totalWeight;
};

/** What `other` holds of the question that the match itself lacks. */
const addedShare = (crowd: Crowd, match: Match, other: readonly number[] = []): number =>
  shareOf(
    crowd,
    match.strengths.map((own, i) => Math.min(1 - own, other[i] ?? 0)),
  );

const lackedNames = ({ terms, names }: Question, inSource: readonly number[], inTitle: readonly number[]): number => {
  const lacked = terms.filter((term, i) => names.has(term) && (inSource[i] ?? 0) + (inTitle[i] ?? 0) === 0);
  return lacked.length / Math.max(1, names.size);
};

const featuresOf = (crowd: Crowd, match: Match, at: number): Features => {
  const { question, matches, topic } = crowd;
  const { candidate, strengths, holdsKind = -1 } = match;
  const neighbour = (step: number): readonly number[] | undefined => {
    const other = matches[at + step];
    return other?.candidate.source === candidate.source ? other.strengths : undefined;
  };
  const inSource = crowd.sources.get(candidate.source) ?? [];
  const coverage = shareOf(crowd, strengths);
  const before = addedShare(crowd, match, neighbour(-1));
  const topicShare = shareOf(crowd, topic);
  const isHowTo = question.kind === 'instruction';
  const hasCode = candidate.code !== undefined || candidate.isCode;
  const focusAt = question.focus === undefined ? -1 : question.terms.indexOf(question.focus);
  return {
    coverage,
    bm25: bm25Of(match, crowd.termWeights, crowd.averageLength) / crowd.totalWeight,
    pairs: match.pairs,
    order: match.order,
    holdsKind: Math.max(0, holdsKind),
    lacksKind: holdsKind === 0 ? 1 : 0,
    kindNear: holdsKind > 0 ? coverage : 0,
    before,
    after: addedShare(crowd, match, neighbour(1)),
    headings: addedShare(crowd, match, match.inHeadings),
    title: addedShare(crowd, match, match.inTitle),
    code: addedShare(crowd, match, match.inCode),
    pointedBefore: match.pointsBack ? before : 0,
    length: Math.log(1 + match.length) / 4,
    isShort: match.length < 5 ? 1 : 0,
    isQuestion: match.isQuestion ? 1 : 0,
    rank: 1 / (1 + candidate.source),
    source: shareOf(crowd, inSource),
    lacksName: lackedNames(question, inSource, match.inTitle),
    onTopic: topicShare === 0 ? 0 : shareOf(crowd, match.inTitle) / topicShare,
    focus: (strengths[focusAt] ?? 0) > 0 ? 1 : 0,
    unseen: 1 - match.visibleRatio,
    howToCode: isHowTo && hasCode ? coverage + addedShare(crowd, match, most(match.inCode, match.inHeadings)) : 0,
    howToOption: isHowTo && match.namesOption ? 1 : 0,
    unaskedCode: !isHowTo && candidate.isCode ? 1 : 0,
  };
};

/** Scores every candidate of a question, in order. */
export function* scoreMatches(question: Question, matches: readonly Match[]): Generator<Scored, void, undefined> {
  const crowd = crowdOf(question, matches);
  for (const [at, match] of matches.entries()) {
    const features = featuresOf(crowd, match, at);
    yield { match, features, score: scoreOf(features) };
  }
}

/** Among few candidates that all speak of the matter no word is rare; these stand for all that is written elsewhere. */
const othersElsewhere = 10;

/**
 * The features of one candidate for judging whether it answers at all. For telling candidates apart the words that all of them
 * hold say nothing; here they do say that the sources are about the question.
 */
export const absoluteFeatures = (question: Question, matches: readonly Match[], at: number): Features | undefined => {
  const match = matches[at];
  return match === undefined ? undefined : featuresOf(crowdOf(question, matches, othersElsewhere), match, at);
};

const scoreOf = (features: Features): number => {
  let score = 0;
  for (const name of Object.keys(weights) as (keyof Features)[]) score += weights[name] * features[name];
  return score;
};
