export { abTest, type AbTestOptions } from './ab-test.js';
export type { Difference } from './comparison.js';
export type { PromptContent, PromptItem, PromptVariables, RenderedPrompt, RenderStep } from './content.js';
export { type DiffLine, type DiffPiece, diffText, type TextDiff } from './diff.js';
export { type Experiment, type ExperimentOptions, experiment } from './experiment.js';
export {
  type ArmComparison,
  type ArmReport,
  describeExperiment,
  type ExperimentDesign,
  type ExperimentReport,
} from './experiment-report.js';
export { type ExportOptions, exportPrompts, type ImportedPrompt, importPrompts } from './folder.js';
export { promptLibrary } from './library.js';
export { type FileVersion, formatPrompt, type PromptFile } from './markdown.js';
export {
  type HeldOutResult,
  type OptimizationReport,
  type OptimizeOptions,
  optimizePrompt,
  type PromptSearch,
  type TriedPrompt,
} from './optimize.js';
export { describeOptimization } from './optimize-report.js';
export { parsePrompt } from './parse-markdown.js';
export { recommend, type RecommendedPrompt, type RecommendOptions, type RecommendWeights } from './recommend.js';
export { recorded, type RecordedOptions } from './recorded.js';
export { sampleSize, type SampleSizeOptions } from './sample-size.js';
export {
  containsExpected,
  exactMatch,
  jsonFields,
  type ModelGradedOptions,
  modelGraded,
  type NumericMatchOptions,
  numericMatch,
} from './scorers.js';
export type { SeriesSummary } from './series.js';
export type { PromptOutcome, PromptStats } from './stats.js';
export type {
  FactsChange,
  ListedPrompt,
  ListOptions,
  PromptFacts,
  PromptLibrary,
  PromptLibraryOptions,
  PromptPage,
  PromptVersion,
  SaveOptions,
  VersionChoice,
  VersionRef,
  VersionsOptions,
} from './types.js';
