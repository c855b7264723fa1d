import { describe, expect, it } from 'vitest';
import { normalCdf, normalQuantile, studentCdf, studentQuantile } from './distributions.js';

/** The area below a density, by Simpson's rule: slow, and by other means than what it checks. */
const area = (density: (x: number) => number, from: number, to: number): number => {
  const steps = 20_000;
  const width = (to - from) / steps;
  let sum = density(from) + density(to);
  for (let step = 1; step < steps; step++) sum += density(from + step * width) * (step % 2 === 0 ? 2 : 4);
  return (sum * width) / 3;
};

describe('the distributions', () => {
  it('agree with the area below the normal density', () => {
    for (const x of [-6, -2.5, -1, 0, 0.3, 1.96, 4]) {
      const expected = 0.5 + area((at) => Math.exp((-at * at) / 2) / Math.sqrt(2 * Math.PI), 0, x);
      expect(normalCdf(x)).toBeCloseTo(expected, 11);
    }
    expect([normalCdf(-Infinity), normalCdf(Infinity), normalCdf(-40)]).toEqual([0, 1, 0]);
  });

  it('agree with the area below the density of Student, which is scaled by its own area', () => {
    for (const degrees of [1, 2.5, 7, 30, 400]) {
      // By the tangent, so that the tails end.
      const density = (angle: number): number => Math.cos(angle) ** (degrees - 1);
      const half = area(density, 0, Math.PI / 2);
      for (const t of [-3, -0.5, 0, 1, 2.2, 9]) {
        const expected = 0.5 + (0.5 * area(density, 0, Math.atan(t / Math.sqrt(degrees)))) / half;
        expect(studentCdf(t, degrees)).toBeCloseTo(expected, 8);
      }
    }
  });

  it('give the figures of the tables', () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959964, 6);
    expect(studentQuantile(0.975, 1)).toBeCloseTo(12.7062, 4);
    expect(studentQuantile(0.975, 10)).toBeCloseTo(2.228139, 6);
    expect(studentQuantile(0.995, 3)).toBeCloseTo(5.840909, 6);
    expect(studentQuantile(0.1, 20)).toBeCloseTo(-1.325341, 6);
  });
});
