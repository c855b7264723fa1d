import { callStep, checkAtLeast, defineStep, type Hit, type Retriever } from '../core/index.js';
import { type Analyzer, analyzer as englishAnalyzer, stopWords, wordRarity, words } from '../text/index.js';
import { fuse, relativeScore } from './fusion.js';
import { askedOf, innerQuery, wanted } from './query.js';
import { textWithTitle } from './sources.js';

export interface RelevanceFeedbackOptions {
  /** Hits at most; a query's own `k` wins. @default 10 */
  readonly k?: number;
  /** Hits asked of each search. @default 4 × k, at least 50 */
  readonly fetchK?: number;
  /** First hits that words are taken from. @default 5 */
  readonly feedbackHits?: number;
  /** Words that are taken. @default 10 */
  readonly feedbackTerms?: number;
  /** How much the search for these words counts beside that for the query. @default 0.3 */
  readonly weight?: number;
  /** Brings forms of a word together. @default `analyzer()`, English */
  readonly analyzer?: Analyzer;
}

/** Hits that say which words are common here, at least where nobody says how many to fetch, and at most. */
const minBackground = 50;
const maxBackground = 100;

interface Term {
  /** The word as it stands in a hit. */
  readonly word: string;
  weight: number;
}

/** The words that set the first hits apart from those behind them, weighted by the scores of the hits (RM3's relevance model). */
const feedbackWords = (
  query: string,
  hits: readonly Hit[],
  { feedbackHits, feedbackTerms, analyzer }: Required<Omit<RelevanceFeedbackOptions, 'k' | 'fetchK' | 'weight'>>,
): readonly string[] => {
  const known = new Set(analyzer(query));
  const holding = new Map<string, number>();
  const background = hits.slice(0, maxBackground);
  for (const hit of background) {
    for (const term of new Set(analyzer(textWithTitle(hit)))) holding.set(term, (holding.get(term) ?? 0) + 1);
  }
  const found = new Map<string, Term>();
  for (const hit of hits.slice(0, feedbackHits)) {
    const all = words(textWithTitle(hit));
    for (const word of all) {
      const term = analyzer(word)[0];
      if (term === undefined || word.length < 2 || stopWords.has(word) || known.has(term)) continue;
      const entry = found.get(term) ?? { word, weight: 0 };
      entry.weight += hit.score / all.length;
      found.set(term, entry);
    }
  }
  const weightOf = ([term, { word, weight }]: [string, Term]): number =>
    weight * wordRarity(word) * Math.log(1 + background.length / (holding.get(term) ?? 1));
  return [...found]
    .sort((a, b) => weightOf(b) - weightOf(a))
    .slice(0, feedbackTerms)
    .map(([, { word }]) => word);
};

/**
 * Searches twice without a model: the words that set the first hits apart are searched for too, and both lists are fused by relative
 * score (pseudo-relevance feedback, after RM3: Abdul-Jaleel et al. 2004). It finds more and orders the depth better; where the first
 * hits are wrong it goes further astray. Meant for keyword search. Two searches.
 * @throws {PipewrightError} `bad-option`; the step throws what the retriever throws.
 * @example relevanceFeedback(keywords.retriever())
 */
export const relevanceFeedback = (retriever: Retriever, options: RelevanceFeedbackOptions = {}): Retriever => {
  const { k: defaultK = 10, feedbackHits = 5, feedbackTerms = 10, weight = 0.3 } = options;
  const { analyzer = englishAnalyzer() } = options;
  checkAtLeast('k', defaultK, 1);
  checkAtLeast('fetchK', options.fetchK ?? 1, 1);
  checkAtLeast('feedbackHits', feedbackHits, 1);
  checkAtLeast('feedbackTerms', feedbackTerms, 1);
  checkAtLeast('weight', weight, 0);
  const details = { k: defaultK, feedbackHits, feedbackTerms, weight };
  return defineStep(
    { kind: 'relevance-feedback', details, children: [{ step: retriever, maxCalls: 2 }] },
    async (query, run) => {
      const asked = askedOf(query, defaultK);
      const fetchK = Math.max(asked.k, options.fetchK ?? Math.max(minBackground, 4 * asked.k));
      const first = await callStep(retriever, innerQuery(asked, asked.text, fetchK), run, 'first search');
      const added = feedbackWords(asked.text, first, { feedbackHits, feedbackTerms, analyzer });
      const second =
        added.length === 0
          ? []
          : await callStep(retriever, innerQuery(asked, added.join(' '), fetchK), run, 'second search');
      const lists = [
        { hits: first, weight: 1 },
        { hits: second, weight },
      ];
      return wanted(fuse(lists, relativeScore), asked);
    },
  );
};
