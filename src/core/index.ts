export { branch, route } from './branch.js';
export { changeEntry, type EntryChange, type KeyedLock, keyedLock } from './change-entry.js';
export { checkDocument } from './check-document.js';
export { checkStoreChange, checkStoreKey, checkStoreValue } from './check-store.js';
export {
  checkVector,
  embeddedText,
  embedTexts,
  type Metric,
  toVector,
  type VectorInput,
  type VectorShape,
} from './check-vector.js';
export {
  type Abortable,
  type Clock,
  type LinkedController,
  linkedController,
  onAbort,
  type Random,
  raceAbort,
  randomId,
  seededRandom,
  sleep,
  sliceTimer,
  systemClock,
  systemRandom,
  yieldToEventLoop,
} from './clock.js';
export {
  type CompareAndSetOptions,
  type Document,
  type DocumentStore,
  type Embedder,
  type EntriesOptions,
  type FieldCondition,
  type FieldFilter,
  type Filter,
  type FilterScalar,
  type Hit,
  type KeywordIndex,
  type KeywordSearchOptions,
  type Metadata,
  type MetadataValue,
  type MmrOptions,
  type Place,
  type Query,
  type QueryWithOptions,
  queryOf,
  type RerankInput,
  type Reranker,
  type RerankScore,
  type Retriever,
  type SearchOptions,
  type Store,
  type StoreChange,
  type StoreRange,
  type StoreStats,
  type TextRange,
  type VectorEntry,
  type VectorSearchOptions,
  type VectorStore,
} from './document.js';
export {
  assertNever,
  type BudgetBreach,
  checkAtLeast,
  type ErrorCode,
  type ErrorDetails,
  isPipewrightError,
  messageOf,
  PipewrightError,
  type PipewrightErrorOptions,
} from './errors.js';
export {
  type CircuitState,
  isWithin,
  type RunEvent,
  type RunEventBody,
  type RunListener,
  type Span,
} from './events.js';
export { excerpt, placeWithin } from './excerpt.js';
export { explain, type ExplainedPart, type Explanation } from './explain.js';
export { compileFilter } from './filter.js';
export { inspect, type StepTree, toMermaid } from './inspect.js';
export { fromJson, type Json, toJson, type ToJsonOptions } from './json.js';
export { createLock, type Lock } from './lock.js';
export { loop, type LoopOptions } from './loop.js';
export { map, type MapOptions } from './map.js';
export type { Memory, MemoryScope, Recalled, RecalledNote, RecallQuery } from './memory.js';
export {
  assistant,
  type CacheLifetime,
  type FilePart,
  type ImagePart,
  type Message,
  type Part,
  partsOf,
  type ProviderPart,
  type ReasoningPart,
  type Role,
  type SourcePart,
  system,
  textOf,
  type TextPart,
  type ToolCallPart,
  type ToolResultPart,
  user,
} from './message.js';
export { messageGroups, pairedMessages } from './message-groups.js';
export {
  type Budget,
  createMeter,
  type Held,
  type Hold,
  type Meter,
  type Remaining,
  type Reservation,
  type Spent,
} from './meter.js';
export { diversify, type DiversifyOptions, resolveMmr } from './mmr.js';
export { loadOptional } from './optional.js';
export { parallel } from './parallel.js';
export { pipe } from './pipe.js';
export {
  type ChildRunOptions,
  createRun,
  type Run,
  type RunKey,
  runKey,
  type RunOptions,
  type RunScope,
  type ScopeOptions,
} from './run.js';
export {
  type Checked,
  checkSchema,
  describeIssues,
  type JsonSchema,
  type Schema,
  type SchemaIssue,
  type SchemaResult,
  type SchemaWithJson,
  toJsonSchema,
  withJsonSchema,
} from './schema.js';
export type { Case, Scorer, ScorerInput } from './scorer.js';
export { scrubFields } from './secret-fields.js';
export { hidden, isSecretName, scrubText } from './secrets.js';
export {
  type AnyStep,
  callInSpan,
  callStep,
  type CommonInput,
  type Decorated,
  decorate,
  defineStep,
  defineStepWith,
  type Step,
  type StepChild,
  type StepEdge,
  type StepInfo,
  stepInfo,
  type StepInput,
  type StepLike,
  stepName,
  type StepOutput,
} from './step.js';
export {
  decodeState,
  encodeState,
  isRecord,
  loadState,
  saveState,
  type StateForm,
  stateOf,
} from './stored-state.js';
export { stream, type StepStream, type StreamOptions } from './stream.js';
export { named, tap } from './tap.js';
export { type TextView, textView } from './text-view.js';
export { addUsage, type BilledUnits, noUsage, type Usage } from './usage.js';
export { withoutText } from './without-text.js';
