import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { diskStore, memoryStore, scoped } from '../store/index.js';
import { describeVectorStore } from '../testing/suites/index.js';
import { hnsw } from './index.js';

let root = '';
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pipewright-vector-'));
});
afterAll(() => rm(root, { recursive: true }));

describeVectorStore('hnsw that compares with all', { open: (options) => hnsw({ ...options, engine: 'exact' }) });

// A graph from the first entries on, so that the random test passes through it.
const graph = { minCount: 20, efSearch: 24 };
describeVectorStore('hnsw in memory', {
  open: async (options) => {
    const store = await hnsw({ ...options, engine: 'hnsw', graph });
    // The graph is complete before each search, so that searches follow it.
    const settled =
      <Arguments extends readonly unknown[], Result>(call: (...args: Arguments) => Promise<Result>) =>
      async (...args: Arguments): Promise<Result> => {
        await store.settle().catch(() => undefined);
        return call(...args);
      };
    return { ...store, search: settled(store.search) };
  },
});
describeVectorStore('hnsw in a folder', {
  open: (options) => hnsw({ ...options, path: join(root, `c${count++}`), graph }),
});
describeVectorStore('hnsw in a part of a store', {
  open: async (options) => hnsw({ ...options, store: scoped(memoryStore(), 'docs'), graph }),
});
describeVectorStore('hnsw in a part of a store on disk', {
  open: async (options) =>
    hnsw({ ...options, store: scoped(await diskStore(join(root, `s${count++}`)), 'docs'), engine: 'exact' }),
  maxEntries: 300,
});
