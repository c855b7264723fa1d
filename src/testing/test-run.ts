import { type Budget, createRun, type Run, type RunEvent, seededRandom } from '../core/index.js';
import { type ManualClock, manualClock } from './manual-clock.js';

export interface TestRunOptions {
  /** Of the random numbers. @default 1 */
  readonly seed?: number;
  /** Where the clock starts, in milliseconds since 1970. @default 0 */
  readonly nowMs?: number;
  readonly budget?: Budget;
  /** Whether events are collected; without a listener steps take their shorter way. @default true */
  readonly isWatched?: boolean;
}

/** A run in which time, chance and cancellation are in the hands of the test. */
export interface TestRun {
  readonly run: Run;
  readonly clock: ManualClock;
  /** What was emitted so far, in order. */
  readonly events: readonly RunEvent[];
  /** Cancels the run, as its caller would. */
  readonly abort: (reason?: unknown) => void;
}

/**
 * Makes a run for tests: `const { run, clock, events, abort } = testRun()`.
 * @example testRun().run.random() === testRun().run.random() // => true
 */
export const testRun = (options: TestRunOptions = {}): TestRun => {
  const { seed = 1, nowMs = 0, budget, isWatched = true } = options;
  const clock = manualClock({ nowMs });
  const control = new AbortController();
  const events: RunEvent[] = [];
  const run = createRun({
    clock,
    random: seededRandom(seed),
    signal: control.signal,
    ...(budget === undefined ? {} : { budget }),
    ...(isWatched ? { on: (event: RunEvent) => events.push(event) } : {}),
  });
  return { run, clock, events, abort: (reason) => control.abort(reason) };
};
