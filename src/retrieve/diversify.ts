import {
  callStep,
  checkAtLeast,
  defineStep,
  type Hit,
  PipewrightError,
  type Retriever,
  type Run,
  sliceTimer,
  yieldToEventLoop,
} from '../core/index.js';
import { type Analyzer, analyzer as englishAnalyzer, stopWords } from '../text/index.js';
import { relativeScore } from './fusion.js';
import { askedOf, innerQuery, wanted } from './query.js';
import type { SearchQuery } from './retriever.js';
import { textWithTitle } from './sources.js';

export interface DiversifyOptions {
  /** Hits at most; a query's own `k` wins. @default 10 */
  readonly k?: number;
  /** Hits to choose from. @default 4 × k */
  readonly fetchK?: number;
  /** 1 looks at relevance only, 0 at difference only. @default 0.7 */
  readonly lambda?: number;
  /** Gives the terms by which hits are compared. @default English stems without words of grammar */
  readonly analyzer?: Analyzer;
}

/** A hit that may still be chosen. */
interface Candidate {
  readonly hit: Hit;
  readonly terms: ReadonlySet<string>;
  readonly relevance: number;
  /** Likeness to the one of those chosen that is most like it. */
  likeness: number;
}

/** Shared terms over all terms (Jaccard). */
const overlap = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let shared = 0;
  for (const term of small) if (large.has(term)) shared++;
  const all = a.size + b.size - shared;
  return all === 0 ? 0 : shared / all;
};

/**
 * Prefers hits that differ from those before them, for any retriever: maximal marginal relevance (Carbonell and Goldstein 1998) by the
 * words that hits share. The score is `lambda` × relevance (0 to 1 within the list) − (1 − `lambda`) × likeness, to which `minScore`
 * applies. A vector store does the same by its vectors: its option `mmr`.
 * @throws {PipewrightError} `bad-option`; the step throws what the retriever throws.
 * @example diversify(keywords.retriever(), { lambda: 0.5 })
 */
export const diversify = (retriever: Retriever, options: DiversifyOptions = {}): Retriever => {
  const { k: defaultK = 10, lambda = 0.7, analyzer = englishAnalyzer({ stopWords }) } = options;
  checkAtLeast('k', defaultK, 1);
  checkAtLeast('fetchK', options.fetchK ?? 1, 1);
  checkAtLeast('lambda', lambda, 0);
  if (lambda > 1) throw new PipewrightError('bad-option', `\`lambda\` must be from 0 to 1, got ${lambda}.`);
  const info = { kind: 'diversify', details: { k: defaultK, lambda }, children: [{ step: retriever }] };
  return defineStep(info, async (query, run) => {
    const asked = askedOf(query, defaultK);
    const fetchK = Math.max(asked.k, options.fetchK ?? 4 * asked.k);
    const hits = await callStep(retriever, innerQuery(asked, asked.text, fetchK), run, 'retriever');
    return wanted(await choose(await candidatesOf(hits, analyzer, run), lambda, asked, run), asked);
  });
};

const candidatesOf = async (hits: readonly Hit[], analyzer: Analyzer, run: Run): Promise<readonly Candidate[]> => {
  const isSliceOver = sliceTimer();
  const candidates: Candidate[] = [];
  for (const [at, hit] of hits.entries()) {
    const terms = new Set(analyzer(textWithTitle(hit)));
    candidates.push({ hit, terms, relevance: relativeScore(hits, at), likeness: 0 });
    if (isSliceOver()) await yieldToEventLoop();
    run.throwIfAborted();
  }
  return candidates;
};

const choose = async (
  candidates: readonly Candidate[],
  lambda: number,
  { k }: SearchQuery,
  run: Run,
): Promise<readonly Hit[]> => {
  const isSliceOver = sliceTimer();
  const left = new Set(candidates);
  const chosen: Hit[] = [];
  const marginOf = ({ relevance, likeness }: Candidate): number => lambda * relevance - (1 - lambda) * likeness;
  while (chosen.length < k) {
    let best: Candidate | undefined;
    for (const candidate of left) if (best === undefined || marginOf(candidate) > marginOf(best)) best = candidate;
    if (best === undefined) break;
    left.delete(best);
    chosen.push({ ...best.hit, score: marginOf(best) });
    for (const candidate of left)
      candidate.likeness = Math.max(candidate.likeness, overlap(candidate.terms, best.terms));
    if (isSliceOver()) await yieldToEventLoop();
    run.throwIfAborted();
  }
  return chosen;
};
