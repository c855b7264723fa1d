import {
  type AnyStep,
  type Decorated,
  isPipewrightError,
  type StepInput,
  type StepLike,
  stepName,
  type StepOutput,
} from '../core/index.js';
import { budget, type BudgetOptions } from './budget.js';
import { bulkhead, type BulkheadOptions } from './bulkhead.js';
import { cache, type CacheOptions } from './cache.js';
import type { Circuit } from './circuit.js';
import { circuitBreaker } from './circuit-breaker.js';
import type { CircuitOptions } from './circuit-options.js';
import { fallback } from './fallback.js';
import { rateLimit } from './rate-limit.js';
import type { RateLimiter } from './rate-limiter.js';
import type { RateLimiterOptions } from './rate-options.js';
import { retry, type RetryOptions } from './retry.js';
import { timeout, type TimeoutOptions } from './timeout.js';

export interface ResilientOptions<In = never, Out = unknown> {
  /** Of each try. @default { totalMs: 120_000 } */
  readonly timeout?: TimeoutOptions | false;
  /** @default {}: 3 tries */
  readonly retry?: RetryOptions | false;
  /** @default {}: opens for 10 s after 5 failures in a row */
  readonly circuitBreaker?: CircuitOptions | Circuit | false;
  /** Of the first model; one that its fallbacks share is given as a `rateLimiter`. @default no limit */
  readonly rateLimit?: RateLimiterOptions | RateLimiter;
  /** Of the first model. @default no limit */
  readonly bulkhead?: BulkheadOptions;
  /** Called in turn when the first model fails, each with tries, time-outs and a circuit of its own. @default none */
  readonly fallbacks?: readonly StepLike<In, Out>[];
  /** What one call may spend, all tries and fallbacks together. @default no limit */
  readonly budget?: BudgetOptions<In>;
  /** @default no cache */
  readonly cache?: CacheOptions<In, Out>;
}

const defaultTimeout: TimeoutOptions = { totalMs: 120_000 };

/** With another model at hand it is better to go on to that than to wait until this one may be called again. */
const shouldRetryBesideFallbacks = (error: unknown): boolean =>
  isPipewrightError(error) && error.retryable && error.code !== 'circuit-open' && error.code !== 'queue-full';

/**
 * The decorators that most models need, in the order that makes sense, from the outside in: cache, budget, fallback, retry, circuit
 * breaker, rate limit, bulkhead, timeout. Without options it has time-outs, retries and a circuit breaker. It rejects with
 * what these reject with; `explain` prints the stack.
 * @throws {PipewrightError} `bad-option`, as each of them does.
 * @example await resilient((text: string) => text.length)('four') // => 4
 */
export const resilient = <S extends AnyStep>(
  step: S,
  options: ResilientOptions<StepInput<S>, StepOutput<S>> = {},
): Decorated<S> => {
  const { fallbacks = [] } = options;
  const main = withTries(withLimits(withTimeout(step, options), options), options);
  const others = fallbacks.map((other) => forFallback(other as AnyStep, options));
  let stack: AnyStep = others.length === 0 ? main : fallback([main, ...others], {});
  if (options.budget !== undefined) stack = budget(stack, options.budget as BudgetOptions);
  if (options.cache !== undefined) stack = cache(stack, options.cache as CacheOptions);
  return stack as Decorated<S>;
};

/** The options as their parts see them: the input and output of a step do not matter there. */
type Parts = Omit<ResilientOptions, 'cache' | 'budget' | 'fallbacks'> & { readonly fallbacks?: readonly unknown[] };

/** A fallback has a circuit of its own: what befalls one model says nothing of another. */
const forFallback = (step: AnyStep, options: Parts): AnyStep => {
  const { circuitBreaker: circuit = {} } = options;
  const isOptions = circuit !== false && !('call' in circuit);
  const own = isOptions ? { ...circuit, name: stepName(step) } : circuit !== false && {};
  return withTries(withTimeout(step, options), { ...options, circuitBreaker: own });
};

const withTimeout = (step: AnyStep, { timeout: limits = defaultTimeout }: Parts): AnyStep =>
  limits === false ? step : timeout(step, limits);

const withLimits = (step: AnyStep, { rateLimit: rates, bulkhead: places }: Parts): AnyStep => {
  const inPlaces = places === undefined ? step : bulkhead(step, places);
  return rates === undefined ? inPlaces : rateLimit(inPlaces, rates);
};

const withTries = (
  step: AnyStep,
  { circuitBreaker: circuit = {}, retry: tries = {}, fallbacks = [] }: Parts,
): AnyStep => {
  const guarded = circuit === false ? step : circuitBreaker(step, circuit);
  if (tries === false) return guarded;
  return retry(guarded, fallbacks.length === 0 ? tries : { shouldRetry: shouldRetryBesideFallbacks, ...tries });
};
