import { describe, expect, it } from 'vitest';
import { createRun, decorate, defineStep, defineStepWith, inspect, named, type RunEvent, stepInfo } from './index.js';

const gone = new Error('gone');

describe('defineStep', () => {
  it('makes a run when it is called without one', async () => {
    const ids = await Promise.all([1, 2].map(() => defineStep({ kind: 'id' }, async (_: null, run) => run.id)(null)));
    expect(new Set(ids).size).toBe(2);
    expect(ids[0]).toMatch(/^[0-9a-f]{16}$/);
  });

  it('rejects with the reason of the signal whatever the body throws or returns after an abort', async () => {
    for (const end of [() => 'late', () => Promise.reject(new TypeError('cut short'))]) {
      const control = new AbortController();
      const step = defineStep({ kind: 'deaf' }, async () => {
        control.abort(gone);
        return end();
      });
      await expect(step(null, createRun({ signal: control.signal }))).rejects.toBe(gone);
    }
  });

  it('does not start in a run that is aborted', async () => {
    let calls = 0;
    const step = defineStep({ kind: 'count' }, async () => ++calls);
    await expect(step(null, createRun({ signal: AbortSignal.abort(gone) }))).rejects.toBe(gone);
    expect(calls).toBe(0);
  });

  it('turns a synchronous throw into a rejection', async () => {
    const step = defineStep({ kind: 'broken' }, (): Promise<never> => {
      throw gone;
    });
    await expect(step(null)).rejects.toBe(gone);
  });
});

describe('decorate', () => {
  const tool = defineStepWith(
    { kind: 'tool', name: 'search' },
    {
      name: 'search',
      description: 'Finds pages.',
      get limits() {
        return { perMinute: 60 };
      },
    },
    async (query: string) => query.length,
  );

  it('keeps all properties, the name that was given as one among them', async () => {
    const decorated = decorate(tool, { kind: 'quick' }, async (input, run) => tool(input, run));
    expect({ ...decorated }).toMatchObject({ name: 'search', description: 'Finds pages.', limits: { perMinute: 60 } });
    expect(stepInfo(decorated)).toMatchObject({ kind: 'quick', name: 'quick(search)' });
    expect(await decorated('four')).toBe(4);
  });

  it('keeps properties through several layers and leaves the step itself alone', () => {
    const twice = named('outer', named('inner', tool));
    expect(twice.description).toBe('Finds pages.');
    expect(inspect(twice)).toMatchObject({
      name: 'outer',
      children: [{ name: 'inner', children: [{ name: 'search' }] }],
    });
    expect(stepInfo(tool).name).toBe('search');
  });

  it('names itself after a plain function without taking its `name` and `length`', () => {
    const shout = (text: string): string => text.toUpperCase();
    expect(decorate(shout, { kind: 'quick' }, async (text) => shout(text)).name).toBe('quick(shout)');
  });
});

describe('callStep', () => {
  it('reports start, end and failure in a span of its own, and nothing when nobody listens', async () => {
    const events: RunEvent[] = [];
    const run = createRun({ on: (event) => events.push(event) });
    const fails = defineStep({ kind: 'fails' }, () => Promise.reject(gone));
    const step = named('all', async (n: number) => n + 1);
    const { callStep } = await import('./index.js');
    expect(await callStep(step, 1, run)).toBe(2);
    await expect(callStep(fails, null, run, 'second')).rejects.toBe(gone);
    expect(events.map(({ type, span }) => [type, span.path.join('/'), span.id])).toEqual([
      ['step-start', 'all', 1],
      ['step-end', 'all', 1],
      ['step-start', 'second', 2],
      ['step-error', 'second', 2],
    ]);
    expect(events[0]).toMatchObject({ kind: 'named', input: 1 });
    expect(events[1]).toMatchObject({ output: 2 });
    expect(events[3]).toMatchObject({ error: gone });
  });
});
