import { diversify, type Hit, PipewrightError, resolveMmr, type Run, type VectorSearchOptions } from '../core/index.js';
import { decodeDocument, type Documents } from './documents.js';
import { filterSql, type Parameters, parameters } from './filter-sql.js';
import { scoreOf, type VectorNames, vectorOf, vectorText } from './pgvector.js';
import type { Session } from './session.js';
import type { VectorIndex } from './vector-index.js';
import type { VectorSettings } from './vector-options.js';

export interface VectorSearcher {
  readonly documents: Documents;
  readonly settings: VectorSettings;
  readonly names: VectorNames;
  readonly index: VectorIndex;
  readonly efSearch: number;
  readonly maxScanned: number;
}

const defaultK = 10;
/** The most that pgvector takes. Beyond it, iterative scans go on where the first one ended. */
const maxEfSearch = 1_000;
/** How many vectors one statement searches for. */
const queriesAtOnce = 100;

interface Found {
  readonly position: number;
  readonly document: string;
  readonly distance: number;
  readonly vector: string | null;
}

interface Wanted {
  readonly count: number;
  readonly minScore: number;
  readonly hasVectors: boolean;
}

const wantedOf = ({ k = defaultK, minScore = -Infinity, mmr }: VectorSearchOptions): Wanted => {
  if (!(Number.isInteger(k) && k > 0)) {
    throw new PipewrightError('bad-option', `\`k\` must be a whole number above 0, got ${k}.`);
  }
  if (Number.isNaN(minScore)) throw new PipewrightError('bad-option', '`minScore` must be a number, got NaN.');
  const count = mmr === undefined ? k : resolveMmr(mmr, k).fetchK;
  return { count, minScore, hasVectors: mmr !== undefined };
};

/** The nearest of each vector. The inner query is the shape that an HNSW index answers; the outer one puts ties in order. */
const nearestSql = (
  { documents, names }: VectorSearcher,
  condition: string,
  { count, hasVectors }: Wanted,
  values: Parameters,
  queries: readonly Float32Array[],
): string => {
  // `OFFSET 0` keeps the planner from reading the text of the vector anew for each row.
  const asked = `SELECT position, vector::${names.type} AS vector
    FROM unnest(${values.add(queries.map(vectorText))}::text[]) WITH ORDINALITY AS given(vector, position) OFFSET 0`;
  const distance = `embedding ${names.operator} asked.vector`;
  return `SELECT position::int AS position, document, distance, ${hasVectors ? 'embedding::text' : 'NULL'} AS vector
    FROM (${asked}) AS asked CROSS JOIN LATERAL (
      SELECT id, document, embedding, ${distance} AS distance FROM ${documents.table} WHERE ${condition}
      ORDER BY ${distance} LIMIT ${values.add(count)}::int
    ) AS nearest ORDER BY position, distance, id`;
};

/** Rows of each query, nearest first. */
const byQuery = (rows: readonly Found[], queryCount: number): Found[][] => {
  const lists: Found[][] = Array.from({ length: queryCount }, () => []);
  for (const row of rows) lists[row.position - 1]?.push(row);
  return lists;
};

const nearest = async (
  searcher: VectorSearcher,
  queries: readonly Float32Array[],
  wanted: Wanted,
  { filter }: VectorSearchOptions,
  run: Run | undefined,
): Promise<readonly (readonly Found[])[]> => {
  const { documents, index, efSearch, maxScanned } = searcher;
  const ask = async (session: Session, asked: readonly Float32Array[]): Promise<Found[][]> => {
    const values = parameters();
    const condition = filterSql(filter, values);
    const sql = nearestSql(searcher, condition, wanted, values, asked);
    return byQuery(await session.query<Found>(sql, values.values), asked.length);
  };
  const settings = {
    // Compiling these queries takes longer than running them.
    jit: 'off',
    'hnsw.ef_search': Math.min(maxEfSearch, Math.max(efSearch, wanted.count)),
    // Goes on searching while a filter leaves too few; `relaxed` finds more, and the order is made afterwards.
    'hnsw.iterative_scan': 'relaxed_order',
    'hnsw.max_scan_tuples': Math.max(maxScanned, 4 * wanted.count),
  };
  return documents.db.transaction(
    async (session) => {
      const found = await ask(session, queries);
      const short = [...found.keys()].filter((i) => (found[i] as Found[]).length < wanted.count);
      if (short.length === 0 || (filter === undefined && !(await hasMore(searcher, session, found, short))))
        return found;
      if (!(await index.isThere(session))) return found;
      // The index gave up before it had enough: compare with all that match, which is exact.
      await session.query('SET LOCAL enable_indexscan = off');
      await session.query('SET LOCAL enable_seqscan = on');
      const anew = await ask(
        session,
        short.map((i) => queries[i] as Float32Array),
      );
      for (const [at, i] of short.entries()) found[i] = anew[at] as Found[];
      return found;
    },
    { run, settings },
  );
};

/** Whether the collection holds more than was found for these queries. */
const hasMore = async (
  { documents }: VectorSearcher,
  session: Session,
  found: readonly (readonly Found[])[],
  short: readonly number[],
): Promise<boolean> => {
  const least = Math.min(...short.map((i) => found[i]?.length ?? 0));
  const rows = await session.query(`SELECT 1 FROM ${documents.table} LIMIT $1`, [least + 1]);
  return rows.length > least;
};

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

const nearness = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return 1 / (1 + Math.sqrt(sum));
};

const hitsOf = async (
  { settings: { metric } }: VectorSearcher,
  rows: readonly Found[],
  { minScore }: Wanted,
  { k = defaultK, mmr }: VectorSearchOptions,
): Promise<readonly Hit[]> => {
  const scored = rows
    .map((row) => ({ row, score: scoreOf(metric, row.distance) }))
    .filter(({ score }) => score >= minScore);
  const hitOf = ({ row, score }: { readonly row: Found; readonly score: number }): Hit => ({
    ...decodeDocument(row.document),
    score,
  });
  if (mmr === undefined) return scored.map(hitOf);
  const candidates = scored.map((item) => ({ ...item, vector: vectorOf(item.row.vector ?? '[]') }));
  const between = metric === 'euclidean' ? nearness : dot;
  const similarity = (one: (typeof candidates)[number], other: typeof one): number => between(one.vector, other.vector);
  return (await diversify(candidates, { k, lambda: resolveMmr(mmr, k).lambda, similarity })).map(hitOf);
};

/** Searches for each of the vectors, which were checked, in as few statements as can be. */
export const searchVectors = async (
  searcher: VectorSearcher,
  queries: readonly Float32Array[],
  options: VectorSearchOptions,
  run: Run | undefined,
): Promise<readonly (readonly Hit[])[]> => {
  const wanted = wantedOf(options);
  run?.throwIfAborted();
  const hits: (readonly Hit[])[] = [];
  for (let start = 0; start < queries.length; start += queriesAtOnce) {
    const lists = await nearest(searcher, queries.slice(start, start + queriesAtOnce), wanted, options, run);
    for (const rows of lists) hits.push(await hitsOf(searcher, rows, wanted, options));
  }
  searcher.index.wake();
  return hits;
};
