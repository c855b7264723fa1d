import type { Random } from '../core/index.js';

/** What is known of one choice: how often it was scored, and the sum of the scores, each from 0 to 1. */
export interface Tally {
  readonly count: number;
  readonly sum: number;
}

/** A choice as it stands: what is known of it here, and what is known of it elsewhere, which counts as much as two scores. */
export interface Choice {
  readonly name: string;
  readonly here: Tally;
  readonly everywhere: Tally;
}

/** How choices are weighed against each other; the largest figure wins. */
export type Policy = 'thompson' | 'ucb1';

const priorStrength = 2;

/** The mean over all contexts, drawn towards one half while little is known. */
const priorMean = ({ count, sum }: Tally): number => (sum + priorStrength / 2) / (count + priorStrength);

export const meanOf = ({ count, sum }: Tally): number | undefined => (count === 0 ? undefined : sum / count);

/** A figure of the normal distribution: G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates" (1958). */
const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** A figure of the gamma distribution: G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables" (2000). */
const gamma = (shape: number, random: Random): number => {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
};

const beta = (a: number, b: number, random: Random): number => {
  const x = gamma(a, random);
  return x / (x + gamma(b, random));
};

/**
 * Thompson sampling: draws what each choice may be worth from what is known of it (S. Agrawal, N. Goyal, "Analysis of Thompson
 * sampling for the multi-armed bandit problem", 2012, with scores in place of their coin tosses).
 */
const thompson = ({ here, everywhere }: Choice, random: Random): number => {
  const prior = priorStrength * priorMean(everywhere);
  return beta(prior + here.sum, priorStrength - prior + here.count - here.sum, random);
};

/** The upper confidence bound UCB1: P. Auer, N. Cesa-Bianchi, P. Fischer (2002). A choice never made is made first. */
const ucb1 = ({ here: { count, sum } }: Choice, total: number): number =>
  count === 0 ? Number.POSITIVE_INFINITY : sum / count + Math.sqrt((2 * Math.log(Math.max(1, total))) / count);

export interface Weighed {
  readonly choice: Choice;
  /** What the policy takes it to be worth at best, or has drawn. */
  readonly weight: number;
}

/** The choices by their weight, the best first; of equals the first. */
export const weigh = (choices: readonly Choice[], policy: Policy, random: Random): readonly Weighed[] => {
  const total = choices.reduce((sum, { here }) => sum + here.count, 0);
  return choices
    .map((choice) => ({ choice, weight: policy === 'ucb1' ? ucb1(choice, total) : thompson(choice, random) }))
    .sort((a, b) => (a.weight === b.weight ? 0 : b.weight - a.weight));
};

/** Quantile of the normal distribution for 95 %. */
const z = 1.96;

/** Where the true mean lies in 95 of 100 cases: E. B. Wilson's interval (1927). Scores between 0 and 1 scatter less than coins, so it is wide. */
export const intervalOf = ({ count, sum }: Tally): readonly [low: number, high: number] => {
  if (count === 0) return [0, 1];
  const mean = sum / count;
  const scale = 1 + z ** 2 / count;
  const middle = (mean + z ** 2 / (2 * count)) / scale;
  const half = (z / scale) * Math.sqrt((mean * (1 - mean)) / count + z ** 2 / (4 * count ** 2));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
};
