import {
  type AnyStep,
  type Decorated,
  decorate,
  isPipewrightError,
  messageOf,
  PipewrightError,
  type Run,
  scrubText,
  type StepInput,
  type StepLike,
  stepName,
  type StepOutput,
} from '../core/index.js';
import { startAttempt } from './attempt.js';
import type { OnPartial } from './partial-output.js';
import { enterFallback } from './retry-scope.js';

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
 * an error that names each step and its failure, has code and details of the last one and the shortest `retryAfterMs` of all,
 * is retryable when any of the failures was, and whose `cause` is an `AggregateError` with all of them in order.
 * No step follows one that did something that must not be done twice (`forbidRetry`).
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

/** One step that failed, and how. */
interface Failure {
  readonly name: string;
  readonly error: unknown;
}

const callInTurn = async (
  steps: readonly AnyStep[],
  input: unknown,
  run: Run,
  { shouldSwitch, onPartial }: Required<FallbackOptions>,
): Promise<unknown> => {
  const failures: Failure[] = [];
  const { scope, run: inner } = enterFallback(run);
  for (const [index, step] of steps.entries()) {
    const name = stepName(step);
    const attempt = startAttempt(step as StepLike<unknown, unknown>, input, inner, name);
    try {
      return await attempt.result;
    } catch (error) {
      run.throwIfAborted();
      failures.push({ name, error });
      const next = steps[index + 1];
      if (next === undefined || scope.isForbidden || !shouldSwitch(error)) break;
      if (!attempt.withdraw(onPartial, `Replaced: ${messageOf(error)}`)) break;
      run.emit({ type: 'fallback-switch', from: name, to: stepName(next), error });
    }
  }
  throw failures.length === 1 ? failures[0]?.error : allFailed(failures);
};

/** Longest quote of one failure in the message about all. */
const maxQuoteLength = 200;

const quoteOf = ({ name, error }: Failure): string => {
  const text = scrubText(messageOf(error)).replaceAll(/\s+/g, ' ');
  return `\`${name}\`: ${text.length > maxQuoteLength ? `${text.slice(0, maxQuoteLength)}…` : text}`;
};

/** The shortest wait that a server asked for: then one of the steps may work again. */
const soonestRetryMs = (errors: readonly unknown[]): number | undefined => {
  const waits = errors.flatMap((error) => (isPipewrightError(error) ? (error.details.retryAfterMs ?? []) : []));
  return waits.length === 0 ? undefined : Math.min(...waits);
};

const allFailed = (failures: readonly Failure[]): PipewrightError => {
  const errors = failures.map(({ error }) => error);
  const last = errors.at(-1);
  const message = `${failures.length} steps failed one after the other. ${failures.map(quoteOf).join(' ')}`;
  const retryAfterMs = soonestRetryMs(errors);
  const { code, details } = isPipewrightError(last) ? last : { code: 'model-failed' as const, details: {} };
  return new PipewrightError(code, message, {
    retryable: errors.some((error) => isPipewrightError(error) && error.retryable),
    cause: new AggregateError(errors, message),
    details: retryAfterMs === undefined ? details : { ...details, retryAfterMs },
  });
};
