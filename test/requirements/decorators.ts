import type { Embedder, Run, StepLike } from '../../src/core/index.js';
import {
  balance,
  batch,
  budget,
  budgetPool,
  bulkhead,
  cache,
  circuitBreaker,
  fallback,
  hedge,
  rateLimit,
  resilient,
  retry,
  semanticCache,
  timeout,
} from '../../src/resilience/index.js';

export type Ask = StepLike<string, string>;
export type Decorate = (step: Ask) => (input: string, run?: Run) => Promise<string>;

/** Makes a vector of two numbers: texts of the same length are alike. */
export const lengthEmbedder: Embedder = Object.assign(
  async (texts: readonly string[]) =>
    texts.map((text) => new Float32Array([Math.cos(text.length), Math.sin(text.length)])),
  { id: 'length', dimensions: 2 },
);

/** Every decorator, with limits so wide that a single call meets none of them but tries. A new one is one line here. */
export const decorators: Readonly<Record<string, Decorate>> = {
  balance: (step) => balance([step, (input, run) => step(input, run)]),
  batch: (step) =>
    batch((inputs: readonly string[], run: Run) => Promise.all(inputs.map((input) => step(input, run))), {
      maxWaitMs: 0,
    }),
  budget: (step) => budget(step, { maxCalls: 100, pool: budgetPool({ maxCalls: 1_000_000 }) }),
  bulkhead: (step) => bulkhead(step, { maxConcurrent: 1_000 }),
  cache: (step) => cache(step),
  circuitBreaker: (step) => circuitBreaker(step, { maxFailures: 1_000_000 }),
  fallback: (step) => fallback(step, (input, run) => step(input, run)),
  hedge: (step) => hedge(step, { afterMs: 1 }),
  rateLimit: (step) => rateLimit(step, { limits: [{ requests: 1_000_000 }] }),
  resilient: (step) => resilient(step, { retry: { initialDelayMs: 1 }, fallbacks: [(input, run) => step(input, run)] }),
  retry: (step) => retry(step, { initialDelayMs: 1 }),
  semanticCache: (step) => semanticCache(step, { embedder: lengthEmbedder }),
  timeout: (step) => timeout(step, { totalMs: 60_000, firstTextMs: 60_000, betweenTextMs: 60_000 }),
};
