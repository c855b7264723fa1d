/** What was foretold, from 0 to 1, and what came of it: 0, 1 or a share between. */
export interface ForetoldOutcome {
  readonly predicted: number;
  readonly label: number;
}

/**
 * Mean difference between what was foretold and what happened, in equal groups by what was foretold (expected calibration error:
 * Guo et al. (2017), arXiv:1706.04599). 0 without outcomes.
 * @example expectedCalibrationError([{ predicted: 0.75, label: 1 }, { predicted: 0.75, label: 0 }], 5) // => 0.25
 */
export const expectedCalibrationError = (outcomes: readonly ForetoldOutcome[], groups: number): number => {
  const gaps = new Array<number>(groups).fill(0);
  for (const { predicted, label } of outcomes) {
    const group = Math.min(groups - 1, Math.floor(predicted * groups));
    gaps[group] = (gaps[group] ?? 0) + predicted - label;
  }
  return outcomes.length === 0 ? 0 : gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / outcomes.length;
};
