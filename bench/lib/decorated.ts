import { named, type Run } from '../../src/index.js';
import {
  balance,
  budget,
  bulkhead,
  cache,
  circuitBreaker,
  fallback,
  hedge,
  rateLimit,
  resilient,
  retry,
  timeout,
} from '../../src/resilience/index.js';

export type NumberStep = (input: number, run?: Run) => Promise<number>;

/** A step under a decorator, and what that may add to a call. */
export interface Decorated {
  readonly step: NumberStep;
  readonly maxUs: number;
}

export const plain: NumberStep = named('plain', async (value: number) => value + 1);

const perDecoratorUs = 2;
const idle = (step: NumberStep): Decorated => ({ step, maxUs: perDecoratorUs });

/** Limits that are never reached: what is measured is the way through. */
export const decorated: Readonly<Record<string, Decorated>> = {
  retry: idle(retry(plain)),
  timeout: idle(timeout(plain, { totalMs: 60_000 })),
  fallback: idle(fallback(plain, plain)),
  circuitBreaker: idle(circuitBreaker(plain)),
  rateLimit: idle(rateLimit(plain, { limits: [{ requests: 1e9 }] })),
  bulkhead: idle(bulkhead(plain, { maxConcurrent: 100 })),
  budget: idle(budget(plain, { maxCalls: 10 })),
  hedge: idle(hedge(plain, { afterMs: 60_000 })),
  balance: idle(balance([plain, plain])),
  // Every answer is copied, so that no caller can change that of another.
  'cache (hit)': { step: cache(plain, { key: () => 'same' }), maxUs: 5 },
  'resilient, the default stack': { step: resilient(plain), maxUs: 10 },
};
