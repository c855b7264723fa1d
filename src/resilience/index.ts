export {
  cache,
  type CacheControl,
  type Cached,
  type CacheMemoryOptions,
  type CacheOptions,
  type CacheSelection,
  type CacheStats,
} from './cache.js';
export { bulkhead, type BulkheadOptions } from './bulkhead.js';
export { fallback, type FallbackOptions } from './fallback.js';
export type { OnPartial } from './partial-output.js';
export { retry, type RetryOptions } from './retry.js';
export { forbidRetry } from './retry-scope.js';
export { timeout, type TimeoutOptions } from './timeout.js';
