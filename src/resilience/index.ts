export { batch, type BatchOptions } from './batch.js';
export { budget, type BudgetOptions } from './budget.js';
export type { PoolAmount } from './budget-amounts.js';
export { type BudgetPool, budgetPool, type BudgetPoolOptions, type PoolHold } from './budget-pool.js';
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
export { type Circuit, circuit } from './circuit.js';
export { circuitBreaker } from './circuit-breaker.js';
export type { CircuitOptions, CircuitRatio } from './circuit-options.js';
export { fallback, type FallbackOptions } from './fallback.js';
export type { OnPartial } from './partial-output.js';
export { rateLimit } from './rate-limit.js';
export { type RateLimiter, rateLimiter } from './rate-limiter.js';
export type { RateLimit, RateLimiterOptions } from './rate-options.js';
export { retry, type RetryOptions } from './retry.js';
export { forbidRetry } from './retry-scope.js';
export { timeout, type TimeoutOptions } from './timeout.js';
