export { hnsw, type HnswStore } from './hnsw.js';
export type { Engine } from './hnswlib.js';
export type { HnswGraphOptions, HnswOptions } from './options.js';
export type { Metric } from './vectors.js';
