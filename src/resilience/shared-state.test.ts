import { describe, expect, it } from 'vitest';
import { PipewrightError, type Run, type Store } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { testRun } from '../testing/index.js';
import { circuit, circuitBreaker } from './index.js';
import { sharedState } from './shared-state.js';

const decode = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const never = (): Promise<never> => new Promise(() => undefined);

/** Moves the clock in small steps until the work has settled. */
const settle = async <T>(work: Promise<T>, advance: (ms: number) => Promise<void>): Promise<T> => {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  work.then(over, over);
  for (let i = 0; i < 2_000 && !isOver; i++) await advance(5);
  return work;
};

describe('state in a store', () => {
  it('loses no change of many processes at once', async () => {
    const { run, clock } = testRun();
    const store = memoryStore();
    const processes = Array.from({ length: 20 }, () => sharedState({ store, key: 'n', decode }));
    const increments = processes.flatMap((state) =>
      Array.from({ length: 3 }, () => state.update(run, (current = 0) => current + 1)),
    );
    const reached = await settle(Promise.all(increments), clock.advance);
    expect(reached.every(Boolean)).toBe(true);
    let count: number | undefined;
    await processes[0]?.update(run, (current) => {
      count = current;
      return undefined;
    });
    expect(count).toBe(60);
    await clock.advance(1_000);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['fails', { get: () => Promise.reject(new Error('no route to sk-proj-abcdefghijklmnop')) }],
    ['never answers', { get: never }],
    ['takes no change', { compareAndSet: never }],
    ['always lets another be quicker', { compareAndSet: async () => false }],
  ] satisfies [string, Partial<Store>][])(
    'Q26 leaves a store alone for a while when it %s, and says so once without secrets',
    async (_, broken) => {
      const { run, clock, events } = testRun();
      let isBroken = true;
      const whole = memoryStore();
      const store: Store = {
        ...whole,
        get: (key) => (isBroken && 'get' in broken ? broken.get() : whole.get(key)),
        compareAndSet: (...change) =>
          isBroken && 'compareAndSet' in broken ? broken.compareAndSet() : whole.compareAndSet(...change),
      };
      const state = sharedState({ store, key: 'n', decode });
      const first = state.update(run, () => 1);
      await clock.advance(1_100);
      expect(await first).toBe(false);
      expect(clock.pending).toBe(0);
      isBroken = false;
      expect(await state.update(run, () => 1)).toBe(false);
      expect(events).toMatchObject([{ type: 'warning', message: expect.stringContaining('The store of `n` failed') }]);
      expect(JSON.stringify(events)).not.toContain('abcdefgh');
      await clock.advance(5_000);
      expect(await state.update(run, () => 1)).toBe(true);
    },
  );

  it.each(['no JSON', '{"version":2,"state":1}', '{"version":1,"state":"x"}', 'null'])(
    'works alone when what is stored is %s, and leaves that as it is',
    async (text) => {
      const { run } = testRun();
      const store = memoryStore();
      await store.write([{ type: 'put', key: 'n', value: new TextEncoder().encode(text) }]);
      expect(await sharedState({ store, key: 'n', decode }).update(run, () => 1)).toBe(false);
      expect(new TextDecoder().decode(await store.get('n'))).toBe(text);
    },
  );

  it('rejects at once with the reason of an abort, and leaves no timer', async () => {
    const { run, clock, abort } = testRun();
    const state = sharedState({ store: { ...memoryStore(), get: never }, key: 'n', decode });
    const outcome = state.update(run, () => 1).catch((error: unknown) => error);
    await clock.advance(10);
    abort('gone');
    expect(await outcome).toBe('gone');
    expect(clock.pending).toBe(0);
  });
});

describe('a circuit in a store', () => {
  const down = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });
  const codeOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'ok',
      (error) => error.code,
    );

  /** The same circuit in several processes, before one server. */
  const setup = (processes: number, change: (store: Store) => Store = (store) => store) => {
    const server = { isDown: true, calls: 0 };
    const step = async (): Promise<string> => {
      server.calls += 1;
      if (server.isDown) throw down;
      return 'x';
    };
    const store = change(memoryStore());
    const circuits = Array.from({ length: processes }, () =>
      circuit({ name: 'c', store, maxFailures: 2, coolDownMs: 10_000 }),
    );
    const guarded = circuits.map((own) => circuitBreaker(step, own));
    const call = (index: number, run: Run): Promise<unknown> =>
      codeOf(guarded[index]?.(undefined, run) ?? Promise.resolve());
    return { ...testRun(), server, circuits, call };
  };

  it('opens in every process within a second of opening in one', async () => {
    const { run, clock, events, server, circuits, call } = setup(2);
    await call(1, run);
    for (let i = 0; i < 2; i++) await call(0, run);
    expect(circuits.map(({ state }) => state)).toEqual(['open', 'closed']);
    await clock.advance(1_000);
    expect(await call(1, run)).toBe('circuit-open');
    expect(server.calls).toBe(3);
    expect(events.filter(({ type }) => type === 'circuit-change')).toHaveLength(2);
  });

  it('is probed by one process only, and closes for all', async () => {
    const { run, clock, server, circuits, call } = setup(5);
    for (let i = 0; i < 2; i++) await call(0, run);
    await clock.advance(1_000);
    for (let i = 0; i < 5; i++) await call(i, run);
    await clock.advance(9_000);
    server.isDown = false;
    server.calls = 0;
    const outcomes = await Promise.all(circuits.map((_, index) => call(index, run)));
    expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(1);
    expect(server.calls).toBe(1);
    await clock.advance(1_000);
    for (let i = 0; i < 5; i++) expect(await call(i, run)).toBe('ok');
    expect(circuits.map(({ state }) => state)).toEqual(Array(5).fill('closed'));
  });

  it('opens and closes by hand for all', async () => {
    const { run, clock, server, circuits, call } = setup(2);
    server.isDown = false;
    await circuits[0]?.open(run);
    expect(await call(1, run)).toBe('circuit-open');
    await circuits[0]?.close(run);
    await clock.advance(1_000);
    expect(await call(1, run)).toBe('ok');
  });

  it('is shared also when the failure is a time limit around it', async () => {
    const { run, clock, circuits } = setup(2);
    const hears = (_: null, inner: Run): Promise<never> =>
      new Promise((_resolve, reject) => void inner.onAbort(() => reject(new Error('stopped'))));
    const [one, two] = circuits.map((own) => circuitBreaker(hears, own));
    for (let i = 0; i < 2; i++) {
      const scope = run.scope();
      const outcome = codeOf(one?.(null, scope.run) ?? never());
      await clock.advance(0);
      scope.abort(new PipewrightError('timeout', 'Too slow.', { retryable: true }));
      expect(await outcome).toBe('timeout');
      scope[Symbol.dispose]();
    }
    await clock.advance(1_000);
    expect(await codeOf(two?.(null, run) ?? never())).toBe('circuit-open');
  });

  it('Q26 lets calls through on its own knowledge while the store is down', async () => {
    const { run, clock, server, circuits, call } = setup(2, (store) => ({
      ...store,
      get: () => Promise.reject(new Error('gone')),
    }));
    server.isDown = false;
    expect(await call(0, run)).toBe('ok');
    server.isDown = true;
    for (let i = 0; i < 2; i++) await call(0, run);
    expect(circuits.map(({ state }) => state)).toEqual(['open', 'closed']);
    expect(await call(0, run)).toBe('circuit-open');
    await clock.advance(10_000);
    server.isDown = false;
    expect(await call(0, run)).toBe('ok');
    expect(circuits[0]?.state).toBe('closed');
  });

  it('asks for a name', () => {
    expect(() => circuit({ store: memoryStore() })).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(() => circuitBreaker(async () => 1, { store: memoryStore() })).toThrow(/needs a `name`/);
  });
});
