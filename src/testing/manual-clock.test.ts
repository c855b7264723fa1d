import { describe, expect, it } from 'vitest';
import { sleep } from '../core/index.js';
import { manualClock, testRun } from './index.js';

describe('manualClock', () => {
  it('stands still until it is moved', async () => {
    const clock = manualClock({ nowMs: 1_000 });
    expect(clock.now()).toBe(1_000);
    await clock.advance(250);
    expect(clock.now()).toBe(1_250);
  });

  it('fires timers by time, then by the order they were set, each at its own time', async () => {
    const clock = manualClock();
    const fired: string[] = [];
    const set = (name: string, ms: number) => clock.after(ms, () => fired.push(`${name} at ${clock.now()}`));
    set('late', 30);
    set('first', 10);
    set('second', 10);
    const callOff = set('never', 20);
    expect(clock.pending).toBe(4);
    callOff();
    callOff();
    await clock.advance(29);
    expect(fired).toEqual(['first at 10', 'second at 10']);
    await clock.advance(1);
    expect(fired.at(-1)).toBe('late at 30');
    expect(clock.pending).toBe(0);
  });

  it('lets work go on between timers, so that timers set on the way fire too', async () => {
    const { run, clock } = testRun();
    const at: number[] = [];
    const work = async (): Promise<void> => {
      for (let round = 0; round < 3; round++) {
        await sleep(10, run);
        at.push(clock.now());
      }
    };
    const done = work();
    await clock.advance(30);
    await done;
    expect(at).toEqual([10, 20, 30]);
  });

  it('reaches its end though a timer moves the clock further', async () => {
    const clock = manualClock();
    clock.after(10, () => void clock.advance(100));
    await clock.advance(20);
    expect(clock.now()).toBe(110);
  });

  it('holds 20,000 timers without slowing down', async () => {
    const clock = manualClock();
    const callOffs = Array.from({ length: 20_000 }, (_, index) => clock.after(index % 777, () => undefined));
    for (const callOff of callOffs.slice(100)) callOff();
    await clock.advance(1_000);
    expect(clock.pending).toBe(0);
  });

  it('refuses to go back', async () => {
    await expect(manualClock().advance(-1)).rejects.toMatchObject({ code: 'bad-option' });
  });
});

describe('testRun', () => {
  it('gives the same random numbers for the same seed and collects events', () => {
    const [one, two, other] = [testRun(), testRun(), testRun({ seed: 2 })];
    expect(one.run.random()).toBe(two.run.random());
    expect(other.run.random()).not.toBe(testRun().run.random());
    one.run.emit({ type: 'warning', message: 'w' });
    expect(one.events).toMatchObject([{ type: 'warning', message: 'w', atMs: 0 }]);
  });

  it('aborts with the given reason, watched or not, and takes a budget and a start', () => {
    const { run, abort, events } = testRun({ isWatched: false, budget: { maxCalls: 0 }, nowMs: 5 });
    abort('gone');
    expect(() => run.throwIfAborted()).toThrow('gone');
    expect(run.isWatched).toBe(false);
    expect(run.clock.now()).toBe(5);
    expect(events).toEqual([]);
    expect(() => run.meter.reserve({ label: 'm', tokens: 1, costUsd: 0 })).toThrow('budget');
  });
});
