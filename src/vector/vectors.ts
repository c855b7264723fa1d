import { type Metric, toVector, type VectorInput, type VectorShape } from '../core/index.js';

/** The score of a hit from the distance that a kernel measures: the cosine, the dot product, or 1 / (1 + distance). */
export const scoreOf = (metric: Metric, distance: number): number => {
  if (metric === 'euclidean') return 1 / (1 + Math.sqrt(Math.max(0, distance)));
  // Rounding may carry the cosine of equal directions a little above 1.
  return metric === 'cosine' ? Math.max(-1, Math.min(1, -distance)) : 0 - distance;
};

// Four sums at once: one sum would wait for itself at every step.
const squareOf = (values: Float32Array): number => {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < values.length; i += 4) {
    s0 += (values[i] as number) * (values[i] as number);
    s1 += (values[i + 1] as number) * (values[i + 1] as number);
    s2 += (values[i + 2] as number) * (values[i + 2] as number);
    s3 += (values[i + 3] as number) * (values[i + 3] as number);
  }
  for (; i < values.length; i++) s0 += (values[i] as number) * (values[i] as number);
  return s0 + s1 + s2 + s3;
};

/** What a sum of squares of 32-bit floats may miss 1 by, where the length is 1. */
const unitSlack = 1e-6;

/**
 * The same as `toVector`, but a vector that has the length 1 already is returned as it is, and not copied: most embedders make such.
 * It is the caller's then, who may change it when anything is waited for.
 */
export const toQuery = (values: VectorInput, shape: VectorShape, what: string): Float32Array => {
  const isUnit =
    values instanceof Float32Array &&
    values.length === shape.dimensions &&
    shape.metric === 'cosine' &&
    Math.abs(squareOf(values) - 1) <= unitSlack;
  return isUnit ? values : toVector(values, shape, what);
};
