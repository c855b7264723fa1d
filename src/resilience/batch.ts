import {
  checkAtLeast,
  defineStep,
  PipewrightError,
  type Run,
  type Step,
  type StepLike,
  stepName,
  type AnyStep,
} from '../core/index.js';
import { type BatchQueue, batchQueue } from './batch-queue.js';
import { checkCount } from './failure.js';

export interface BatchOptions<In, Out, Result> {
  /** Items of one batch at most. @default 64 */
  readonly maxSize?: number;
  /** How long the first item of a batch waits for others. @default 10 */
  readonly maxWaitMs?: number;
  /** Weight of one batch at most; an item that is heavier goes alone. @default no limit */
  readonly maxWeight?: number;
  /** What an item weighs, such as its tokens; callers pay by weight. @default 1 each */
  readonly weight?: (item: In) => number;
  /** Batches under way at once; the next ones go on collecting meanwhile. @default 4 */
  readonly maxInFlight?: number;
  /** Items that wait at most; one more is refused. @default 10_000 */
  readonly maxQueued?: number;
  /** Items with different keys never share a batch: of tenants, of models. @default all may */
  readonly groupBy?: (item: In, run: Run) => string;
  /** Gives the result of one item out of its place in the output, or throws its error. @default the place itself; an `Error` there is thrown */
  readonly unwrap?: (output: Out) => Result;
}

/**
 * Turns a step over lists into a step over single items: calls are collected for a moment and sent together, and each caller
 * gets its own result or its own error. Whoever is aborted leaves the batch; an empty batch is never sent, or aborted if it was.
 * The shared call has a signal of its own, and clock, chance and values of the caller who was there first. What it spends is
 * divided by weight, in meters and `usage` events. A caller without room in its budget is refused alone.
 * Calls reject with `queue-full` (retryable) when too many wait, and with `output-invalid` when the step does not answer item
 * by item.
 * @throws {PipewrightError} `bad-option` when a number is out of range.
 * @example await batch(async (items: readonly string[]) => items.map((item) => item.length))('four') // => 4
 */
export const batch = <In, Out, Result = Exclude<Out, Error>>(
  step: StepLike<readonly In[], readonly Out[]>,
  options: BatchOptions<NoInfer<In>, NoInfer<Out>, Result> = {},
): Step<In, Result> => {
  const { maxSize = 64, maxWaitMs = 10, maxWeight = Infinity, maxInFlight = 4, maxQueued = 10_000 } = options;
  const { weight = () => 1, groupBy = () => '', unwrap = thrownIfError } = options;
  checkCount('maxSize', maxSize, 1);
  checkAtLeast('maxWaitMs', maxWaitMs, 0);
  checkAtLeast('maxWeight', maxWeight, 0);
  checkCount('maxInFlight', maxInFlight, 1);
  checkCount('maxQueued', maxQueued, 1);
  const name = stepName(step as AnyStep);
  const queue: BatchQueue<In, Out> = batchQueue({ maxSize, maxWaitMs, maxWeight, maxInFlight, step, name });
  const info = {
    kind: 'batch',
    name: `batch(${name})`,
    details: { maxSize, maxWaitMs, maxInFlight, ...(maxWeight === Infinity ? {} : { maxWeight }) },
    children: [{ step: step as AnyStep }],
  };
  return defineStep<In, Result>(info, async (item, run) => {
    if (queue.waiting() >= maxQueued) {
      const message = `\`${name}\` has ${maxQueued} items that wait for a batch (\`maxQueued\`). Try again later, or raise the limit.`;
      throw new PipewrightError('queue-full', message, { retryable: true });
    }
    const output = await queue.add({ item, weight: weight(item), run, group: groupBy(item, run) });
    return unwrap(output) as Result;
  });
};

const thrownIfError = <Out>(output: Out): unknown => {
  if (output instanceof Error) throw output;
  return output;
};
