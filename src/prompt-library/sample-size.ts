import { PipewrightError } from '../core/index.js';
import { normalQuantile } from './distributions.js';

export interface SampleSizeOptions {
  /** Difference from the control that must not be missed. */
  readonly effect: number;
  /** Share of successes in the control, for binary outcomes. */
  readonly baseline?: number;
  /** Of the outcomes, for continuous ones. Give this or `baseline`. */
  readonly standardDeviation?: number;
  /** How often chance alone may look like a difference. @default 0.05 */
  readonly alpha?: number;
  /** How often a difference of this size must be found. @default 0.8 */
  readonly power?: number;
  /** The control included. @default 2 */
  readonly arms?: number;
}

const within = (option: string, value: number, low: number, high: number): void => {
  if (value > low && value < high) return;
  throw new PipewrightError('bad-option', `\`${option}\` must be above ${low} and below ${high}, got ${value}.`);
};

/**
 * How many outcomes each arm needs, of an experiment with a fixed size: for shares by J. L. Fleiss, "Statistical methods for rates
 * and proportions" (1981), for means by the normal approximation. With more than two arms each comparison has its part of `alpha`.
 * @throws {PipewrightError} `bad-option` for shares and levels that are none, and when neither or both of `baseline` and
 * `standardDeviation` are given.
 * @example sampleSize({ baseline: 0.1, effect: 0.02 }) // => 3841
 */
export const sampleSize = (options: SampleSizeOptions): number => {
  const { effect, baseline, standardDeviation, alpha = 0.05, power = 0.8, arms = 2 } = options;
  within('alpha', alpha, 0, 1);
  within('power', power, 0, 1);
  within('arms', arms, 1, 1_000);
  within('effect', Math.abs(effect), 0, Infinity);
  const zAlpha = normalQuantile(1 - alpha / (arms - 1) / 2);
  const zBeta = normalQuantile(power);
  if (baseline !== undefined && standardDeviation === undefined) {
    const other = baseline + effect;
    within('baseline', baseline, 0, 1);
    within('baseline + effect', other, 0, 1);
    const middle = (baseline + other) / 2;
    const nothing = zAlpha * Math.sqrt(2 * middle * (1 - middle));
    const something = zBeta * Math.sqrt(baseline * (1 - baseline) + other * (1 - other));
    return Math.ceil(((nothing + something) / effect) ** 2);
  }
  if (standardDeviation === undefined || baseline !== undefined) {
    throw new PipewrightError('bad-option', 'Give `baseline` for shares, or `standardDeviation` for means.');
  }
  within('standardDeviation', standardDeviation, 0, Infinity);
  return Math.ceil(2 * (((zAlpha + zBeta) * standardDeviation) / effect) ** 2);
};
