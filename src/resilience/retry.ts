import pRetry from 'p-retry';
import {
  type AnyStep,
  checkAtLeast,
  type Decorated,
  decorate,
  isPipewrightError,
  messageOf,
  PipewrightError,
  type Run,
  sleep,
  type StepLike,
} from '../core/index.js';
import { type Attempt, startAttempt } from './attempt.js';
import type { OnPartial } from './partial-output.js';
import { enterRetry, type LimitedScope } from './retry-scope.js';

export interface RetryOptions {
  /** Tries in all, the first included. @default 3 */
  readonly maxAttempts?: number;
  /** Upper end of the random wait before the second try; it doubles with each further one. @default 500 */
  readonly initialDelayMs?: number;
  /** Longest wait. When the server asks for a longer one, the call fails at once. @default 60_000 */
  readonly maxDelayMs?: number;
  /** Whether this failure deserves another try; never asked after an abort. @default the error's own `retryable` */
  readonly shouldRetry?: (error: unknown) => boolean;
  /** What to do when the failed try has shown part of an answer to a listener. @default 'retract' */
  readonly onPartial?: OnPartial;
}

const resolveOptions = (options: RetryOptions): Required<RetryOptions> => {
  const {
    maxAttempts = 3,
    initialDelayMs = 500,
    maxDelayMs = 60_000,
    shouldRetry = (error: unknown) => isPipewrightError(error) && error.retryable,
    onPartial = 'retract',
  } = options;
  checkAtLeast('maxAttempts', maxAttempts, 1);
  if (maxAttempts !== Infinity && !Number.isInteger(maxAttempts)) {
    throw new PipewrightError('bad-option', `\`maxAttempts\` must be a whole number or Infinity, got ${maxAttempts}.`);
  }
  checkAtLeast('initialDelayMs', initialDelayMs, 0);
  checkAtLeast('maxDelayMs', maxDelayMs, 0);
  return { maxAttempts, initialDelayMs, maxDelayMs, shouldRetry, onPartial };
};

/**
 * Tries a step again when it fails in a way that may pass. Waits are random between nothing and an upper end that doubles
 * ("full jitter", M. Brooker, Exponential Backoff And Jitter, AWS 2015), and at least as long as the server asked for.
 * Retries inside retries share one budget: under the outermost there are never more than its `maxAttempts - 1` extra tries.
 * Rejects with the last failure itself, or with the signal's reason as soon as the run is aborted.
 * @example await retry((text: string) => text.length, { maxAttempts: 5 })('four') // => 4
 */
export const retry = <S extends AnyStep>(step: S, options: RetryOptions = {}): Decorated<S> => {
  const resolved = resolveOptions(options);
  const { maxAttempts, initialDelayMs, maxDelayMs } = resolved;
  const info = { kind: 'retry', details: { maxAttempts, initialDelayMs, maxDelayMs } };
  return decorate(step, info, (input, run, inner) => retryWith(inner, input, run, resolved));
};

/** What p-retry gets to see of a failure: it would treat a TypeError, an AbortError and what is no Error in ways of its own. */
const attemptFailed = new Error('The attempt failed.');

const retryWith = async <In, Out>(
  step: StepLike<In, Out>,
  input: In,
  run: Run,
  options: Required<RetryOptions>,
): Promise<Out> => {
  const { scope, run: inner } = enterRetry(run, options.maxAttempts - 1);
  // The first try stands before the loop, because that costs more than all the rest of a call that succeeds.
  const first = startAttempt(step, input, inner, 'attempt 1');
  try {
    return await first.result;
  } catch (error) {
    return tryAgain(first, error, {
      run,
      scope,
      options,
      start: (number) => startAttempt(step, input, inner, `attempt ${number}`),
    });
  }
};

interface Retrying<Out> {
  readonly run: Run;
  readonly scope: LimitedScope;
  readonly options: Required<RetryOptions>;
  readonly start: (number: number) => Attempt<Out>;
}

/** Goes on after the first try failed. p-retry counts the tries; the waits are ours, because its own know neither our clock nor our random numbers. */
const tryAgain = async <Out>(first: Attempt<Out>, firstFailure: unknown, retrying: Retrying<Out>): Promise<Out> => {
  const { run, scope, options, start } = retrying;
  let attempt = first;
  let failure = firstFailure;

  const tryOnce = async (number: number): Promise<Out> => {
    if (number === 1) throw attemptFailed;
    attempt = start(number);
    try {
      return await attempt.result;
    } catch (error) {
      failure = error;
      throw attemptFailed;
    }
  };

  const prepareNext = async (number: number): Promise<boolean> => {
    run.throwIfAborted();
    if (scope.isForbidden || scope.budget.extraTries < 1 || !options.shouldRetry(failure)) return false;
    const waitMs = waitBefore(failure, number, run, options);
    if (waitMs === undefined || !attempt.withdraw(options.onPartial, `Tried again: ${messageOf(failure)}`))
      return false;
    scope.budget.extraTries -= 1;
    run.emit({ type: 'retry-wait', attempt: number, waitMs, error: failure });
    if (waitMs > 0) await sleep(waitMs, run);
    return true;
  };

  const shouldRetry = ({ attemptNumber }: { readonly attemptNumber: number }): Promise<boolean> =>
    prepareNext(attemptNumber).catch((error: unknown) => {
      failure = error;
      return false;
    });

  try {
    return await pRetry(tryOnce, { retries: options.maxAttempts - 1, minTimeout: 0, factor: 1, shouldRetry });
  } catch {
    // Only ever thrown to move p-retry on: `attemptFailed`.
    throw failure;
  }
};

/** How long to wait after the given try failed; undefined when the server asks for more than we would wait. */
const waitBefore = (
  failure: unknown,
  attempt: number,
  run: Run,
  { initialDelayMs, maxDelayMs }: Required<RetryOptions>,
): number | undefined => {
  const askedMs = isPipewrightError(failure) ? failure.details.retryAfterMs : undefined;
  if (askedMs !== undefined && askedMs > maxDelayMs) return undefined;
  // The exponent stops before the product could be Infinity.
  const backoffMs = Math.floor(run.random() * Math.min(maxDelayMs, initialDelayMs * 2 ** Math.min(attempt - 1, 50)));
  return askedMs !== undefined && askedMs > backoffMs ? askedMs : backoffMs;
};
