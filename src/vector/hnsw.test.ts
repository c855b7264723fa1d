import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { diskStore, memoryStore, scoped } from '../store/index.js';
import { describeVectorStore } from '../testing/suites/index.js';
import { type HnswStore, hnsw, openCollections } from './index.js';

let root = '';
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pipewright-vector-'));
});
afterAll(() => rm(root, { recursive: true }));
const freshPath = (): string => join(root, `c${count++}`);

/** The graph is complete before each search, so that searches walk through it. */
const settled = async (opening: Promise<HnswStore>): Promise<HnswStore> => {
  const store = await opening;
  const search: HnswStore['search'] = async (...args) => {
    await store.settle().catch(() => undefined);
    return store.search(...args);
  };
  return { ...store, search };
};

const metrics = ['cosine', 'dot', 'euclidean'] as const;
// Beyond 720 a search with efSearch 24 walks through the graph.
const maxEntries = 1_000;
// A graph from the first entries on, built in this thread, so that the random test passes through it.
const graph = { minCount: 20, efSearch: 24, efConstruction: 60, buildThreads: 0 };

describeVectorStore('hnsw that compares with all', {
  open: (options) => hnsw({ ...options, engine: 'exact' }),
  metrics,
  maxEntries,
});
describeVectorStore('hnsw in memory', { open: (options) => settled(hnsw({ ...options, graph })), metrics, maxEntries });
describeVectorStore('hnsw with codes of 8 bits', {
  open: (options) => settled(hnsw({ ...options, precision: 'int8', graph })),
  metrics,
  maxEntries,
});
describeVectorStore('hnsw in a folder', {
  open: (options) => hnsw({ ...options, path: freshPath(), graph }),
  maxEntries: 400,
});
describeVectorStore('hnsw in a folder, vectors in the store', {
  open: (options) =>
    settled(hnsw({ ...options, path: freshPath(), precision: 'int8', graph: { ...graph, originals: 'store' } })),
  maxEntries: 400,
});
describeVectorStore('hnsw in a part of a store on disk', {
  open: async (options) => hnsw({ ...options, store: scoped(await diskStore(freshPath()), 'docs'), engine: 'exact' }),
  maxEntries: 300,
});
describeVectorStore('one of several collections', {
  open: async (options) => {
    const collections = await openCollections(memoryStore());
    await (await collections.open('other', { dimensions: 3 })).add([{ id: 'a', text: 'other', vector: [1, 2, 3] }]);
    return collections.open('docs', { ...options, graph });
  },
  maxEntries: 300,
});
