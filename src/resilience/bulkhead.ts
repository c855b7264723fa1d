import {
  type AnyStep,
  checkAtLeast,
  type Decorated,
  decorate,
  PipewrightError,
  type Run,
  stepName,
} from '../core/index.js';
import { checkCount } from './failure.js';
import { callQueue } from './queue.js';

export interface BulkheadOptions {
  /** Calls under way at once. @default 10 */
  readonly maxConcurrent?: number;
  /** Calls that wait for a place; one more is refused at once. @default 100 */
  readonly maxQueued?: number;
  /** Longest wait for a place. @default Infinity */
  readonly maxWaitMs?: number;
  /** Calls whose input gives a higher figure go before those that wait with a lower one. @default first come, first served */
  readonly priorityOf?: (input: never) => number;
  /** What events call it. @default the name of the step */
  readonly name?: string;
}

/**
 * Lets only so many calls of the step be under way at once; the others wait their turn, first come first served. A call holds its
 * place until the step has settled, also when its caller has given up on a step that is deaf to its signal.
 * Rejects with `queue-full` (retryable) when too many wait already or the wait was too long, and with the signal's reason as
 * soon as the run is aborted. Emits `queue-wait`.
 * @throws {PipewrightError} `bad-option` when a number is out of range.
 * @example await bulkhead((text: string) => text.length, { maxConcurrent: 2 })('four') // => 4
 */
export const bulkhead = <S extends AnyStep>(step: S, options: BulkheadOptions = {}): Decorated<S> => {
  const { maxConcurrent = 10, maxQueued = 100, maxWaitMs = Infinity, priorityOf, name = stepName(step) } = options;
  checkCount('maxConcurrent', maxConcurrent, 1);
  checkCount('maxQueued', maxQueued, 0);
  checkAtLeast('maxWaitMs', maxWaitMs, 0);
  const queue = callQueue<undefined>();
  let busy = 0;

  const wait = (input: unknown, run: Run): Promise<void> => {
    if (queue.length >= maxQueued) {
      const message = `\`${name}\` has ${busy} calls under way and ${queue.length} waiting, no more may wait (\`maxQueued\`). Try again later, or raise the limit.`;
      throw new PipewrightError('queue-full', message, { retryable: true });
    }
    run.emit({ type: 'queue-wait', name, ahead: queue.length });
    const onTooLong = (): unknown => {
      const message = `\`${name}\` had no free place within ${maxWaitMs} ms (\`maxWaitMs\`). Try again later, or raise \`maxConcurrent\`.`;
      return new PipewrightError('queue-full', message, { retryable: true });
    };
    const priority = priorityOf === undefined ? 0 : priorityOf(input as never);
    return queue.join(undefined, run, { priority, maxWaitMs, onTooLong });
  };

  /** A place that becomes free goes to the first in the queue without ever being free for others. */
  const leave = (): void => {
    const { first } = queue;
    if (first === undefined) busy -= 1;
    else first.admit();
  };

  const info = { kind: 'bulkhead', details: { maxConcurrent, maxQueued, maxWaitMs } };
  return decorate(step, info, async (input, run, inner) => {
    if (busy < maxConcurrent) busy += 1;
    else await wait(input, run);
    try {
      // The abort may have come between being let in and going on.
      run.throwIfAborted();
      return await inner(input, run);
    } finally {
      leave();
    }
  });
};
