export {
  calibrated,
  type CalibrationMethod,
  type CalibrationReport,
  type Calibrator,
  fitCalibration,
  type FitCalibrationOptions,
  type ScoredOutcome,
} from './calibration.js';
export { type Classification, classify, type ClassifyOptions, type ConfidenceSource } from './classify.js';
export { type LabelInput, type LabelSpec, readLabel, type Unsure } from './labels.js';
export type { LabelScore } from './log-probs.js';
export { mapSettled, type MapSettledOptions, type Settled } from './map-settled.js';
