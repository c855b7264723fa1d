import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRun, defineStep, inspect, map, PipewrightError, type Run, seededRandom, sleep } from '../core/index.js';
import { localEmbedder, metered } from '../model/index.js';
import { manualClock, testRun } from '../testing/index.js';
import { batch, budget, retry } from './index.js';

/** Answers each item with its length, after some time, and remembers what it was sent. */
const lengths = (ms = 0) => {
  const sent: (readonly string[])[] = [];
  const step = async (items: readonly string[], run: Run): Promise<readonly number[]> => {
    sent.push(items);
    if (ms > 0) await sleep(ms, run);
    return items.map(({ length }) => length);
  };
  return { step, sent };
};
const runOn = (clock = manualClock()) => {
  const control = new AbortController();
  const run = createRun({ clock, signal: control.signal });
  return { run, clock, abort: (reason: unknown) => control.abort(reason), signal: control.signal };
};

describe('batch', () => {
  it('sends what comes within the wait as one batch, and gives each caller its own result', async () => {
    const { run, clock } = testRun();
    const { step, sent } = lengths();
    const one = batch(step, { maxWaitMs: 10 });
    const early = [one('a', run), one('bb', run)];
    await clock.advance(9);
    early.push(one('ccc', run));
    await clock.advance(1);
    expect(await Promise.all(early)).toEqual([1, 2, 3]);
    const late = one('dddd', run);
    await clock.advance(10);
    expect(await late).toBe(4);
    expect(sent).toEqual([['a', 'bb', 'ccc'], ['dddd']]);
    expect(clock.pending).toBe(0);
  });

  it('sends a batch as soon as it is full, by items or by weight', async () => {
    const { run, clock } = testRun();
    const { step, sent } = lengths();
    const bySize = batch(step, { maxSize: 2 });
    await Promise.all(['a', 'b', 'c', 'd'].map((item) => bySize(item, run)));
    const byWeight = batch(step, { maxWeight: 5, weight: (item) => item.length });
    const calls = ['aaa', 'bb', 'cc', 'dddd', 'heavier than five', 'e'].map((item) => byWeight(item, run));
    await clock.advance(10);
    await Promise.all(calls);
    expect(sent).toEqual([['a', 'b'], ['c', 'd'], ['aaa', 'bb'], ['cc'], ['dddd'], ['heavier than five'], ['e']]);
  });

  it('gives an error in the place of one item to that caller alone', async () => {
    const step = async (items: readonly number[]) => items.map((n) => (n < 0 ? new Error(`bad ${n}`) : n * 2));
    const double = batch(step);
    expect(await Promise.allSettled([double(1), double(-1), double(3)])).toMatchObject([
      { value: 2 },
      { reason: { message: 'bad -1' } },
      { value: 6 },
    ]);
    const outcomes = async (items: readonly number[]) =>
      items.map((n) => (n < 0 ? { isOk: false as const, error: new Error('no') } : { isOk: true as const, reply: n }));
    const unwrapped = batch(outcomes, {
      unwrap: (outcome) => {
        if (!outcome.isOk) throw outcome.error;
        return outcome.reply;
      },
    });
    expect(await Promise.allSettled([unwrapped(1), unwrapped(-1)])).toMatchObject([
      { value: 1 },
      { reason: { message: 'no' } },
    ]);
  });

  it.each([
    ['an async failure', async () => Promise.reject(new Error('down'))],
    [
      'a sync throw',
      () => {
        throw new Error('down');
      },
    ],
  ])('Q10 gives %s to all of the batch and goes on with the next', async (_, fail) => {
    let calls = 0;
    const one = batch(async (items: readonly string[]) => (++calls === 1 ? fail() : items), { maxWaitMs: 0 });
    for (const outcome of await Promise.allSettled([one('a'), one('b')]))
      expect(outcome).toMatchObject({ reason: { message: 'down' } });
    expect(await one('c')).toBe('c');
  });

  it('refuses an answer that is not item by item', async () => {
    const one = batch(async (_: readonly string[]) => [1], { maxWaitMs: 0 });
    for (const outcome of await Promise.allSettled([one('a'), one('b')]))
      expect(outcome).toMatchObject({ reason: { code: 'output-invalid' } });
  });

  it('lets a caller leave before and after the batch is sent, and never sends what nobody waits for', async () => {
    const clock = manualClock();
    const { step, sent } = lengths(100);
    const one = batch(step);
    const [a, b, c] = [runOn(clock), runOn(clock), runOn(clock)];
    const calls = [one('a', a.run), one('b', b.run), one('c', c.run)];
    const all = Promise.allSettled(calls);
    a.abort('a left');
    await clock.advance(10);
    b.abort('b left');
    await clock.advance(100);
    expect(await all).toMatchObject([{ reason: 'a left' }, { reason: 'b left' }, { value: 1 }]);
    const d = runOn(clock);
    const left = one('d', d.run);
    d.abort('d left');
    await expect(left).rejects.toBe('d left');
    await clock.advance(1_000);
    expect(sent).toEqual([['b', 'c']]);
    expect(clock.pending).toBe(0);
  });

  it('Q04 aborts the shared call when all have left, and frees its place even when the step is deaf', async () => {
    const clock = manualClock();
    let seen: Run | undefined;
    let calls = 0;
    const one = batch(
      async (items: readonly string[], run: Run) => {
        seen = run;
        return ++calls === 1 ? new Promise<never>(() => undefined) : items;
      },
      { maxInFlight: 1, maxWaitMs: 0 },
    );
    const [a, b] = [runOn(clock), runOn(clock)];
    const all = Promise.allSettled([one('a', a.run), one('b', b.run)]);
    await clock.advance(0);
    const next = one('c', runOn(clock).run);
    a.abort('a');
    expect(seen?.signal.aborted).toBe(false);
    b.abort('b');
    expect(seen?.signal.reason).toBe('b');
    await all;
    await clock.advance(1);
    expect(await next).toBe('c');
  });

  it('has only so many batches under way, and fills up those that wait', async () => {
    const { run, clock } = testRun();
    const { step, sent } = lengths(100);
    const one = batch(step, { maxInFlight: 1, maxSize: 3, maxWaitMs: 1 });
    const calls: Promise<number>[] = [];
    for (const item of ['a', 'b', 'c', 'd', 'e']) {
      calls.push(one(item, run));
      await clock.advance(1);
    }
    expect(sent).toEqual([['a']]);
    await clock.advance(300);
    await Promise.all(calls);
    expect(sent).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
  });

  it('Q27 refuses what is too much to wait', async () => {
    const { run, clock } = testRun();
    const one = batch(lengths().step, { maxQueued: 2 });
    const calls = [one('a', run), one('b', run)];
    await expect(one('c', run)).rejects.toMatchObject({ code: 'queue-full', retryable: true });
    await clock.advance(10);
    await Promise.all(calls);
    const later = one('c', run);
    await clock.advance(10);
    expect(await later).toBe(1);
  });

  it('keeps apart what `groupBy` tells apart', async () => {
    const { run, clock } = testRun();
    const { step, sent } = lengths();
    const one = batch(step, { groupBy: (item) => item.slice(0, 1) });
    const calls = ['a1', 'b1', 'a2'].map((item) => one(item, run));
    await clock.advance(10);
    await Promise.all(calls);
    expect(sent).toEqual([['a1', 'a2'], ['b1']]);
  });

  it.each([{ maxSize: 0 }, { maxWaitMs: -1 }, { maxInFlight: 0 }, { maxQueued: 0 }, { maxWeight: Number.NaN }])(
    'refuses %o',
    (options) => {
      expect(() => batch(lengths().step, options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    },
  );

  it('takes an embedder, composes with other decorators and shows in the tree', async () => {
    const embedder = localEmbedder();
    const embed = retry(batch(retry(embedder), { maxWaitMs: 0 }));
    const [[expected], found] = await Promise.all([
      embedder(['refunds']),
      map(embed, { concurrency: 10 })(['refunds', 'shipping']),
    ]);
    expect(found[0]).toEqual(expected);
    expect(inspect(embed)).toMatchObject({
      children: [{ kind: 'batch', details: { maxSize: 64 }, children: [{ kind: 'retry' }] }],
    });
  });

  it('Q01 Q10 settles each call of random traffic with its own result, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 3 }),
        async (seed, maxSize, maxInFlight) => {
          const random = seededRandom(seed);
          const clock = manualClock();
          const shared = new AbortController();
          let underWay = 0;
          const one = batch(
            async (items: readonly number[], run: Run) => {
              underWay += 1;
              expect(underWay).toBeLessThanOrEqual(maxInFlight);
              expect(items.length).toBeLessThanOrEqual(maxSize);
              try {
                await sleep(Math.floor(random() * 20), run);
                return items.map((n) => n * 2);
              } finally {
                underWay -= 1;
              }
            },
            { maxSize, maxInFlight, maxWaitMs: 3 },
          );
          const outcomes: Promise<void>[] = [];
          for (let n = 0; n < 40; n++) {
            const own = new AbortController();
            const call = one(n, createRun({ clock, signal: n % 2 === 0 ? shared.signal : own.signal }));
            const isLeaving = n % 2 === 1 && random() < 0.5;
            outcomes.push(
              call.then(
                (value) => expect(value).toBe(n * 2),
                (reason) => expect([isLeaving, reason]).toEqual([true, `left ${n}`]),
              ),
            );
            if (isLeaving) clock.after(random() * 15, () => own.abort(`left ${n}`));
            await clock.advance(Math.floor(random() * 3));
          }
          await clock.advance(2_000);
          await Promise.all(outcomes);
          expect([clock.pending, underWay, getEventListeners(shared.signal, 'abort').length]).toEqual([0, 0, 0]);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('what a batch costs', () => {
  const price = { input: 1_000, output: 0 };
  /** An embedder that is paid by the letter. */
  const paid = defineStep<readonly string[], readonly number[]>({ kind: 'embedder', name: 'paid' }, (items, run) => {
    const usage = { inputTokens: items.join('').length, outputTokens: 0 };
    return metered(run, { id: 'paid', price, estimate: () => usage }, async () => ({
      value: items.map(({ length }) => length),
      usage,
    }));
  });
  const letters = (item: string) => item.length;

  it('Q18 is divided by weight: the parts sum up to the whole, in meters and events', async () => {
    const one = batch(paid, { weight: letters, maxWaitMs: 0 });
    const callers = [testRun(), testRun(), testRun()];
    const calls = ['a', 'bbb', 'cc'].map((item, index) => one(item, callers[index]?.run));
    await callers[0]?.clock.advance(0);
    await Promise.all(calls);
    expect(callers.map(({ run }) => run.meter.spent.usage.inputTokens)).toEqual([1, 3, 2]);
    expect(callers.map(({ run }) => run.meter.spent.calls)).toEqual([1, 1, 1]);
    for (const { run, events } of callers) {
      const used = events.filter((event) => event.type === 'usage');
      expect(used).toHaveLength(1);
      expect(used[0]?.usage.inputTokens).toBe(run.meter.spent.usage.inputTokens);
      expect(used[0]?.costUsd).toBeCloseTo(run.meter.spent.costUsd, 12);
    }
  });

  it('Q18 never loses or gains a token, however it is divided', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(9), { minLength: 1, maxLength: 9 }),
        fc.nat(1_000),
        async (weights, inputTokens) => {
          const clock = manualClock();
          const runs = weights.map((_, index) =>
            createRun({ clock, on: (event) => event.type === 'usage' && told.push([index, event.usage.inputTokens]) }),
          );
          const told: [number, number][] = [];
          const step = async (items: readonly number[], run: Run) => {
            const usage = { inputTokens, outputTokens: 7, cachedInputTokens: 3 };
            return metered(run, { id: 'm', price: undefined, estimate: () => usage }, async () => ({
              value: items,
              usage,
            }));
          };
          const one = batch(step, { weight: (item) => item, maxWaitMs: 0 });
          const calls = weights.map((weight, index) => one(weight, runs[index]));
          await clock.advance(0);
          await Promise.all(calls);
          const sum = (of: (index: number) => number) => runs.reduce((total, _, index) => total + of(index), 0);
          expect(sum((index) => runs[index]?.meter.spent.usage.inputTokens ?? 0)).toBe(inputTokens);
          expect(sum((index) => runs[index]?.meter.spent.usage.outputTokens ?? 0)).toBe(7);
          expect(told.reduce((total, [, tokens]) => total + tokens, 0)).toBe(inputTokens);
        },
      ),
    );
  });

  it('is one call for callers of one run', async () => {
    const { run, events, clock } = testRun();
    const one = batch(paid, { weight: letters, maxWaitMs: 0 });
    const calls = ['a', 'bb', 'ccc'].map((item) => one(item, run));
    await clock.advance(0);
    await Promise.all(calls);
    expect(run.meter.spent).toMatchObject({ calls: 1, usage: { inputTokens: 6 } });
    expect(events.flatMap((event) => (event.type === 'usage' ? [event.usage.inputTokens] : []))).toEqual([1, 2, 3]);
  });

  it('Q20 is refused to the caller who has no room for its part, and the others go without it', async () => {
    const sent: (readonly string[])[] = [];
    const step = async (items: readonly string[], run: Run) => {
      const answer = await paid(items, run);
      sent.push(items);
      return answer;
    };
    const one = batch(step, { weight: letters, maxWaitMs: 0 });
    const poor = budget(one, { maxTokens: 2 });
    // Room for one call: what it holds for the refused try must be free again for the next.
    const limited = createRun({ budget: { maxCalls: 1 } });
    const results = await Promise.allSettled([one('a', limited), poor('bbb'), poor('cc')]);
    expect(results).toMatchObject([
      { value: 1 },
      { reason: { code: 'budget-exceeded', details: { budget: { allowed: 2, wouldBe: 3 } } } },
      { value: 2 },
    ]);
    expect(sent).toEqual([['a', 'cc']]);
  });

  it('Q19 is paid by those, too, who left after it was sent', async () => {
    const clock = manualClock();
    const slow = defineStep<readonly string[], readonly string[]>({ kind: 'm' }, (items, run) => {
      const usage = { inputTokens: items.length, outputTokens: 0 };
      return metered(run, { id: 'm', price, estimate: () => usage }, async () => {
        await sleep(50, run);
        return { value: items, usage };
      });
    });
    const one = batch(slow, { maxWaitMs: 0 });
    const [a, b] = [runOn(clock), runOn(clock)];
    const all = Promise.allSettled([one('a', a.run), one('b', b.run)]);
    await clock.advance(0);
    a.abort('gone');
    await clock.advance(50);
    await all;
    expect([a, b].map(({ run }) => run.meter.spent.usage.inputTokens)).toEqual([1, 1]);
  });

  it('tells each caller what concerns all, and nobody the input of another', async () => {
    let calls = 0;
    const flaky = async (items: readonly string[]) => {
      if (++calls === 1) throw new PipewrightError('model-overloaded', 'Busy.', { retryable: true });
      return items;
    };
    const one = batch(retry(flaky, { initialDelayMs: 0 }), { maxWaitMs: 0 });
    const [a, b] = [testRun(), testRun()];
    const all = [one('of a', a.run), one('of b', b.run)];
    await a.clock.advance(0);
    await Promise.all(all);
    for (const { events } of [a, b]) expect(events.map(({ type }) => type)).toContain('retry-wait');
    expect(JSON.stringify(a.events)).not.toContain('of b');
  });
});
