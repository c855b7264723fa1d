import { type AnyStep, checkAtLeast, PipewrightError, type Store, stepName } from '../core/index.js';
import { checkCount, isServiceFailure } from './failure.js';

export interface BalanceOptions {
  /** The share of the calls that each step gets, in the order of the steps. @default equal shares */
  readonly weights?: readonly number[];
  /** Calls whose input gives the same key go to the same step as long as it takes calls. @default by load */
  readonly keyOf?: (input: never) => string | undefined;
  /** Failures in a row after which a step takes no calls for a while. @default 3 */
  readonly maxFailures?: number;
  /** How long that is the first time; it doubles each further time without a success, up to 32 times. @default 10_000 */
  readonly ejectMs?: number;
  /** Steps that take calls whatever happens; with 0 all may be out, and calls are refused. @default 1 */
  readonly minActive?: number;
  /** Whether a failure tells that the step is unwell; never asked after an abort by the caller. @default the error's own `retryable` */
  readonly isFailure?: (error: unknown) => boolean;
  /** What errors call it, and the store keeps it by. @default 'balance' */
  readonly name?: string;
  /** Shares with other processes which steps take no calls, under `name`. While it fails each process knows its own. */
  readonly store?: Store;
}

/** One of the steps, with what is known of it. */
export interface Target {
  readonly step: AnyStep;
  /** Its name, with a number where two have the same. */
  readonly name: string;
  readonly weight: number;
  /** Calls under way. */
  busy: number;
  failuresInRow: number;
  /** It takes no calls before. */
  ejectedUntilMs: number;
  /** How often that has happened since its last success. */
  ejections: number;
}

export interface BalanceSettings extends Required<Omit<BalanceOptions, 'keyOf' | 'store' | 'weights'>> {
  readonly targets: readonly Target[];
  readonly keyOf: ((input: never) => string | undefined) | undefined;
  readonly store: Store | undefined;
}

const targetsOf = (steps: readonly AnyStep[], weights: readonly number[] | undefined): readonly Target[] => {
  const seen = new Map<string, number>();
  return steps.map((step, index) => {
    const count = (seen.get(stepName(step)) ?? 0) + 1;
    seen.set(stepName(step), count);
    const name = count === 1 ? stepName(step) : `${stepName(step)} ${count}`;
    const weight = weights?.[index] ?? 1;
    return { step, name, weight, busy: 0, failuresInRow: 0, ejectedUntilMs: 0, ejections: 0 };
  });
};

export const resolveOptions = (steps: readonly AnyStep[], options: BalanceOptions): BalanceSettings => {
  const { weights, keyOf, maxFailures = 3, ejectMs = 10_000, minActive = 1, store, name = 'balance' } = options;
  if (steps.length === 0) throw new PipewrightError('bad-option', 'A balance needs at least one step.');
  if (weights !== undefined && weights.length !== steps.length) {
    const message = `\`weights\` must be one for each step: ${steps.length} steps, ${weights.length} weights.`;
    throw new PipewrightError('bad-option', message);
  }
  for (const weight of weights ?? []) {
    if (!(weight > 0 && weight < Infinity)) {
      throw new PipewrightError('bad-option', `Each of \`weights\` must be a number above 0, got ${weight}.`);
    }
  }
  if (store !== undefined && options.name === undefined) {
    throw new PipewrightError('bad-option', 'A balance with a `store` needs a `name` to be found there by others.');
  }
  checkCount('maxFailures', maxFailures, 1);
  checkCount('minActive', minActive, 0);
  checkAtLeast('ejectMs', ejectMs, 1);
  const isFailure = options.isFailure ?? isServiceFailure;
  return { targets: targetsOf(steps, weights), keyOf, maxFailures, ejectMs, minActive, isFailure, name, store };
};
