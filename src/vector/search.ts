import { type Run, sliceTimer, yieldToEventLoop } from '../core/index.js';
import type { RowSet } from '../filter/index.js';
import type { Indexer } from './indexer.js';
import {
  createSearchPool,
  type GraphSearchOptions,
  type Nearest,
  type SearchPool,
  type VectorKernel,
} from './kernel/index.js';
import type { Table } from './table.js';
import type { VectorSpace } from './vector-space.js';

/** A row that a search found. Its key tells whether the row still holds what was compared. */
export interface Candidate {
  readonly row: number;
  readonly key: number;
  readonly distance: number;
}

/** Nearest first; of equals, the older one. */
export const byDistance = (a: Candidate, b: Candidate): number => a.distance - b.distance || a.key - b.key;

export interface NearestOptions {
  readonly k: number;
  /** Candidates kept on the walk through the graph. */
  readonly ef: number;
  /** Only these rows. */
  readonly set: RowSet | undefined;
  readonly run: Run | undefined;
}

/** What takes microseconds is there at once: waiting for it would cost about as much again. */
export type SoonOrNow<T> = T | Promise<T>;

/** Finds rows. */
export interface Searcher {
  /**
   * The rows nearest to the vector, best first; more than `k` where distances are not exact. At once, unless it takes long; what it
   * then still needs of the vector, it copies.
   */
  readonly nearest: (query: Float32Array, options: NearestOptions) => SoonOrNow<readonly Candidate[]>;
  /** The same for each of many, on threads if there are some; undefined where a write came in between. */
  readonly nearestMany: (
    queries: readonly Float32Array[],
    options: NearestOptions,
  ) => Promise<readonly (readonly Candidate[] | undefined)[]>;
  /** Ends the threads. */
  readonly stop: () => Promise<void>;
}

export interface SearcherParts {
  readonly space: VectorSpace;
  readonly table: Table;
  readonly indexer: Indexer;
  /** Worker threads for many queries at once; 0 answers them in this thread. */
  readonly threads: number;
  readonly dimensions: number;
}

// Measured at 384 dimensions: a step of `ef` costs about as much as comparing with so many rows.
const comparisonsPerEf = 30;
/** Below this share a filtered walk loses its way: neighbours, and theirs, that pass are too few. */
const leastWalkedShare = 1 / 16;
/** So much is compared before other work gets its turn: some 15 ms. */
const kernelSliceBytes = 64 * 1_048_576;
const plainSliceBytes = 8 * 1_048_576;
/** Fewer queries are not worth a message to a thread. */
const queriesPerThread = 4;

/** Where distances are approximate, so many candidates are compared anew: the right ones are among them nearly always. */
const reserveOf = (k: number): number => k + Math.ceil(k / 4) + 4;

const isIn = ({ bits }: RowSet, row: number): boolean => (((bits[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 1;

/** The better ones of two lists, without those that stand in both. */
const merge = (a: readonly Candidate[], b: readonly Candidate[], k: number): readonly Candidate[] => {
  if (b.length === 0) return a;
  const keys = new Set(a.map(({ key }) => key));
  const all = [...a, ...b.filter(({ key }) => !keys.has(key))];
  return all.sort(byDistance).slice(0, k);
};

const createCollector =
  (table: Table) =>
  ({ count, rows, distances }: Nearest): Candidate[] => {
    const candidates: Candidate[] = [];
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      const key = table.keyOf(row);
      if (key >= 0) candidates.push({ row, key, distance: distances[i] as number });
    }
    // Rows are used again, so of equals the one in the lower row need not be the older one.
    const isOrdered = candidates.every((one, i) => i === 0 || byDistance(candidates[i - 1] as Candidate, one) <= 0);
    return isOrdered ? candidates : candidates.sort(byDistance);
  };

/** Compares with each row: with these, or with those that come into question. */
type Scan = (query: Float32Array, options: NearestOptions, rows?: Uint32Array) => SoonOrNow<readonly Candidate[]>;

/** Compares slice by slice where there are many rows. */
const createScan = ({ space, table, dimensions }: SearcherParts): Scan => {
  const collect = createCollector(table);
  const rankOf = table.keyOf;
  const inSlices = async (
    query: Float32Array,
    { k, run }: NearestOptions,
    rows: Uint32Array,
    perSlice: number,
  ): Promise<readonly Candidate[]> => {
    const isTimeUp = sliceTimer();
    let best: readonly Candidate[] = [];
    // A row that gets another entry meanwhile has a larger key than any that was there: it was not asked for.
    const { newestKey } = table;
    for (let start = 0; start < rows.length; start += perSlice) {
      const found = collect(space.vectors.scan(query, { k, rankOf, rows: rows.subarray(start, start + perSlice) }));
      best = merge(
        best,
        found.filter(({ key }) => key <= newestKey),
        k,
      );
      if (isTimeUp()) {
        await yieldToEventLoop();
        run?.throwIfAborted();
      }
    }
    return best;
  };
  return (query, options, rows) => {
    const { k, set } = options;
    const sliceBytes = space.kernel === undefined ? plainSliceBytes : kernelSliceBytes;
    const perSlice = Math.ceil(sliceBytes / (dimensions * Float32Array.BYTES_PER_ELEMENT));
    const count = rows?.length ?? set?.count ?? table.count;
    if (count > perSlice) return inSlices(query.slice(), options, rows ?? (set ?? table.all()).rows(), perSlice);
    if (rows !== undefined) return collect(space.vectors.scan(query, { k, rankOf, rows }));
    return collect(space.vectors.scan(query, set === undefined ? { k, rankOf } : { k, rankOf, bits: set.bits }));
  };
};

/** Whether comparing with each of the rows costs less than a walk through the graph, or is the only way to find them. */
const isScanBetter = (matches: number, count: number, ef: number): boolean =>
  matches <= Math.max(comparisonsPerEf * ef, leastWalkedShare * count);

/** Threads that start with the first queries for them. */
const createPooled = (threads: number) => {
  let pool: SearchPool | undefined;
  return {
    search: (kernel: VectorKernel, queries: readonly Float32Array[], options: GraphSearchOptions) => {
      pool ??= createSearchPool(kernel, { threads });
      return pool.search(queries, options);
    },
    stop: async (): Promise<void> => {
      await pool?.dispose();
      pool = undefined;
    },
  };
};

const oneByOne = async (
  queries: readonly Float32Array[],
  nearest: (query: Float32Array) => SoonOrNow<readonly Candidate[]>,
  run: Run | undefined,
): Promise<readonly (readonly Candidate[])[]> => {
  const found: (readonly Candidate[])[] = [];
  const isTimeUp = sliceTimer();
  for (const query of queries) {
    found.push(await nearest(query));
    if (!isTimeUp()) continue;
    await yieldToEventLoop();
    run?.throwIfAborted();
  }
  return found;
};

const graphOptions = (k: number, ef: number, set: RowSet | undefined): GraphSearchOptions =>
  set === undefined ? { k, ef } : { k, ef, bits: set.bits };

/**
 * Plans each search. Where few rows come into question it compares with each of them, which is exact. Else it walks through the
 * graph and compares with the rows that are not in it yet; where it finds too little there, it compares with all.
 */
export const createSearcher = (parts: SearcherParts): Searcher => {
  const { space, table, indexer, threads } = parts;
  const collect = createCollector(table);
  const scan = createScan(parts);
  const pooled = createPooled(threads);

  const wantedOf = (k: number): number => (space.vectors.isExact ? k : reserveOf(k));
  const graphFor = ({ set }: NearestOptions, ef: number): VectorKernel | undefined => {
    const { kernel, pendingCount } = space;
    const matches = set?.count ?? table.count;
    if (kernel === undefined || !indexer.isSound() || pendingCount * 2 > table.count) return undefined;
    return isScanBetter(matches, table.count, ef) ? undefined : kernel;
  };

  /** Adds what is not in the graph yet. */
  const complete = async (
    query: Float32Array,
    found: readonly Candidate[],
    options: NearestOptions,
  ): Promise<readonly Candidate[]> => {
    const { k, set } = options;
    const pending = set === undefined ? space.pending() : space.pending().filter((row) => isIn(set, row));
    const all = pending.length === 0 ? found : merge(found, await scan(query, options, pending), k);
    return all.length < Math.min(k, set?.count ?? table.count) ? scan(query, options) : all;
  };

  const nearest: Searcher['nearest'] = (query, { k, ...rest }) => {
    const options = { k: wantedOf(k), ...rest };
    const ef = Math.max(rest.ef, options.k);
    const graph = graphFor(options, ef);
    if (graph === undefined) return scan(query, options);
    const found = collect(graph.search(query, graphOptions(options.k, ef, rest.set)));
    if (space.pendingCount === 0 && found.length === options.k) return found;
    return complete(query.slice(), found, options);
  };

  const nearestMany: Searcher['nearestMany'] = async (queries, { k, ...rest }) => {
    const options = { k: wantedOf(k), ...rest };
    const ef = Math.max(rest.ef, options.k);
    const graph = graphFor(options, ef);
    if (threads === 0 || graph === undefined || queries.length < queriesPerThread * threads) {
      return oneByOne(queries, (query) => nearest(query, { k, ...rest }), rest.run);
    }
    const { newestKey } = table;
    const found = await pooled.search(graph, queries, graphOptions(options.k, ef, rest.set));
    return Promise.all(
      found.map(async (one, i) => {
        const candidates = collect(one);
        // Some of the rows hold nothing now, or something else than what was compared.
        const isStale = candidates.length < one.count || candidates.some(({ key }) => key > newestKey);
        return isStale ? undefined : complete(queries[i] as Float32Array, candidates, options);
      }),
    );
  };

  return { nearest, nearestMany, stop: pooled.stop };
};
