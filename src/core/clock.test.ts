import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { manualClock } from '../testing/index.js';
import {
  linkedController,
  onAbort,
  raceAbort,
  randomId,
  seededRandom,
  sleep,
  sliceTimer,
  systemClock,
  systemRandom,
  yieldToEventLoop,
} from './index.js';

const gone = new Error('gone');
const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('systemClock', () => {
  it('fires once after the time, unless it is called off', async () => {
    const fired: string[] = [];
    const startMs = systemClock.now();
    const callOff = systemClock.after(1, () => fired.push('never'));
    callOff();
    await new Promise<void>((resolve) => void systemClock.after(5, () => resolve(void fired.push('once'))));
    expect(fired).toEqual(['once']);
    expect(systemClock.now()).toBeGreaterThanOrEqual(startMs);
  });

  it('waits longer than a platform timer can, and can be called off on the way', () => {
    vi.useFakeTimers();
    const dayMs = 86_400_000;
    let fired = 0;
    systemClock.after(60 * dayMs, () => fired++);
    const callOff = systemClock.after(60 * dayMs, () => fired++);
    vi.advanceTimersByTime(30 * dayMs);
    callOff();
    vi.advanceTimersByTime(29 * dayMs);
    expect(fired).toBe(0);
    vi.advanceTimersByTime(2 * dayMs);
    expect(fired).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});

describe('random numbers', () => {
  it('repeat for the same seed and lie from 0 to 1', () => {
    const [one, two, other] = [seededRandom(7), seededRandom(7), seededRandom(8)];
    const numbers = Array.from({ length: 1_000 }, () => one());
    expect(numbers).toEqual(Array.from({ length: 1_000 }, () => two()));
    expect(numbers).not.toEqual(Array.from({ length: 1_000 }, () => other()));
    expect(numbers.every((n) => n >= 0 && n < 1)).toBe(true);
    expect(Math.abs(numbers.reduce((sum, n) => sum + n, 0) / 1_000 - 0.5)).toBeLessThan(0.05);
    expect(systemRandom()).toBeLessThan(1);
  });

  it('make ids of 16 digits, leading zeros kept', () => {
    expect(randomId(() => 0)).toBe('0000000000000000');
    expect(randomId(seededRandom(1))).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('sleep', () => {
  it('waits on the given clock and leaves nothing', async () => {
    const clock = manualClock();
    const { signal } = new AbortController();
    const done = sleep(100, { signal, clock });
    expect([clock.pending, listenersOf(signal)]).toEqual([1, 1]);
    await clock.advance(100);
    await done;
    expect([clock.pending, listenersOf(signal)]).toEqual([0, 0]);
  });

  it('rejects with the reason at once, during the wait and before it', async () => {
    const clock = manualClock();
    const control = new AbortController();
    const outcome = sleep(100, { signal: control.signal, clock }).catch((error: unknown) => error);
    control.abort(gone);
    expect(await outcome).toBe(gone);
    await expect(sleep(1, { signal: control.signal, clock })).rejects.toBe(gone);
    expect([clock.pending, listenersOf(control.signal)]).toEqual([0, 0]);
  });
});

describe('onAbort', () => {
  it('calls each listener once, the same one as often as it was given, and puts one on the signal', () => {
    const control = new AbortController();
    let calls = 0;
    const listener = (): void => void calls++;
    onAbort(control.signal, listener);
    const forget = onAbort(control.signal, listener);
    onAbort(control.signal, listener);
    expect(listenersOf(control.signal)).toBe(1);
    forget();
    forget();
    control.abort();
    expect(calls).toBe(2);
  });

  it('takes the listener off the signal when the last one goes, and puts it back for the next', () => {
    const control = new AbortController();
    let calls = 0;
    const forgets = [1, 2, 3].map(() => onAbort(control.signal, () => calls++));
    for (const forget of forgets) forget();
    expect(listenersOf(control.signal)).toBe(0);
    onAbort(control.signal, () => calls++);
    control.abort();
    expect(calls).toBe(1);
  });

  it('does not call a listener that another one takes away while the signal aborts', () => {
    const control = new AbortController();
    const calls: string[] = [];
    onAbort(control.signal, () => {
      calls.push('first');
      forget();
    });
    const forget = onAbort(control.signal, () => calls.push('second'));
    control.abort();
    expect(calls).toEqual(['first']);
  });
});

describe('linkedController', () => {
  it('aborts with its parent and for the same reason, not the other way round', () => {
    const parent = new AbortController();
    const child = linkedController(parent.signal);
    const other = linkedController(parent.signal);
    child.abort('mine');
    expect([child.signal.reason, other.signal.aborted, parent.signal.aborted]).toEqual(['mine', false, false]);
    parent.abort(gone);
    expect([child.signal.reason, other.signal.reason]).toEqual(['mine', gone]);
    expect(linkedController(parent.signal).signal.reason).toBe(gone);
  });

  it('leaves nothing on its parent once disposed', () => {
    const parent = new AbortController();
    {
      using child = linkedController(parent.signal);
      expect([child.signal.aborted, listenersOf(parent.signal)]).toEqual([false, 1]);
    }
    expect(listenersOf(parent.signal)).toBe(0);
    const late = linkedController(parent.signal);
    late[Symbol.dispose]();
    parent.abort(gone);
    expect(late.signal.aborted).toBe(false);
  });
});

describe('raceAbort', () => {
  it('settles with the work and leaves nothing', async () => {
    const { signal } = new AbortController();
    expect(await raceAbort(Promise.resolve(1), signal)).toBe(1);
    await expect(raceAbort(Promise.reject(gone), signal)).rejects.toBe(gone);
    await yieldToEventLoop();
    expect(listenersOf(signal)).toBe(0);
  });

  it('rejects with the reason when that comes first, and swallows what the work does later', async () => {
    const control = new AbortController();
    let fail: (error: unknown) => void = () => undefined;
    const work = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const outcome = raceAbort(work, control.signal).catch((error: unknown) => error);
    control.abort(gone);
    expect(await outcome).toBe(gone);
    fail(new Error('late'));
    await expect(raceAbort(Promise.reject(new Error('lost')), control.signal)).rejects.toBe(gone);
    await yieldToEventLoop();
  });
});

describe('sliceTimer', () => {
  it('says so once for each slice that has passed', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0);
    const isSliceOver = sliceTimer(15);
    const asked = [14, 15, 16, 29, 30].map((ms) => {
      now.mockReturnValue(ms);
      return isSliceOver();
    });
    now.mockRestore();
    expect(asked).toEqual([false, true, false, false, true]);
    expect(() => sliceTimer(0)).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});
