import { describe, expect, it } from 'vitest';
import { createRun, defineStep, parallel, PipewrightError, type Run, sleep, type Store } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { scripted, testRun } from '../testing/index.js';
import { budget, type BudgetPool, budgetPool, fallback, retry, timeout } from './index.js';

/** A model call that holds 100 tokens and 0.01 USD, and takes a part of that. */
const spender = (tokens = 40, costUsd: number | 'unknown' = 0.004, ms = 0) =>
  defineStep<string, string>({ kind: 'model', name: 'm' }, async (text, run) => {
    const hold = run.meter.reserve({ label: 'm', tokens: 100, costUsd: 0.01 });
    try {
      if (ms > 0) await sleep(ms, run);
      else await Promise.resolve();
      return text;
    } finally {
      hold.settle({ inputTokens: tokens, outputTokens: 0 }, costUsd === 'unknown' ? undefined : costUsd);
    }
  });
const twice = (step: (text: string, run: Run) => Promise<string>) => async (text: string, run: Run) =>
  step(await step(text, run), run);
const clean = (amount: { readonly costUsd: number }) => ({ ...amount, costUsd: Number(amount.costUsd.toFixed(9)) });

describe('budget', () => {
  it.each([
    ['maxCalls', { maxCalls: 1 }, { limit: 'maxCalls', allowed: 1, wouldBe: 2 }],
    ['maxTokens', { maxTokens: 120 }, { limit: 'maxTokens', allowed: 120, wouldBe: 140 }],
    ['maxCostUsd', { maxCostUsd: 0.012 }, { limit: 'maxCostUsd', allowed: 0.012, wouldBe: 0.014 }],
  ] as const)(
    'Q20 %s trips within one call of the step, and names what would have been spent',
    async (_, limits, breach) => {
      const step = budget(twice(spender()), limits);
      await expect(step('a')).rejects.toMatchObject({
        code: 'budget-exceeded',
        retryable: false,
        details: { budget: breach },
      });
      expect(await budget(spender(), limits)('a')).toBe('a');
    },
  );

  it('Q20 maxMs trips from the start of the call, by the clock of the run', async () => {
    const { run, clock } = testRun();
    await clock.advance(5_000);
    const slow = budget(twice(spender(1, 0, 100)), { maxMs: 100 });
    const call = slow('a', run);
    const failed = expect(call).rejects.toMatchObject({
      details: { budget: { limit: 'maxMs', allowed: 100, wouldBe: 100 } },
    });
    await clock.advance(100);
    await failed;
  });

  it('Q20 refuses a call of unknown price where money is limited', async () => {
    const model = scripted(['Hello'], { price: undefined as never });
    const unpriced = defineStep<string, string>({ kind: 'model' }, async (text, run) => {
      run.meter.reserve({ label: 'm', tokens: 1, costUsd: undefined });
      return text;
    });
    await expect(budget(unpriced, { maxCostUsd: 1 })('a')).rejects.toMatchObject({ code: 'price-unknown' });
    expect(await budget(unpriced, { maxTokens: 10 })('a')).toBe('a');
    expect((await budget(model, { maxCostUsd: 1 })('a')).text).toBe('Hello');
  });

  it('counts each call of the step anew, and all of them in the run', async () => {
    const step = budget(spender(), { maxCalls: 1, maxTokens: 100 });
    const run = createRun();
    for (let count = 0; count < 3; count++) await step('a', run);
    expect(run.meter.spent).toMatchObject({ calls: 3, usage: { inputTokens: 120 } });
  });

  it('keeps to the budget of the run around it', async () => {
    const run = createRun({ budget: { maxCalls: 1 } });
    const step = budget(spender(), { maxCalls: 5 });
    await step('a', run);
    await expect(step('a', run)).rejects.toThrow('1 calls');
  });

  it('Q20 counts retries and fallbacks inside, and stops them', async () => {
    let calls = 0;
    const broken = defineStep<string, string>({ kind: 'model' }, async (_, run) => {
      run.meter.reserve({ label: 'm', tokens: 100, costUsd: 0 }).settle({ inputTokens: 40, outputTokens: 0 }, 0);
      calls += 1;
      throw new PipewrightError('model-overloaded', 'Busy.', { retryable: true });
    });
    const step = budget(retry(fallback(broken, broken), { maxAttempts: 9, initialDelayMs: 0 }), { maxCalls: 3 });
    await expect(step('a')).rejects.toMatchObject({ code: 'budget-exceeded' });
    expect(calls).toBe(3);
  });

  it('refuses to be made without a limit, with a bad one, or with a pool whose limits it does not hold', () => {
    const bad = expect.objectContaining({ code: 'bad-option' });
    expect(() => budget(spender(), {})).toThrow(bad);
    expect(() => budget(spender(), { maxTokens: -1 })).toThrow(bad);
    expect(() => budget(spender(), { pool: budgetPool({ maxCostUsd: 1 }) })).toThrow(bad);
    expect(() => budgetPool({})).toThrow(bad);
    expect(() => budgetPool({ maxCalls: Number.NaN })).toThrow(bad);
    expect(() => budgetPool({ maxCalls: 1, perMs: 0 })).toThrow(bad);
  });
});

describe.each([
  ['memory', () => ({})],
  ['a store', () => ({ store: memoryStore() })],
])('a budget pool in %s', (_, place) => {
  const poolOf = (pool: BudgetPool, step = spender()) =>
    budget(step, { maxCostUsd: 0.01, maxTokens: 100, maxCalls: 1, pool });

  it('holds the limits of a call before it starts and puts back what it did not need', async () => {
    const pool = budgetPool({ ...place(), maxCostUsd: 0.05, maxTokens: 500, maxCalls: 5 });
    const { run, clock } = testRun();
    const call = poolOf(pool, spender(40, 0.004, 10))('a', run);
    await clock.advance(0);
    expect(await pool.taken('', run)).toEqual({ costUsd: 0.01, tokens: 100, calls: 1 });
    await clock.advance(10);
    await call;
    expect(clean(await pool.taken('', run))).toEqual({ costUsd: 0.004, tokens: 40, calls: 1 });
  });

  it.each([
    ['calls', { maxCalls: 10 }],
    ['tokens', { maxTokens: 1_000 }],
    ['money', { maxCostUsd: 0.1 }],
  ])('Q20 of 100 parallel calls on a pool of %s for 10 exactly 10 are admitted', async (_limit, limits) => {
    const step = poolOf(budgetPool({ ...place(), ...limits }), spender(100, 0.01));
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => step('a')));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({
          code: 'budget-exceeded',
          details: { budget: { limit: Object.keys(limits)[0] } },
        });
    }
  });

  it('fills up again with the next window, and says when that is', async () => {
    const { run, clock } = testRun({ nowMs: 10_000 });
    const step = poolOf(budgetPool({ ...place(), maxCalls: 1, perMs: 60_000 }));
    await step('a', run);
    await expect(step('a', run)).rejects.toMatchObject({
      details: { retryAfterMs: 50_000, budget: { allowed: 1, wouldBe: 2 } },
    });
    await clock.advance(50_000);
    expect(await step('a', run)).toBe('a');
  });

  it('counts for each key by itself', async () => {
    const pool = budgetPool({ ...place(), maxCalls: 1 });
    const step = budget(spender(), { maxCalls: 1, pool, poolKey: (text) => text });
    await step('ann');
    await step('bob');
    await expect(step('ann')).rejects.toMatchObject({ code: 'budget-exceeded' });
    expect([(await pool.taken('ann')).calls, (await pool.taken('eve')).calls]).toEqual([1, 0]);
  });

  it('Q19 takes what an aborted or timed-out call has spent, and puts back the rest', async () => {
    const pool = budgetPool({ ...place(), maxTokens: 1_000 });
    const { run, clock, abort } = testRun();
    const slow = poolOf(pool, timeout(spender(30, 0.003, 100), { totalMs: 50 }));
    const late = expect(slow('a', run)).rejects.toMatchObject({ code: 'timeout' });
    await clock.advance(50);
    await late;
    expect((await pool.taken('', run)).tokens).toBe(30);
    const left = slow('a', run);
    await clock.advance(1);
    abort('gone');
    await expect(left).rejects.toBe('gone');
    expect((await pool.taken('', run)).tokens).toBe(60);
  });

  it('Q19 waits a moment for a call that settles after whoever cut it off has gone on', async () => {
    const pool = budgetPool({ ...place(), maxTokens: 1_000 });
    const late = async (text: string, run: Run) => {
      const hold = run.meter.reserve({ label: 'm', tokens: 100, costUsd: 0 });
      await sleep(Infinity, run).catch(() => undefined);
      for (let turns = 0; turns < 20; turns++) await Promise.resolve();
      hold.settle({ inputTokens: 30, outputTokens: 0 }, 0);
      return text;
    };
    const { run, clock } = testRun();
    const call = expect(poolOf(pool, timeout(late as never, { totalMs: 50 }))('a', run)).rejects.toThrow('50 ms');
    await clock.advance(50);
    await call;
    expect((await pool.taken('', run)).tokens).toBe(30);
  });

  it('keeps all that was held where a price turned out unknown, and counts what went over', async () => {
    const pool = budgetPool({ ...place(), maxCostUsd: 1, maxTokens: 1_000 });
    await poolOf(pool, spender(150, 'unknown'))('a');
    expect(clean(await pool.taken())).toEqual({ costUsd: 0.01, tokens: 150, calls: 1 });
  });
});

describe('a budget pool in a store', () => {
  const limits = { maxCalls: 1 } as const;

  it('is shared by the processes that use the store, and ends with its time', async () => {
    const { run, clock } = testRun();
    const store = memoryStore({ clock });
    const poolIn = (name?: string) =>
      budgetPool({ maxCalls: 1, perMs: 1_000, store, ...(name === undefined ? {} : { name }) });
    await budget(spender(), { ...limits, pool: poolIn() })('a', run);
    await expect(budget(spender(), { ...limits, pool: poolIn() })('a', run)).rejects.toMatchObject({
      code: 'budget-exceeded',
    });
    await budget(spender(), { ...limits, pool: poolIn('other') })('a', run);
    await clock.advance(2_000);
    let left = 0;
    for await (const _entry of store.range({})) left += 1;
    expect(left).toBe(0);
  });

  it('Q20 refuses when the store fails or hangs', async () => {
    const failing: Store = {
      ...memoryStore(),
      get: () => Promise.reject(new Error('no route to redis://u:hunter22@host')),
    };
    const hanging: Store = { ...memoryStore(), get: () => new Promise(() => undefined) };
    const { run, clock } = testRun();
    const failed = budget(spender(), { ...limits, pool: budgetPool({ maxCalls: 1, store: failing }) })('a', run);
    await expect(failed).rejects.toMatchObject({
      code: 'connection-lost',
      retryable: true,
      message: expect.not.stringContaining('hunter22'),
    });
    const stuck = budget(spender(), { ...limits, pool: budgetPool({ maxCalls: 1, store: hanging }) })('a', run);
    const refused = expect(stuck).rejects.toMatchObject({ code: 'timeout' });
    await clock.advance(1_000);
    await refused;
    expect(run.meter.spent.calls).toBe(0);
  });

  it('warns when it cannot put back, and hands out the answer all the same', async () => {
    let sets = 0;
    const inner = memoryStore();
    const store: Store = {
      ...inner,
      compareAndSet: (...args) => {
        sets += 1;
        return sets === 1 ? inner.compareAndSet(...args) : Promise.reject(new Error('down'));
      },
    };
    const { run, events } = testRun();
    expect(await budget(spender(), { ...limits, pool: budgetPool({ maxCalls: 5, store }) })('a', run)).toBe('a');
    expect(events.at(-1)).toMatchObject({ type: 'warning', message: expect.stringContaining('down') });
  });

  it('loses nothing when two processes take at the same time', async () => {
    const store = memoryStore();
    const pools = [1, 2, 3].map(() => budgetPool({ maxCalls: 1_000, store }));
    await parallel(
      Object.fromEntries(
        pools.map((pool, index) => [
          index,
          async () => {
            for (let count = 0; count < 20; count++) await budget(spender(), { ...limits, pool })('a');
          },
        ]),
      ),
    )('go');
    expect((await pools[0]?.taken())?.calls).toBe(60);
  });
});
