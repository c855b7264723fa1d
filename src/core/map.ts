import { sliceTimer, yieldToEventLoop } from './clock.js';
import { checkAtLeast } from './errors.js';
import type { Run } from './run.js';
import { type AnyStep, callStep, defineStep, type Step, type StepLike } from './step.js';

export interface MapOptions {
  /** How many items are under way at once. @default 8 */
  readonly concurrency?: number;
}

/**
 * Applies a step to every item of a list, several at once; results keep the order of the items. When one fails, the signal
 * of the others aborts, no further item starts, and the call rejects with that first failure.
 * @example await map((n: number) => n * 2)([1, 2, 3]) // => [2, 4, 6]
 */
export const map = <In, Out>(step: StepLike<In, Out>, options: MapOptions = {}): Step<readonly In[], Out[]> => {
  const { concurrency = 8 } = options;
  checkAtLeast('concurrency', concurrency, 1);
  const info = { kind: 'map', details: { concurrency }, children: [{ step: step as AnyStep }] };
  return defineStep(info, (items, run) => mapWith(step, items, run, concurrency));
};

const mapWith = async <In, Out>(
  step: StepLike<In, Out>,
  items: readonly In[],
  run: Run,
  concurrency: number,
): Promise<Out[]> => {
  using group = run.scope();
  const { run: inner } = group;
  const results = new Array<Out>(items.length);
  const isSliceOver = sliceTimer();
  let next = 0;
  const worker = async (): Promise<void> => {
    try {
      while (next < items.length) {
        inner.throwIfAborted();
        const index = next++;
        results[index] = await callStep(step, items[index] as In, inner, `[${index}]`);
        if (isSliceOver()) await yieldToEventLoop();
      }
    } catch (error) {
      // At once, before another worker takes its next item.
      group.abort(error);
      throw error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
};
