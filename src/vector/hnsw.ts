import { createLock, type Store, sliceTimer, type VectorStore, yieldToEventLoop } from '../core/index.js';
import { diskStore, memoryStore } from '../store/index.js';
import type { Collection } from './collection.js';
import type { Graph, GraphSettings } from './graph.js';
import { type GraphIdentity, loadGraph, saveGraph } from './graph-file.js';
import { type Engine, loadHnswlib } from './hnswlib.js';
import { createIndexer } from './indexer.js';
import { checkOptions, type HnswOptions, resolveGraph, resolveMeta } from './options.js';
import { createReader } from './read.js';
import { createRecords, type Meta, type Records } from './records.js';
import { createSearcher } from './search.js';
import { createTable, type Table } from './table.js';
import { createWriter } from './write.js';

/** A vector collection in this process. */
export interface HnswStore extends VectorStore {
  /**
   * Resolves when the graph holds every entry and is saved. Nobody needs to wait for it: searches see what the graph does not
   * hold yet. Good before a measurement, or before a folder is copied.
   */
  readonly settle: () => Promise<void>;
}

const loadTable = async (records: Records, meta: Meta): Promise<Table> => {
  const table = createTable(meta);
  const isTimeUp = sliceTimer();
  for await (const [key, { id, metadata }, vector] of records.all(meta.dimensions)) {
    table.add({ id, key, metadata }, vector);
    if (isTimeUp()) await yieldToEventLoop();
  }
  return table;
};

interface GraphPlace {
  readonly folder: string | undefined;
  readonly engine: Engine;
  readonly minCount: number;
  readonly settings: GraphSettings;
}

/** The graph that was saved, where there is a folder for it and the collection is large enough to have one. */
const savedGraph = async (table: Table, meta: Meta, place: GraphPlace): Promise<Graph | undefined> => {
  const { folder, engine, minCount, settings } = place;
  if (engine === 'auto' && (folder === undefined || table.count < minCount)) return undefined;
  const library = await loadHnswlib(engine);
  if (library === undefined || folder === undefined) return undefined;
  return loadGraph(library, folder, table, { collection: meta.id, nextKey: meta.nextKey, settings });
};

const openCollection = async (store: Store, where: string, options: HnswOptions): Promise<Collection> => {
  const { embedder, engine = 'auto', path: folder } = options;
  const { m, efConstruction, efSearch, minCount } = resolveGraph(options.graph);
  const records = createRecords(store, where, options.store !== undefined || folder !== undefined);
  const stored = await records.meta();
  const meta = resolveMeta(stored, options, where);
  if (meta !== stored) await records.write({ meta, puts: [], deletes: [] });
  const { dimensions, metric } = meta;
  const settings: GraphSettings = { m, efConstruction, dimensions, metric };
  const table = await loadTable(records, meta);
  const saved = await savedGraph(table, meta, { folder, engine, minCount, settings });
  const identity = (): GraphIdentity => ({ collection: meta.id, nextKey: collection.meta.nextKey, settings });
  const indexer = createIndexer({
    table,
    settings,
    minCount,
    loadLibrary: () => loadHnswlib(engine),
    saved,
    ...(folder !== undefined && { save: (graph: Graph) => saveGraph(graph, folder, identity()) }),
  });
  const collection: Collection = {
    shape: { dimensions, metric },
    embedder,
    records,
    table,
    indexer,
    searcher: createSearcher(table, indexer, efSearch),
    lock: createLock(),
    isTimeUp: sliceTimer(),
    meta,
    isClosed: false,
  };
  indexer.wake();
  return collection;
};

const storeOf = async ({ store, path }: HnswOptions): Promise<Store> =>
  store ?? (path === undefined ? memoryStore() : diskStore(path));

/**
 * Opens a collection of documents with vectors in this process: in memory, in a folder (`path`), or in a `store`. Beyond some
 * hundred entries an HNSW graph finds the nearest; it is built in the background by hnswlib-node, an optional package without
 * which searches compare with every vector. The score of a hit is the cosine, the dot product, or 1 / (1 + distance).
 *
 * A call of up to 500 entries is written whole or not at all, a larger one in batches of that size; with a path, what was
 * acknowledged survives a crash. One process at a time has a folder open.
 * @throws {PipewrightError} `bad-option` when the collection was made with other dimensions, another metric or another
 * embedder; `dependency-missing`, `store-locked`, `store-damaged` or `store-newer` when it cannot be opened.
 * @example const vectors = await hnsw({ dimensions: 3 })
 */
export const hnsw = async (options: HnswOptions = {}): Promise<HnswStore> => {
  checkOptions(options);
  const store = await storeOf(options);
  const closeStore = async (): Promise<void> => {
    if (options.store === undefined) await store.close();
  };
  const where = options.path ?? (options.store === undefined ? 'memory' : 'the given store');
  let collection: Collection;
  try {
    collection = await openCollection(store, where, options);
  } catch (error) {
    await closeStore();
    throw error;
  }
  const finish = async (): Promise<void> => {
    collection.isClosed = true;
    await collection.lock.idle();
    await collection.indexer.stop();
    await closeStore();
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= finish();
    return closing;
  };
  return {
    dimensions: collection.shape.dimensions,
    ...createWriter(collection),
    ...createReader(collection),
    settle: async () => {
      await collection.lock.idle();
      await collection.indexer.settle();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
