import {
  type AnyStep,
  type Decorated,
  decorate,
  isPipewrightError,
  messageOf,
  PipewrightError,
  type Run,
  type StepInput,
  type StepLike,
  stepName,
  type StepOutput,
} from '../core/index.js';
import { startAttempt } from './attempt.js';
import type { OnPartial } from './partial-output.js';

export interface FallbackOptions {
  /** Whether this failure is a reason to go on to the next step; never asked after an abort. @default every failure */
  readonly shouldSwitch?: (error: unknown) => boolean;
  /** What to do when the failed step has shown part of an answer to a listener. @default 'retract' */
  readonly onPartial?: OnPartial;
}

type Alternative<S extends AnyStep> = StepLike<StepInput<S>, StepOutput<S>>;

/**
 * Calls the first step; when that fails, the next one with the same input, and so on. The result has the properties of the
 * first step. With options the steps come as a list: `fallback([a, b], { onPartial: 'fail' })`.
 * Rejects with the signal's reason once the run is aborted; with the failure itself when only one step was tried; else with
 * an error that has code and details of the last failure, is retryable when any of the failures was, and whose `cause` is an
 * `AggregateError` with all of them in order.
 * @example await fallback((n: number): string => { throw new Error(`down ${n}`); }, (n) => `plan ${n}`)(2) // => 'plan 2'
 */
export function fallback<S extends AnyStep>(first: S, ...others: readonly Alternative<NoInfer<S>>[]): Decorated<S>;
export function fallback<S extends AnyStep>(
  steps: readonly [S, ...Alternative<NoInfer<S>>[]],
  options: FallbackOptions,
): Decorated<S>;
export function fallback(
  first: AnyStep | readonly AnyStep[],
  ...rest: readonly (AnyStep | FallbackOptions)[]
): Decorated<AnyStep> {
  const isList = typeof first !== 'function';
  const steps = isList ? first : [first, ...(rest as readonly AnyStep[])];
  const { shouldSwitch = () => true, onPartial = 'retract' } = isList ? (rest[0] as FallbackOptions) : {};
  const [main] = steps;
  if (main === undefined) throw new PipewrightError('bad-option', 'A fallback needs at least one step.');
  const info = { kind: 'fallback', details: { onPartial }, children: steps.map((step) => ({ step })) };
  return decorate(main, info, (input, run) => callInTurn(steps, input, run, { shouldSwitch, onPartial }));
}

const callInTurn = async (
  steps: readonly AnyStep[],
  input: unknown,
  run: Run,
  { shouldSwitch, onPartial }: Required<FallbackOptions>,
): Promise<unknown> => {
  const failures: unknown[] = [];
  for (const [index, step] of steps.entries()) {
    const attempt = startAttempt(step as StepLike<unknown, unknown>, input, run, stepName(step));
    try {
      return await attempt.result;
    } catch (error) {
      run.throwIfAborted();
      failures.push(error);
      const next = steps[index + 1];
      if (next === undefined || !shouldSwitch(error)) break;
      if (!attempt.withdraw(onPartial, `Replaced: ${messageOf(error)}`)) break;
      run.emit({ type: 'fallback-switch', from: stepName(step), to: stepName(next), error });
    }
  }
  throw failures.length === 1 ? failures[0] : allFailed(failures);
};

const allFailed = (failures: readonly unknown[]): PipewrightError => {
  const last = failures.at(-1);
  const message = `${failures.length} steps failed one after the other; the last one: ${messageOf(last)}`;
  const options = {
    retryable: failures.some((failure) => isPipewrightError(failure) && failure.retryable),
    cause: new AggregateError(failures, message),
  };
  return isPipewrightError(last)
    ? new PipewrightError(last.code, message, { ...options, details: last.details })
    : new PipewrightError('model-failed', message, options);
};
