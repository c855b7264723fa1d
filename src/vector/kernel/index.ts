export { createBuilder } from './builder.js';
export { createKernel } from './kernel.js';
export { isKernelAvailable } from './module.js';
export { createSearchPool } from './search-pool.js';
export type {
  Builder,
  BuilderOptions,
  GraphSearchOptions,
  KernelMetric,
  KernelOptions,
  KernelPrecision,
  Nearest,
  ScanOptions,
  SearchPool,
  SearchPoolOptions,
  VectorKernel,
} from './types.js';
