import { checkAtLeast, PipewrightError } from '../core/index.js';
import { expectedCalibrationError, fitLogistic, logitOf, sigmoid } from '../model/index.js';

/** How sure something was, from 0 to 1, and whether it was right. */
export interface ScoredOutcome {
  readonly confidence: number;
  readonly isRight: boolean;
}

/**
 * `platt`: a logistic curve over the log-odds (Platt 1999), drawn towards no change, right for tens of outcomes; `isotonic`: any
 * rising steps (Zadrozny and Elkan 2002), right for several hundred.
 */
export type CalibrationMethod = 'platt' | 'isotonic';

export interface CalibrationReport {
  readonly outcomes: number;
  /** Share of right ones among all. */
  readonly accuracy: number;
  /** Mean difference between confidence and share of right ones, as the confidences came. */
  readonly errorBefore: number;
  /** The same for outcomes that were not fitted to: each fifth by the curve of the other four. */
  readonly errorAfter: number;
}

/** Turns what a classifier says of its confidence into the chance that it is right. Plain data: keep it as JSON. */
export interface Calibrator {
  readonly version: 1;
  readonly method: CalibrationMethod;
  /** `platt`: slope and bias; `isotonic`: pairs of a confidence and its chance, in order. */
  readonly figures: readonly number[];
  readonly report: CalibrationReport;
}

export interface FitCalibrationOptions {
  /** @default 'platt' below 300 outcomes, else 'isotonic' */
  readonly method?: CalibrationMethod;
  /** How many groups by confidence the error is told in. @default 10 */
  readonly groups?: number;
}

const nearest = 1e-4;
const logOdds = (confidence: number): number => {
  const inside = Math.min(1 - nearest, Math.max(nearest, confidence));
  return Math.log(inside / (1 - inside));
};

/** How strongly the curve is drawn to the one that changes nothing: as much as a few outcomes weigh. */
const strength = 3;

const plattOf = (outcomes: readonly ScoredOutcome[]): readonly number[] =>
  fitLogistic(
    outcomes.map(({ confidence, isRight }) => ({ figures: [logOdds(confidence)], label: isRight ? 1 : 0 })),
    [1, 0],
    strength,
  );

interface Block {
  sum: number;
  right: number;
  count: number;
}

/** Pool adjacent violators (Ayer et al. 1955): the rising steps nearest to the outcomes. Equal confidences are one step. */
const isotonicOf = (outcomes: readonly ScoredOutcome[]): readonly number[] => {
  const blocks: Block[] = [];
  let last = Number.NaN;
  for (const { confidence, isRight } of [...outcomes].sort((a, b) => a.confidence - b.confidence)) {
    const top = blocks.at(-1);
    if (top !== undefined && confidence === last) {
      top.sum += confidence;
      top.right += Number(isRight);
      top.count += 1;
    } else blocks.push({ sum: confidence, right: Number(isRight), count: 1 });
    last = confidence;
  }
  const pooled: Block[] = [];
  for (const block of blocks) {
    pooled.push({ ...block });
    for (;;) {
      const [below, above] = pooled.slice(-2);
      if (below === undefined || above === undefined || below.right / below.count < above.right / above.count) break;
      below.sum += above.sum;
      below.right += above.right;
      below.count += above.count;
      pooled.pop();
    }
  }
  return pooled.flatMap(({ sum, right, count }) => [sum / count, right / count]);
};

/** Between two steps the chance rises in a straight line; outside of them it stays. */
const between = (figures: readonly number[], confidence: number): number => {
  let at = 0;
  while (at + 2 < figures.length && (figures[at + 2] ?? 0) <= confidence) at += 2;
  const [x = 0, y = 0, nextX = x, nextY = y] = figures.slice(at, at + 4);
  if (confidence <= x || nextX === x) return y;
  return y + ((nextY - y) * (confidence - x)) / (nextX - x);
};

/**
 * The chance of being right that a confidence stands for.
 * @example calibrated(0.9, fitCalibration([{ confidence: 0.9, isRight: true }, { confidence: 0.9, isRight: false }])) < 0.9 // => true
 */
export const calibrated = (confidence: number, { method, figures }: Calibrator): number =>
  method === 'platt' ? sigmoid(logitOf(figures, [logOdds(confidence)])) : between(figures, confidence);

const folds = 5;

/**
 * Fits a curve from confidences to the chance of being right, on outcomes whose truth is known. The report tells the expected
 * calibration error before, and after on outcomes that the curve had not seen.
 * @throws {PipewrightError} `bad-input` for no outcomes or a confidence outside 0 to 1; `bad-option`.
 * @example fitCalibration([{ confidence: 0.9, isRight: true }, { confidence: 0.8, isRight: false }]).report.accuracy // => 0.5
 */
export const fitCalibration = (outcomes: readonly ScoredOutcome[], options: FitCalibrationOptions = {}): Calibrator => {
  const { method = outcomes.length < 300 ? 'platt' : 'isotonic', groups = 10 } = options;
  checkAtLeast('groups', groups, 1);
  if (outcomes.length === 0) throw new PipewrightError('bad-input', 'Calibration needs at least one outcome.');
  const wrong = outcomes.find(({ confidence }) => !(confidence >= 0 && confidence <= 1));
  if (wrong !== undefined) {
    throw new PipewrightError('bad-input', `A confidence must be from 0 to 1, got ${wrong.confidence}.`);
  }
  const fitted = method === 'platt' ? plattOf : isotonicOf;
  const pairs = outcomes.map(({ confidence, isRight }) => ({ predicted: confidence, label: Number(isRight) }));
  const report = {
    outcomes: outcomes.length,
    accuracy: pairs.reduce((sum, { label }) => sum + label, 0) / pairs.length,
  };
  const curveOf = (rows: readonly ScoredOutcome[]): Calibrator => ({
    version: 1,
    method,
    figures: fitted(rows),
    report: { ...report, errorBefore: 0, errorAfter: 0 },
  });
  const unseen = Array.from({ length: Math.min(folds, outcomes.length) }, (_, fold) => {
    const curve = curveOf(outcomes.filter((_outcome, at) => at % folds !== fold));
    const held = outcomes.filter((_outcome, at) => at % folds === fold);
    return held.map(({ confidence, isRight }) => ({
      predicted: calibrated(confidence, curve),
      label: Number(isRight),
    }));
  }).flat();
  return {
    ...curveOf(outcomes),
    report: {
      ...report,
      errorBefore: expectedCalibrationError(pairs, groups),
      errorAfter: expectedCalibrationError(unseen, groups),
    },
  };
};
