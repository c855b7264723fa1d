import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRun, type ErrorCode, PipewrightError, sleep } from '../core/index.js';
import { scripted, testRun } from '../testing/index.js';
import { reliableTool, tool, toolbox, toolMetrics, type ToolTraits } from './index.js';

/** A tool that answers with its name, or fails as its plan says. */
const source = (name: string, plan: readonly ('ok' | ErrorCode)[] = [], traits: ToolTraits = { isReadOnly: true }) => {
  const left = [...plan];
  return tool({
    name,
    description: `Asks ${name}.`,
    input: z.object({ q: z.string() }),
    ...traits,
    run: ({ q }) => {
      const next = left.shift() ?? 'ok';
      if (next !== 'ok') throw new PipewrightError(next, `${name} is down.`);
      return q === 'nothing' ? '' : name;
    },
  });
};

describe('toolMetrics', () => {
  it('tells success, latency and cost of each tool', async () => {
    const { run, clock } = testRun();
    const metrics = toolMetrics();
    const model = scripted(['Hi'], { price: { input: 1, output: 1_000_000 }, shouldRepeat: true });
    const asking = tool({
      name: 'ask',
      description: '',
      input: z.object({ ms: z.number() }),
      run: async ({ ms }, run) => {
        await clock.advance(ms);
        if (ms === 13) throw new Error('sk-proj-abcdefghijklmnop1234 is wrong');
        return (await model('Hello', run)).text;
      },
    });
    const measured = metrics.measure(asking);
    expect(measured.definition).toBe(asking.definition);
    const box = toolbox([measured, metrics.measure(source('idle'))]);
    for (const input of [{ ms: 10 }, { ms: 30 }, { ms: 13 }, { ms: 'soon' }]) {
      await box([{ type: 'tool-call', id: '1', name: 'ask', input }], run);
    }
    expect(metrics.of('ask')).toMatchObject({
      tool: 'ask',
      calls: 3,
      successRatio: 2 / 3,
      latencyP50Ms: 10,
      latencyP95Ms: 30,
      refusedCalls: 1,
      lastError: { code: 'unknown' },
    });
    expect(metrics.of('ask')?.costPerCallUsd).toBeGreaterThan(0.9);
    expect(JSON.stringify(metrics.all())).not.toContain('abcdefghijklmnop');
    expect(metrics.all().map(({ tool: name, calls }) => [name, calls])).toEqual([
      ['ask', 3],
      ['idle', 0],
    ]);
    expect(metrics.of('other')).toBeUndefined();
  });

  it('Q27 holds the last calls alone', async () => {
    const metrics = toolMetrics({ maxCalls: 4 });
    const measured = metrics.measure(source('a', ['timeout', 'timeout', 'timeout']));
    for (let at = 0; at < 10; at++)
      await toolbox([measured])([{ type: 'tool-call', id: '1', name: 'a', input: { q: '' } }]);
    expect(metrics.of('a')).toMatchObject({ calls: 4, successRatio: 1 });
  });
});

describe('reliableTool', () => {
  it('goes on to the next where one fails, and asks the reliable one first from then on', async () => {
    const metrics = toolMetrics();
    const one = source('one', ['connection-lost', 'connection-lost']);
    const search = reliableTool([one, source('two')], { metrics });
    const chosen: string[] = [];
    const run = createRun({ on: (event) => event.type === 'choice-made' && chosen.push(event.chosen) });
    expect([await search({ q: 'x' }, run), await search({ q: 'x' }, run)]).toEqual(['two', 'two']);
    expect(chosen).toEqual(['two']);
    expect(metrics.of('one')).toMatchObject({ calls: 1, successRatio: 0 });
    expect([search.name, search.description]).toEqual(['one', 'Asks one.']);
  });

  it('tries the first again when its failures are long ago', async () => {
    const search = reliableTool([source('one', ['timeout']), source('two')], { recentMs: 1_000 });
    const { run, clock } = testRun();
    expect(await search({ q: 'x' }, run)).toBe('two');
    await clock.advance(1_001);
    expect(await search({ q: 'x' }, run)).toBe('one');
  });

  it('asks the next where an output is of no use, and falls back on it for want of a better', async () => {
    const search = reliableTool([source('one'), source('two', ['timeout'])], { isUseful: (text) => text !== '' });
    expect(await search({ q: 'nothing' })).toBe('');
    expect(await search({ q: 'x' })).toBe('one');
  });

  it('does nothing a second time that may have been half done', async () => {
    const changing = { isReadOnly: false };
    const pay = reliableTool([source('one', ['timeout'], changing), source('two', [], changing)]);
    await expect(pay({ q: 'x' })).rejects.toMatchObject({ code: 'timeout' });
    const refused = reliableTool([source('one', ['not-allowed'], changing), source('two', [], changing)]);
    expect(await refused({ q: 'x' })).toBe('two');
  });

  it('fails with all failures when every tool fails', async () => {
    const search = reliableTool([source('one', ['timeout']), source('two', ['rate-limited'])]);
    await expect(search({ q: 'x' })).rejects.toThrow(/one is down.*two is down/su);
  });

  it('gives each tool its own time', async () => {
    const { run, clock } = testRun();
    const slow = tool({
      name: 'slow',
      description: '',
      input: z.object({ q: z.string() }),
      isReadOnly: true,
      timeoutMs: 50,
      run: async (_, run) => {
        await sleep(500, run);
        return 'late';
      },
    });
    const search = reliableTool([slow, source('two')]);
    const answer = search({ q: 'x' }, run);
    await clock.advance(60);
    expect(await answer).toBe('two');
    expect(search.timeoutMs).toBe(60_050);
  });

  it('has the traits of all that it may ask', () => {
    const mixed = reliableTool([source('one'), source('two', [], { isOutward: true, isUntrusted: true })]);
    expect([mixed.isReadOnly, mixed.isOutward, mixed.isUntrusted]).toEqual([false, true, true]);
  });

  it('refuses two tools of one name', () => {
    expect(() => reliableTool([source('one'), source('one')])).toThrow('Two of the tools have one name');
  });
});
