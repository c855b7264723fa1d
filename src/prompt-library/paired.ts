import type { Random } from '../core/index.js';
import type { Difference } from './comparison.js';
import { studentQuantile } from './distributions.js';

/** Up to so many differences all signs are tried; beyond, so many are drawn. */
const maxExact = 14;
const draws = 10_000;

/** The share of the ways to give the differences other signs in which their sum is as large as it is. */
const signFlipP = (differences: readonly number[], random: Random): number => {
  const sizes = differences.filter((difference) => difference !== 0).map(Math.abs);
  const observed = differences.reduce((sum, difference) => sum + difference, 0) - 1e-9;
  if (sizes.length > maxExact) {
    let asLarge = 1;
    for (let draw = 0; draw < draws; draw++) {
      let sum = 0;
      for (const size of sizes) sum += random() < 0.5 ? size : -size;
      if (sum >= observed) asLarge++;
    }
    return asLarge / (draws + 1);
  }
  let asLarge = 0;
  const all = 2 ** sizes.length;
  for (let signs = 0; signs < all; signs++) {
    let sum = 0;
    for (let at = 0; at < sizes.length; at++) sum += (signs >> at) & 1 ? (sizes[at] as number) : -(sizes[at] as number);
    if (sum >= observed) asLarge++;
  }
  return asLarge / all;
};

/**
 * Whether scores of the same cases became better: the mean difference with Student's interval, and the one-sided p-value of the
 * sign-flip test (R. A. Fisher, E. J. G. Pitman 1937), which needs no form of the distribution and for right-or-wrong scores is the
 * exact sign test.
 */
export const pairedDifference = (differences: readonly number[], alpha: number, random: Random): Difference => {
  const count = differences.length;
  const estimate = differences.reduce((sum, difference) => sum + difference, 0) / Math.max(1, count);
  if (count < 2) return { estimate, low: -Infinity, high: Infinity, p: 1 };
  const squares = differences.reduce((sum, difference) => sum + (difference - estimate) ** 2, 0);
  const half = studentQuantile(1 - alpha / 2, count - 1) * Math.sqrt(squares / (count - 1) / count);
  return { estimate, low: estimate - half, high: estimate + half, p: signFlipP(differences, random) };
};
