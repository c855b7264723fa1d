import { checkAtLeast, PipewrightError, type Store } from '../core/index.js';
import { checkCount, isServiceFailure } from './failure.js';

export interface CircuitOptions {
  /** What events and errors call it, and the store keeps it by. @default 'circuit', in `circuitBreaker` the name of the step */
  readonly name?: string;
  /** Failures in a row that open it. @default 5 */
  readonly maxFailures?: number;
  /** The part of the latest calls that opens it when they fail. */
  readonly ratio?: CircuitRatio;
  /** How long it stays open the first time; it doubles each time that the probes fail. @default 10_000 */
  readonly coolDownMs?: number;
  /** Longest that it stays open, also when the server asks for more. @default 300_000 */
  readonly maxCoolDownMs?: number;
  /** Calls that go through at once when it is half-open; so many must succeed to close it. @default 1 */
  readonly maxProbes?: number;
  /** Whether a failure tells that the step is unwell; never asked after an abort by the caller. @default the error's own `retryable` */
  readonly isFailure?: (error: unknown) => boolean;
  /** Shares the state with other processes, under `name`. Without it, or while it fails, each process has its own. */
  readonly store?: Store;
}

export interface CircuitRatio {
  /** From 0 to 1. @default 0.5 */
  readonly maxFailureRatio?: number;
  /** With fewer calls in the window it is not looked at. @default 20 */
  readonly minCalls?: number;
  /** Calls that ended longer ago do not count. @default 60_000 */
  readonly windowMs?: number;
}

export type CircuitSettings = Required<Omit<CircuitOptions, 'store' | 'ratio'>> & {
  readonly ratio: Required<CircuitRatio>;
  readonly store: Store | undefined;
};

export const resolveOptions = (options: CircuitOptions): CircuitSettings => {
  const { name = 'circuit', store, maxFailures = 5, maxProbes = 1, isFailure = isServiceFailure } = options;
  const { coolDownMs = 10_000, maxCoolDownMs = 300_000 } = options;
  const { maxFailureRatio = 0.5, minCalls = 20, windowMs = 60_000 } = options.ratio ?? {};
  if (store !== undefined && options.name === undefined) {
    throw new PipewrightError('bad-option', 'A circuit with a `store` needs a `name` to be found there by others.');
  }
  checkCount('maxFailures', maxFailures, 1);
  checkCount('maxProbes', maxProbes, 1);
  checkCount('ratio.minCalls', minCalls, 1);
  checkAtLeast('ratio.windowMs', windowMs, 1);
  checkAtLeast('coolDownMs', coolDownMs, 1);
  checkAtLeast('maxCoolDownMs', maxCoolDownMs, coolDownMs);
  if (!(maxFailureRatio > 0 && maxFailureRatio <= 1)) {
    throw new PipewrightError(
      'bad-option',
      `\`ratio.maxFailureRatio\` must be above 0 and at most 1, got ${maxFailureRatio}.`,
    );
  }
  const ratio = { maxFailureRatio, minCalls, windowMs };
  return { name, store, maxFailures, maxProbes, isFailure, coolDownMs, maxCoolDownMs, ratio };
};
