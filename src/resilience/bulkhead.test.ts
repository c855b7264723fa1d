import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createRun, defineStepWith, inspect, PipewrightError, type Run, sleep } from '../core/index.js';
import { testRun } from '../testing/index.js';
import { bulkhead, timeout } from './index.js';

const waits = async (ms: number, run: Run): Promise<number> => sleep(ms, run).then(() => ms);

/** A step whose calls end when the test says so; it tells how many are under way. */
const gated = () => {
  const open: (() => void)[] = [];
  const started: string[] = [];
  let most = 0;
  let busy = 0;
  const step = async (name: string): Promise<string> => {
    started.push(name);
    most = Math.max(most, ++busy);
    await new Promise<void>((resolve) => open.push(resolve));
    busy -= 1;
    return name;
  };
  const release = async (count = 1): Promise<void> => {
    for (let i = 0; i < count; i++) open.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { step, started, release, most: () => most, busy: () => busy };
};

describe('bulkhead', () => {
  it('never lets more calls under way than allowed, and lets the others follow in their order', async () => {
    const { step, started, release, most } = gated();
    const limited = bulkhead(step, { maxConcurrent: 3 });
    const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
    const control = new AbortController();
    const run = createRun({ signal: control.signal });
    const results = names.map((name) => limited(name, run));
    await release(0);
    expect(started).toEqual(['c0', 'c1', 'c2']);
    for (let round = 0; round < 20; round++) await release();
    expect(await Promise.all(results)).toEqual(names);
    expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
    expect(started).toEqual(names);
    expect(most()).toBe(3);
  });

  it('lets nobody overtake who comes while a place changes hands', async () => {
    const { step, started, release, busy } = gated();
    const limited = bulkhead(step, { maxConcurrent: 1 });
    const [first, second] = [limited('first'), limited('second')];
    await release(0);
    const late = first.then(() => limited('late'));
    await release(1);
    expect(started).toEqual(['first', 'second']);
    expect(busy()).toBe(1);
    await release(1);
    await release(1);
    expect(await Promise.all([second, late])).toEqual(['second', 'late']);
  });

  it('gives the place back after a failure, a synchronous one too', async () => {
    let calls = 0;
    const step = (): number => {
      calls += 1;
      if (calls < 3) throw new Error(`bug ${calls}`);
      return calls;
    };
    const limited = bulkhead(step, { maxConcurrent: 1 });
    const results = await Promise.allSettled([limited(undefined), limited(undefined), limited(undefined)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  });

  it('refuses with a retryable `queue-full` when too many wait', async () => {
    const { step, release } = gated();
    const limited = bulkhead(step, { maxConcurrent: 1, maxQueued: 2, name: 'gpu' });
    const results = Promise.allSettled(['a', 'b', 'c', 'd'].map((name) => limited(name)));
    for (let round = 0; round < 3; round++) await release();
    const [, , third, fourth] = await results;
    expect(third).toMatchObject({ value: 'c' });
    expect(fourth).toMatchObject({ reason: { code: 'queue-full', retryable: true } });
    expect((fourth as PromiseRejectedResult).reason.message).toMatch(/`gpu` has 1 calls under way and 2 waiting/);
  });

  it('refuses after the longest wait, to the millisecond', async () => {
    const { run, clock } = testRun();
    const limited = bulkhead(waits, { maxConcurrent: 1, maxWaitMs: 100 });
    const [first, second] = [limited(500, run), limited(1, run)];
    const outcome = second.catch((error: unknown) => error);
    await clock.advance(99);
    expect(clock.pending).toBe(2);
    await clock.advance(1);
    expect(await outcome).toMatchObject({ code: 'queue-full', message: expect.stringContaining('within 100 ms') });
    await clock.advance(400);
    expect(await first).toBe(500);
    expect(clock.pending).toBe(0);
  });

  it('leaves the queue at once on an abort, and nobody behind is held up', async () => {
    const { run, clock } = testRun();
    const gone = new AbortController();
    const leaving = createRun({ clock, signal: gone.signal });
    const limited = bulkhead(waits, { maxConcurrent: 1, maxWaitMs: 10_000 });
    const results = Promise.allSettled([limited(100, run), limited(100, leaving), limited(100, run)]);
    await clock.advance(50);
    gone.abort('gone');
    await clock.advance(150);
    expect(await results).toEqual([
      { status: 'fulfilled', value: 100 },
      { status: 'rejected', reason: 'gone' },
      { status: 'fulfilled', value: 100 },
    ]);
    expect(clock.pending).toBe(0);
    expect(getEventListeners(gone.signal, 'abort')).toHaveLength(0);
  });

  it('passes the place on whenever an abort comes, also between being let in and going on', async () => {
    const fates = new Set<string>();
    for (let turns = 0; turns < 16; turns++) {
      const control = new AbortController();
      const ended: string[] = [];
      const limited = bulkhead(
        async (name: string, run: Run): Promise<string> => {
          if (run.signal.aborted) fates.add(`${name} started after the abort`);
          // The first call ends and the abort comes so many turns later.
          if (name === 'first') {
            let left = turns;
            const later = (): void => (left-- > 0 ? queueMicrotask(later) : control.abort('gone'));
            await sleep(1, run);
            later();
          } else await sleep(1, run);
          ended.push(name);
          return name;
        },
        { maxConcurrent: 1 },
      );
      const results = [limited('first'), limited('second', createRun({ signal: control.signal })), limited('third')];
      const [, second, third] = await Promise.allSettled(results);
      expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
      expect(second).toMatchObject({ status: 'rejected', reason: 'gone' });
      expect(third).toMatchObject({ value: 'third' });
      expect(await limited('last')).toBe('last');
      fates.add(ended.join());
    }
    expect([...fates]).toEqual(['first,third,last']);
  });

  it('holds the place of a deaf step whose caller gave up until the step has settled', async () => {
    const { run, clock } = testRun();
    const { step, started, release } = gated();
    const limited = timeout(bulkhead(step, { maxConcurrent: 1 }), { totalMs: 100 });
    const first = limited('first', run).catch((error: PipewrightError) => error.code);
    await clock.advance(100);
    expect(await first).toBe('timeout');
    const second = limited('second', run);
    await clock.advance(50);
    expect(started).toEqual(['first']);
    await release();
    expect(started).toEqual(['first', 'second']);
    await release();
    expect(await second).toBe('second');
    expect(clock.pending).toBe(0);
  });

  it('lets higher priorities go first, equals in their order', async () => {
    const { step, started, release } = gated();
    const limited = bulkhead(step, {
      maxConcurrent: 1,
      priorityOf: (name: string) => (name.startsWith('urgent') ? 2 : name.startsWith('batch') ? -1 : 0),
    });
    const names = ['now', 'batch 1', 'plain 1', 'urgent 1', 'batch 2', 'plain 2', 'urgent 2'];
    const results = names.map((name) => limited(name));
    for (let round = 0; round < 7; round++) await release();
    await Promise.all(results);
    expect(started).toEqual(['now', 'urgent 1', 'urgent 2', 'plain 1', 'plain 2', 'batch 1', 'batch 2']);
  });

  it('tells how many stand ahead', async () => {
    const { run, clock, events } = testRun();
    const limited = bulkhead(waits, { maxConcurrent: 1 });
    const results = [1, 2, 3].map((ms) => limited(ms, run));
    await clock.advance(10);
    await Promise.all(results);
    expect(events).toMatchObject([
      { type: 'queue-wait', name: 'waits', ahead: 0 },
      { type: 'queue-wait', name: 'waits', ahead: 1 },
    ]);
  });

  it('Q27 holds nothing of 10,000 calls that came, waited and gave up', async () => {
    const { run, clock } = testRun({ isWatched: false });
    const control = new AbortController();
    const leaving = createRun({ clock, signal: control.signal });
    const limited = bulkhead(waits, { maxConcurrent: 1, maxQueued: Infinity, maxWaitMs: 1_000 });
    const first = limited(10, run);
    const others = Array.from({ length: 10_000 }, () => limited(10, leaving));
    const settled = Promise.allSettled(others);
    await clock.advance(5);
    control.abort('gone');
    expect((await settled).every(({ status }) => status === 'rejected')).toBe(true);
    const last = limited(10, run);
    await clock.advance(15);
    expect(await Promise.all([first, last])).toEqual([10, 10]);
    expect(clock.pending).toBe(0);
  });

  it('keeps the properties of the step and shows its settings to `inspect`', () => {
    const model = defineStepWith({ kind: 'model', name: 'm' }, { id: 'x:m' }, async (q: string) => q);
    const limited = bulkhead(model, { maxConcurrent: 4 });
    expect(limited.id).toBe('x:m');
    expect(inspect(limited)).toMatchObject({
      kind: 'bulkhead',
      name: 'bulkhead(m)',
      details: { maxConcurrent: 4, maxQueued: 100, maxWaitMs: Infinity },
    });
  });

  it.each([{ maxConcurrent: 0 }, { maxConcurrent: 1.5 }, { maxQueued: -1 }, { maxWaitMs: Number.NaN }])(
    'refuses %o',
    (options) => {
      const [name] = Object.keys(options);
      expect(() => bulkhead(waits, options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
      expect(() => bulkhead(waits, options)).toThrow(name);
      expect(() => bulkhead(waits, options)).toThrow(PipewrightError);
    },
  );
});
