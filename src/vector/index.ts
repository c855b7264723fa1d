export {
  type CollectionOptions,
  type Collections,
  type CollectionStats,
  openCollections,
  type OpenCollectionsOptions,
} from './collections.js';
export { hnsw, type HnswStore } from './hnsw.js';
export { type HnswlibEntry, hnswlibEntries } from './hnswlib-file.js';
export type { Engine, HnswGraphOptions, HnswOptions, Precision } from './options.js';
export type { HnswSearchOptions } from './hits.js';
export type { HnswQueries, HnswStats } from './read.js';
export type { Metric } from '../core/index.js';
