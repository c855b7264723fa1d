import {
  type AnyStep,
  callStep,
  checkAtLeast,
  defineStep,
  type Hit,
  type RerankInput,
  type RerankScore,
  type Retriever,
  type StepLike,
} from '../core/index.js';
import { relativeScore } from './fusion.js';
import { askedOf, attempt, byScore, innerQuery, type OnFailure, wanted } from './query.js';
import { textWithTitle } from './sources.js';

export interface RerankOptions {
  /** Hits at most; a query's own `k` wins, up to `candidates`. @default 10 */
  readonly k?: number;
  /** Hits that are asked of the retriever and scored anew. @default 50 */
  readonly candidates?: number;
  /**
   * How much the score of the retriever counts beside that of the reranker, both scaled to 0 to 1. 0 keeps the reranker's scores as
   * they are. @default 0
   */
  readonly searchWeight?: number;
  /** `skip` keeps the order of the search when the reranker fails, and emits a warning. @default 'skip' */
  readonly onFailure?: OnFailure;
}

/**
 * Searches for `candidates` and has a reranker put them in order by title and text; the best `k` come back with its scores, to which
 * `minScore` applies. A query that wants more than `candidates` gets no more than these. When the reranker fails, the hits come in
 * the order and with the scores of the search, whatever `minScore` says.
 * @throws {PipewrightError} `bad-option`; the step throws what the retriever throws.
 * @example rerank(keywords.retriever(), lexicalReranker(), { searchWeight: 1 })
 */
export const rerank = (
  retriever: Retriever,
  reranker: StepLike<RerankInput, readonly RerankScore[]>,
  options: RerankOptions = {},
): Retriever => {
  const { k: defaultK = 10, candidates = 50, searchWeight = 0, onFailure = 'skip' } = options;
  checkAtLeast('k', defaultK, 1);
  checkAtLeast('candidates', candidates, 1);
  checkAtLeast('searchWeight', searchWeight, 0);
  const children = [
    { label: 'retriever', step: retriever },
    { label: 'reranker', step: reranker as AnyStep },
  ];
  const info = { kind: 'rerank', details: { k: defaultK, candidates, searchWeight }, children };
  return defineStep(info, async (query, run) => {
    const asked = askedOf(query, defaultK);
    const hits = await callStep(retriever, innerQuery(asked, asked.text, candidates), run, 'retriever');
    const found = hits.slice(0, candidates);
    const texts = found.map(textWithTitle);
    const scores = await attempt('Reranking', onFailure, run, () =>
      callStep(reranker, { query: asked.text, texts }, run, 'reranker'),
    );
    return scores === undefined ? found.slice(0, asked.k) : wanted(scored(found, scores, searchWeight), asked);
  });
};

/** The hits with their new scores, best first; of equals, the one that was in front. */
const scored = (hits: readonly Hit[], scores: readonly RerankScore[], searchWeight: number): readonly Hit[] => {
  const ranked = scores.flatMap(({ index, score }): readonly Hit[] => {
    const hit = hits[index];
    return hit === undefined ? [] : [{ ...hit, score }];
  });
  if (searchWeight === 0) return ranked.sort(byScore);
  const before = new Map(hits.map(({ id }, at) => [id, relativeScore(hits, at)]));
  ranked.sort(byScore);
  return ranked
    .map((hit, at) => ({ ...hit, score: relativeScore(ranked, at) + searchWeight * (before.get(hit.id) ?? 0) }))
    .sort(byScore);
};
