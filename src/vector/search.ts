import { compileFilter, type Filter, type Metadata, type Run, sliceTimer, yieldToEventLoop } from '../core/index.js';
import type { Indexer } from './indexer.js';
import type { Table } from './table.js';
import { type Candidate, type TopK, topK } from './top-k.js';

export interface NearestOptions {
  readonly k: number;
  readonly minScore: number;
  readonly filter: Filter | undefined;
  readonly run: Run | undefined;
}

/** Finds rows. */
export interface Searcher {
  /** The rows nearest to the vector, best first. */
  readonly nearest: (query: Float32Array, options: NearestOptions) => Promise<readonly Candidate[]>;
  /** All rows that match. */
  readonly matching: (filter: Filter, run: Run | undefined) => Promise<readonly number[]>;
}

// Measured at 384 dimensions: following the graph costs about as much per step of `ef` as ten comparisons here.
const comparisonsPerEf = 10;
/** How many times more neighbours are asked for than needed, where a filter throws most of them out. */
const reserve = 2;
const maxCachedFilters = 8;

interface Matches {
  readonly version: number;
  readonly rows: readonly number[];
}

/** A text that is the same for equal filters only: JSON would make one of NaN and null. */
const textOfFilter = (filter: Filter): string =>
  JSON.stringify(filter, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? `\0${value}` : value,
  );

const allRows = function* (table: Table): Generator<number> {
  for (let row = 0; row < table.length; row++) yield row;
};

/** Compares with each of the rows, slice by slice. */
const scan = async (
  table: Table,
  query: Float32Array,
  rows: Iterable<number>,
  top: TopK,
  run: Run | undefined,
): Promise<void> => {
  const isTimeUp = sliceTimer();
  let compared = 0;
  for (const row of rows) {
    const entry = table.at(row);
    if (entry === undefined) continue;
    top.offer(row, entry.key, table.matrix.score(query, row));
    if (++compared % 256 === 0 && isTimeUp()) {
      await yieldToEventLoop();
      run?.throwIfAborted();
    }
  }
};

/** Finds matching rows, and remembers them while nothing changes: filters come back with every question of a user. */
const createMatcher = (table: Table): Searcher['matching'] => {
  const cache = new Map<string, Matches>();
  const find = async (
    test: (metadata: Metadata | undefined) => boolean,
    run: Run | undefined,
  ): Promise<readonly number[]> => {
    const rows: number[] = [];
    const isTimeUp = sliceTimer();
    for (let row = 0; row < table.length; row++) {
      const entry = table.at(row);
      if (entry !== undefined && test(entry.metadata)) rows.push(row);
      if (row % 256 === 255 && isTimeUp()) {
        await yieldToEventLoop();
        run?.throwIfAborted();
      }
    }
    return rows;
  };
  return async (filter, run) => {
    const test = compileFilter(filter);
    const text = textOfFilter(filter);
    const known = cache.get(text);
    cache.delete(text);
    const { version } = table;
    const matches = known?.version === version ? known : { version, rows: await find(test, run) };
    if (matches.version === table.version) cache.set(text, matches);
    for (const oldest of cache.keys()) if (cache.size > maxCachedFilters) cache.delete(oldest);
    return matches.rows;
  };
};

/**
 * Plans each search. Where few rows come into question it compares with each of them, which is exact. Else it follows the
 * graph, with a reserve where a filter will throw rows out, and falls back to comparing when too few are left.
 */
export const createSearcher = (table: Table, indexer: Indexer, efSearch: number): Searcher => {
  const matching = createMatcher(table);

  /** What the graph finds, compared exactly, and the rows that are not in it yet. */
  const follow = async (
    query: Float32Array,
    wanted: number,
    top: TopK,
    isMatch: (row: number) => boolean,
    run: Run | undefined,
  ): Promise<void> => {
    const graphRows = indexer.graph()?.nearest(query, wanted, Math.max(efSearch, wanted)) ?? [];
    // The graph counts as searched at this moment: copy what is pending now, before slices let it change.
    const rows = [...graphRows, ...indexer.pending];
    await scan(table, query, rows.filter(isMatch), top, run);
  };

  return {
    matching,
    nearest: async (query, { k, minScore, filter, run }) => {
      const rows = filter === undefined ? undefined : await matching(filter, run);
      const count = rows?.length ?? table.count;
      const share = count / Math.max(1, table.count);
      const wanted = rows === undefined ? k : Math.ceil((reserve * k) / share);
      const isGraphFaster = count > comparisonsPerEf * Math.max(efSearch, wanted);
      if (indexer.graph() !== undefined && isGraphFaster) {
        const top = topK(k, -Infinity);
        const test = filter === undefined ? undefined : compileFilter(filter);
        await follow(query, wanted, top, (row) => test?.(table.at(row)?.metadata) ?? true, run);
        const found = top.sorted();
        if (found.length >= k) return found.filter(({ score }) => score >= minScore);
      }
      const top = topK(k, minScore);
      await scan(table, query, rows ?? allRows(table), top, run);
      return top.sorted();
    },
  };
};
