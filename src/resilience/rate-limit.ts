import { type AnyStep, type Decorated, decorate, stepName } from '../core/index.js';
import type { RateLimiterOptions } from './rate-options.js';
import { type RateLimiter, rateLimiter } from './rate-limiter.js';

/**
 * Keeps a step within limits on calls and tokens in a time: calls beyond them wait their turn, first come first served. The
 * limits are token buckets that refill steadily (the generic cell rate algorithm, ATM Forum 1996): up to the whole of a limit at once,
 * then as it refills. Tokens are estimated before a call and put right by the `usage` of its reply; a server's `Retry-After`
 * stops all calls until then. With a `rateLimiter` in place of options several steps share one.
 * Rejects with `rate-limited` (retryable, `details.retryAfterMs`) when the wait would be too long, with `queue-full` when too
 * many wait already, and with the signal's reason as soon as the run is aborted. Emits `queue-wait`.
 * @throws {PipewrightError} `bad-option` when a number is out of range, or a store comes without a name.
 * @example await rateLimit((text: string) => text.length, { limits: [{ requests: 60, perMs: 60_000 }] })('four') // => 4
 */
export const rateLimit = <S extends AnyStep>(step: S, limits: RateLimiterOptions | RateLimiter): Decorated<S> => {
  const own: RateLimiter =
    'call' in limits ? limits : rateLimiter(limits.store === undefined ? { name: stepName(step), ...limits } : limits);
  const info = { kind: 'rate-limit', details: own.details };
  return decorate(step, info, (input, run, inner) => own.call(inner, input, run));
};
