import { createLock, type Store, sliceTimer, type VectorStore, yieldToEventLoop } from '../core/index.js';
import { diskStore } from '../store/index.js';
import type { Collection } from './collection.js';
import { documentsIn, documentsInMemory } from './documents.js';
import { createIndexer } from './indexer.js';
import { checkOptions, type HnswOptions, resolveGraph, resolveMeta } from './options.js';
import { createReader, type HnswQueries } from './read.js';
import { createRecords, damaged, type Meta, type Records } from './records.js';
import { createSearcher } from './search.js';
import { loadSnapshot, type Restored, removeOthers, type SnapshotParts, writeSnapshot } from './snapshot.js';
import { createTable, type Table } from './table.js';
import { createVectorSpace, type SpaceSettings, type VectorSpace } from './vector-space.js';
import { createWriter } from './write.js';

/** A vector collection in this process. */
export interface HnswStore extends Omit<VectorStore, keyof HnswQueries>, HnswQueries {
  /**
   * Resolves when the graph holds every entry, what was deleted is out of it, and all is saved. Nobody needs to wait for it:
   * searches see what the graph does not hold yet. Good before a measurement, or before a folder is copied.
   */
  readonly settle: () => Promise<void>;
}

/** Above this a kernel holds the vectors, whether there is a graph or not. */
const maxPlainCount = 1_000;

interface Place {
  readonly where: string;
  readonly records: Records | undefined;
  /** Where snapshots are. */
  readonly folder: string | undefined;
}

interface Filled {
  readonly table: Table;
  readonly space: VectorSpace;
}

const fillFrom = async (records: Records, fromKey: number, { table, space }: Filled, meta: Meta): Promise<void> => {
  const isTimeUp = sliceTimer();
  for await (const { key, document, vector } of records.entries(fromKey, meta.dimensions)) {
    space.reserve(table.count + 1, table.freeCount === 0 ? 1 : 0);
    space.set(table.add({ id: document.id, key, metadata: document.metadata }), vector);
    if (isTimeUp()) await yieldToEventLoop();
  }
};

/** The entries of the store: from the snapshot what it has, from the records what came after it. */
const fill = async (
  records: Records | undefined,
  meta: Meta,
  kernelCount: number,
  settings: SpaceSettings,
  restored: Restored | undefined,
): Promise<Filled> => {
  const filled: Filled = {
    table: restored?.table ?? createTable(),
    space: createVectorSpace({ settings, kernelCount, ...restored }),
  };
  if (records === undefined) return filled;
  try {
    await fillFrom(records, restored === undefined ? 0 : (meta.snapshot?.nextKey ?? 0), filled, meta);
  } catch (error) {
    filled.space.dispose();
    throw error;
  }
  if (meta.count === undefined || filled.table.count === meta.count) return filled;
  filled.space.dispose();
  // A snapshot that does not fit counts as none.
  if (restored !== undefined) return fill(records, meta, kernelCount, settings, undefined);
  throw damaged(records.where, `it holds ${filled.table.count} documents where there were ${meta.count}`);
};

/** Writes a snapshot and makes it the one that counts. What it does not have linked is to be saved once it is. */
const createSave = (collection: () => Collection, parts: SnapshotParts | undefined, restored: Restored | undefined) => {
  let savedChanges = 0;
  let unlinkedCount = restored?.pending.length ?? 0;
  return {
    unsavedCount: () => collection().space.changeCount - savedChanges + unlinkedCount,
    ...(parts !== undefined && {
      save: async (kernel: Restored['kernel']) => {
        const { space, table, lock, meta } = collection();
        const { changeCount, pendingCount } = space;
        try {
          const point = await writeSnapshot(parts, meta, table, kernel);
          await lock.run(async () => {
            collection().meta = await parts.records.pointTo(collection().meta, point);
          });
          savedChanges = changeCount;
          unlinkedCount = pendingCount;
        } finally {
          await removeOthers(parts.folder, collection().meta.snapshot?.name);
        }
      },
    }),
  };
};

const openCollection = async ({ where, records, folder }: Place, options: HnswOptions): Promise<Collection> => {
  const { embedder, engine = 'auto', precision = 'float32' } = options;
  const { m, efConstruction, efSearch, minCount, ...graph } = resolveGraph(options.graph);
  const stored = await records?.meta();
  const resolved = resolveMeta(stored, options, where);
  const meta =
    resolved === stored ? stored : await (records?.write({ meta: resolved, puts: [], deletes: [] }) ?? resolved);
  const { dimensions, metric } = meta;
  const keepsOriginals = graph.originals === 'memory';
  const settings: SpaceSettings = { m, efConstruction, dimensions, metric, precision, keepsOriginals };
  const hasGraph = engine === 'auto';
  const parts = records === undefined || folder === undefined || !hasGraph ? undefined : { folder, settings, records };
  const restored = parts === undefined ? undefined : await loadSnapshot(parts, meta);
  const { table, space } = await fill(records, meta, Math.min(minCount, maxPlainCount), settings, restored);
  if (parts !== undefined) await removeOthers(parts.folder, meta.snapshot?.name);
  const indexer = createIndexer({
    table,
    space,
    threads: graph.buildThreads,
    minCount,
    hasGraph,
    ...createSave(() => collection, parts, restored),
  });
  const collection: Collection = {
    where,
    shape: { dimensions, metric },
    embedder,
    records,
    documents: records === undefined ? documentsInMemory() : documentsIn(records),
    table,
    space,
    indexer,
    searcher: createSearcher({ space, table, indexer, threads: graph.searchThreads, dimensions }),
    efSearch,
    lock: createLock(),
    isTimeUp: sliceTimer(),
    meta,
    written: Promise.resolve(),
    isClosed: false,
  };
  indexer.wake();
  return collection;
};

const closeCollection = async (collection: Collection): Promise<void> => {
  collection.isClosed = true;
  await collection.lock.idle();
  await collection.searcher.stop();
  await collection.indexer.stop();
  collection.space.dispose();
};

const placeOf = (store: Store | undefined, { path, ...options }: HnswOptions): Place => {
  const where = path ?? (store === undefined ? 'memory' : 'the given store');
  const records = store === undefined ? undefined : createRecords(store, where, { hasSnapshots: path !== undefined });
  return { where, records, folder: options.engine === 'exact' ? undefined : path };
};

/**
 * Opens a collection of documents with vectors in this process: in memory, in a folder (`path`), or in a `store`. Beyond some
 * hundred entries an HNSW graph finds the nearest; a kernel in WebAssembly builds and searches it, with nothing to install. The
 * score of a hit is the cosine, the dot product, or 1 / (1 + distance).
 *
 * A call of up to 500 entries is written whole or not at all, a larger one in batches of that size; with a path, what was
 * acknowledged survives a crash. One process at a time has a folder open.
 * @throws {PipewrightError} `bad-option` when the collection was made with other dimensions, another metric or another
 * embedder; `dependency-missing`, `store-locked`, `store-damaged` or `store-newer` when it cannot be opened.
 * @example const vectors = await hnsw({ dimensions: 3 })
 */
export const hnsw = async (options: HnswOptions = {}): Promise<HnswStore> => {
  checkOptions(options);
  const { path } = options;
  const own = options.store === undefined && path !== undefined ? await diskStore(path) : undefined;
  let collection: Collection;
  try {
    collection = await openCollection(placeOf(options.store ?? own, options), options);
  } catch (error) {
    await own?.close();
    throw error;
  }
  const finish = async (): Promise<void> => {
    await closeCollection(collection);
    await own?.close();
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
