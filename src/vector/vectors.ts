import type { Metric } from '../core/index.js';

export { checkVector, type Metric, toVector, type VectorInput, type VectorShape } from '../core/index.js';

/** The score of a hit from the distance that a kernel measures: the cosine, the dot product, or 1 / (1 + distance). */
export const scoreOf = (metric: Metric, distance: number): number => {
  if (metric === 'euclidean') return 1 / (1 + Math.sqrt(Math.max(0, distance)));
  // Rounding may carry the cosine of equal directions a little above 1.
  return metric === 'cosine' ? Math.max(-1, Math.min(1, -distance)) : 0 - distance;
};
