import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRun, inspect, PipewrightError, type Run } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { scripted, testRun } from '../testing/index.js';
import { rateLimit, rateLimiter, type RateLimiterOptions, retry } from './index.js';
import { remainingIn } from './rate-limit-headers.js';

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'ok',
    (error) => (error instanceof PipewrightError ? error.code : error),
  );

/** Notes when each call started; answers like a chat model. */
const recorder = (reply: (input: number) => object = () => ({})) => {
  const starts: number[] = [];
  const order: number[] = [];
  const step = async (input: number, run: Run): Promise<object> => {
    starts.push(run.clock.now());
    order.push(input);
    return reply(input);
  };
  return { starts, order, step };
};

const took = (tokens: number): object => ({ usage: { inputTokens: tokens - 1, outputTokens: 1 } });
const perSecond = (requests: number): RateLimiterOptions => ({ limits: [{ requests, perMs: 1_000 }] });

describe('rateLimit', () => {
  it('lets the whole limit through at once, then one call as each share refills, in the order of asking', async () => {
    const { run, clock } = testRun();
    const { step, starts, order } = recorder();
    const limited = rateLimit(step, perSecond(4));
    const calls = Promise.all(Array.from({ length: 8 }, (_, index) => limited(index, run)));
    await clock.advance(1_000);
    await calls;
    expect(starts).toEqual([0, 0, 0, 0, 250, 500, 750, 1_000]);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(clock.pending).toBe(0);
  });

  it('Q20 admits 10 of 100 calls at once where 10 are allowed, and never more than the limit refills', async () => {
    const { run, clock } = testRun();
    const { step, starts } = recorder();
    const limited = rateLimit(step, { ...perSecond(10), maxWaitMs: Infinity });
    const calls = Promise.all(Array.from({ length: 100 }, (_, index) => limited(index, run)));
    await clock.advance(0);
    expect(starts).toHaveLength(10);
    await clock.advance(9_000);
    await calls;
    for (const from of starts) {
      const inWindow = starts.filter((at) => at >= from && at < from + 1_000).length;
      // A bucket that was full at first, and what came in within the window.
      expect(inWindow).toBeLessThanOrEqual(20);
    }
    expect(starts.at(-1)).toBe(9_000);
  });

  it('holds all limits at once', async () => {
    const { run, clock } = testRun();
    const { step, starts } = recorder();
    const limits = [
      { requests: 2, perMs: 100 },
      { requests: 4, perMs: 10_000 },
    ];
    const limited = rateLimit(step, { limits });
    const calls = Promise.all(Array.from({ length: 6 }, (_, index) => limited(index, run)));
    await clock.advance(10_000);
    await calls;
    expect(starts).toEqual([0, 0, 50, 100, 2_500, 5_000]);
  });

  it('counts estimated tokens before a call, and puts them right after it', async () => {
    const { run, clock } = testRun();
    const { step, starts } = recorder((input) => took(input));
    const limited = rateLimit(step, { limits: [{ tokens: 1_000, perMs: 1_000 }], estimateTokens: () => 500 });
    await limited(900, run);
    // 900 were taken, so 100 are left and 400 must come in.
    const second = limited(100, run);
    await clock.advance(399);
    expect(starts).toEqual([0]);
    await clock.advance(1);
    await second;
    expect(starts).toEqual([0, 400]);
    // It took 100 of its 500: 400 are there again at once.
    const third = limited(100, run);
    await clock.advance(100);
    await third;
    expect(starts).toEqual([0, 400, 500]);
  });

  it('gives back at once to those who wait what a call was charged too much', async () => {
    const { run, clock } = testRun();
    const { step, starts } = recorder(() => took(10));
    const limited = rateLimit(step, { limits: [{ tokens: 1_000 }], estimateTokens: () => 1_000, maxWaitMs: Infinity });
    const calls = [limited(1, run), limited(2, run)];
    await clock.advance(600);
    await Promise.all(calls);
    expect(starts).toEqual([0, 600]);
  });

  it('does not give back what has run out of the bucket by itself', async () => {
    const { run, clock } = testRun();
    const { step, starts } = recorder((input) => took(input));
    let estimate = 1_000;
    const limited = rateLimit(
      async (input: number, inner) => {
        const reply = await step(input, inner);
        if (input === 1) await new Promise<void>((resolve) => inner.clock.after(5_000, resolve));
        return reply;
      },
      { limits: [{ tokens: 1_000, perMs: 1_000 }], estimateTokens: () => estimate },
    );
    const slow = limited(1, run);
    await clock.advance(4_500);
    await limited(1_000, run);
    await clock.advance(500);
    await slow;
    estimate = 1_000;
    const next = limited(1_000, run);
    await clock.advance(499);
    expect(starts).toEqual([0, 4_500]);
    await clock.advance(1);
    await next;
    expect(starts).toEqual([0, 4_500, 5_500]);
  });

  it('takes the mean of the calls so far where nobody estimates', async () => {
    const { run, clock } = testRun();
    const { step, starts } = recorder(() => took(600));
    const limited = rateLimit(step, { limits: [{ tokens: 1_000, perMs: 1_000 }] });
    await limited(1, run);
    const second = limited(2, run);
    await clock.advance(200);
    await second;
    expect(starts).toEqual([0, 200]);
  });

  it('lets a call that is larger than the limit through when the bucket is full, and then counts all of it', async () => {
    const { run, clock } = testRun();
    const { step, starts } = recorder();
    const limited = rateLimit(step, {
      limits: [{ tokens: 100, perMs: 1_000 }],
      estimateTokens: (tokens: number) => tokens,
    });
    const calls = [limited(10, run), limited(300, run), limited(10, run)];
    await clock.advance(5_000);
    await Promise.all(calls);
    expect(starts).toEqual([0, 100, 2_200]);
  });

  it('refuses at once what would wait too long, and says how long', async () => {
    const { run, clock } = testRun();
    const { step } = recorder();
    const limited = rateLimit(step, { ...perSecond(1), maxWaitMs: 2_000, name: 'key' });
    const calls = [1, 2, 3, 4].map((input) => limited(input, run).catch((error: unknown) => error));
    expect(await calls[3]).toMatchObject({ code: 'rate-limited', retryable: true, details: { retryAfterMs: 3_000 } });
    expect(String(await calls[3])).toMatch(/`key` allows 1 requests in 1000 ms: this call would start in 3000 ms/);
    await clock.advance(2_000);
    expect(await Promise.all(calls.slice(0, 3))).toEqual([{}, {}, {}]);
    expect(clock.pending).toBe(0);
  });

  it('refuses after the longest wait when a server made it longer meanwhile', async () => {
    const { run, clock } = testRun();
    const slow = new PipewrightError('rate-limited', 'Slow.', { retryable: true, details: { retryAfterMs: 50_000 } });
    const limited = rateLimit(
      async (input: number) => {
        if (input === 1) throw slow;
      },
      { ...perSecond(1), maxWaitMs: 2_000 },
    );
    const calls = [limited(1, run), limited(2, run)].map((call) => call.catch((error: unknown) => error));
    await clock.advance(2_001);
    expect(await calls[0]).toBe(slow);
    expect(await calls[1]).toMatchObject({ code: 'rate-limited', details: { retryAfterMs: 47_999 } });
    expect(clock.pending).toBe(0);
  });

  it('refuses with `queue-full` when too many wait', async () => {
    const { run, clock } = testRun();
    const { step } = recorder();
    const limited = rateLimit(step, { ...perSecond(1), maxQueued: 1 });
    const calls = [1, 2, 3].map((input) => codeOf(limited(input, run)));
    await clock.advance(1_000);
    expect(await Promise.all(calls)).toEqual(['ok', 'ok', 'queue-full']);
  });

  it('leaves the queue at once on an abort, and those behind move up', async () => {
    const { run, clock } = testRun();
    const control = new AbortController();
    const leaving = createRun({ clock, signal: control.signal });
    const { step, starts, order } = recorder();
    const limited = rateLimit(step, perSecond(1));
    const calls = [run, leaving, leaving, run].map((own, index) => codeOf(limited(index, own)));
    await clock.advance(100);
    control.abort('gone');
    await clock.advance(900);
    expect(await Promise.all(calls)).toEqual(['ok', 'gone', 'gone', 'ok']);
    expect([starts, order]).toEqual([
      [0, 1_000],
      [0, 3],
    ]);
    expect(clock.pending).toBe(0);
    expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
    // What they would have taken is not taken.
    const next = limited(9, run);
    await clock.advance(1_000);
    await next;
    expect(starts).toEqual([0, 1_000, 2_000]);
  });

  it('starts nothing when the abort comes between being let in and going on', async () => {
    const { run, clock } = testRun();
    const control = new AbortController();
    const lastTimer = { callback: (): void => undefined };
    const after = (ms: number, callback: () => void): (() => void) => {
      lastTimer.callback = callback;
      return clock.after(ms, () => lastTimer.callback());
    };
    const leaving = createRun({ clock: { now: clock.now, after }, signal: control.signal });
    const { step, order } = recorder();
    const limited = rateLimit(step, perSecond(1));
    await limited(0, run);
    const outcome = codeOf(limited(1, leaving));
    // The same moment, right behind the timer of the queue: the call has not gone on yet.
    const { callback } = lastTimer;
    lastTimer.callback = () => {
      callback();
      control.abort('gone');
    };
    await clock.advance(1_000);
    expect([await outcome, order]).toEqual(['gone', [0]]);
  });

  it('takes what has started out of what is expected to wait', async () => {
    const { run, clock } = testRun();
    const { step, starts } = recorder();
    const limited = rateLimit(step, {
      limits: [{ tokens: 100, perMs: 1_000 }],
      estimateTokens: () => 100,
      maxWaitMs: 1_000,
    });
    await limited(0, run);
    for (let i = 1; i <= 5; i++) {
      const next = limited(i, run);
      await clock.advance(1_000);
      await next;
    }
    expect(starts).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000]);
  });

  it('tells how many stand ahead', async () => {
    const { run, clock, events } = testRun();
    const { step } = recorder();
    const limited = rateLimit(step, { ...perSecond(1), name: 'key' });
    const calls = [1, 2, 3].map((input) => limited(input, run));
    await clock.advance(2_000);
    await Promise.all(calls);
    expect(events).toMatchObject([
      { type: 'queue-wait', name: 'key', ahead: 0 },
      { type: 'queue-wait', name: 'key', ahead: 1 },
    ]);
  });

  it('stops all calls as long as a failed one was asked to wait', async () => {
    const { run, clock } = testRun();
    const { step, starts } = recorder();
    const slow = new PipewrightError('rate-limited', 'Slow.', { retryable: true, details: { retryAfterMs: 3_000 } });
    const limiter = rateLimiter(perSecond(100));
    await expect(rateLimit(() => Promise.reject(slow), limiter)(undefined as never, run)).rejects.toBe(slow);
    const calls = [rateLimit(step, limiter)(1, run), rateLimit(step, limiter)(2, run)];
    await clock.advance(3_000);
    await Promise.all(calls);
    expect(starts).toEqual([3_000, 3_000]);
  });

  it.each([
    ['a circuit that is open', new PipewrightError('circuit-open', 'x', { details: { retryAfterMs: 3_000 } })],
    ['a wait of no length', new PipewrightError('rate-limited', 'x', { details: { retryAfterMs: -5 } })],
    ['an error of no code', new Error('bug')],
  ])('is not stopped by %s', async (_, error) => {
    const { run } = testRun();
    const { step, starts } = recorder();
    const limiter = rateLimiter(perSecond(100));
    await rateLimit(() => Promise.reject(error), limiter)(undefined as never, run).catch(() => undefined);
    await rateLimit(step, limiter)(1, run);
    expect(starts).toEqual([0]);
  });

  it('slows down to what the headers of a reply say is left, from when the call started', async () => {
    const { run, clock } = testRun();
    const { step, starts } = recorder(() => ({ headers: { 'x-ratelimit-remaining-requests': '0' } }));
    const slowly = async (input: number, inner: Run): Promise<object> => {
      await new Promise<void>((resolve) => inner.clock.after(60, resolve));
      return step(input, inner);
    };
    const limiter = rateLimiter(perSecond(10));
    const first = rateLimit(slowly, limiter)(1, run);
    await clock.advance(60);
    await first;
    const second = rateLimit(step, limiter)(2, run);
    await clock.advance(40);
    await second;
    expect(starts).toEqual([60, 100]);
    const deaf = rateLimit(step, { ...perSecond(10), shouldReadHeaders: false });
    for (let i = 0; i < 5; i++) await deaf(i, run);
    expect(starts).toHaveLength(7);
  });

  it('is one limit for all steps that share it', async () => {
    const { run, clock } = testRun();
    const { step, starts } = recorder();
    const limiter = rateLimiter(perSecond(2));
    const [one, two] = [rateLimit(step, limiter), rateLimit(step, limiter)];
    const calls = [one(1, run), two(2, run), one(3, run), two(4, run)];
    await clock.advance(1_000);
    await Promise.all(calls);
    expect(starts).toEqual([0, 0, 500, 1_000]);
  });

  it('wraps a chat model, which stays one, and reads its usage', async () => {
    const model = rateLimit(scripted(['one two three', 'four'], { id: 'x:m' }), {
      limits: [{ tokens: 4, perMs: 1_000 }],
    });
    const { run, clock } = testRun();
    expect(model.id).toBe('x:m');
    expect((await model('?', run)).usage).toMatchObject({ inputTokens: 1, outputTokens: 3 });
    const second = model('?', run);
    await clock.advance(1_000);
    expect((await second).text).toBe('four');
    expect(inspect(model)).toMatchObject({
      kind: 'rate-limit',
      name: 'rate-limit(x:m)',
      details: { limiter: 'x:m', limits: '4 tokens in 1000 ms', maxWaitMs: 60_000, maxQueued: 1_000, isShared: false },
    });
  });

  it('is waited for by a retry around it', async () => {
    const { run, clock } = testRun();
    const { step, starts } = recorder();
    const limited = retry(rateLimit(step, { ...perSecond(1), maxWaitMs: 0 }));
    const calls = [limited(1, run), limited(2, run)];
    await clock.advance(1_000);
    await Promise.all(calls);
    expect(starts).toEqual([0, 1_000]);
  });

  it('Q27 holds nothing of 10,000 calls that waited and gave up', async () => {
    const { run, clock } = testRun({ isWatched: false });
    const control = new AbortController();
    const leaving = createRun({ clock, signal: control.signal });
    const { step, starts } = recorder();
    const limited = rateLimit(step, { ...perSecond(1), maxQueued: Infinity, maxWaitMs: Infinity });
    await limited(0, run);
    const calls = Promise.allSettled(Array.from({ length: 10_000 }, (_, index) => limited(index, leaving)));
    await clock.advance(10);
    control.abort('gone');
    expect((await calls).every(({ status }) => status === 'rejected')).toBe(true);
    expect(clock.pending).toBe(0);
    const next = limited(1, run);
    await clock.advance(990);
    await next;
    expect(starts).toEqual([0, 1_000]);
  });

  it('never lets more tokens through than bucket and refill allow, whatever is asked when (property)', async () => {
    const call = fc.record({ atMs: fc.nat(3_000), tokens: fc.integer({ min: 1, max: 100 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 40 }), async (calls) => {
        const { run, clock } = testRun({ isWatched: false });
        const started: { readonly atMs: number; readonly tokens: number }[] = [];
        const limited = rateLimit(
          async (tokens: number, inner: Run) => void started.push({ atMs: inner.clock.now(), tokens }),
          { limits: [{ tokens: 100, perMs: 1_000 }], estimateTokens: (tokens: number) => tokens, maxWaitMs: Infinity },
        );
        const work = calls.map(
          ({ atMs, tokens }) =>
            new Promise((resolve, reject) => clock.after(atMs, () => void limited(tokens, run).then(resolve, reject))),
        );
        await clock.advance(60_000);
        await Promise.all(work);
        for (const [from, { atMs: fromMs }] of started.entries()) {
          let sum = 0;
          for (const { atMs, tokens } of started.slice(from)) {
            sum += tokens;
            expect(sum).toBeLessThanOrEqual(100 + (atMs - fromMs) / 10 + 1e-6);
          }
        }
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    { limits: [] },
    { limits: [{}] },
    { limits: [{ requests: 0 }] },
    { limits: [{ tokens: Number.NaN }] },
    { limits: [{ requests: 1, perMs: 0 }] },
    { limits: [{ requests: 1 }], maxWaitMs: -1 },
    { limits: [{ requests: 1 }], maxQueued: 0.5 },
    { limits: [{ requests: 1 }], store: memoryStore() },
  ] satisfies RateLimiterOptions[])('refuses %o', (options) => {
    expect(() => rateLimiter(options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});

describe('remainingIn', () => {
  it.each([
    [
      { 'x-ratelimit-remaining-requests': '59', 'x-ratelimit-remaining-tokens': '149984' },
      { requests: 59, tokens: 149984 },
    ],
    [
      { 'anthropic-ratelimit-requests-remaining': '3', 'anthropic-ratelimit-tokens-remaining': '0' },
      { requests: 3, tokens: 0 },
    ],
    [{ 'ratelimit-remaining': '7' }, { requests: 7 }],
    [{ 'x-ratelimit-remaining-requests': 'many', 'x-ratelimit-remaining-tokens': '' }, {}],
    [{ 'x-ratelimit-remaining-requests': '-1', 'x-ratelimit-remaining': 'Infinity' }, {}],
    [{}, {}],
  ])('reads %o', (headers, remaining) => {
    expect(remainingIn(headers)).toEqual(remaining);
  });
});
