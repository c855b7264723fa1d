import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRun, type Run, sleep } from '../core/index.js';
import { manualClock, testRun } from '../testing/index.js';
import { singleFlight } from './single-flight.js';

const runWith = () => {
  const control = new AbortController();
  const clock = manualClock();
  return {
    run: createRun({ signal: control.signal, clock }),
    clock,
    abort: (reason: unknown) => control.abort(reason),
  };
};

describe('singleFlight', () => {
  it('makes equal calls at the same time into one, and forgets it when it is over', async () => {
    const flights = singleFlight<number>();
    let calls = 0;
    const start = async () => ++calls;
    const run = createRun();
    const first = [flights.join('a', run, start), flights.join('a', run, start), flights.join('b', run, start)];
    expect(first.map(({ isLeader }) => isLeader)).toEqual([true, false, true]);
    expect(await Promise.all(first.map(({ result }) => result))).toEqual([1, 1, 2]);
    expect(flights.has('a')).toBe(false);
    expect(await flights.join('a', run, start).result).toBe(3);
  });

  it('gives a failure to all who wait', async () => {
    const flights = singleFlight<number>();
    const run = createRun();
    const start = () => Promise.reject(new Error('down'));
    const results = [1, 2, 3].map(() => flights.join('a', run, start).result);
    for (const outcome of await Promise.allSettled(results))
      expect(outcome).toMatchObject({ reason: { message: 'down' } });
  });

  it('goes on when the caller who started it leaves, and is aborted with the reason of the last one', async () => {
    const flights = singleFlight<string>();
    let seen: AbortSignal | undefined;
    const start = (run: Run) => {
      seen = run.signal;
      return sleep(100, run).then(() => 'done');
    };
    const [a, b] = [runWith(), runWith()];
    const first = flights.join('k', a.run, start).result;
    const second = flights.join('k', b.run, start).result;
    a.abort('a left');
    await expect(first).rejects.toBe('a left');
    expect(seen?.aborted).toBe(false);
    b.abort('b left');
    await expect(second).rejects.toBe('b left');
    expect(seen?.reason).toBe('b left');
    expect(a.clock.pending).toBe(0);
  });

  it('starts anew for whoever comes after the last one has left, even before the old call has ended', async () => {
    const flights = singleFlight<number>();
    let calls = 0;
    const start = (run: Run) => {
      const number = ++calls;
      return number === 1 ? new Promise<number>(() => run.signal) : Promise.resolve(number);
    };
    const a = runWith();
    const first = flights.join('k', a.run, start).result;
    a.abort('gone');
    await expect(first).rejects.toBe('gone');
    expect(await flights.join('k', createRun(), start).result).toBe(2);
  });

  it('does not let a caller who came aborted disturb the others', async () => {
    const flights = singleFlight<number>();
    const { run, clock } = testRun();
    const first = flights.join('k', run, (shared) => sleep(5, shared).then(() => 1)).result;
    const gone = runWith();
    gone.abort('gone');
    await expect(flights.join('k', gone.run, async () => 2).result).rejects.toBe('gone');
    await clock.advance(5);
    expect(await first).toBe(1);
  });

  it('Q01 Q10 settles every caller under random aborts, with one call at a time for each key and nothing left behind', async () => {
    const plan = fc.record({
      keys: fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 12 }),
      aborts: fc.array(fc.nat(11), { maxLength: 12 }),
      ms: fc.integer({ min: 1, max: 5 }),
      fails: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(plan, { minLength: 1, maxLength: 4 }), async (rounds) => {
        const flights = singleFlight<string>();
        const clock = manualClock();
        const outer = new AbortController();
        const before = getEventListeners(outer.signal, 'abort').length;
        const underWay = { a: 0, b: 0 };
        for (const { keys, aborts, ms, fails } of rounds) {
          const callers = keys.map((key) => ({ key, control: new AbortController() }));
          const results = callers.map(({ key, control }) => {
            const run = createRun({ clock, signal: AbortSignal.any([control.signal, outer.signal]) });
            return flights.join(key, run, async (shared) => {
              underWay[key] += 1;
              expect(underWay[key]).toBe(1);
              try {
                await sleep(ms, shared);
                if (fails) throw new Error('down');
                return key;
              } finally {
                underWay[key] -= 1;
              }
            }).result;
          });
          const all = Promise.allSettled(results);
          for (const index of aborts) callers[index]?.control.abort(`left ${index}`);
          await clock.advance(ms);
          for (const [index, outcome] of (await all).entries()) {
            if (aborts.includes(index)) expect(outcome).toMatchObject({ reason: `left ${index}` });
            else if (fails) expect(outcome).toMatchObject({ reason: { message: 'down' } });
            else expect(outcome).toMatchObject({ value: callers[index]?.key });
          }
          expect([flights.has('a'), flights.has('b'), clock.pending]).toEqual([false, false, 0]);
        }
        expect(getEventListeners(outer.signal, 'abort').length).toBe(before);
      }),
      { numRuns: 60 },
    );
  });
});
