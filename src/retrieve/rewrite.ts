import {
  type AnyStep,
  callStep,
  checkAtLeast,
  defineStep,
  map,
  type Retriever,
  type Run,
  type StepLike,
} from '../core/index.js';
import { fuse, reciprocalRank } from './fusion.js';
import { askedOf, attempt, innerQuery, type OnFailure, wanted } from './query.js';

export interface RewriteOptions {
  /** Hits at most; a query's own `k` wins. @default 10 */
  readonly k?: number;
  /** Hits asked for each text, where several are searched for. @default 2 × k */
  readonly fetchK?: number;
  /** How much the query as it was asked counts beside each rewritten text; 0 does not search for it. @default 1 */
  readonly originalWeight?: number;
  /** Rewritten texts at most; further ones are left out. @default 5 */
  readonly maxQueries?: number;
  /** Searches that are under way at once. @default 4 */
  readonly concurrency?: number;
  /** `skip` searches for the query as it is when the rewriter fails, and emits a warning. @default 'skip' */
  readonly onFailure?: OnFailure;
}

const rankConstant = 60;

/**
 * Searches for other words than those of the query: the rewriter makes one or several texts of it, each is searched for beside the
 * query itself, and the lists are fused by reciprocal rank, to which `minScore` applies. With `originalWeight: 0` and one text, the
 * hits and scores are those of that search. One call of the rewriter, and one search for each text.
 * @throws {PipewrightError} `bad-option`; the step throws what the retriever throws.
 * @example rewrite(vectors.retriever(), multiQuery(model))
 */
export const rewrite = (
  retriever: Retriever,
  rewriter: StepLike<string, string | readonly string[]>,
  options: RewriteOptions = {},
): Retriever => {
  const { k: defaultK = 10, originalWeight = 1, maxQueries = 5, concurrency = 4, onFailure = 'skip' } = options;
  checkAtLeast('k', defaultK, 1);
  checkAtLeast('fetchK', options.fetchK ?? 1, 1);
  checkAtLeast('originalWeight', originalWeight, 0);
  checkAtLeast('maxQueries', maxQueries, 1);
  checkAtLeast('concurrency', concurrency, 1);
  const children = [
    { label: 'rewriter', step: rewriter as AnyStep },
    { label: 'retriever', step: retriever, maxCalls: 1 + maxQueries },
  ];
  const info = { kind: 'rewrite', details: { k: defaultK, originalWeight, maxQueries }, children };
  return defineStep(info, async (query, run) => {
    const asked = askedOf(query, defaultK);
    const made = await attempt('Rewriting the query', onFailure, run, () =>
      callStep(rewriter, asked.text, run, 'rewriter'),
    );
    const texts = textsOf(made, asked.text, maxQueries);
    const all = texts.length === 0 || originalWeight > 0 ? [asked.text, ...texts] : texts;
    if (all.length === 1) return callStep(retriever, { ...asked, text: all[0] ?? asked.text }, run, 'retriever');
    const fetchK = Math.max(asked.k, options.fetchK ?? 2 * asked.k);
    const search = (text: string, inner: Run) =>
      callStep(retriever, innerQuery(asked, text, fetchK), inner, 'retriever');
    const lists = await map(search, { concurrency })(all, run);
    const ranked = lists.map((hits, at) => ({ hits, weight: all[at] === asked.text ? originalWeight : 1 }));
    return wanted(fuse(ranked, reciprocalRank(rankConstant)), asked);
  });
};

/** The texts to search for beside the query, each once. */
const textsOf = (
  made: string | readonly string[] | undefined,
  original: string,
  maxQueries: number,
): readonly string[] => {
  const list = typeof made === 'string' ? [made] : (made ?? []);
  const texts = new Set(list.map((text) => text.trim()).filter((text) => text !== '' && text !== original.trim()));
  return [...texts].slice(0, maxQueries);
};
