import { describe, expect, it } from 'vitest';
import { defineStepWith, inspect, map, PipewrightError, type Run, sleep, type Store } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { testRun } from '../testing/index.js';
import { balance, type BalanceOptions, circuit, circuitBreaker, hedge, retry } from './index.js';

const down = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.catch((error) => (error instanceof PipewrightError ? error.code : error));

/** A model that answers with its name, or fails while `error` is set. */
const server = (name: string) => {
  const state: { calls: number; error: unknown; ms: number; busy: number; most: number } = {
    calls: 0,
    error: undefined,
    ms: 0,
    busy: 0,
    most: 0,
  };
  const step = defineStepWith({ kind: 'model', name }, { id: name }, async (_: string, run: Run): Promise<string> => {
    state.calls += 1;
    state.most = Math.max(state.most, ++state.busy);
    try {
      if (state.ms > 0) await sleep(state.ms, run);
      if (state.error !== undefined) throw state.error;
      return name;
    } finally {
      state.busy -= 1;
    }
  });
  return { name, state, step };
};

const servers = (count: number) => Array.from({ length: count }, (_, index) => server(`s${index}`));
const callsOf = (all: readonly ReturnType<typeof server>[]): number[] => all.map(({ state }) => state.calls);
const over = (all: readonly ReturnType<typeof server>[], options?: BalanceOptions) =>
  balance(all.map(({ step }) => step) as [(typeof all)[0]['step']], options);

describe('balance', () => {
  it('spreads calls that come one after the other by weight', async () => {
    const { run } = testRun();
    const all = servers(3);
    const balanced = over(all, { weights: [2, 1, 1] });
    for (let i = 0; i < 4_000; i++) await balanced('x', run);
    const [a = 0, b = 0, c = 0] = callsOf(all);
    expect(a).toBeGreaterThan(1_850);
    expect(a).toBeLessThan(2_150);
    expect(Math.abs(b - c)).toBeLessThan(150);
  });

  it('keeps calls away from a step that is slow', async () => {
    const { run, clock } = testRun();
    const all = servers(2);
    const [quick, slow] = all;
    if (quick === undefined || slow === undefined) throw new Error('unreachable');
    quick.state.ms = 10;
    slow.state.ms = 1_000;
    const balanced = over(all);
    const calls: Promise<string>[] = [];
    for (let i = 0; i < 500; i++) {
      calls.push(balanced('x', run));
      await clock.advance(5);
    }
    await clock.advance(1_000);
    await Promise.all(calls);
    // Even shares would be 250 each.
    expect(slow.state.calls).toBeLessThan(150);
    expect(quick.state.calls).toBeGreaterThan(350);
    expect(clock.pending).toBe(0);
  });

  it('tells which step it chose and why, and runs it in a span of its own', async () => {
    const { run, events } = testRun();
    await balance([server('a').step])('x', run);
    expect(events).toMatchObject([
      { type: 'choice-made', chosen: 'a', reason: 'least load of two: 0 under way' },
      { type: 'step-start', span: { path: ['a'] } },
      { type: 'step-end', span: { path: ['a'] } },
    ]);
  });

  it('does not try a failed call again by itself', async () => {
    const all = servers(2);
    for (const { state } of all) state.error = down;
    await expect(over(all)('x', testRun().run)).rejects.toBe(down);
    expect(callsOf(all).reduce((sum, calls) => sum + calls)).toBe(1);
  });

  it.each([1, 2, 3, 4, 5])(
    'never meets the same failing step twice under a retry, before the others (seed %i)',
    async (seed) => {
      const { run } = testRun({ seed });
      const all = servers(4);
      for (const { state } of all.slice(0, 3)) state.error = down;
      const balanced = retry(over(all, { maxFailures: 100 }), { maxAttempts: 4, initialDelayMs: 0 });
      for (let i = 0; i < 20; i++) expect(await balanced('x', run)).toBe('s3');
      for (const calls of callsOf(all)) expect(calls).toBeLessThanOrEqual(20);
    },
  );

  it('remembers across nested retries which steps a call has used', async () => {
    const { run } = testRun();
    const all = servers(4);
    for (const { state } of all) state.error = down;
    const twice = retry(over(all, { maxFailures: 100 }), { maxAttempts: 2, initialDelayMs: 0 });
    await codeOf(retry(twice, { maxAttempts: 4, initialDelayMs: 0 })('x', run));
    expect(callsOf(all)).toEqual([1, 1, 1, 1]);
  });

  it('sends the tries of a hedge to different steps', async () => {
    const { run, clock } = testRun();
    const all = servers(2);
    for (const { state } of all) state.ms = 200;
    for (let i = 0; i < 10; i++) {
      const result = hedge(over(all), { afterMs: 100 })('x', run);
      await clock.advance(300);
      await result;
    }
    expect(callsOf(all)).toEqual([10, 10]);
  });

  it('keeps calls one after the other under a hedge at the step of their key', async () => {
    const { run } = testRun();
    const keyed = over(servers(3), { keyOf: () => 'k' });
    const both = async (input: string, inner: Run) => [await keyed(input, inner), await keyed(input, inner)];
    expect(new Set(await hedge(both, { afterMs: 100 })('x', run)).size).toBe(1);
  });

  it('keeps the items of a map under one retry at the step of their key, and at any step once all have failed', async () => {
    const { run } = testRun();
    const all = servers(3);
    const keyed = over(all, { keyOf: () => 'k' });
    for (const concurrency of [1, 4]) {
      const results = await retry(map(keyed, { concurrency }))(Array(12).fill('x'), run);
      expect(new Set(results).size).toBe(1);
    }
    for (const { state } of all) state.error = down;
    const balanced = over(all, { maxFailures: Infinity });
    expect(await codeOf(retry(balanced, { maxAttempts: 9, initialDelayMs: 0 })('x', run))).toBe('model-overloaded');
  });

  it('prefers a step that did not fail of late', async () => {
    const { run } = testRun();
    const all = servers(2);
    const [bad, good] = all;
    if (bad === undefined || good === undefined) throw new Error('unreachable');
    bad.state.error = down;
    const balanced = over(all, { maxFailures: Infinity });
    for (let i = 0; i < 400; i++) await codeOf(balanced('x', run));
    // Both draws fall on it in a quarter of the calls.
    expect(bad.state.calls).toBeLessThan(140);
  });

  it('ejects a step that keeps failing for a time that doubles, and takes it back after a success', async () => {
    const { run, clock, events } = testRun();
    const all = servers(2);
    const [bad] = all;
    if (bad === undefined) throw new Error('unreachable');
    bad.state.error = down;
    const balanced = over(all, { maxFailures: 2, ejectMs: 1_000 });
    const ejections = (): number[] =>
      events.flatMap((event) => (event.type === 'target-eject' ? [event.untilMs - event.atMs] : []));
    const until = async (count: number): Promise<void> => {
      for (let i = 0; i < 200 && ejections().length < count; i++) await codeOf(balanced('x', run));
    };
    await until(1);
    expect(bad.state.calls).toBe(2);
    await clock.advance(999);
    for (let i = 0; i < 50; i++) expect(await balanced('x', run)).toBe('s1');
    await clock.advance(1);
    await until(2);
    expect(bad.state.calls).toBe(3);
    await clock.advance(2_000);
    await until(3);
    expect(ejections()).toEqual([1_000, 2_000, 4_000]);
    await clock.advance(4_000);
    bad.state.error = undefined;
    while (bad.state.calls < 5) await balanced('x', run);
    bad.state.error = down;
    await until(4);
    expect([ejections().at(-1), bad.state.calls]).toEqual([1_000, 7]);
    expect(events.find(({ type }) => type === 'target-eject')).toMatchObject({ target: 's0', error: down });
  });

  it('ejects a step once for all the calls that were under way', async () => {
    const { run, clock, events } = testRun();
    const all = servers(3);
    for (const { state } of all) state.ms = 10;
    const [bad] = all;
    if (bad === undefined) throw new Error('unreachable');
    bad.state.error = down;
    const balanced = over(all, { maxFailures: 2, ejectMs: 1_000 });
    const calls = Promise.allSettled(Array.from({ length: 60 }, () => balanced('x', run)));
    await clock.advance(10);
    await calls;
    expect(bad.state.calls).toBeGreaterThan(10);
    expect(events.filter(({ type }) => type === 'target-eject')).toMatchObject([{ target: 's0', untilMs: 1_010 }]);
  });

  it('ejects a step at once as long as its server asks to be left alone, or its circuit is open', async () => {
    const { run, clock, events } = testRun();
    const [a, b] = [server('a'), server('b')];
    a.state.error = new PipewrightError('rate-limited', 'Slow.', {
      retryable: true,
      details: { retryAfterMs: 20_000 },
    });
    const own = circuit({ maxFailures: 1, coolDownMs: 30_000 });
    await own.open(run);
    await own.close(run);
    const balanced = balance([a.step, circuitBreaker(b.step, own), server('c').step]);
    b.state.error = new PipewrightError('timeout', 'Slow.', { retryable: true });
    for (let i = 0; i < 60; i++) await codeOf(balanced('x', run));
    expect(a.state.calls).toBe(1);
    expect(b.state.calls).toBe(1);
    expect(events.filter(({ type }) => type === 'target-eject')).toHaveLength(2);
    await clock.advance(19_999);
    for (let i = 0; i < 20; i++) expect(await balanced('x', run)).toBe('c');
  });

  it('keeps the last step whatever it does; with `minActive: 0` it refuses instead', async () => {
    const { run, clock } = testRun();
    const all = servers(2);
    for (const { state } of all) state.error = down;
    const kept = over(all, { maxFailures: 1 });
    for (let i = 0; i < 20; i++) expect(await codeOf(kept('x', run))).toBe('model-overloaded');
    const strict = over(all, { maxFailures: 1, minActive: 0, ejectMs: 1_000 });
    for (let i = 0; i < 2; i++) expect(await codeOf(strict('x', run))).toBe('model-overloaded');
    await clock.advance(400);
    await expect(strict('x', run)).rejects.toMatchObject({
      code: 'circuit-open',
      retryable: true,
      details: { retryAfterMs: 600 },
    });
    const waiting = retry(strict)('x', run);
    for (const { state } of all) state.error = undefined;
    await clock.advance(600);
    expect(await waiting).toMatch(/^s/);
  });

  it.each([
    ['bad input', new PipewrightError('bad-input', 'No.')],
    ['a plain error', new Error('bug')],
    ['a full queue', new PipewrightError('queue-full', 'Full.', { retryable: true })],
  ])('does not eject for %s', async (_, error) => {
    const { run, events } = testRun();
    const all = servers(2);
    for (const { state } of all) state.error = error;
    for (let i = 0; i < 30; i++) await expect(over(all, { maxFailures: 1 })('x', run)).rejects.toBe(error);
    expect(events.some(({ type }) => type === 'target-eject')).toBe(false);
  });

  it('Q10 an abort is no failure of a step, and leaves no load behind', async () => {
    const { run, clock, abort } = testRun();
    const [a, b] = [server('a'), server('b')];
    a.state.ms = 1_000;
    b.state.ms = 1_000;
    const balanced = balance([a.step, b.step], { maxFailures: 1, isFailure: () => true });
    const calls = Promise.allSettled([1, 2, 3, 4].map(() => balanced('x', run)));
    abort('gone');
    expect((await calls).every((call) => call.status === 'rejected' && call.reason === 'gone')).toBe(true);
    expect(clock.pending).toBe(0);
    const next = testRun();
    const later = balanced('x', next.run);
    await next.clock.advance(1_000);
    await later;
    expect(next.events[0]).toMatchObject({ type: 'choice-made', reason: 'least load of two: 0 under way' });
  });

  it('keeps a key at its step, by weight, and moves only the keys of a step that goes', async () => {
    const { run } = testRun();
    const all = servers(4);
    const balanced = over(all, {
      weights: [1, 1, 1, 3],
      keyOf: (input: string) => input,
      maxFailures: 1,
    });
    const keys = Array.from({ length: 2_000 }, (_, index) => `user ${index}`);
    const homes = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const key of keys) found.push(await balanced(key, run));
      return found;
    };
    const before = await homes();
    expect(await homes()).toEqual(before);
    const share = (name: string): number => before.filter((home) => home === name).length / keys.length;
    for (const name of ['s0', 's1', 's2']) expect(share(name)).toBeCloseTo(1 / 6, 1);
    expect(share('s3')).toBeCloseTo(1 / 2, 1);

    const [gone] = all;
    if (gone === undefined) throw new Error('unreachable');
    gone.state.error = down;
    await codeOf(balanced(keys[before.indexOf('s0')] ?? '', run));
    const after = await homes();
    expect(after).not.toContain('s0');
    for (const [index, home] of before.entries()) if (home !== 's0') expect(after[index]).toBe(home);
  });

  it('goes by load where there is no key', async () => {
    const { run, events } = testRun();
    await over(servers(2), { keyOf: (input: string) => (input === 'x' ? undefined : input) })('x', run);
    expect(events[0]).toMatchObject({ type: 'choice-made', reason: expect.stringContaining('load') });
  });

  it('keeps the properties of the first step, numbers equal names, and shows its settings to `inspect`', async () => {
    const { run, events } = testRun();
    const [a, b] = [server('m'), server('m')];
    const balanced = balance([a.step, b.step], { weights: [2, 1] });
    expect(balanced.id).toBe('m');
    for (let i = 0; i < 20; i++) await balanced('x', run);
    expect(new Set(events.flatMap((event) => (event.type === 'choice-made' ? [event.chosen] : [])))).toEqual(
      new Set(['m', 'm 2']),
    );
    expect(inspect(balanced)).toMatchObject({
      kind: 'balance',
      name: 'balance(m)',
      details: { by: 'load', maxFailures: 3, ejectMs: 10_000, minActive: 1, isShared: false },
      children: [{ label: 'weight 2' }, { label: 'weight 1' }],
    });
  });

  it.each([
    { weights: [1] },
    { weights: [1, 0] },
    { maxFailures: 0 },
    { ejectMs: 0 },
    { minActive: -1 },
    { store: memoryStore() },
  ] satisfies BalanceOptions[])('refuses %o', (options) => {
    expect(() => over(servers(2), options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(() => balance([] as never)).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});

describe('a balance in a store', () => {
  it('shares within a second which steps take no calls', async () => {
    const { run, clock } = testRun();
    const all = servers(2);
    const [bad] = all;
    if (bad === undefined) throw new Error('unreachable');
    bad.state.error = new PipewrightError('rate-limited', 'x', { retryable: true, details: { retryAfterMs: 30_000 } });
    const store = memoryStore();
    const [one, two] = [over(all, { store, name: 'b' }), over(all, { store, name: 'b' })];
    await two('warm', run).catch(() => undefined);
    bad.state.calls = 0;
    while (bad.state.calls === 0) await codeOf(one('x', run));
    await clock.advance(1_000);
    bad.state.calls = 0;
    for (let i = 0; i < 30; i++) expect(await two('x', run)).toBe('s1');
    expect(bad.state.calls).toBe(0);
    await clock.advance(30_000);
    bad.state.error = undefined;
    const found = new Set<string>();
    for (let i = 0; i < 30; i++) found.add(await two('x', run));
    expect(found.size).toBe(2);
  });

  it('keeps one step though several processes together have ejected all', async () => {
    const { run, clock } = testRun();
    const store = memoryStore();
    const all = servers(2);
    const slow = new PipewrightError('rate-limited', 'x', { retryable: true, details: { retryAfterMs: 30_000 } });
    const processes = [over(all, { store, name: 'b' }), over(all, { store, name: 'b' })];
    for (const balanced of processes) await balanced('x', run);
    for (const [index, balanced] of processes.entries()) {
      for (const [at, { state }] of all.entries()) state.error = at === index ? slow : undefined;
      for (let i = 0; i < 20; i++) await codeOf(balanced('x', run));
    }
    await clock.advance(1_000);
    for (const { state } of all) state.error = undefined;
    for (const balanced of processes) expect(await balanced('x', run)).toMatch(/^s/);
  });

  it.each([
    ['fails', { get: () => Promise.reject(new Error('no route')) }],
    ['hangs', { get: (): Promise<never> => new Promise(() => undefined) }],
  ] satisfies [string, Partial<Store>][])('Q26 goes on with its own knowledge when the store %s', async (_, broken) => {
    const { run, clock, events } = testRun();
    const all = servers(2);
    const balanced = over(all, { store: { ...memoryStore(), ...broken }, name: 'b' });
    const first = balanced('x', run);
    await clock.advance(1_000);
    expect(await first).toMatch(/^s/);
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});
