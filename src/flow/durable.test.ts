import { describe, expect, it } from 'vitest';
import { dyingStore } from '../../test/dying-store.js';
import { allOf, settle } from '../../test/settle.js';
import {
  callStep,
  createRun,
  map,
  parallel,
  pipe,
  PipewrightError,
  type Run,
  sleep,
  type Store,
  tap,
  user,
} from '../core/index.js';
import { fallback, retry } from '../resilience/index.js';
import { memoryStore } from '../store/index.js';
import { manualClock, scripted, testRun } from '../testing/index.js';
import { durable, idempotencyKey, once, stateGraph, stateType } from './index.js';

/** A service that counts what it was asked for, and does each key once. */
const service = () => {
  const calls: string[] = [];
  const keys = new Set<string>();
  const act =
    (name: string) =>
    async (input: unknown, run: Run): Promise<string> => {
      calls.push(name);
      keys.add(run.get(idempotencyKey) ?? 'none');
      return `${name}(${JSON.stringify(input)})`;
    };
  return { act, calls, keys };
};

const shop = (store: Store, { act }: ReturnType<typeof service>) =>
  durable(
    pipe(
      once('reserve', act('reserve')),
      parallel({ charge: once('charge', act('charge')), notes: (text: string) => [text, text, `${text}!`] }),
      tap(({ notes }, run) => callStep(map(once('note', act('note'))), notes, run)),
      ({ charge }) => charge,
      once('ship', act('ship')),
    ),
    { name: 'shop', store },
  );

describe('durable', () => {
  it('resolves as the pipeline does, and never does the work of an id twice', async () => {
    const counted = service();
    const order = shop(memoryStore(), counted);
    const output = await order({ id: 'a', input: 'book' });
    expect(output).toContain('ship(');
    expect(await order({ id: 'a', input: 'book' })).toBe(output);
    expect(await order({ id: 'a' })).toBe(output);
    expect(counted.calls).toEqual(['reserve', 'charge', 'note', 'note', 'note', 'ship']);
    await order({ id: 'b', input: 'book' });
    expect(counted.calls).toHaveLength(12);
    expect(counted.keys.size).toBe(12);
  });

  it.each(['before', 'after'] as const)(
    'Q25 goes on after a crash %s every write, and repeats at most what was under way',
    async (when) => {
      const writes = await (async () => {
        const { store, count } = dyingStore(memoryStore(), Infinity, when);
        await shop(store, service())({ id: 'a', input: 'book' });
        return count();
      })();
      expect(writes).toBe(3 + 6);
      const whole = await shop(memoryStore(), service())({ id: 'a', input: 'book' });
      for (let dies = 1; dies <= writes; dies++) {
        const clock = manualClock();
        const kept = memoryStore({ clock });
        const counted = service();
        const { store } = dyingStore(kept, dies, when);
        await expect(shop(store, counted)({ id: 'a', input: 'book' }, createRun({ clock }))).rejects.toThrow('died');
        const journaled = (await allOf(kept.range({ from: 'shop/journal/', to: 'shop/journal0' }))).length;
        const before = counted.calls.length;
        // The lease of the dead process runs out.
        await clock.advance(30_000);
        const again = shop(kept, counted);
        expect(await again({ id: 'a', input: 'book' }, createRun({ clock }))).toBe(whole);
        const isOver = when === 'after' && dies === writes;
        expect(counted.calls.length - before).toBe(isOver ? 0 : 6 - journaled);
        // An effect that was asked for twice had the same key both times.
        expect(counted.keys.size).toBe(6);
        expect(await allOf(again.unfinished())).toEqual([]);
        expect(await allOf(kept.range({}))).toHaveLength(1);
        expect(clock.pending).toBe(0);
      }
    },
  );

  it('pays for nothing again when a later step fails, and tells what failed', async () => {
    const counted = service();
    let isBroken = true;
    const step = pipe(once('charge', counted.act('charge')), (text) => {
      if (isBroken) throw new Error('the printer is on fire');
      return text;
    });
    const print = durable(step, { name: 'print', store: memoryStore() });
    const { run } = testRun({ nowMs: 5 });
    await expect(print({ id: 'a', input: 'x' }, run)).rejects.toThrow('on fire');
    expect(await allOf(print.unfinished())).toEqual([
      { id: 'a', startedMs: 5, failure: { message: 'the printer is on fire', atMs: 5 } },
    ]);
    isBroken = false;
    expect(await print({ id: 'a' })).toBe('charge("x")');
    expect(counted.calls).toEqual(['charge']);
  });

  it('resumes all that are unfinished, but those that somebody works on', async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    let isBroken = true;
    const step = once('work', async (ms: number, run: Run) => {
      if (isBroken && ms === 0) throw new Error('not now');
      if (ms > 0) await sleep(ms, run);
      return ms;
    });
    const work = durable(step, { name: 'work', store });
    for (const id of ['a/b', 'a', 'c']) await expect(work({ id, input: 0 })).rejects.toThrow('not now');
    isBroken = false;
    const busy = work({ id: 'busy', input: 50 }, createRun({ clock }));
    await clock.advance(10);
    await expect(work({ id: 'busy' }, createRun({ clock }))).rejects.toMatchObject({
      code: 'store-locked',
      retryable: true,
    });
    await expect(work.delete('busy', createRun({ clock }))).rejects.toMatchObject({ code: 'store-locked' });
    await work.delete('c');
    expect(await work.resumeAll(createRun({ clock }))).toEqual([
      { id: 'a', status: 'done', output: 0 },
      { id: 'a/b', status: 'done', output: 0 },
    ]);
    expect(await settle(busy, clock)).toBe(50);
    expect(clock.pending).toBe(0);
    await expect(work({ id: 'c' })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('keeps its lease while it works, and stops when another process has taken it', async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const work = durable(
      once('wait', async (ms: number, run: Run) => sleep(ms, run).then(() => ms)),
      { name: 'w', store, leaseMs: 30 },
    );
    const alive = work({ id: 'a', input: 500 }, createRun({ clock }));
    await clock.advance(400);
    await expect(work({ id: 'a' }, createRun({ clock }))).rejects.toMatchObject({ code: 'store-locked' });
    const lease = (await allOf(store.range({ from: 'w/lease/', to: 'w/lease0' })))[0]?.[0] ?? '';
    await store.write([{ type: 'put', key: lease, value: new Uint8Array([1]) }]);
    const outcome = expect(alive).rejects.toMatchObject({
      code: 'store-locked',
      message: expect.stringContaining('taken over'),
    });
    await clock.advance(20);
    await outcome;
    expect(clock.pending).toBe(0);
  });

  it('refuses another input for an id, and a pipeline that does not fit the journal', async () => {
    const store = memoryStore();
    const stopping = (name: string, value = 'x') =>
      durable(
        async (_input: string, run: Run) => {
          await once(name, async () => 'done')(value as never, run);
          throw new Error('stop');
        },
        { name: 'p', store },
      );
    await expect(stopping('charge')({ id: 'a', input: 'book' })).rejects.toThrow('stop');
    await expect(stopping('charge')({ id: 'a', input: 'boat' })).rejects.toMatchObject({ code: 'journal-mismatch' });
    await expect(stopping('pay')({ id: 'a' })).rejects.toMatchObject({
      code: 'journal-mismatch',
      message: expect.stringContaining('then `charge` stood there'),
    });
    await expect(stopping('charge', 'y')({ id: 'a' })).rejects.toMatchObject({
      code: 'journal-mismatch',
      message: expect.stringContaining('its input is not the one'),
    });
    await expect(stopping('charge')({ id: 'a' })).rejects.toThrow('stop');
  });

  it('a misfit ends the run also where the pipeline would go on after errors', async () => {
    const store = memoryStore();
    const step = (name: string) => async (_input: number, run: Run) => {
      await once(name, () => 1)(0 as never, run).catch(() => undefined);
      if (name === 'a') throw new Error('stop');
      return 'went on';
    };
    await expect(durable(step('a'), { name: 'p', store })({ id: '1', input: 1 })).rejects.toThrow('stop');
    await expect(durable(step('b'), { name: 'p', store })({ id: '1' })).rejects.toMatchObject({
      code: 'journal-mismatch',
    });
  });

  it('gives calls side by side places of their own, whichever ends first', async () => {
    for (const unit of [1, 3, 4]) {
      const clock = manualClock();
      const store = memoryStore({ clock });
      const calls: number[] = [];
      let isBroken = true;
      const item = pipe(
        async (n: number, run) => {
          await sleep((unit * n) % 5, run);
          return n % 2;
        },
        once('half', async (n: number, run: Run) => {
          calls.push(n);
          return `${n} of ${String(run.span.path.find((part) => part.startsWith('[')))}`;
        }),
      );
      const all = durable(
        pipe(map(item), (texts) => {
          if (isBroken) throw new Error('late');
          return texts;
        }),
        { name: 'm', store },
      );
      const first = all({ id: 'a', input: [0, 1, 2, 3] }, createRun({ clock }));
      await expect(settle(first, clock)).rejects.toThrow('late');
      isBroken = false;
      const second = all({ id: 'a' }, createRun({ clock }));
      expect(await settle(second, clock)).toEqual(['0 of [0]', '1 of [1]', '0 of [2]', '1 of [3]']);
      expect(calls).toHaveLength(4);
    }
  });

  it('finds by its key what came in another order', async () => {
    const store = memoryStore();
    const done: string[] = [];
    const load = once(
      'load',
      async (name: string) => {
        done.push(name);
        return name.toUpperCase();
      },
      { key: (name) => name },
    );
    const both = (order: readonly string[], fails: boolean) =>
      durable(
        async (_input: number, run: Run) => {
          const texts = await Promise.all(order.map((name) => load(name, run)));
          if (fails) throw new Error('stop');
          return [...texts].sort();
        },
        { name: 'k', store },
      );
    await expect(both(['a', 'b'], true)({ id: '1', input: 1 })).rejects.toThrow('stop');
    expect(await both(['b', 'a'], false)({ id: '1' })).toEqual(['A', 'B']);
    expect(done).toEqual(['a', 'b']);
  });

  it('a retry around `once` finds what an earlier try has left', async () => {
    const store = memoryStore();
    let calls = 0;
    let isBroken = true;
    const flaky = once('flaky', async () => {
      calls += 1;
      if (calls === 1) throw new PipewrightError('model-overloaded', 'Busy.', { retryable: true });
      return calls;
    });
    const steady = retry(flaky, { initialDelayMs: 1 });
    const step = pipe(steady, (n) => {
      if (isBroken) throw new Error('stop');
      return n;
    });
    const run = durable(step, { name: 'r', store });
    await expect(run({ id: 'a', input: 0 })).rejects.toThrow('stop');
    isBroken = false;
    expect(await run({ id: 'a' })).toBe(2);
    expect(calls).toBe(2);
  });

  it('throws a kept failure again, so that the way taken after it is found', async () => {
    const store = memoryStore();
    const calls: string[] = [];
    let isBroken = true;
    const bank = once(
      'bank',
      async (): Promise<string> => {
        calls.push('bank');
        throw new PipewrightError('model-failed', 'Declined.');
      },
      { isErrorKept: () => true },
    );
    const card = once('card', async () => {
      calls.push('card');
      return 'by card';
    });
    const either = fallback(bank, card);
    const step = pipe(either, (text) => {
      if (isBroken) throw new Error('stop');
      return text;
    });
    const pay = durable(step, { name: 'f', store });
    await expect(pay({ id: 'a', input: 0 })).rejects.toThrow('stop');
    isBroken = false;
    expect(await pay({ id: 'a' })).toBe('by card');
    expect(calls).toEqual(['bank', 'card']);
  });

  it('journals what was done when it is aborted, and nothing half', async () => {
    const { run, abort } = testRun();
    const store = memoryStore();
    const done: string[] = [];
    const step = pipe(
      once('pay', async (input: string) => {
        done.push('pay');
        abort('the user left');
        return input;
      }),
      once('send', async (input: string) => {
        done.push('send');
        return input;
      }),
    );
    const both = durable(step, { name: 'x', store });
    await expect(both({ id: 'a', input: 'book' }, run)).rejects.toBe('the user left');
    expect(await both({ id: 'a' })).toBe('book');
    expect(done).toEqual(['pay', 'send']);
  });

  it('keeps a paid reply of a model, which stays a model, and a node of a graph', async () => {
    const store = memoryStore();
    const model = scripted(['Hello.']);
    const asking = once('ask', model);
    expect(asking.id).toBe(model.id);
    let isBroken = true;
    const graph = stateGraph({
      state: stateType<{ readonly n: number; readonly text: string }>(),
      nodes: {
        count: ({ n }) => ({ n: n + 1 }),
        ask: async (_state, run) => ({ text: (await asking({ messages: [user('Hi.')] }, run)).text }),
        fail: () => {
          if (isBroken) throw new Error('stop');
          return {};
        },
      },
      start: 'count',
      edges: { count: ({ n }) => (n < 3 ? 'count' : 'ask'), ask: 'fail', fail: 'end' },
    });
    const talk = durable(graph, { name: 'g', store });
    await expect(talk({ id: 'a', input: { n: 0, text: '' } })).rejects.toThrow('stop');
    isBroken = false;
    expect((await talk({ id: 'a' })).state).toEqual({ n: 3, text: 'Hello.' });
    expect(model.requests).toHaveLength(1);
  });

  it('Q27 holds a bounded journal, and forgets results in time', async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const many = durable(map(once('one', (n: number) => n)), { name: 'm', store, maxEntries: 3, keepDoneMs: 1_000 });
    await expect(many({ id: 'a', input: [1, 2, 3, 4] }, createRun({ clock }))).rejects.toMatchObject({
      code: 'quota-exhausted',
    });
    expect(await many({ id: 'b', input: [1, 2, 3] }, createRun({ clock }))).toEqual([1, 2, 3]);
    expect(await many({ id: 'b' }, createRun({ clock }))).toEqual([1, 2, 3]);
    await clock.advance(1_001);
    await expect(many({ id: 'b' }, createRun({ clock }))).rejects.toMatchObject({ code: 'not-found' });
    await many.delete('a', createRun({ clock }));
    expect(await allOf(store.range({}))).toEqual([]);
  });

  it('refuses what has no form as plain data, and Q24 gives back `__proto__` as the field it is', async () => {
    const store = memoryStore();
    const bad = durable(
      once('bad', () => new (class Money {})()),
      { name: 'b', store },
    );
    await expect(bad({ id: 'a', input: 0 })).rejects.toMatchObject({ code: 'bad-input', details: { where: 'bad' } });
    const odd = durable(
      once('odd', () => JSON.parse('{"__proto__": {"isAdmin": true}}')),
      { name: 'o', store },
    );
    const output = (await odd({ id: 'a', input: 0 })) as Record<string, unknown>;
    expect(Object.keys(output)).toEqual(['__proto__']);
    expect(output.isAdmin).toBeUndefined();
  });

  it('says so when what it finds in the store is damaged or of a later release', async () => {
    const store = memoryStore();
    const stops = durable(
      pipe(
        once('a', () => 1),
        () => Promise.reject(new Error('stop')),
      ),
      { name: 's', store },
    );
    await expect(stops({ id: 'a', input: 0 })).rejects.toThrow('stop');
    for (const [text, code] of [
      ['{"version": 9}', 'store-newer'],
      ['{"version": 1}', 'store-damaged'],
      ['?', 'store-damaged'],
    ]) {
      const key = (await allOf(store.range({ from: 's/journal/' })))[0]?.[0] ?? '';
      await store.write([{ type: 'put', key, value: new TextEncoder().encode(text) }]);
      await expect(stops({ id: 'a' })).rejects.toMatchObject({ code, details: { where: key } });
    }
  });

  it('`once` outside of a durable run is the step itself', async () => {
    expect(await once('x', (n: number) => n + 1)(1)).toBe(2);
    expect(await once('key', (_input: unknown, run: Run) => run.get(idempotencyKey))(0)).toBeUndefined();
  });

  it('refuses options that make no sense', () => {
    const store = memoryStore();
    for (const wrong of [{ name: '' }, { leaseMs: 0 }, { maxEntries: 0 }, { keepDoneMs: 0 }]) {
      expect(() => durable((n: number) => n, { name: 'x', store, ...wrong })).toThrow(
        expect.objectContaining({ code: 'bad-option' }),
      );
    }
  });
});
