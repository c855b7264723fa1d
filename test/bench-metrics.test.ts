import { describe, expect, it } from 'vitest';
import { averagePrecision, mean, ndcg, quantile, recall, reciprocalRank } from '../bench/lib/metrics.js';

const judged = new Map([
  ['a', 3],
  ['b', 2],
  ['c', 1],
  ['source', -1],
]);

describe('retrieval metrics', () => {
  it('ndcg discounts linear gains by the logarithm of the rank', () => {
    const ideal = 3 + 2 / Math.log2(3) + 1 / 2;
    expect(ndcg(['a', 'b', 'c'], judged, 10)).toBeCloseTo(1, 12);
    expect(ndcg(['c', 'x', 'a'], judged, 10)).toBeCloseTo((1 + 3 / 2) / ideal, 12);
    expect(ndcg(['x', 'b', 'a'], judged, 2)).toBeCloseTo(2 / Math.log2(3) / (3 + 2 / Math.log2(3)), 12);
  });

  it('average precision is the mean of the precisions at relevant documents, over all that are relevant', () => {
    expect(averagePrecision(['a', 'x', 'b', 'y'], judged)).toBeCloseTo((1 / 1 + 2 / 3) / 3, 12);
    expect(averagePrecision(['x', 'y'], judged)).toBe(0);
  });

  it('reciprocal rank looks at the first relevant document only, down to the depth', () => {
    expect(reciprocalRank(['x', 'b', 'a'], judged, 10)).toBe(1 / 2);
    expect(reciprocalRank(['x', 'y', 'a'], judged, 2)).toBe(0);
  });

  it('recall is the part found down to the depth', () => {
    expect(recall(['a', 'x', 'b'], judged, 3)).toBeCloseTo(2 / 3, 12);
    expect(recall(['x', 'a', 'b'], judged, 2)).toBeCloseTo(1 / 3, 12);
  });

  it('takes a grade of -1 as not relevant, and it never lowers a sum', () => {
    expect(ndcg(['source', 'a', 'b', 'c'], judged, 10)).toBe(ndcg(['x', 'a', 'b', 'c'], judged, 10));
    expect(averagePrecision(['source', 'a'], judged)).toBe(averagePrecision(['x', 'a'], judged));
    expect(reciprocalRank(['source', 'a'], judged, 10)).toBe(1 / 2);
  });

  it('is 0 where nothing is relevant or nothing was found', () => {
    for (const metric of [ndcg, recall, reciprocalRank]) {
      expect(metric(['a'], new Map(), 10)).toBe(0);
      expect(metric([], judged, 10)).toBe(0);
    }
    expect(averagePrecision(['a'], new Map())).toBe(0);
    expect(mean([])).toBe(0);
    expect(quantile([], 0.5)).toBe(0);
  });

  it('mean and quantile', () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(quantile([5, 1, 3], 0.5)).toBe(3);
    expect(quantile([5, 1, 3], 1)).toBe(5);
  });
});
