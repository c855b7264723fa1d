import {
  compileFilter,
  defineStep,
  type Document,
  embedTexts,
  type Hit,
  PipewrightError,
  queryOf,
  type Retriever,
  type Run,
  type StoreStats,
  type VectorInput,
  type VectorSearchOptions,
  type VectorStore,
  yieldToEventLoop,
} from '../core/index.js';
import { type Collection, checkOpen } from './collection.js';
import { type HnswSearchOptions, search, searchMany } from './hits.js';
import type { Table } from './table.js';
import { eachInSlices } from './slices.js';
import { toQuery } from './vectors.js';

const get = async (collection: Collection, id: string): Promise<Document | undefined> => {
  const { table, documents, where } = collection;
  for (;;) {
    const key = table.keyOf(table.rowOf(id) ?? -1);
    if (key === -1) return undefined;
    const document = documents.peek(key) ?? (await documents.get(key));
    if (document !== undefined) return { ...document };
    await collection.written;
    if (table.keyOf(table.rowOf(id) ?? -1) !== key) continue;
    throw new PipewrightError('store-damaged', `The document \`${id}\` is missing from ${where}.`, {
      details: { where },
    });
  }
};

const vectorOf = async (
  { table, space, records, shape }: Collection,
  id: string,
): Promise<Float32Array | undefined> => {
  const row = table.rowOf(id);
  if (row === undefined) return undefined;
  if (space.vectors.isExact || records === undefined) return space.vectors.get(row);
  return (await records.vector(table.keyOf(row), shape.dimensions))?.slice();
};

/** What an HNSW collection tells about itself. */
export interface HnswStats extends StoreStats {
  /** Entries that the graph holds. */
  readonly linkedCount: number;
  /** Entries that it does not hold yet; searches compare with those one by one. */
  readonly pendingCount: number;
  /** Deleted entries that are still passages of the graph, until the background work takes them out. */
  readonly deletedCount: number;
  /** Of `memoryBytes`: vectors and graph. */
  readonly vectorBytes: number;
}

const statsOf = ({ table, space, documents, meta }: Collection): HnswStats => {
  const { kernel, vectors, pendingCount } = space;
  return {
    count: table.count,
    memoryBytes: vectors.bytes + table.bytes + documents.bytes + pendingCount * 12,
    vectorBytes: vectors.bytes,
    linkedCount: table.count - pendingCount,
    pendingCount,
    deletedCount: kernel?.deadCount ?? 0,
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
  const children = [{ label: 'embedder', step: embedder }];
  return defineStep({ kind: 'retriever', name: 'vectors', children }, async (query, run) => {
    checkOpen(collection);
    const { text, ...own } = queryOf(query);
    const [vector] = await embedTexts(embedder, [text], run);
    return search(
      collection,
      toQuery(vector as Float32Array, shape, 'The vector of the question'),
      { ...options, ...own },
      run,
    );
  });
};

/** The key from which the documents after this id begin. */
const keyAfter = (table: Table, id: string | undefined): number => {
  if (id === undefined) return 0;
  const key = table.keyOf(table.rowOf(id) ?? -1);
  if (key === -1) throw new PipewrightError('bad-input', `No document has the id \`${id}\` to go on after.`);
  return key + 1;
};

/** What an HNSW collection can do or tell beyond what every vector store does. */
export interface HnswQueries {
  readonly search: (vector: VectorInput, options?: HnswSearchOptions, run?: Run) => Promise<readonly Hit[]>;
  readonly searchMany: (
    vectors: readonly VectorInput[],
    options?: HnswSearchOptions,
    run?: Run,
  ) => Promise<readonly (readonly Hit[])[]>;
  readonly stats: () => Promise<HnswStats>;
}

type Reader = HnswQueries & Pick<VectorStore, 'get' | 'getVectors' | 'entries' | 'retriever'>;

/** The operations that leave a collection as it is. */
export const createReader = (collection: Collection): Reader => ({
  search: async (vector, options = {}, run) => {
    checkOpen(collection);
    return search(collection, toQuery(vector, collection.shape, 'The vector to search for'), options, run);
  },
  searchMany: async (vectors, options = {}, run) => {
    checkOpen(collection);
    const queries: Float32Array[] = [];
    const take = (vector: VectorInput, i: number): void => {
      const query = toQuery(vector, collection.shape, `The vector at position ${i}`);
      queries.push(query === vector ? query.slice() : query);
    };
    await eachInSlices(vectors, take, run);
    checkOpen(collection);
    return searchMany(collection, queries, options, run);
  },
  getVectors: async (ids) => {
    checkOpen(collection);
    const found: (Float32Array | undefined)[] = [];
    for (const id of ids) {
      found.push(await vectorOf(collection, id));
      if (collection.isTimeUp()) await yieldToEventLoop();
    }
    return found;
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
    const { documents, table } = collection;
    const isMatch = filter === undefined ? () => true : compileFilter(filter);
    for await (const document of documents.from(keyAfter(table, after))) {
      checkOpen(collection);
      if (isMatch(document.metadata)) yield { ...document };
      if (collection.isTimeUp()) await yieldToEventLoop();
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
