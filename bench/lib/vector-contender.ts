import { median } from './report.js';
import { checkedQueries, type VectorData } from './vector-data.js';

/** One way to store and search vectors. */
export interface VectorContender {
  readonly name: string;
  /** Fills an index until it answers in full. */
  readonly fill: (data: VectorData) => Promise<VectorIndex>;
}

/** Ids are the numbers of the rows as texts. A search fetches what a caller needs to go on: the documents, where there are any. */
export interface VectorIndex {
  /** Candidates to look at, from few to many; a contender without such a setting has one. */
  readonly efforts: readonly number[];
  readonly search: (query: Float32Array, k: number, effort: number) => Answer | Promise<Answer>;
  /** Only rows whose share is below `permille`. */
  readonly searchFiltered?: (
    query: Float32Array,
    k: number,
    effort: number,
    permille: number,
  ) => Answer | Promise<Answer>;
  /** All queries in one call. */
  readonly searchMany?: (queries: readonly Float32Array[], k: number, effort: number) => Promise<readonly Answer[]>;
  readonly close: () => Promise<void>;
}

export type Answer = readonly string[];

export interface Filled {
  readonly name: string;
  readonly index: VectorIndex;
}

/** Queries a second, and which part of the exact answers was found. */
export interface Point {
  readonly perSecond: number;
  readonly recall: number;
}

export const recallOf = (found: readonly Answer[], exact: readonly (readonly number[])[]): number => {
  let hits = 0;
  let all = 0;
  for (const [i, answer] of found.entries()) {
    const rows = exact[i] ?? [];
    all += rows.length;
    hits += rows.filter((row) => answer.includes(String(row))).length;
  }
  return all === 0 ? 1 : hits / all;
};

const rounds = 5;

/** Measures several ways to answer the same queries in turns, so that a busy moment of the machine meets all of them. */
export const inTurns = async (
  ways: readonly (() => Promise<readonly Answer[]>)[],
  exact: readonly (readonly number[])[],
): Promise<readonly Point[]> => {
  const rates = ways.map((): number[] => []);
  const recalls = ways.map(() => 0);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, way] of ways.entries()) {
      const start = performance.now();
      const found = await way();
      const perSecond = (found.length / (performance.now() - start)) * 1_000;
      if (round > 0) rates[i]?.push(perSecond); // the first one warms up
      recalls[i] = recallOf(found.slice(0, checkedQueries), exact);
    }
  }
  return ways.map((_, i) => ({ perSecond: median(rates[i] ?? []), recall: recalls[i] ?? 0 }));
};

/** Contenders that scan everything need not answer all queries to show how long one takes. */
const enoughMs = 700;
const leastQueries = 20;

/** One query after the other, until there are enough. */
export const oneByOne =
  (queries: readonly Float32Array[], search: (query: Float32Array) => Answer | Promise<Answer>) =>
  async (): Promise<readonly Answer[]> => {
    const found: Answer[] = [];
    const start = performance.now();
    for (const query of queries) {
      found.push(await search(query));
      if (found.length >= leastQueries && performance.now() - start > enoughMs) break;
    }
    return found;
  };

/** The queries a second at this recall, between the two measured points around it; undefined where it is not reached. */
export const rateAt = (points: readonly Point[], recall: number): number | undefined => {
  const sorted = [...points].sort((a, b) => a.recall - b.recall);
  const above = sorted.findIndex((point) => point.recall >= recall);
  const high = sorted[above];
  const low = sorted[above - 1];
  if (high === undefined) return undefined;
  if (low === undefined || high.recall === low.recall) return high.perSecond;
  const part = (recall - low.recall) / (high.recall - low.recall);
  // Between two points the time of a query grows about evenly, not its inverse.
  return 1 / (1 / low.perSecond + part * (1 / high.perSecond - 1 / low.perSecond));
};
