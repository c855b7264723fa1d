import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualClock, testRun } from '../testing/index.js';
import { addUsage, type Budget, createMeter, createRun, noUsage, type Reservation } from './index.js';

const call: Reservation = { label: 'test:model', tokens: 100, costUsd: 0.01 };
const usage = { inputTokens: 60, outputTokens: 20 };
const meterOf = (budget: Budget) => createMeter(budget, manualClock());
const refused = (code: string, text: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(text) });

describe('createMeter', () => {
  it('counts what calls spend, an estimate marked as such', () => {
    const meter = meterOf({});
    meter.reserve(call).settle(usage, 0.002);
    meter.reserve(call).settle({ ...usage, reasoningTokens: 5, isEstimated: true }, 0.003);
    expect(meter.spent).toMatchObject({
      usage: { inputTokens: 120, outputTokens: 40, reasoningTokens: 5, isEstimated: true },
      calls: 2,
      isCostPartial: false,
    });
    expect(meter.spent.costUsd).toBeCloseTo(0.005, 12);
  });

  it('settles or releases a hold once, whatever comes later', () => {
    const meter = meterOf({ maxCalls: 1 });
    const hold = meter.reserve(call);
    hold.settle(usage, 0.01);
    hold.settle(usage, 0.01);
    hold.release();
    expect(meter.spent.calls).toBe(1);
    const other = meterOf({ maxCalls: 1 });
    const released = other.reserve(call);
    released.release();
    released.release();
    released.settle(usage, 0.01);
    expect(other.spent).toEqual({ usage: noUsage, costUsd: 0, calls: 0, isCostPartial: false });
    other.reserve(call);
    expect(() => other.reserve(call)).toThrow('budget');
  });

  it('refuses while a call is under way and admits once it turned out cheaper', () => {
    const meter = meterOf({ maxTokens: 150 });
    const hold = meter.reserve(call);
    expect(() => meter.reserve({ ...call, tokens: 51 })).toThrow(refused('budget-exceeded', /151 tokens.*150 tokens/));
    hold.settle({ inputTokens: 20, outputTokens: 10 }, undefined);
    meter.reserve({ ...call, tokens: 120 });
  });

  it.each(['maxCostUsd', 'maxTokens', 'maxCalls', 'maxMs'] as const)('refuses a %s that is no limit', (name) => {
    for (const value of [-1, Number.NaN]) {
      expect(() => meterOf({ [name]: value })).toThrow(refused('bad-option', new RegExp(`budget.${name}`)));
    }
  });

  it('knows whether tokens or money are limited, here or above', () => {
    expect(meterOf({ maxCalls: 1 }).isLimited).toBe(false);
    expect(meterOf({ maxTokens: 1 }).isLimited).toBe(true);
    expect(createMeter({}, manualClock(), meterOf({ maxCostUsd: 1 })).isLimited).toBe(true);
  });

  it('never spends more than the budget when calls stay within what they reserved', () => {
    const step = fc.record({
      tokens: fc.nat(60),
      used: fc.double({ min: 0, max: 1, noNaN: true }),
      isLate: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(300), (calls, maxTokens) => {
        const meter = meterOf({ maxTokens, maxCostUsd: maxTokens / 1_000 });
        const open: (() => void)[] = [];
        for (const { tokens, used, isLate } of calls) {
          try {
            const hold = meter.reserve({ label: 'm', tokens, costUsd: tokens / 1_000 });
            const spent = Math.floor(tokens * used);
            const settle = () => hold.settle({ inputTokens: spent, outputTokens: 0 }, spent / 1_000);
            if (isLate) open.push(settle);
            else settle();
          } catch (error) {
            expect(error).toMatchObject({ code: 'budget-exceeded' });
          }
        }
        for (const settle of open) settle();
        expect(meter.spent.usage.inputTokens).toBeLessThanOrEqual(maxTokens);
        expect(meter.spent.costUsd).toBeLessThanOrEqual(maxTokens / 1_000 + 1e-9);
      }),
    );
  });
});

describe('Q20 budgets', () => {
  it.each([
    ['calls', { maxCalls: 10 }],
    ['tokens', { maxTokens: 1_000 }],
    ['money', { maxCostUsd: 0.1 }],
  ])('Q20 of 100 parallel calls on a budget of %s for 10 exactly 10 are admitted', async (_, budget) => {
    const run = createRun({ budget });
    const one = async (): Promise<void> => {
      const hold = run.meter.reserve(call);
      await new Promise(setImmediate);
      hold.settle({ inputTokens: 60, outputTokens: 40 }, 0.01);
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, one));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'budget-exceeded', retryable: false });
    }
    expect(run.meter.spent.calls).toBe(10);
  });

  it.each([
    ['maxCalls', { maxCalls: 1 }, /it would be call 2, but the budget is 1 calls/],
    ['maxTokens', { maxTokens: 150 }, /up to 180 tokens would have been spent, but the budget is 150 tokens/],
    ['maxCostUsd', { maxCostUsd: 0.012 }, /up to 0.012500 USD would have been spent, but the budget is 0.012 USD/],
  ])('Q20 %s trips and says who was not called and why', (_, budget, text) => {
    const meter = meterOf(budget);
    meter.reserve(call).settle(usage, 0.0025);
    expect(() => meter.reserve(call)).toThrow(refused('budget-exceeded', text));
    expect(() => meter.reserve(call)).toThrow('test:model was not called');
  });

  it('Q20 maxMs trips by the clock of the run', async () => {
    const { run, clock } = testRun({ budget: { maxMs: 1_000 } });
    await clock.advance(999);
    run.meter.reserve(call).release();
    await clock.advance(1);
    expect(() => run.meter.reserve(call)).toThrow(refused('budget-exceeded', /1000 ms have passed.*1000 ms/));
  });

  it('Q20 an unknown price is refused where money is limited, also above', () => {
    const unpriced = { ...call, costUsd: undefined };
    const above = createRun({ budget: { maxCostUsd: 1 } });
    for (const run of [above, above.child('inner'), above.with({ budget: { maxCalls: 5 } })]) {
      expect(() => run.meter.reserve(unpriced)).toThrow(refused('price-unknown', /price of this model is not known/));
    }
    expect(meterOf({ maxTokens: 100 }).reserve(unpriced)).toBeDefined();
  });

  it('Q20 a call whose price turned out unknown stops all later ones where money is limited', () => {
    const meter = meterOf({ maxCostUsd: 1 });
    meter.reserve(call).settle(usage, undefined);
    expect(() => meter.reserve(call)).toThrow(refused('price-unknown', /price of an earlier call/));
    expect(meter.spent.isCostPartial).toBe(true);
  });

  it('Q20 a budget inside a run limits the part, and the part counts in the whole', () => {
    const outer = createRun({ budget: { maxCalls: 3 } });
    const part = outer.with({ budget: { maxCalls: 2 } });
    const deeper = part.child('deeper');
    part.meter.reserve(call).settle(usage, 0.01);
    deeper.meter.reserve(call).settle(usage, 0.01);
    expect(() => deeper.meter.reserve(call)).toThrow('2 calls');
    outer.meter.reserve(call);
    const fresh = outer.child('fresh', { budget: { maxCalls: 9 } });
    expect(() => fresh.meter.reserve(call)).toThrow('3 calls');
    expect(fresh.meter.spent.calls).toBe(0);
    expect(outer.meter.spent).toMatchObject({ calls: 2, usage: addUsage(usage, usage) });
  });

  it('Q20 a refusal above leaves nothing held below', () => {
    const outer = createRun({ budget: { maxTokens: 100 } });
    const hold = outer.meter.reserve(call);
    const inner = outer.with({ budget: { maxTokens: 100 } });
    expect(() => inner.meter.reserve(call)).toThrow('budget');
    hold.release();
    inner.meter.reserve(call).release();
    outer.meter.reserve(call);
  });

  it('Q20 sums of money are not refused for their rounding', () => {
    const meter = meterOf({ maxCostUsd: 0.3 });
    for (let index = 0; index < 3; index++) meter.reserve({ ...call, costUsd: 0.1 });
    expect(() => meter.reserve({ ...call, costUsd: 0.000001 })).toThrow('budget');
  });

  it('tells what the limits here and above leave, calls under way taken off', () => {
    const outer = createRun({ budget: { maxCostUsd: 1 } });
    const inner = outer.with({ budget: { maxTokens: 1_000, maxCostUsd: 5 } });
    expect(createRun().meter.remaining).toEqual({ tokens: Infinity, costUsd: Infinity });
    const hold = inner.meter.reserve({ label: 'm', tokens: 600, costUsd: 0.75 });
    expect(inner.meter.remaining).toEqual({ tokens: 400, costUsd: 0.25 });
    hold.settle({ inputTokens: 100, outputTokens: 50 }, 0.5);
    expect(inner.meter.remaining).toEqual({ tokens: 850, costUsd: 0.5 });
    expect(outer.meter.remaining).toEqual({ tokens: Infinity, costUsd: 0.5 });
  });

  it('adds up what is on the bill, by tokens where a call has no units of its own', () => {
    const plain = { inputTokens: 5, outputTokens: 2 };
    const searched = { inputTokens: 90, outputTokens: 0, billed: { inputTokens: 0, outputTokens: 0, searchUnits: 1 } };
    expect(addUsage(plain, plain).billed).toBeUndefined();
    expect(addUsage(plain, searched)).toMatchObject({
      inputTokens: 95,
      billed: { inputTokens: 5, outputTokens: 2, searchUnits: 1 },
    });
  });
});
