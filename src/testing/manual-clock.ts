import { checkAtLeast, type Clock, yieldToEventLoop } from '../core/index.js';

export interface ManualClockOptions {
  /** Where the clock starts, in milliseconds since 1970. @default 0 */
  readonly nowMs?: number;
}

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /**
   * Moves time on by `ms`. Timers that come due fire one by one, in order, each at its own time; before, between and after them
   * everything that can go on without further time does so.
   */
  readonly advance: (ms: number) => Promise<void>;
  /** Timers that have neither fired nor been called off. */
  readonly pending: number;
}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Makes a clock for tests: time is moved, not waited for.
 * @example const clock = manualClock(); clock.after(5, () => {}); clock.pending // => 1
 */
export const manualClock = (options: ManualClockOptions = {}): ManualClock => {
  let { nowMs = 0 } = options;
  /** By time, then by the order in which they were set. */
  const timers: Timer[] = [];
  let lastOrder = 0;

  const indexOf = (atMs: number, order: number): number => {
    let low = 0;
    let high = timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = timers[middle] as Timer;
      if (at.atMs < atMs || (at.atMs === atMs && at.order < order)) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    now: () => nowMs,
    after: (ms, callback) => {
      const timer: Timer = { atMs: nowMs + Math.max(0, ms), order: ++lastOrder, callback };
      timers.splice(indexOf(timer.atMs, timer.order), 0, timer);
      return () => {
        const index = indexOf(timer.atMs, timer.order);
        if (timers[index] === timer) timers.splice(index, 1);
      };
    },
    advance: async (ms) => {
      checkAtLeast('ms', ms, 0);
      const untilMs = nowMs + ms;
      await yieldToEventLoop();
      for (let next = timers[0]; next !== undefined && next.atMs <= untilMs; next = timers[0]) {
        timers.shift();
        nowMs = Math.max(nowMs, next.atMs);
        next.callback();
        await yieldToEventLoop();
      }
      nowMs = Math.max(nowMs, untilMs);
    },
    get pending() {
      return timers.length;
    },
  };
};
