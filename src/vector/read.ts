import {
  compileFilter,
  defineStep,
  type Document,
  type Hit,
  PipewrightError,
  queryOf,
  type Retriever,
  type Run,
  type StoreStats,
  type VectorSearchOptions,
  type VectorStore,
  yieldToEventLoop,
} from '../core/index.js';
import { type Collection, checkOpen, embed } from './collection.js';
import { diversify, resolveMmr } from './mmr.js';
import type { Table } from './table.js';
import type { Candidate } from './top-k.js';
import { similarityOf, toVector, type VectorInput } from './vectors.js';

const defaultK = 10;

const resolveSearch = (options: VectorSearchOptions): { readonly k: number; readonly minScore: number } => {
  const { k = defaultK, minScore = -Infinity } = options;
  if (!(Number.isInteger(k) && k > 0)) {
    throw new PipewrightError('bad-option', `\`k\` must be a whole number above 0, got ${k}.`);
  }
  if (Number.isNaN(minScore)) throw new PipewrightError('bad-option', '`minScore` must be a number, got NaN.');
  return { k, minScore };
};

const candidatesOf = async (
  { searcher, table, shape }: Collection,
  query: Float32Array,
  { filter, mmr, ...options }: VectorSearchOptions,
  run: Run | undefined,
): Promise<readonly Candidate[]> => {
  const { k, minScore } = resolveSearch(options);
  if (mmr === undefined) return searcher.nearest(query, { k, minScore, filter, run });
  const { lambda, fetchK } = resolveMmr(mmr, k);
  const found = await searcher.nearest(query, { k: fetchK, minScore, filter, run });
  // Copies: rows may change while candidates are compared.
  const vectors = found.map(({ row }) => table.matrix.row(row).slice());
  return diversify(found, vectors, k, lambda, similarityOf(shape.metric));
};

/** How often a search is done anew because a write took away what it had found. */
const maxTries = 5;

const search = async (
  collection: Collection,
  query: Float32Array,
  options: VectorSearchOptions,
  run: Run | undefined,
): Promise<readonly Hit[]> => {
  const { records, lock, shape } = collection;
  // Rounding may carry the cosine of equal directions a little above 1.
  const scoreOf = (score: number): number => (shape.metric === 'cosine' ? Math.max(-1, Math.min(1, score)) : score);
  for (let tries = 1; ; tries++) {
    if (collection.isTimeUp()) await yieldToEventLoop();
    run?.throwIfAborted();
    const candidates = await candidatesOf(collection, query, options, run);
    const documents = await Promise.all(candidates.map(({ key }) => records.document(key)));
    const hits = candidates.flatMap(({ score }, i): Hit[] => {
      const document = documents[i];
      return document === undefined ? [] : [{ ...document, score: scoreOf(score) }];
    });
    if (hits.length === candidates.length || tries === maxTries) return hits;
    // A write under way took some of them away: when it is over, table and store agree again.
    await lock.idle();
    checkOpen(collection);
  }
};

const get = async ({ table, records, lock }: Collection, id: string): Promise<Document | undefined> => {
  for (;;) {
    const key = table.at(table.rowOf(id) ?? -1)?.key;
    if (key === undefined) return undefined;
    const document = await records.document(key);
    if (document !== undefined) return document;
    await lock.idle();
    if (table.at(table.rowOf(id) ?? -1)?.key !== key) continue;
    throw new PipewrightError('store-damaged', `The document \`${id}\` is missing from ${records.where}.`, {
      details: { where: records.where },
    });
  }
};

const statsOf = ({ table, indexer, meta }: Collection): StoreStats => {
  // Two pointers and a number for each row, its id, and about the same again for metadata.
  const rowBytes = table.length * 128;
  return {
    count: table.count,
    memoryBytes: table.matrix.bytes + (indexer.graph()?.bytes ?? 0) + rowBytes,
    ...(meta.lastChangedMs !== undefined && { lastChangedMs: meta.lastChangedMs }),
  };
};

const retrieverOf = (collection: Collection, options: VectorSearchOptions): Retriever => {
  const { embedder, shape } = collection;
  if (embedder === undefined) {
    throw new PipewrightError(
      'bad-option',
      'A retriever needs an embedder for its questions. Open the collection with one.',
    );
  }
  return defineStep({ kind: 'retriever', name: 'vectors' }, async (query, run) => {
    checkOpen(collection);
    const { text, ...own } = queryOf(query);
    const [vector] = await embed(embedder, [text], run);
    return search(
      collection,
      toVector(vector as Float32Array, shape, 'The vector of the question'),
      { ...options, ...own },
      run,
    );
  });
};

/** The key from which the documents after this id begin. */
const keyAfter = (table: Table, id: string | undefined): number => {
  if (id === undefined) return 0;
  const entry = table.at(table.rowOf(id) ?? -1);
  if (entry === undefined) throw new PipewrightError('bad-input', `No document has the id \`${id}\` to go on after.`);
  return entry.key + 1;
};

type Reader = Pick<VectorStore, 'search' | 'searchMany' | 'get' | 'getVectors' | 'entries' | 'stats' | 'retriever'>;

/** The operations that leave a collection as it is. */
export const createReader = (collection: Collection): Reader => ({
  search: async (vector: VectorInput, options = {}, run) => {
    checkOpen(collection);
    return search(collection, toVector(vector, collection.shape, 'The vector to search for'), options, run);
  },
  searchMany: async (vectors, options = {}, run) => {
    checkOpen(collection);
    const queries = vectors.map((vector, i) => toVector(vector, collection.shape, `The vector at position ${i}`));
    const found: (readonly Hit[])[] = [];
    for (const query of queries) found.push(await search(collection, query, options, run));
    return found;
  },
  getVectors: async (ids) => {
    checkOpen(collection);
    const { table } = collection;
    return ids.map((id) => {
      const row = table.rowOf(id);
      return row === undefined ? undefined : table.matrix.row(row).slice();
    });
  },
  get: async (ids) => {
    checkOpen(collection);
    const found: (Document | undefined)[] = [];
    for (const id of ids) {
      found.push(await get(collection, id));
      if (collection.isTimeUp()) await yieldToEventLoop();
    }
    return found;
  },
  entries: async function* ({ filter, after } = {}) {
    checkOpen(collection);
    const { records, table } = collection;
    const isMatch = filter === undefined ? () => true : compileFilter(filter);
    for await (const document of records.documents(keyAfter(table, after))) {
      checkOpen(collection);
      if (isMatch(document.metadata)) yield document;
    }
  },
  stats: async () => {
    checkOpen(collection);
    return statsOf(collection);
  },
  retriever: (options = {}) => {
    checkOpen(collection);
    return retrieverOf(collection, options);
  },
});
