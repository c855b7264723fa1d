export { createKernel } from './kernel.js';
export { isKernelAvailable } from './module.js';
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
  VectorKernel,
} from './types.js';
