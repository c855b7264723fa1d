import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { settle } from '../../test/settle.js';
import { createRun, explain, inspect, sleep, stream, toMermaid } from '../core/index.js';
import { manualClock, scripted, testRun } from '../testing/index.js';
import { append, type GraphDefinition, stateGraph, stateType } from './index.js';

interface Log {
  readonly log: readonly string[];
}

const says = (word: string) => (): Partial<Log> => ({ log: [word] });

const logging = {
  state: stateType<Log>(),
  reducers: { log: append<string> },
};

describe('stateGraph', () => {
  it('walks along its edges, and resolves to the state', async () => {
    const graph = stateGraph({
      state: z.object({ n: z.number(), log: z.array(z.string()).default([]) }),
      reducers: { log: append },
      nodes: {
        double: ({ n }) => ({ n: n * 2, log: [`doubled ${n}`] }),
        shout: async ({ n }) => ({ log: [`${n}!`] }),
      },
      start: 'double',
      edges: { double: ({ n }) => (n < 20 ? 'double' : 'shout'), shout: 'end' },
    });
    const result = await graph({ n: 7 });
    expect(result).toMatchObject({
      status: 'done',
      waiting: [],
      state: { n: 28, log: ['doubled 7', 'doubled 14', '28!'] },
    });
    expect(result.checkpoint.step).toBe(3);
  });

  it('runs branches side by side, and joins them in the order of the definition', async () => {
    for (const slow of ['b', 'c']) {
      const clock = manualClock();
      const waits = (word: string) => async (_state: Log, run: Parameters<typeof sleep>[1]) => {
        await sleep(word === slow ? 20 : 10, run);
        return { log: [word] };
      };
      const graph = stateGraph({
        ...logging,
        nodes: { a: says('a'), b: waits('b'), c: waits('c'), d: says('d') },
        start: 'a',
        edges: { a: ['b', 'c'], b: 'd', c: 'd', d: 'end' },
      });
      const running = graph({ log: [] }, createRun({ clock }));
      expect((await settle(running, clock)).state.log).toEqual(['a', 'b', 'c', 'd']);
      // One after the other they take 30.
      expect(clock.now()).toBeLessThan(30);
    }
  });

  it('a join waits for branches of any length, and comes again in the next round', async () => {
    const graph = stateGraph({
      ...logging,
      nodes: { a: says('a'), long: says('long'), longer: says('longer'), short: says('short'), join: says('join') },
      start: 'a',
      edges: {
        a: ['long', 'short'],
        long: 'longer',
        longer: 'join',
        short: 'join',
        join: ({ log }) => (log.length < 10 ? 'a' : 'end'),
      },
      joins: { join: ['longer', 'short'] },
    });
    const round = ['a', 'long', 'short', 'longer', 'join'];
    expect((await graph({ log: [] })).state.log).toEqual([...round, ...round]);
  });

  it('a join that a branch does not come to does not run', async () => {
    const graph = stateGraph({
      ...logging,
      nodes: { a: says('a'), b: says('b'), c: says('c') },
      start: ['a', 'b'],
      edges: { a: 'c', b: 'end', c: 'end' },
      joins: { c: ['a', 'b'] },
    });
    expect(await graph({ log: [] })).toMatchObject({ status: 'done', state: { log: ['a', 'b'] } });
  });

  it('never runs for ever: it stops at its limit, and can go on', async () => {
    const graph = stateGraph({
      ...logging,
      nodes: { a: says('a') },
      start: 'a',
      edges: { a: 'a' },
      maxSteps: 4,
    });
    const first = await graph({ log: [] });
    expect([first.status, first.state.log.length]).toEqual(['max-steps', 4]);
    const second = await graph.resume(first.checkpoint);
    expect([second.status, second.state.log.length]).toEqual(['max-steps', 8]);
  });

  it('refuses a state that does not fit, and an edge that goes where it may not', async () => {
    const graph = stateGraph({
      state: z.object({ n: z.number() }),
      nodes: { a: ({ n }) => ({ n: n + 1 }), b: () => ({}) },
      start: 'a',
      edges: { a: { to: ['b', 'end'], choose: () => 'a' }, b: 'end' },
    });
    await expect(graph({ n: 'x' as never })).rejects.toMatchObject({
      code: 'bad-input',
      details: { issues: [expect.stringContaining('n:')] },
    });
    await expect(graph({ n: 1 })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('It may choose: b, end'),
    });
    const { checkpoint } = await stateGraph({
      state: z.object({ n: z.number() }),
      nodes: { a: () => ({}) },
      start: 'a',
      edges: { a: 'end' },
    })({ n: 1 });
    await expect(graph.resume({ ...checkpoint, state: { n: 'x' as never } })).rejects.toMatchObject({
      code: 'bad-input',
    });
    await expect(graph.resume({ ...checkpoint, next: ['gone'] })).rejects.toMatchObject({ code: 'journal-mismatch' });
    await expect(graph.resume({ ...checkpoint, next: 5 as never })).rejects.toMatchObject({ code: 'store-damaged' });
    await expect(graph.resume({ ...checkpoint, version: 2 as never })).rejects.toMatchObject({ code: 'store-newer' });
  });

  it('refuses names that are no nodes, and nodes that resolve to no fields', async () => {
    const nodes = { a: says('a') };
    const make = (wrong: object) => () =>
      stateGraph({ ...logging, nodes, start: 'a', edges: { a: 'end' }, ...wrong } as never);
    for (const wrong of [
      { start: 'x' },
      { start: [] },
      { edges: {} },
      { edges: { a: 'x' } },
      { edges: { a: 'end', x: 'a' } },
      { joins: { a: ['x'] } },
      { pauses: { x: 'before' } },
      { nodes: { end: nodes.a }, edges: { end: 'end' } },
      { maxSteps: 0 },
    ]) {
      expect(make(wrong), JSON.stringify(wrong)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    }
    const silent = stateGraph({ ...logging, nodes: { a: () => undefined as never }, start: 'a', edges: { a: 'end' } });
    await expect(silent({ log: [] })).rejects.toMatchObject({ code: 'bad-input', details: { where: 'a' } });
  });

  it('rejects with the first failure of a branch, and aborts the others', async () => {
    const seen: unknown[] = [];
    const graph = stateGraph({
      ...logging,
      nodes: {
        fails: () => Promise.reject(new Error('no')),
        waits: async (_state, run) => {
          await sleep(1_000, run).catch((reason: unknown) => seen.push(reason));
          return {};
        },
      },
      start: ['fails', 'waits'],
      edges: { fails: 'end', waits: 'end' },
    });
    await expect(graph({ log: [] })).rejects.toThrow('no');
    expect(seen).toMatchObject([{ message: 'no' }]);
  });

  it('keeps its state from nodes that would write to it, and the input of the caller as it is', async () => {
    const input = { log: [] };
    const writing = (state: Log): Partial<Log> => {
      (state as { log: readonly string[] }).log = ['changed'];
      return {};
    };
    const graph = stateGraph({ ...logging, nodes: { a: writing }, start: 'a', edges: { a: 'end' } });
    await expect(graph(input)).rejects.toThrow(TypeError);
    expect(input).toEqual({ log: [] });
  });

  it('Q24 takes `__proto__` in an update for a field like any other', async () => {
    const graph = stateGraph({
      state: stateType<Readonly<Record<string, unknown>>>(),
      nodes: { a: () => JSON.parse('{"__proto__": {"isAdmin": true}, "constructor": 1}') },
      start: 'a',
      edges: { a: 'end' },
    });
    const { state } = await graph({});
    expect(Object.keys(state)).toEqual(['__proto__', 'constructor']);
    expect(state.isAdmin).toBeUndefined();
  });

  it('Q10 rejects with the reason of an abort, and starts no further node', async () => {
    const { run, abort } = testRun();
    const started: string[] = [];
    const node = (name: string) => (): Partial<Log> => {
      started.push(name);
      if (name === 'a') abort('enough');
      return {};
    };
    const graph = stateGraph({
      ...logging,
      nodes: { a: node('a'), b: node('b') },
      start: 'a',
      edges: { a: 'b', b: 'end' },
    });
    await expect(graph({ log: [] }, run)).rejects.toBe('enough');
    expect(started).toEqual(['a']);
  });

  it('shows nodes, their updates and the states as events', async () => {
    const graph = stateGraph({
      ...logging,
      nodes: { a: says('x'), b: says('y') },
      start: 'a',
      edges: { a: 'b', b: 'end' },
    });
    const seen: unknown[] = [];
    for await (const event of stream(graph, { log: [] })) {
      if (event.type === 'step-end') seen.push([event.span.name, event.output]);
      if (event.type === 'custom') seen.push(event.data);
    }
    expect(seen.slice(0, 4)).toMatchObject([
      ['a', { log: ['x'] }],
      { step: 1, state: { log: ['x'] }, next: ['b'] },
      ['b', { log: ['y'] }],
      { step: 2, state: { log: ['x', 'y'] }, next: [] },
    ]);
  });

  it('is drawn with its edges, and explained with how often each node runs', () => {
    const model = scripted(['Hi.']);
    const graph = stateGraph({
      state: stateType<{ readonly ok: boolean }>(),
      nodes: {
        write: async (_state, run) => ({ ok: (await model({ messages: [] }, run)).text !== '' }),
        send: () => ({}),
      },
      start: 'write',
      edges: { write: { to: ['write', 'send'], choose: ({ ok }) => (ok ? 'send' : 'write') }, send: 'end' },
      maxSteps: 5,
    });
    expect(toMermaid(graph)).toBe(
      `flowchart TD
  n0["state-graph<br/>maxSteps = 5"]
  n1["write"]
  n2["send"]
  n0end(["end"])
  n0 --> n1
  n1 -.-> n1
  n1 -.-> n2
  n2 --> n0end
`,
    );
    expect(inspect(graph).children.map(({ label, maxCalls }) => [label, maxCalls])).toEqual([
      ['write', 5],
      ['send', 4],
    ]);
    expect(explain(graph).text).toContain('5 steps at most');
    const once = stateGraph({
      state: stateType<object>(),
      nodes: { ask: model as never },
      start: 'ask',
      edges: { ask: 'end' },
    });
    expect(explain(once).maxModelCalls).toBe(1);
  });

  it('gives the same state, whichever of its nodes end first', async () => {
    const graphs = fc.integer({ min: 1, max: 6 }).chain((size) => {
      const target = fc.subarray([...Array.from({ length: size }, (_, at) => `n${at}`)]);
      return fc.record({ size: fc.constant(size), targets: fc.array(target, { minLength: size, maxLength: size }) });
    });
    const walk = async (targets: readonly (readonly string[])[], delaysMs: readonly number[]): Promise<Log> => {
      const clock = manualClock();
      let calls = 0;
      const node =
        (name: string) =>
        async ({ log }: Log, run: Parameters<typeof sleep>[1]) => {
          await sleep(delaysMs[calls++ % delaysMs.length] ?? 0, run);
          return { log: [`${name} after ${log.length}`] };
        };
      const names = targets.map((_, at) => `n${at}`);
      const graph = stateGraph({
        ...logging,
        nodes: Object.fromEntries(names.map((name) => [name, node(name)])),
        start: 'n0',
        edges: Object.fromEntries(names.map((name, at) => [name, targets[at] ?? []])),
        maxSteps: 6,
      } as GraphDefinition<Log, Log, string>);
      const running = graph({ log: [] }, createRun({ clock }));
      return (await settle(running, clock)).state;
    };
    await fc.assert(
      fc.asyncProperty(graphs, fc.array(fc.nat(9), { minLength: 1, maxLength: 7 }), async ({ targets }, delaysMs) => {
        expect(await walk(targets, delaysMs)).toEqual(await walk(targets, [0]));
      }),
      { numRuns: 40 },
    );
  });

  it('Q07 leaves nothing behind: no timer, no listener', async () => {
    const { run, clock } = testRun();
    const graph = stateGraph({
      ...logging,
      nodes: { a: says('a'), b: says('b') },
      start: ['a', 'b'],
      edges: { a: 'end', b: 'end' },
    });
    for (let call = 0; call < 100; call++) await graph({ log: [] }, run);
    expect(clock.pending).toBe(0);
  });
});
