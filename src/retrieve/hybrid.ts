import {
  callStep,
  checkAtLeast,
  defineStep,
  type Hit,
  messageOf,
  PipewrightError,
  type Query,
  type QueryWithOptions,
  queryOf,
  type Retriever,
  type Run,
  stepName,
} from '../core/index.js';
import { fuse, type RankedList, reciprocalRank, relativeScore } from './fusion.js';

export interface HybridOptions {
  /** Hits at most; a query's own `k` wins. @default 10 */
  readonly k?: number;
  /** Hits asked of each retriever. @default 4 × k */
  readonly fetchK?: number;
  /**
   * How the lists become one. `reciprocal-rank` looks at ranks only and fits any retrievers; `relative-score` adds the scores,
   * each list scaled to 0 to 1, and keeps how far a hit stands out. @default 'reciprocal-rank'
   */
  readonly fusion?: 'reciprocal-rank' | 'relative-score';
  /** How much each retriever counts, in their order. @default 1 for each */
  readonly weights?: readonly number[];
  /** For `reciprocal-rank`: the larger, the less the first ranks stand out. @default 60 */
  readonly rankConstant?: number;
  /** `fail` rejects when one retriever fails; `skip` goes on with the others and emits a warning. @default 'fail' */
  readonly onFailure?: 'fail' | 'skip';
}

type Settings = Required<Omit<HybridOptions, 'fetchK'>> & Pick<HybridOptions, 'fetchK'>;

const resolve = (count: number, options: HybridOptions): Settings => {
  const settings: Settings = {
    k: 10,
    fusion: 'reciprocal-rank',
    weights: new Array<number>(count).fill(1),
    rankConstant: 60,
    onFailure: 'fail',
    ...options,
  };
  const { k, fetchK = k, weights, rankConstant } = settings;
  if (count === 0) throw new PipewrightError('bad-option', '`hybrid` needs at least one retriever.');
  if (weights.length !== count) {
    throw new PipewrightError('bad-option', `\`weights\` must have one number for each of the ${count} retrievers.`);
  }
  weights.forEach((weight, at) => {
    checkAtLeast(`weights[${at}]`, weight, 0);
  });
  checkAtLeast('k', k, 1);
  checkAtLeast('fetchK', fetchK, 1);
  checkAtLeast('rankConstant', rankConstant, 0);
  return settings;
};

/**
 * Searches with several retrievers at once and makes one list of what they find, each document once. `k` and the filter of the
 * query reach every retriever; `minScore` applies to the fused score. When a retriever fails, or the run aborts, the others
 * are aborted too.
 * @throws {PipewrightError} `bad-option`.
 * @example hybrid([vectors.retriever({ k: 8 }), keywords.retriever({ k: 8 })])
 */
export const hybrid = (retrievers: readonly Retriever[], options: HybridOptions = {}): Retriever => {
  const settings = resolve(retrievers.length, options);
  const { fusion, weights, rankConstant } = settings;
  const share = fusion === 'relative-score' ? relativeScore : reciprocalRank(rankConstant);
  const info = {
    kind: 'hybrid',
    details: { fusion, weights: weights.join(', ') },
    children: retrievers.map((step) => ({ step })),
  };
  return defineStep(info, async (query: Query, run) => {
    const { text, k = settings.k, minScore, filter } = queryOf(query);
    checkAtLeast('k', k, 1);
    const fetchK = Math.max(k, settings.fetchK ?? 4 * k);
    const inner: QueryWithOptions = { text, k: fetchK, ...(filter === undefined ? {} : { filter }) };
    const lists = await searchAll(retrievers, settings, inner, run);
    const fused = fuse(lists, share);
    return fused.filter(({ score }) => minScore === undefined || score >= minScore).slice(0, k);
  });
};

/** The lists of the retrievers in their order, without those that failed and may be skipped. */
const searchAll = async (
  retrievers: readonly Retriever[],
  { weights, onFailure }: Settings,
  query: QueryWithOptions,
  run: Run,
): Promise<readonly RankedList[]> => {
  run.throwIfAborted();
  using group = run.scope();
  const { run: inner } = group;
  const failures: unknown[] = [];
  const search = async (retriever: Retriever): Promise<readonly Hit[] | undefined> => {
    try {
      return await callStep(retriever, query, inner);
    } catch (error) {
      run.throwIfAborted();
      if (onFailure === 'fail') {
        group.abort(error);
        throw error;
      }
      failures.push(error);
      run.emit({ type: 'warning', message: `The retriever ${stepName(retriever)} failed: ${messageOf(error)}` });
      return undefined;
    }
  };
  const found = await Promise.all(retrievers.map(search));
  run.throwIfAborted();
  if (failures.length === retrievers.length) throw failures[0];
  return found.flatMap((hits, at) => (hits === undefined ? [] : [{ hits, weight: weights[at] ?? 1 }]));
};
