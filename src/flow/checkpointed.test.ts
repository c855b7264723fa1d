import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { dyingStore } from '../../test/dying-store.js';
import { allOf } from '../../test/settle.js';
import { createRun, map, type Run, type Store } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { testRun } from '../testing/index.js';
import {
  answerIn,
  append,
  checkpointed,
  type CheckpointedGraph,
  type GraphDefinition,
  idempotencyKey,
  nested,
  once,
  pause,
  stateGraph,
  stateType,
} from './index.js';

interface Order {
  readonly eur: number;
  readonly log: readonly string[];
}

const decision = z.object({ isApproved: z.boolean() });

/** An order that a person must approve of, with effects that are counted. */
const orders = (store: Store, effects: string[] = [], maxCheckpoints?: number) => {
  const graph = stateGraph({
    state: z.object({ eur: z.number(), log: z.array(z.string()).default([]) }),
    reducers: { log: append },
    nodes: {
      reserve: () => {
        effects.push('reserve');
        return { log: ['reserved'] };
      },
      check: async (_state, run) => {
        const text = await once('score', async () => {
          effects.push('score');
          return 'scored';
        })(undefined, run);
        return { log: [text] };
      },
      approve: async ({ eur }, run) => {
        const answer = await answerIn(run, decision);
        if (answer === undefined) return pause({ text: `Pay ${eur} EUR?` });
        effects.push('approve');
        return { log: [answer.isApproved ? 'approved' : 'refused'] };
      },
      pay: () => {
        effects.push('pay');
        return { log: ['paid'] };
      },
    },
    start: 'reserve',
    edges: {
      reserve: ['check', 'approve'],
      check: 'end',
      approve: ({ log }) => (log.includes('approved') ? 'pay' : 'end'),
      pay: 'end',
    },
  });
  const options = { name: 'orders', store, ...(maxCheckpoints === undefined ? {} : { maxCheckpoints }) };
  return checkpointed(graph, options);
};

const done = ['reserved', 'scored', 'approved', 'paid'];

describe('checkpointed', () => {
  it('pauses for a person, and goes on with the answer in another process', async () => {
    const store = memoryStore();
    const effects: string[] = [];
    const paused = await orders(store, effects).start('a', { eur: 5 });
    expect(paused).toMatchObject({
      status: 'paused',
      waiting: [{ node: 'approve', when: 'inside', question: { text: 'Pay 5 EUR?' } }],
      state: { log: ['reserved'] },
    });
    const elsewhere = orders(store, effects);
    expect((await elsewhere.resume('a')).status).toBe('paused');
    expect(await allOf(elsewhere.threads())).toEqual([{ id: 'a', status: 'paused' }]);
    const result = await elsewhere.resume('a', { approve: { isApproved: true } });
    expect(result).toMatchObject({ status: 'done', waiting: [], state: { eur: 5, log: done } });
    expect(effects).toEqual(['reserve', 'score', 'approve', 'pay']);
    expect((await elsewhere.resume('a')).state).toEqual(result.state);
    expect(effects).toHaveLength(4);
  });

  it('refuses an answer that nobody asked for, and takes another one where the first does not fit', async () => {
    const all = orders(memoryStore());
    await all.start('a', { eur: 5 });
    await expect(all.resume('a', { pay: true })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('What waits: `approve`'),
    });
    await expect(all.resume('a', { approve: 'yes' })).rejects.toMatchObject({ code: 'bad-input' });
    expect((await all.resume('a', { approve: { isApproved: false } })).state.log).toEqual([
      'reserved',
      'scored',
      'refused',
    ]);
  });

  it.each(['before', 'after'] as const)(
    'Q25 goes on after a crash %s every write, and finished nodes do not run again',
    async (when) => {
      const attempt = async (all: CheckpointedGraph<{ eur: number }, Order, string>): Promise<Order> => {
        const there = await all.get('a');
        const first = there === undefined ? await all.start('a', { eur: 5 }) : await all.resume('a');
        if (first.waiting.length === 0) return first.state;
        return (await all.resume('a', { approve: { isApproved: true } })).state;
      };
      const { store: counting, count } = dyingStore(memoryStore(), Infinity, when);
      await attempt(orders(counting) as never);
      expect(count()).toBe(8);
      for (let dies = 1; dies <= count(); dies++) {
        const kept = memoryStore();
        const effects: string[] = [];
        const { store } = dyingStore(kept, dies, when);
        await expect(attempt(orders(store, effects) as never)).rejects.toThrow('died');
        expect(await attempt(orders(kept, effects) as never)).toEqual({ eur: 5, log: done });
        // At most what was under way at the write is done twice: one node, and after the write none.
        expect(effects.length, `write ${dies}`).toBeLessThanOrEqual(when === 'after' ? 4 : 5);
        expect(new Set(effects)).toEqual(new Set(['reserve', 'score', 'approve', 'pay']));
        const parts = await allOf(kept.range({ from: 'orders/part/', to: 'orders/part0' }));
        expect(parts).toEqual([]);
      }
    },
  );

  it('resumes at the node that failed; branches that had finished do not run again', async () => {
    const store = memoryStore();
    const calls: string[] = [];
    let isBroken = true;
    const graph = stateGraph({
      state: stateType<{ readonly log: readonly string[] }>(),
      reducers: { log: append<string> },
      nodes: {
        good: () => {
          calls.push('good');
          return { log: ['good'] };
        },
        // After the good one, whose result is kept by then.
        bad: async (_state, run) => {
          calls.push('bad');
          await store.get('x');
          await run.clock.now();
          for (let turn = 0; turn < 20; turn++) await undefined;
          if (isBroken) throw new Error('no');
          return { log: ['bad'] };
        },
      },
      start: ['good', 'bad'],
      edges: { good: 'end', bad: 'end' },
    });
    const all = checkpointed(graph, { name: 'g', store });
    await expect(all.start('a', { log: [] })).rejects.toThrow('no');
    isBroken = false;
    expect((await all.resume('a')).state.log).toEqual(['good', 'bad']);
    expect(calls).toEqual(['good', 'bad', 'bad']);
  });

  it('keeps what is marked inside a node, also over a pause, with the same key for services', async () => {
    const store = memoryStore();
    const paid: string[] = [];
    const keys = new Set<string | undefined>();
    let isBroken = true;
    const graph = stateGraph({
      state: stateType<{ readonly texts: readonly string[] }>(),
      nodes: {
        research: async (_state, run) => {
          const find = once('find', async (topic: string, inner: Run) => {
            paid.push(topic);
            keys.add(inner.get(idempotencyKey));
            return `${topic}!`;
          });
          const texts = await map(find)(['a', 'b'], run);
          if ((await answerIn(run, z.string())) === undefined) return pause(texts);
          const more = await find('c', run);
          if (isBroken) throw new Error('no');
          return { texts: [...texts, more] };
        },
      },
      start: 'research',
      edges: { research: 'end' },
    });
    const all = checkpointed(graph, { name: 'g', store });
    expect((await all.start('a', { texts: [] })).waiting[0]?.question).toEqual(['a!', 'b!']);
    await expect(all.resume('a', { research: 'go on' })).rejects.toThrow('no');
    isBroken = false;
    // The answer was kept: nobody is asked twice.
    expect((await all.resume('a')).state.texts).toEqual(['a!', 'b!', 'c!']);
    expect([paid, keys.size]).toEqual([['a', 'b', 'c'], 3]);
  });

  it('tells two processes apart that go on with one thread: one gets no further', async () => {
    const store = memoryStore();
    const all = orders(store);
    await all.start('a', { eur: 5 });
    const both = await Promise.allSettled(
      [true, false].map((isApproved) => orders(store).resume('a', { approve: { isApproved } })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'store-locked', retryable: true },
    });
  });

  it('refuses to begin a thread twice, and to go on with none', async () => {
    const all = orders(memoryStore());
    await all.start('a', { eur: 5 });
    await expect(all.start('a', { eur: 5 })).rejects.toMatchObject({ code: 'duplicate-id' });
    await expect(all.resume('b')).rejects.toMatchObject({ code: 'not-found' });
    expect(await all.get('b')).toBeUndefined();
    await expect(all.fork('b', { to: 'c' })).rejects.toMatchObject({ code: 'not-found' });
    await expect(all.fork('a', { to: 'a' })).rejects.toMatchObject({ code: 'duplicate-id' });
    await expect(all.fork('a', { to: 'c', next: ['gone'] as never })).rejects.toMatchObject({ code: 'bad-option' });
  });

  it('travels in time: lists checkpoints, reads one, and forks from it with another state', async () => {
    const store = memoryStore();
    const all = orders(store);
    const { run } = testRun({ nowMs: 7 });
    await all.start('a', { eur: 5 }, run);
    await all.resume('a', { approve: { isApproved: false } }, run);
    const history = await allOf(all.history('a'));
    expect(history.map(({ seq, status, next }) => [seq, status, next])).toEqual([
      [4, 'done', []],
      [3, 'running', ['check', 'approve']],
      [2, 'paused', ['check', 'approve']],
      [1, 'running', ['check', 'approve']],
      [0, 'running', ['reserve']],
    ]);
    expect(await all.get('a', 2)).toMatchObject({
      atMs: 7,
      state: { log: ['reserved'] },
      waiting: [{ node: 'approve' }],
    });
    expect((await all.fork('a', { to: 'b', seq: 2 })).waiting).toHaveLength(1);
    expect((await all.resume('b', { approve: { isApproved: true } })).state.log).toEqual(done);
    const forked = await all.fork('a', { to: 'c', seq: 2, state: { eur: 9 } });
    expect([forked.state.eur, forked.waiting]).toEqual([9, []]);
    expect((await all.resume('c')).waiting[0]?.question).toEqual({ text: 'Pay 9 EUR?' });
    await all.fork('a', { to: 'd', next: ['pay'] });
    expect((await all.resume('d')).state.log.at(-1)).toBe('paid');
    expect((await all.get('a'))?.state.log).toEqual(['reserved', 'scored', 'refused']);
    await expect(all.fork('a', { to: 'e', state: { eur: 'x' as never } })).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('Q27 keeps a bounded history, and a deleted thread leaves nothing', async () => {
    const store = memoryStore();
    const graph = stateGraph({
      state: stateType<{ readonly n: number }>(),
      nodes: { a: ({ n }) => ({ n: n + 1 }) },
      start: 'a',
      edges: { a: ({ n }) => (n < 20 ? 'a' : 'end') },
    });
    const all = checkpointed(graph, { name: 'g/1', store, maxCheckpoints: 3 });
    await all.start('x/y', { n: 0 });
    await all.start('x', { n: 15 });
    expect((await allOf(all.history('x/y'))).map(({ state }) => state.n)).toEqual([20, 19, 18]);
    // A lower limit takes effect with the next step.
    await all.fork('x/y', { to: 'z', state: { n: 0 }, next: ['a'] });
    await all.delete('x/y');
    await all.delete('z');
    expect((await allOf(all.history('x'))).length).toBe(3);
    await all.delete('x');
    expect(await allOf(store.range({}))).toEqual([]);
  });

  it('says so when a checkpoint is damaged, of a later release, or its state no longer fits', async () => {
    const store = memoryStore();
    const all = orders(store);
    await all.start('a', { eur: 5 });
    const bytesOf = (text: string) => new TextEncoder().encode(text);
    for (const prefix of ['orders/head/', 'orders/point/']) {
      const entries = await allOf(store.range({ from: prefix, to: `${prefix.slice(0, -1)}0` }));
      const [key = '', value = bytesOf('')] = entries.at(-1) ?? [];
      for (const [text, code] of [
        ['{"version": 9}', 'store-newer'],
        ['{"version": 1}', 'store-damaged'],
        ['{', 'store-damaged'],
      ]) {
        await store.write([{ type: 'put', key, value: bytesOf(text ?? '') }]);
        await expect(all.resume('a')).rejects.toMatchObject({ code, details: { where: key } });
      }
      const old = new TextDecoder().decode(value).replace('"eur":5', '"eur":"five"');
      await store.write([{ type: 'put', key, value: bytesOf(old) }]);
    }
    await expect(all.resume('a')).rejects.toMatchObject({
      code: 'bad-input',
      details: { issues: [expect.stringContaining('eur')] },
    });
  });

  it('refuses a state that is no plain data', async () => {
    const graph = stateGraph({
      state: stateType<{ readonly at?: unknown }>(),
      nodes: { a: () => ({ at: () => 1 }) },
      start: 'a',
      edges: { a: 'end' },
    });
    await expect(checkpointed(graph, { name: 'g', store: memoryStore() }).start('a', {})).rejects.toMatchObject({
      code: 'bad-input',
    });
  });

  it('pauses before and after nodes, and goes on with any answer', async () => {
    const graph = stateGraph({
      state: stateType<{ readonly log: readonly string[] }>(),
      reducers: { log: append<string> },
      nodes: { a: () => ({ log: ['a'] }), b: () => ({ log: ['b'] }) },
      start: 'a',
      edges: { a: 'b', b: 'end' },
      pauses: { a: 'before', b: 'after' },
    });
    const all = checkpointed(graph, { name: 'g', store: memoryStore() });
    const first = await all.start('x', { log: [] });
    expect([first.status, first.waiting, first.state.log]).toEqual(['paused', [{ node: 'a', when: 'before' }], []]);
    const second = await all.resume('x', { a: true });
    expect([second.status, second.waiting, second.state.log]).toEqual([
      'paused',
      [{ node: 'b', when: 'after' }],
      ['a', 'b'],
    ]);
    expect((await all.resume('x')).status).toBe('paused');
    expect((await all.resume('x', { b: true })).status).toBe('done');
  });

  it('a graph is a node of another: it pauses with it, and its finished nodes are kept with it', async () => {
    const store = memoryStore();
    const calls: string[] = [];
    let isBroken = true;
    const inner = stateGraph({
      state: stateType<{ readonly text: string; readonly isOk: boolean }>(),
      nodes: {
        write: ({ text }) => {
          calls.push('write');
          return { text: `${text}.` };
        },
        ask: async ({ text }, run) => {
          const isOk = await answerIn(run, z.boolean());
          return isOk === undefined ? pause(text) : { isOk };
        },
        close: () => {
          if (isBroken) throw new Error('no');
          return {};
        },
      },
      start: 'write',
      edges: { write: 'ask', ask: ({ isOk }) => (isOk ? 'close' : 'write'), close: 'end' },
    });
    const outer = stateGraph({
      state: stateType<{ readonly draft: string }>(),
      nodes: {
        edit: nested(inner, {
          input: ({ draft }: { readonly draft: string }) => ({ text: draft, isOk: false }),
          output: ({ state }) => ({ draft: state.text }),
        }),
        // Answers of others are none of its own.
        after: async (_state, run) => ((await answerIn(run, z.unknown())) === undefined ? {} : { draft: 'wrong' }),
      },
      start: 'edit',
      edges: { edit: 'after', after: 'end' },
    });
    const all = checkpointed(outer, { name: 'g', store });
    const first = await all.start('a', { draft: 'x' });
    expect(first.waiting).toEqual([
      { node: 'edit', when: 'inside', question: [{ node: 'ask', when: 'inside', question: 'x.' }] },
    ]);
    const second = await all.resume('a', { edit: { ask: false } });
    expect(second.waiting[0]?.question).toMatchObject([{ question: 'x..' }]);
    await expect(all.resume('a', { edit: { ask: true } })).rejects.toThrow('no');
    isBroken = false;
    expect(await all.resume('a')).toMatchObject({ status: 'done', state: { draft: 'x..' } });
    expect(calls).toEqual(['write', 'write']);
  });

  it('gives what a run without crashes gives, wherever it is stopped and taken up', async () => {
    const size = 4;
    const names = Array.from({ length: size }, (_, at) => `n${at}`);
    const targets = fc.array(fc.subarray(names), { minLength: size, maxLength: size });
    const graphOf = (edges: readonly (readonly string[])[], calls: string[]) =>
      stateGraph({
        state: stateType<{ readonly log: readonly string[] }>(),
        reducers: { log: append<string> },
        nodes: Object.fromEntries(
          names.map((name) => [
            name,
            ({ log }: { readonly log: readonly string[] }) => {
              calls.push(name);
              return { log: [`${name} ${log.length}`] };
            },
          ]),
        ),
        start: ['n0', 'n1'],
        edges: Object.fromEntries(names.map((name, at) => [name, edges[at] ?? []])),
        maxSteps: 4,
      } as GraphDefinition<{ readonly log: readonly string[] }, { readonly log: readonly string[] }, string>);
    await fc.assert(
      fc.asyncProperty(
        targets,
        fc.integer({ min: 2, max: 12 }),
        fc.constantFrom('before', 'after'),
        async (edges, dies, when) => {
          const whole: string[] = [];
          const { state } = await graphOf(edges, whole)({ log: [] });
          const kept = memoryStore();
          const calls: string[] = [];
          const { store } = dyingStore(kept, dies, when as 'before' | 'after');
          const threads = (on: Store) => checkpointed(graphOf(edges, calls), { name: 'g', store: on });
          const first = await threads(store)
            .start('a', { log: [] })
            .catch(() => undefined);
          const again = first ?? (await threads(kept).resume('a'));
          // Whoever resumes may take all steps once more.
          expect(again.state.log.slice(0, state.log.length)).toEqual(state.log);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('refuses options that make no sense', () => {
    const graph = stateGraph({ state: stateType<object>(), nodes: { a: () => ({}) }, start: 'a', edges: { a: 'end' } });
    for (const wrong of [{ name: '' }, { maxCheckpoints: 0 }, { maxEntries: 0 }]) {
      const make = () => checkpointed(graph, { name: 'x', store: memoryStore(), ...wrong });
      expect(make).toThrow(expect.objectContaining({ code: 'bad-option' }));
    }
  });

  it('an abort keeps what was done, and the thread goes on later', async () => {
    const { run, abort } = testRun();
    const calls: string[] = [];
    const graph = stateGraph({
      state: stateType<object>(),
      nodes: {
        a: () => {
          calls.push('a');
          abort('enough');
          return {};
        },
        b: () => {
          calls.push('b');
          return {};
        },
      },
      start: 'a',
      edges: { a: 'b', b: 'end' },
    });
    const all = checkpointed(graph, { name: 'g', store: memoryStore() });
    await expect(all.start('x', {}, run)).rejects.toBe('enough');
    expect((await all.resume('x', {}, createRun())).status).toBe('done');
    expect(calls).toEqual(['a', 'b']);
  });
});
