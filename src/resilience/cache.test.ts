import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createRun,
  defineStep,
  type Embedder,
  defineStepWith,
  inspect,
  pipe,
  PipewrightError,
  type Run,
  sleep,
  type Store,
  stream,
  user,
} from '../core/index.js';
import type { ChatReply } from '../model/index.js';
import { diskStore, memoryStore } from '../store/index.js';
import { scripted, testRun } from '../testing/index.js';
import { cache, fallback, retry } from './index.js';

const counting = (answer: (text: string) => unknown = (text) => text.toUpperCase()) => {
  const step = defineStepWith({ kind: 'model', name: 'm' }, { calls: { count: 0 } }, async (text: string) => {
    step.calls.count += 1;
    return answer(text) as string;
  });
  return step;
};
const textOfEvents = (events: readonly { type: string }[]) =>
  events.map((event) => ('text' in event && event.type === 'text-delta' ? event.text : '')).join('');

describe('cache', () => {
  it('answers equal inputs from memory, and says so', async () => {
    const step = counting();
    const cached = cache(step);
    const { run, events } = testRun();
    expect([await cached('a', run), await cached('a', run), await cached('b', run)]).toEqual(['A', 'A', 'B']);
    expect(step.calls.count).toBe(2);
    const key = cached.cache.keyOf('a');
    expect(events.filter(({ type }) => type.startsWith('cache'))).toMatchObject([
      { type: 'cache-miss', key },
      { type: 'cache-hit', key },
      { type: 'cache-miss', key: cached.cache.keyOf('b') },
    ]);
    expect(cached.cache.stats()).toMatchObject({ hits: 1, misses: 2, shared: 0, entries: 2, evictions: 0 });
  });

  it('takes inputs for equal whatever the order of their fields and whatever is undefined', () => {
    const { keyOf } = cache((_: unknown) => 1).cache;
    const bytes = new Uint8Array([1, 2]);
    expect(keyOf({ a: 1, b: [bytes, undefined] })).toBe(
      keyOf({ b: [new Uint8Array([1, 2]), undefined], c: undefined, a: 1 }),
    );
    const different = [
      1,
      '1',
      [1],
      { a: 1 },
      { a: '1' },
      null,
      undefined,
      [undefined],
      bytes,
      new Float32Array([1]),
      Number.NaN,
    ];
    expect(new Set(different.map((input) => keyOf(input))).size).toBe(different.length);
  });

  it('gives every caller a copy of its own, vectors and bytes included', async () => {
    const embed: Embedder = defineStepWith({ kind: 'embedder', name: 'e' }, { id: 'e', dimensions: 2 }, async (texts) =>
      texts.map((text) => new Float32Array([text.length, 1])),
    );
    const cached = cache(embed);
    const [first, shared] = await Promise.all([cached(['abc']), cached(['abc'])]);
    first[0]?.fill(9);
    expect(shared).toEqual([new Float32Array([3, 1])]);
    shared[0]?.fill(9);
    expect(await cached(['abc'])).toEqual([new Float32Array([3, 1])]);
    expect(cached.dimensions).toBe(2);
  });

  it('lets an answer go when its time is over', async () => {
    const step = counting();
    const cached = cache(step, { ttlMs: 1_000 });
    const { run, clock } = testRun();
    await cached('a', run);
    await clock.advance(999);
    await cached('a', run);
    expect(step.calls.count).toBe(1);
    await clock.advance(1);
    await cached('a', run);
    expect(step.calls.count).toBe(2);
  });

  it('gives a stale answer out at once while one call fetches the next', async () => {
    let version = 0;
    const step = defineStep<string, string>({ kind: 'slow' }, async (_, run) => {
      await sleep(100, run);
      return `version ${++version}`;
    });
    const cached = cache(step, { ttlMs: 1_000, staleMs: 5_000 });
    const { run, clock } = testRun();
    const first = cached('a', run);
    await clock.advance(100);
    expect(await first).toBe('version 1');
    await clock.advance(1_000);
    expect([await cached('a', run), await cached('a', run)]).toEqual(['version 1', 'version 1']);
    await clock.advance(100);
    expect(await cached('a', run)).toBe('version 2');
    expect([version, clock.pending]).toEqual([2, 0]);
  });

  it('tells of a failed refresh by a warning, and keeps the stale answer', async () => {
    let calls = 0;
    const cached = cache(
      (text: string) => {
        if (++calls > 1) throw new Error('down');
        return text;
      },
      { ttlMs: 10, staleMs: 1_000 },
    );
    const { run, clock, events } = testRun();
    await cached('a', run);
    await clock.advance(10);
    expect(await cached('a', run)).toBe('a');
    await clock.advance(0);
    expect(events.at(-1)).toMatchObject({ type: 'warning', message: expect.stringContaining('down') });
  });

  it('never keeps failures, nor replies that were cut', async () => {
    const model = cache(
      scripted([
        [
          { type: 'text-delta', text: 'Half' },
          { type: 'finish', reason: 'length' },
        ],
        [{ type: 'throw', error: new Error('down') }],
        'Whole.',
      ]),
    );
    expect((await model('Hi')).finishReason).toBe('length');
    await expect(model('Hi')).rejects.toThrow('down');
    expect((await model('Hi')).text).toBe('Whole.');
    expect((await model('Hi')).text).toBe('Whole.');
    expect(model.requests).toHaveLength(3);
  });

  it('keeps what `shouldCache` allows', async () => {
    const step = counting();
    const cached = cache(step, { shouldCache: (text) => text !== 'A' });
    for (const text of ['a', 'a', 'b', 'b']) await cached(text);
    expect(step.calls.count).toBe(3);
  });

  it('forgets by key, by scope, or everything', async () => {
    const cached = cache(counting(), { scope: (text) => text.slice(0, 1), key: (text) => text.slice(1) });
    for (const text of ['a1', 'a2', 'b1']) await cached(text);
    expect(await cached.cache.invalidate({ key: cached.cache.keyOf('a1') })).toBe(1);
    expect(await cached.cache.invalidate({ scope: 'a' })).toBe(1);
    expect(cached.cache.stats().entries).toBe(1);
    expect(await cached.cache.invalidate()).toBe(1);
    expect(await cached.cache.invalidate()).toBe(0);
  });

  it('does not keep an answer that was under way when its like was invalidated', async () => {
    const { run, clock } = testRun();
    let calls = 0;
    const cached = cache(async (text: string, inner: Run) => {
      calls += 1;
      await sleep(10, inner);
      return text;
    });
    const old = cached('a', run);
    await clock.advance(5);
    await cached.cache.invalidate();
    await clock.advance(5);
    await old;
    const fresh = cached('a', run);
    await clock.advance(10);
    await fresh;
    expect(calls).toBe(2);
  });

  it('asks for plain data in the input, or for a `key`', async () => {
    const step = ({ n }: { readonly n: number; readonly f: () => void }) => n;
    await expect(cache(step)({ n: 1, f: () => undefined })).rejects.toMatchObject({ code: 'bad-input' });
    expect(await cache(step, { key: ({ n }) => n })({ n: 1, f: () => undefined })).toBe(1);
  });

  it('warns of an answer that is no plain data, and hands it out all the same', async () => {
    const { run, events } = testRun();
    const step = cache((_: string) => ({ at: () => 1 }));
    expect((await step('a', run)).at()).toBe(1);
    expect(events.at(-1)).toMatchObject({ type: 'warning', message: expect.stringContaining('not cached') });
  });

  it.each([{ ttlMs: 0 }, { staleMs: -1 }, { memory: { maxEntries: 0 } }, { memory: { maxBytes: Number.NaN } }])(
    'refuses %o',
    (options) => {
      expect(() => cache(counting(), options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    },
  );

  it('shows in the tree of a pipeline, around and inside other decorators', () => {
    expect(inspect(retry(cache(counting(), { ttlMs: 5 })))).toMatchObject({
      name: 'retry(cache(m))',
      children: [
        { kind: 'cache', details: { place: 'memory', maxEntries: 1_000, ttlMs: 5 }, children: [{ name: 'm' }] },
      ],
    });
  });
});

describe('a cached model', () => {
  const usageOf = ({ usage }: ChatReply) => usage;

  it('is still a model, streams its reply again, and spends nothing', async () => {
    const model = cache(scripted(['Hello there'], { price: { input: 1e6, output: 1e6 } }));
    const first = await stream(model, 'Hi').result;
    const { run, events } = testRun();
    const again = await model('Hi', run);
    expect(again).toEqual(first);
    expect(textOfEvents(events)).toBe('Hello there');
    expect(usageOf(again)).toEqual({ inputTokens: 1, outputTokens: 2 });
    expect(run.meter.spent).toMatchObject({ calls: 0, costUsd: 0, usage: { inputTokens: 0, outputTokens: 0 } });
    expect(events.some(({ type }) => type === 'usage')).toBe(false);
    let streamed = '';
    for await (const text of stream(model, 'Hi').text) streamed += text;
    expect(streamed).toBe('Hello there');
  });

  it('shows what a whole pipeline has shown, under the same names, without what was withdrawn', async () => {
    const broken = scripted(
      [
        [
          { type: 'text-delta', text: 'Once ' },
          { type: 'throw', error: new Error('cut') },
        ],
      ],
      { id: 'first' },
    );
    const ask = cache(
      pipe(
        (text: string) => [user(text)],
        fallback(broken, scripted(['Hello there'], { id: 'second' })),
        (reply) => reply.text.length,
      ),
    );
    const live = testRun();
    await ask('Hi', live.run);
    const again = testRun();
    expect(await ask('Hi', again.run)).toBe(11);
    expect(textOfEvents(live.events)).toBe('Once Hello there');
    expect(textOfEvents(again.events)).toBe('Hello there');
    const pathOf = ({ events }: ReturnType<typeof testRun>) =>
      events.findLast(({ type }) => type === 'text-delta')?.span.path;
    expect(pathOf(again)).toEqual(pathOf(live));
  });

  it('shows the text live to those who joined a call under way, who pay nothing', async () => {
    const model = cache(
      scripted([
        [
          { type: 'text-delta', text: 'Hello ' },
          { type: 'wait', ms: 10 },
          { type: 'text-delta', text: 'there' },
          { type: 'usage', usage: { inputTokens: 3, outputTokens: 2 } },
          { type: 'finish', reason: 'stop' },
        ],
      ]),
    );
    const [leader, follower] = [testRun(), testRun()];
    const first = model('Hi', leader.run);
    await leader.clock.advance(0);
    const second = model('Hi', follower.run);
    expect(textOfEvents(follower.events)).toBe('Hello ');
    await leader.clock.advance(10);
    expect(await second).toEqual(await first);
    expect([textOfEvents(leader.events), textOfEvents(follower.events)]).toEqual(['Hello there', 'Hello there']);
    expect([leader.run.meter.spent.calls, follower.run.meter.spent.calls]).toEqual([1, 0]);
    expect(leader.events.filter(({ type }) => type === 'usage')).toHaveLength(1);
    expect(follower.events.some(({ type }) => type === 'usage')).toBe(false);
    expect(model.cache.stats()).toMatchObject({ misses: 1, shared: 1 });
  });

  it('does not refuse a caller because the one it joined has no budget left', async () => {
    const model = cache(scripted([() => 'Hello']));
    const poor = createRun({ budget: { maxTokens: 1 } });
    const results = await Promise.allSettled([model('Hi', poor), model('Hi'), model('Hi')]);
    expect(results).toMatchObject([
      { reason: { code: 'budget-exceeded' } },
      { value: { text: 'Hello' } },
      { value: { text: 'Hello' } },
    ]);
    expect(model.requests).toHaveLength(1);
  });

  it('aborts the call when the last of those who wait has left', async () => {
    const model = cache(scripted([[{ type: 'stall' }], 'Hello']));
    const [a, b] = [testRun(), testRun()];
    const results = Promise.allSettled([model('Hi', a.run), model('Hi', b.run)]);
    await a.clock.advance(0);
    a.abort('a');
    b.abort('b');
    expect(await results).toMatchObject([{ reason: 'a' }, { reason: 'b' }]);
    expect((await model('Hi')).text).toBe('Hello');
  });
});

describe('a cache in a store', () => {
  const failing = (message: string): Store => {
    const fail = () => Promise.reject(new Error(message));
    return { ...memoryStore(), get: fail, write: fail };
  };

  it('answers other processes too, and tells models apart', async () => {
    const store = memoryStore();
    const one = scripted(['from one'], { id: 'one' });
    await cache(one, { store })('Hi');
    expect((await cache(retry(one), { store })('Hi')).text).toBe('from one');
    expect((await cache(scripted(['from two'], { id: 'two' }), { store })('Hi')).text).toBe('from two');
    expect((await cache(scripted(['anew'], { id: 'one' }), { store, name: 'one v2' })('Hi')).text).toBe('anew');
  });

  it('makes equal calls at the same time into one read and one call', async () => {
    const inner = memoryStore();
    let reads = 0;
    const store: Store = {
      ...inner,
      get: (key) => {
        reads += 1;
        return inner.get(key);
      },
    };
    const step = counting();
    const cached = cache(step, { store });
    expect(await Promise.all(Array.from({ length: 100 }, () => cached('a')))).toEqual(Array(100).fill('A'));
    expect([reads, step.calls.count]).toEqual([1, 1]);
    await cached('a');
    expect(cached.cache.stats()).toEqual({ hits: 1, misses: 1, shared: 99 });
  });

  it('forgets by key, by scope, or everything, and nothing that is not its own', async () => {
    const store = memoryStore();
    await store.write([{ type: 'put', key: 'cache1/other', value: new Uint8Array(1) }]);
    const other = cache(counting(), { store, name: 'other' });
    await other('a1');
    const cached = cache(counting(), { store, scope: (text) => text.slice(0, 1) });
    for (let index = 0; index < 300; index++) await cached(`a${index}`);
    await cached('b');
    expect(await cached.cache.invalidate({ key: cached.cache.keyOf('a7') })).toBe(1);
    expect(await cached.cache.invalidate({ scope: 'a' })).toBe(299);
    expect(await cached.cache.invalidate()).toBe(1);
    expect(await store.get('cache1/other')).toBeDefined();
    await other('a1');
    expect(other.cache.stats().hits).toBe(1);
  });

  it('Q26 goes on without a store that fails, and warns without telling its password', async () => {
    const { run, events } = testRun();
    const cached = cache(counting(), { store: failing('no route to redis://user:hunter22@host') });
    expect(await cached('a', run)).toBe('A');
    const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings).toHaveLength(2);
    expect(warnings.join()).not.toContain('hunter22');
  });

  it('Q05 Q26 goes on without a store that never answers, and can be aborted meanwhile', async () => {
    const store: Store = {
      ...memoryStore(),
      get: () => new Promise(() => undefined),
      write: () => new Promise(() => undefined),
    };
    const cached = cache(counting(), { store });
    const { run, clock, abort } = testRun();
    const call = cached('a', run);
    await clock.advance(1_000);
    await clock.advance(1_000);
    expect(await call).toBe('A');
    const aborted = cached('b', run);
    abort('gone');
    await expect(aborted).rejects.toBe('gone');
    expect(clock.pending).toBe(0);
  });

  it('reads over an entry that is damaged', async () => {
    const store = memoryStore();
    const cached = cache(counting(), { store });
    await store.write([{ type: 'put', key: cached.cache.keyOf('a'), value: Buffer.from('{"atMs":') }]);
    expect(await cached('a')).toBe('A');
    expect(await cached('a')).toBe('A');
    expect(cached.cache.stats()).toMatchObject({ misses: 1, hits: 1 });
  });

  it('survives the process on disk, bytes and all', async () => {
    const path = mkdtempSync(join(tmpdir(), 'cache-'));
    const answer = { bytes: new Uint8Array([1, 2]), url: new URL('https://example.com/'), at: new Date(5) };
    for (const calls of [1, 0]) {
      await using store = await diskStore(path);
      const step = counting(() => answer);
      expect(await cache(step, { store })('a')).toEqual(answer);
      expect(step.calls.count).toBe(calls);
    }
    rmSync(path, { recursive: true });
  });

  it('asks for a name where a part has none', () => {
    const nameless = pipe((text: string) => text.trim());
    expect(() => cache(nameless, { store: memoryStore() })).toThrow(expect.objectContaining({ code: 'bad-option' }));
    cache(nameless, { store: memoryStore(), name: 'trim' });
  });

  it('Q30 keys and events hold nothing of the input, the scope or the name', async () => {
    const secret = 'sk-abcdefghijklmnop';
    const store = memoryStore();
    const { run, events } = testRun();
    const cached = cache(
      counting(() => 'fine'),
      { store, name: secret, scope: () => secret },
    );
    await cached(secret, run);
    await cached(secret, run);
    for await (const [key, value] of store.range({})) expect(key + Buffer.from(value)).not.toContain('abcdef');
    expect(JSON.stringify(events)).not.toContain('abcdef');
  });
});

describe('Q10 a cached step', () => {
  it('settles every call whatever the step does, and leaves no rejection unhandled', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const error = new PipewrightError('model-failed', 'x');
    const broken = cache((_: string) => {
      throw error;
    });
    void broken('a').catch(() => undefined);
    await expect(broken('a')).rejects.toBe(error);
    const stalled = cache((_: string, run: Run) => sleep(Infinity, run));
    const { run, abort } = testRun();
    const left = stalled('a', run);
    abort('gone');
    await expect(left).rejects.toBe('gone');
    await new Promise(setImmediate);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});
