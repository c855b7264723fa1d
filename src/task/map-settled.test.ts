import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRun, PipewrightError } from '../core/index.js';
import { scripted, testRun } from '../testing/index.js';
import { mapSettled } from './map-settled.js';

describe('mapSettled', () => {
  it('keeps every item at its place, whatever fails and in whatever order they finish', async () => {
    const item = fc.record({ fails: fc.boolean(), turns: fc.nat({ max: 4 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { maxLength: 20 }),
        fc.integer({ min: 1, max: 9 }),
        async (items, concurrency) => {
          const numbered = items.map((each, at) => ({ ...each, at }));
          const step = async ({ fails, turns, at }: (typeof numbered)[number]): Promise<number> => {
            for (let turn = 0; turn < turns; turn++) await Promise.resolve();
            if (fails) throw new Error(`item ${at}`);
            return at;
          };
          const results = await mapSettled(step, { concurrency })(numbered);
          expect(results).toHaveLength(items.length);
          for (const [at, result] of results.entries()) {
            expect(result.index).toBe(at);
            expect(result.isDone).toBe(!items[at]?.fails);
            if (result.isDone) expect(result.value).toBe(at);
            else expect(result.error).toMatchObject({ message: `item ${at}` });
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('tells its progress, failures included', async () => {
    const { run, events } = testRun();
    await mapSettled((n: number) => 1 / (n || Number('x') || fail()), { concurrency: 2, label: 'letters' })(
      [1, 0, 2],
      run,
    );
    const progress = events.flatMap((event) =>
      event.type === 'progress' ? [`${event.label} ${event.done}/${event.total}`] : [],
    );
    expect(progress).toEqual(['letters 1/3', 'letters 2/3', 'letters 3/3']);
  });

  it('does as many items as the budget allows; the others fail one by one at no cost', async () => {
    const model = scripted(['ok'], { shouldRepeat: true });
    const run = createRun({ budget: { maxCalls: 3 } });
    const results = await mapSettled(model, { concurrency: 4 })(['a', 'b', 'c', 'd', 'e'], run);
    expect(results.map(({ isDone }) => isDone)).toEqual([true, true, true, false, false]);
    expect(results[4]).toMatchObject({ error: { code: 'budget-exceeded' } });
    expect(run.meter.spent.calls).toBe(3);
  });

  it('tries an item again when those that held the room are done', async () => {
    const model = scripted(['ok'], { shouldRepeat: true });
    // Each call holds its limit of output tokens and spends a few.
    const run = createRun({ budget: { maxTokens: 250 } });
    const ask = (text: string, inner: typeof run) =>
      model({ messages: [{ role: 'user', content: text }], maxOutputTokens: 100 }, inner);
    const results = await mapSettled(ask, { concurrency: 4 })(['a', 'b', 'c', 'd'], run);
    expect(results.map(({ isDone }) => isDone)).toEqual([true, true, true, true]);
  });

  it('does not pay twice for an item that ran out of budget half way', async () => {
    const model = scripted(['ok'], { shouldRepeat: true });
    const run = createRun({ budget: { maxCalls: 3 } });
    const twice = async (text: string, inner: typeof run) => {
      await model(text, inner);
      return model(text, inner);
    };
    const results = await mapSettled(twice, { concurrency: 1 })(['a', 'b', 'c'], run);
    expect(results.map(({ isDone }) => isDone)).toEqual([true, false, false]);
    expect(model.requests).toHaveLength(3);
  });

  it('refuses a concurrency below 1', () => {
    expect(() => mapSettled((n: number) => n, { concurrency: 0 })).toThrow('concurrency');
  });
});

const fail = (): never => {
  throw new PipewrightError('bad-input', 'No.');
};
