import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../core/index.js';
import { calibrated, fitCalibration, type ScoredOutcome } from './calibration.js';

/** A model that says c and is right in c² of the cases. */
const boastful = (count: number, seed = 1): readonly ScoredOutcome[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const confidence = random();
    return { confidence, isRight: random() < confidence ** 2 };
  });
};

const outcomes = fc.array(
  fc.record({ confidence: fc.double({ min: 0, max: 1, noNaN: true }), isRight: fc.boolean() }),
  {
    minLength: 1,
    maxLength: 60,
  },
);

describe('fitCalibration', () => {
  it.each(['platt', 'isotonic'] as const)(
    'makes the error of a boastful model small on unseen outcomes (%s)',
    (method) => {
      const calibrator = fitCalibration(boastful(2_000), { method });
      expect(calibrator.report.errorBefore).toBeGreaterThan(0.12);
      expect(calibrator.report.errorAfter).toBeLessThan(0.05);
      expect(Math.abs(calibrated(0.8, calibrator) - 0.64)).toBeLessThan(0.08);
    },
  );

  it('chooses by the number of outcomes', () => {
    expect(fitCalibration(boastful(50)).method).toBe('platt');
    expect(fitCalibration(boastful(300)).method).toBe('isotonic');
  });

  it.each(['platt', 'isotonic'] as const)(
    'gives chances from 0 to 1 for any outcomes; isotonic ones never fall (%s)',
    (method) => {
      fc.assert(
        fc.property(outcomes, (rows) => {
          const calibrator = fitCalibration(rows, { method });
          const chances = Array.from({ length: 21 }, (_, at) => calibrated(at / 20, calibrator));
          for (const [at, chance] of chances.entries()) {
            expect(chance).toBeGreaterThanOrEqual(0);
            expect(chance).toBeLessThanOrEqual(1);
            if (method === 'isotonic') expect(chance).toBeGreaterThanOrEqual((chances[at - 1] ?? 0) - 1e-12);
          }
        }),
      );
    },
  );

  it('changes little on few outcomes', () => {
    const calibrator = fitCalibration([{ confidence: 0.8, isRight: true }]);
    expect(calibrated(0.8, calibrator)).toBeCloseTo(0.8, 0);
  });

  it('refuses what it cannot fit', () => {
    expect(() => fitCalibration([])).toThrow('at least one');
    expect(() => fitCalibration([{ confidence: 1.2, isRight: true }])).toThrow('from 0 to 1');
  });
});
