import { describe, expect, it } from 'vitest';
import { PipewrightError, type Run, type Store } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { type ManualClock, testRun } from '../testing/index.js';
import { rateLimit, type RateLimiterOptions } from './index.js';

const never = (): Promise<never> => new Promise(() => undefined);
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'ok',
    (error) => (error instanceof PipewrightError ? error.code : error),
  );

/** Notes when each call started; answers like a chat model. */
const recorder = (reply: object = {}) => {
  const starts: number[] = [];
  const step = async (_: number, run: Run): Promise<object> => {
    starts.push(run.clock.now());
    return reply;
  };
  return { starts, step };
};

const perSecond = (requests: number): RateLimiterOptions => ({ limits: [{ requests, perMs: 1_000 }] });

describe('a rate limit in a store', () => {
  /** Moves the clock in steps, so that waits for the store and for the rate take turns. */
  const walk = async (clock: ManualClock, ms: number): Promise<void> => {
    for (let i = 0; i < ms; i += 10) await clock.advance(10);
  };

  it('counts the calls and tokens of all processes together', async () => {
    const { run, clock } = testRun();
    const store = memoryStore();
    const { step, starts } = recorder({ usage: { inputTokens: 90, outputTokens: 10 } });
    const limits = [
      { requests: 5, perMs: 1_000 },
      { tokens: 1_000_000, perMs: 1_000 },
    ];
    const processes = Array.from({ length: 4 }, () => rateLimit(step, { limits, name: 'key', store }));
    const calls = processes.flatMap((limited) => [1, 2, 3].map((input) => limited(input, run)));
    await walk(clock, 2_500);
    await Promise.all(calls);
    expect(starts).toHaveLength(12);
    expect(starts.filter((at) => at < 200)).toHaveLength(5);
    for (const [index, at] of starts.entries()) expect(at).toBeGreaterThanOrEqual((index - 4) * 200);
    expect(clock.pending).toBe(0);
  });

  it('leaves no timer when a call has waited too long while the store was asked', async () => {
    const { run, clock } = testRun();
    const whole = memoryStore();
    const store: Store = {
      ...whole,
      get: async (key) => {
        await new Promise<void>((resolve) => clock.after(500, resolve));
        return whole.get(key);
      },
    };
    const { step, starts } = recorder();
    const options = { limits: [{ tokens: 100 }], name: 'key', estimateTokens: () => 100 };
    await rateLimit(step, { ...options, store: whole })(1, run);
    const limited = rateLimit(step, { ...options, store, maxWaitMs: 100 });
    const outcome = codeOf(limited(2, run));
    await walk(clock, 600);
    expect(await outcome).toBe('rate-limited');
    expect([starts, clock.pending]).toEqual([[0], 0]);
  });

  it('stops all processes when a server asks one of them to wait', async () => {
    const { run, clock } = testRun();
    const store = memoryStore();
    const slow = new PipewrightError('rate-limited', 'Slow.', { retryable: true, details: { retryAfterMs: 3_000 } });
    const options = { ...perSecond(100), name: 'key', store };
    await expect(rateLimit(() => Promise.reject(slow), options)(undefined as never, run)).rejects.toBe(slow);
    const { step, starts } = recorder();
    const call = rateLimit(step, options)(1, run);
    await walk(clock, 3_100);
    await call;
    expect(starts).toEqual([3_000]);
  });

  it.each([
    ['fails', { get: () => Promise.reject(new Error('no route')) }],
    ['hangs', { get: never }],
  ] satisfies [string, Partial<Store>][])(
    'Q26 goes on within the limits of each process when the store %s, after a second at most',
    async (_, broken) => {
      const { run, clock, events } = testRun();
      const { step, starts } = recorder();
      const limited = rateLimit(step, { ...perSecond(2), name: 'key', store: { ...memoryStore(), ...broken } });
      const calls = [1, 2, 3].map((input) => limited(input, run));
      await walk(clock, 2_000);
      await Promise.all(calls);
      expect((starts[0] ?? Infinity) <= 1_000).toBe(true);
      expect((starts[2] ?? 0) - (starts[0] ?? 0)).toBeGreaterThanOrEqual(500);
      expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1);
      expect(clock.pending).toBe(0);
    },
  );

  it('Q10 an abort while the store is asked ends the call at once', async () => {
    const { run, clock, abort } = testRun();
    const { step, starts } = recorder();
    const limited = rateLimit(step, { ...perSecond(2), name: 'key', store: { ...memoryStore(), get: never } });
    const calls = [1, 2].map((input) => codeOf(limited(input, run)));
    await clock.advance(10);
    abort('gone');
    expect(await Promise.all(calls)).toEqual(['gone', 'gone']);
    await clock.advance(0);
    expect([starts, clock.pending]).toEqual([[], 0]);
  });
});
