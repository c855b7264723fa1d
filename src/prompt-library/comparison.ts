import { normalCdf, normalQuantile, studentCdf, studentQuantile } from './distributions.js';
import { type Series, varianceOf } from './series.js';

/** What is known of the outcomes of one arm. */
export type Sample = Pick<Series, 'count' | 'mean' | 'squares'>;

/** How one arm compares with the first: its mean less that of the first. */
export interface Difference {
  readonly estimate: number;
  /** Where the true difference lies, as often as the confidence says. */
  readonly low: number;
  readonly high: number;
  /** How often chance alone makes a difference as large, two-sided. */
  readonly p: number;
}

const unknown: Difference = { estimate: 0, low: -Infinity, high: Infinity, p: 1 };

const around = (estimate: number, half: number, p: number): Difference => ({
  estimate,
  low: estimate - half,
  high: estimate + half,
  p: Math.min(1, p),
});

/**
 * Two shares: the pooled z test, and the interval of A. Agresti and B. Caffo (2000), which adds one success and one failure to each
 * arm and holds at small numbers.
 */
export const compareShares = (control: Sample, arm: Sample, alpha: number): Difference => {
  if (control.count === 0 || arm.count === 0) return unknown;
  const pooled = (control.count * control.mean + arm.count * arm.mean) / (control.count + arm.count);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / control.count + 1 / arm.count));
  const estimate = arm.mean - control.mean;
  const p = error === 0 ? 1 : 2 * normalCdf(-Math.abs(estimate) / error);
  const smoothed = ({ count, mean }: Sample) => ({ share: (count * mean + 1) / (count + 2), count: count + 2 });
  const [a, b] = [smoothed(control), smoothed(arm)];
  const wide = Math.sqrt((a.share * (1 - a.share)) / a.count + (b.share * (1 - b.share)) / b.count);
  return { ...around(b.share - a.share, normalQuantile(1 - alpha / 2) * wide, p), estimate };
};

/** Two means of unequal variance: B. L. Welch's t test (1947) and its interval. */
export const compareMeans = (control: Sample, arm: Sample, alpha: number): Difference => {
  if (control.count < 2 || arm.count < 2) return unknown;
  const [a, b] = [varianceOf(control) / control.count, varianceOf(arm) / arm.count];
  const estimate = arm.mean - control.mean;
  const error = Math.sqrt(a + b);
  if (error === 0) return around(estimate, 0, estimate === 0 ? 1 : 0);
  const degrees = (a + b) ** 2 / (a ** 2 / (control.count - 1) + b ** 2 / (arm.count - 1));
  const p = 2 * studentCdf(-Math.abs(estimate) / error, degrees);
  return around(estimate, studentQuantile(1 - alpha / 2, degrees) * error, p);
};

/** Outcomes of each arm before variances are known well enough to look all the time. */
export const minSamplesForAlways = 30;

/**
 * Two means that may be looked at after every outcome: p-value and interval hold at all times at once. The mixture sequential
 * probability ratio test of R. Johari, P. Koomen, L. Pekelis, D. Walsh, "Always valid inference: continuous monitoring of A/B tests"
 * (Operations Research, 2022); the interval is its normal mixture boundary, as in S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon,
 * "Time-uniform, nonparametric, nonasymptotic confidence sequences" (Annals of Statistics, 2021). `effect`, the standard deviation
 * of the mixture, is about the difference that it finds soonest. The variances are estimated: nothing is told before 30 outcomes.
 */
export const compareAlways = (
  control: Sample,
  arm: Sample,
  { alpha, effect, isBinary }: { readonly alpha: number; readonly effect: number; readonly isBinary: boolean },
): Difference => {
  if (Math.min(control.count, arm.count) < minSamplesForAlways) return unknown;
  const estimate = arm.mean - control.mean;
  const variance = [control, arm].reduce(
    (sum, sample) => sum + (isBinary ? shareVariance(sample) : varianceOf(sample)) / sample.count,
    0,
  );
  if (variance === 0) return around(estimate, 0, estimate === 0 ? 1 : 0);
  const mixture = effect ** 2;
  const total = variance + mixture;
  const logRatio = (mixture * estimate ** 2) / (2 * variance * total) - 0.5 * Math.log(total / variance);
  const half = Math.sqrt(((variance * total) / mixture) * (Math.log(total / variance) - 2 * Math.log(alpha)));
  return around(estimate, half, Math.exp(-logRatio));
};

/** With one success and one failure more, so that a row of equal outcomes is not taken for certain. */
const shareVariance = ({ count, mean }: Sample): number => {
  const share = (count * mean + 1) / (count + 2);
  return share * (1 - share);
};

/**
 * S. Holm's procedure (1979): p-values made larger so that, of several tests, some false alarm comes no more often than for one.
 * @example holm([0.01, 0.04, 0.03]) // => [0.03, 0.06, 0.06]
 */
export const holm = (values: readonly number[]): readonly number[] => {
  const order = values.map((_, index) => index).sort((a, b) => (values[a] as number) - (values[b] as number));
  const adjusted = new Array<number>(values.length).fill(1);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * (values[index] as number)));
    adjusted[index] = largest;
  });
  return adjusted;
};
