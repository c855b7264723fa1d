import hnswlib from 'hnswlib-node';
import { type HnswOptions, type HnswStore, hnsw } from '../../src/vector/index.js';
import type { VectorContender } from './vector-contender.js';
import { documentOf, type VectorData } from './vector-data.js';

const efforts = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256] as const;
const batch = 1_000;

/** hnswlib-node as its documentation shows it: ids only. */
export const bareHnswlib: VectorContender = {
  name: 'hnswlib-node, bare',
  fill: async ({ vectors, dimensions, shares }) => {
    const index = new hnswlib.HierarchicalNSW('ip', dimensions);
    index.initIndex({ maxElements: vectors.length, m: 16, efConstruction: 200, randomSeed: 100 });
    for (const [row, vector] of vectors.entries()) index.addPoint([...vector], row);
    const search = (query: Float32Array, k: number, ef: number, isMatch?: (row: number) => boolean): string[] => {
      index.setEf(Math.max(ef, k));
      return index.searchKnn([...query], k, isMatch).neighbors.map(String);
    };
    return {
      efforts,
      search,
      searchFiltered: (query, k, ef, permille) => search(query, k, ef, (row) => (shares[row] ?? 0) < permille),
      close: async () => undefined,
    };
  },
};

export const addAll = async (store: HnswStore, { vectors, shares }: VectorData): Promise<void> => {
  for (let start = 0; start < vectors.length; start += batch) {
    const part = vectors.slice(start, start + batch);
    await store.add(part.map((vector, i) => ({ ...documentOf(start + i, shares[start + i] ?? 0), vector })));
  }
};

/** Our collection: hits with their documents. */
export const ours = (name: string, options: Omit<HnswOptions, 'dimensions'>): VectorContender => ({
  name,
  fill: async (data) => {
    const store = await hnsw({ ...options, dimensions: data.dimensions });
    await addAll(store, data);
    await store.settle();
    return {
      efforts,
      search: async (query, k, efSearch) => (await store.search(query, { k, efSearch })).map(({ id }) => id),
      searchFiltered: async (query, k, efSearch, permille) =>
        (await store.search(query, { k, efSearch, filter: { share: { $lt: permille } } })).map(({ id }) => id),
      searchMany: async (queries, k, efSearch) =>
        (await store.searchMany(queries, { k, efSearch })).map((hits) => hits.map(({ id }) => id)),
      close: store.close,
    };
  },
});
