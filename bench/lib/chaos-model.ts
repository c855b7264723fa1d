import { balance, budget, bulkhead, circuitBreaker, hedge, rateLimit, retry, timeout } from '../../src/index.js';
import type { ChatModel } from '../../src/model/index.js';
import { openai } from '../../src/provider/openai/index.js';

export const maxAttempts = 4;

/**
 * All decorators that decide about a call, around two targets. Two in five tries fail, and failures come back before answers do, so
 * the circuits look at the ratio over many calls.
 */
export const chaosModel = (baseUrl: string): ChatModel => {
  const target = (): ChatModel => {
    const model = openai('gpt-4o-mini', { apiKey: 'none', baseUrl });
    const quick = timeout(model, { totalMs: 5_000, betweenTextMs: 500 });
    return circuitBreaker(quick, { maxFailures: Infinity, ratio: { maxFailureRatio: 0.9, minCalls: 1_000 } });
  };
  const targets = balance([target(), target()]);
  const hedged = hedge(bulkhead(targets, { maxConcurrent: 200, maxQueued: 400 }), { afterMs: 2_500 });
  const limited = rateLimit(hedged, { limits: [{ requests: 1_000, perMs: 1_000 }] });
  return budget(retry(limited, { maxAttempts, initialDelayMs: 20 }), { maxCostUsd: 0.01, maxCalls: 2 * maxAttempts });
};
