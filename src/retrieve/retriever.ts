import {
  checkAtLeast,
  compileFilter,
  defineStep,
  type Hit,
  type QueryWithOptions,
  queryOf,
  type Retriever,
  type Run,
} from '../core/index.js';

export interface RetrieverOptions {
  /** Its name in paths, drawings and warnings. @default the name of the function */
  readonly name?: string;
  /** Hits at most, where the query does not say. @default 10 */
  readonly k?: number;
}

/** A query as a search function gets it: spelt out, with the number of hits wanted. */
export interface SearchQuery extends QueryWithOptions {
  readonly k: number;
}

/**
 * Makes a retriever of any search function. The function may ignore `k`, `filter` and `minScore`: they are applied once more to
 * what it returns, and hits are put in order of their score.
 * @example const web = retriever(async ({ text, k }) => await searchTheWeb(text, k), { name: 'web' })
 */
export const retriever = (
  search: (query: SearchQuery, run: Run) => readonly Hit[] | Promise<readonly Hit[]>,
  options: RetrieverOptions = {},
): Retriever => {
  const { name = search.name || 'retriever', k: defaultK = 10 } = options;
  checkAtLeast('k', defaultK, 1);
  return defineStep({ kind: 'retriever', name, details: { k: defaultK } }, async (query, run) => {
    run.throwIfAborted();
    const asked = queryOf(query);
    const { k = defaultK, filter, minScore = Number.NEGATIVE_INFINITY } = asked;
    checkAtLeast('k', k, 1);
    const matches = filter === undefined ? () => true : compileFilter(filter);
    const hits = await search({ ...asked, k }, run);
    run.throwIfAborted();
    return hits
      .filter((hit) => hit.score >= minScore && matches(hit.metadata))
      .sort((a, b) => b.score - a.score)
      .slice(0, k);
  });
};
