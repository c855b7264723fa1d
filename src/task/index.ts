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
export { chooseBy, type ChooseByOptions } from './choose-by.js';
export {
  type ClassifierData,
  type ClassifierReport,
  fitClassifier,
  type FitClassifierOptions,
  type FittedClassifier,
  type LabelledText,
  openClassifier,
} from './fit-classifier.js';
export { type Mood, type Sentiment, sentiment } from './sentiment.js';
export { tag, type Tagging, type TagOptions } from './tag.js';
export type { CoveredWindow, SummaryCheck } from './coverage.js';
export { summarize, type SummarizeOptions, type Summary, type SummaryMethod } from './summarize.js';
export type { TextWindow } from './windows.js';
export { type Evidenced, extract, type Extraction, type ExtractOptions } from './extract.js';
export type { QuotedSpan } from './quotes.js';
export type { KeptKind, TranslationProblem } from './survivors.js';
export { translate, type TranslateOptions, type Translation } from './translate.js';
export { classifyGrouped, type ClassifyGroupedOptions } from './classify-grouped.js';
export { fewTools, type FewToolsOptions, pickTools } from './few-tools.js';
export { grouped, type GroupedOptions } from './grouped.js';
export { type FieldKind, type RecordField, type RecordFields, type RecordOf, recordSchema } from './record-schema.js';
export { taskRules } from './rules.js';
export { type Skill, skillChain, type SkillChainOptions, type SkillResult, skills } from './skills.js';
export {
  customerService,
  dataEntry,
  entryForms,
  moderate,
  type ModerationLabel,
  moderationLabels,
  type ModerationVerdict,
  type ServiceIntent,
  serviceIntents,
  type ServiceTicket,
  type Urgency,
} from './specialists.js';
