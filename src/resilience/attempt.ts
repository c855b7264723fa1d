import { callInSpan, type Run, type StepLike } from '../core/index.js';
import { type OnPartial, partialOutput } from './partial-output.js';

/** One try of a step, whose output can be withdrawn when the try fails. */
export interface Attempt<Out> {
  readonly result: Promise<Out>;
  /**
   * Makes room for another try: withdraws what this one has shown, or answers false when `onPartial` forbids it.
   * Where nobody listens, nothing was shown.
   */
  readonly withdraw: (onPartial: OnPartial, reason: string) => boolean;
}

/** Starts a step; with a listener on the run, in a span of its own. */
export const startAttempt = <In, Out>(step: StepLike<In, Out>, input: In, run: Run, name: string): Attempt<Out> => {
  if (!run.isWatched) return { result: call(step, input, run), withdraw: () => true };
  const partial = partialOutput();
  const child = run.child(name, { on: partial.take });
  return {
    result: callInSpan(step, input, child),
    withdraw: (onPartial, reason) => {
      if (!partial.isShown()) return true;
      if (onPartial === 'fail') return false;
      child.emit({ type: 'retract', reason });
      return true;
    },
  };
};

/** Async, so that a synchronous throw becomes a rejection. */
const call = async <In, Out>(step: StepLike<In, Out>, input: In, run: Run): Promise<Out> => step(input, run);
