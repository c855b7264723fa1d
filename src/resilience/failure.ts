import { isPipewrightError, PipewrightError, type Run } from '../core/index.js';

/**
 * Whether a failure tells that whoever was called is unwell: one that may pass, time-outs among them. What was refused on the
 * way there (`circuit-open`, `queue-full`), input that was wrong and errors of other code tell nothing of it.
 */
export const isServiceFailure = (error: unknown): boolean =>
  isPipewrightError(error) && error.retryable && error.code !== 'circuit-open' && error.code !== 'queue-full';

/** What a failed call failed of: undefined when its caller gave it up. A time limit around the call is a failure of the step. */
export const failureOf = (run: Run, error: unknown): { readonly error: unknown } | undefined => {
  try {
    run.throwIfAborted();
    return { error };
  } catch (reason) {
    return isPipewrightError(reason) && reason.code === 'timeout' ? { error: reason } : undefined;
  }
};

/** How long a failure asks to be left alone; 0 when it does not. */
export const askedWaitMs = (error: unknown): number =>
  isPipewrightError(error) ? Math.max(0, error.details.retryAfterMs ?? 0) : 0;

/** A duration that doubles with each further round (from 1), up to a longest one. */
export const grownMs = (firstMs: number, round: number, longestMs: number): number =>
  // The exponent stops before the product could be Infinity.
  Math.min(longestMs, firstMs * 2 ** Math.min(round - 1, 50));

/** Throws `bad-option` unless `value` is a whole number of at least `min`, or Infinity. */
export const checkCount = (option: string, value: number, min: number): void => {
  if (value === Infinity || (Number.isInteger(value) && value >= min)) return;
  throw new PipewrightError(
    'bad-option',
    `\`${option}\` must be a whole number of at least ${min} or Infinity, got ${value}.`,
  );
};
