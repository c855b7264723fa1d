import { sliceTimer, yieldToEventLoop } from './clock.js';
import { checkAtLeast } from './errors.js';
import { type AnyStep, callStep, defineStep, type Step, type StepLike } from './step.js';

export interface LoopOptions<T> {
  /** Asked after each round with the value and the number of rounds so far; true ends the loop. */
  readonly until: (value: T, rounds: number) => boolean | Promise<boolean>;
  /** The loop ends after so many rounds whatever `until` says, and resolves to the last value. */
  readonly maxRounds: number;
}

/**
 * Feeds a step with its own result until that is good enough or the rounds are used up.
 * @example await loop((n: number) => n * 2, { until: (n) => n > 50, maxRounds: 10 })(7) // => 56
 */
export const loop = <T>(step: StepLike<T, T>, options: LoopOptions<NoInfer<T>>): Step<T, T> => {
  const { until, maxRounds } = options;
  checkAtLeast('maxRounds', maxRounds, 1);
  const info = { kind: 'loop', details: { maxRounds }, children: [{ step: step as AnyStep }] };
  return defineStep(info, async (input, run) => {
    const isSliceOver = sliceTimer();
    let value = input;
    for (let rounds = 1; rounds <= maxRounds; rounds++) {
      run.throwIfAborted();
      value = await callStep(step, value, run, `round ${rounds}`);
      if (await until(value, rounds)) break;
      if (isSliceOver()) await yieldToEventLoop();
    }
    return value;
  });
};
