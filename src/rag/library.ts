import { join } from 'node:path';
import {
  createLock,
  createRun,
  type Document,
  type Embedder,
  type KeywordIndex,
  type Retriever,
  type Run,
  type Store,
  type VectorStore,
} from '../core/index.js';
import type { DocumentSplitterOptions } from '../document/index.js';
import { bm25 } from '../keyword/index.js';
import { localEmbedder } from '../model/index.js';
import { hybrid } from '../retrieve/index.js';
import { diskStore, memoryStore, scoped } from '../store/index.js';
import { hnsw } from '../vector/index.js';
import { type IngestReport, ingest } from './library-ingest.js';
import { openManifest, type SourceRecord } from './library-manifest.js';
import { type LibraryStats, libraryStats } from './library-stats.js';
import { type LibraryParts, prepareSource, recover, writeSources } from './library-write.js';

export interface LibraryOptions {
  /** Folder that keeps the index. @default none: in memory only */
  readonly path?: string;
  /** @default localEmbedder() */
  readonly embedder?: Embedder;
  /** How documents are cut into passages. */
  readonly split?: DocumentSplitterOptions;
}

/** Documents made searchable by words and by vectors, kept up to date with the folders they came from. */
export interface Library extends AsyncDisposable {
  /** Keyword and vector search, fused by score. */
  readonly retriever: Retriever;
  /**
   * Brings the library up to date with files, folders and patterns: new and changed files are read, unchanged ones passed over,
   * and files that are gone taken out. A file that cannot be read is reported and the rest go on. Emits `progress`; a file counts
   * as done once it survives a crash.
   */
  readonly ingest: (paths: string | readonly string[], run?: Run) => Promise<IngestReport>;
  /** Adds documents that are no files, or replaces what was put under the same name. */
  readonly put: (source: string, documents: readonly Document[], run?: Run) => Promise<void>;
  /** Takes sources out; returns how many there were. */
  readonly remove: (sources: readonly string[], run?: Run) => Promise<number>;
  readonly sources: () => readonly SourceRecord[];
  readonly stats: () => Promise<LibraryStats>;
  readonly close: () => Promise<void>;
}

/**
 * Opens a library, or makes one. What was acknowledged survives a crash; a change that was cut off is undone here.
 * @throws {PipewrightError} `store-damaged`, `store-newer` or `store-locked` when the folder cannot be used, `bad-option` when it
 * was made with another embedder.
 * @example
 * await using library = await openLibrary();
 * await library.put('note', [{ id: 'note', text: 'Tea is at four.' }]);
 * (await library.retriever('When is tea?'))[0]?.text // => 'Tea is at four.'
 */
export const openLibrary = async (options: LibraryOptions = {}): Promise<Library> => {
  const { path, embedder = localEmbedder(), split = {} } = options;
  const store = path === undefined ? memoryStore() : await diskStore(path);
  try {
    const graph = path === undefined ? {} : { path: join(path, 'graph') };
    const vectors = await hnsw({ embedder, store: scoped(store, 'vector'), ...graph });
    const keywords = await bm25({ store: scoped(store, 'keyword') });
    const manifest = await openManifest(scoped(store, 'library'));
    const parts: LibraryParts = { manifest, indexes: [vectors, keywords], split };
    await recover(parts);
    return createLibrary(parts, { store, vectors, keywords, path });
  } catch (error) {
    await store.close();
    throw error;
  }
};

interface LibraryStores {
  readonly store: Store;
  readonly vectors: VectorStore;
  readonly keywords: KeywordIndex;
  /** Undefined in memory. */
  readonly path: string | undefined;
}

const createLibrary = (parts: LibraryParts, { store, vectors, keywords, path }: LibraryStores): Library => {
  const { manifest } = parts;
  const { run: oneAtATime } = createLock();
  const close = (): Promise<void> =>
    oneAtATime(async () => {
      await vectors.close();
      await keywords.close();
      await store.close();
    });
  return {
    // The recipe of docs/retrieval.md: better than either alone on both test collections.
    retriever: hybrid([keywords.retriever(), vectors.retriever()], { fusion: 'relative-score', weights: [1, 0.3] }),
    ingest: (paths, run = createRun()) =>
      oneAtATime(() => ingest(parts, typeof paths === 'string' ? [paths] : paths, run)),
    put: (source, documents, run = createRun()) =>
      oneAtATime(async () => {
        const facts = { source, sizeBytes: 0, modifiedMs: run.clock.now() };
        await writeSources(parts, [await prepareSource(parts, { ...facts, documents }, run)], [], run);
      }),
    remove: (sources, run = createRun()) =>
      oneAtATime(async () => {
        const known = [...new Set(sources)].filter((source) => manifest.get(source) !== undefined);
        if (known.length > 0) await writeSources(parts, [], known, run);
        return known.length;
      }),
    sources: () => manifest.all(),
    stats: () => libraryStats(manifest.all(), parts.indexes, path),
    close,
    [Symbol.asyncDispose]: close,
  };
};
