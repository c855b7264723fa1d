export { batchedEmbedder, type BatchedEmbedderOptions } from './batched-embedder.js';
export type { BatchModel, BatchOutcome, BatchResult, BatchService, BatchStatus } from './batch.js';
export { batchModel, type BatchModelOptions } from './batch-model.js';
export { cachedEmbedder, type CachedEmbedderOptions } from './cached-embedder.js';
export { type CascadeLevel, type CascadeModel, cascade, type CascadeOptions, type CascadeStats } from './cascade.js';
export { expectedCalibrationError, type ForetoldOutcome } from './calibration-error.js';
export { chatModel } from './chat-model.js';
export {
  abstains,
  type Answered,
  type Confidence,
  fitsSchema,
  replyConfidence,
  selfAgreement,
  type SelfAgreementOptions,
} from './confidence.js';
export {
  type Calibration,
  type Difficulty,
  difficulty,
  type DifficultyData,
  type DifficultyExample,
  type DifficultyOptions,
  type DifficultyOutcome,
  type DifficultyScore,
  type TrainingReport,
} from './difficulty.js';
export type { DifficultySignal } from './difficulty-signals.js';
export {
  fitLatentEmbedder,
  type FitLatentEmbedderOptions,
  type LatentEmbedder,
  openLatentEmbedder,
  type OpenLatentEmbedderOptions,
} from './latent-embedder.js';
export { fitMessages, type FitMessagesOptions, type FittedMessages } from './fit-messages.js';
export { fitLogistic, type LabelledRow, logitOf, sigmoid } from './logistic.js';
export { localEmbedder, type LocalEmbedderOptions } from './local-embedder.js';
export { maxInputTokens, type MaxInputTokensOptions } from './max-input-tokens.js';
export { metered, type MeteredCall } from './metered.js';
export { priceTable } from './price-table.js';
export {
  type CandidateVerdict,
  describeChoice,
  type ModelCandidate,
  type ModelChoice,
  type ModelFacts,
  type ModelNeeds,
  type ScoreParts,
} from './choose-model.js';
export {
  type CallRecord,
  measured,
  type ModelPerformance,
  type PerformanceWindow,
  performanceWindow,
} from './performance.js';
export { costOf, limitsOf, type PriceEntry, priceEntryOf, priceOf, type PriceTable } from './prices.js';
export { type ModelEntry, type ModelRegistry, modelRegistry, type ModelRegistryOptions } from './registry.js';
export type { ModelRecord, ModelRegistryData } from './registry-data.js';
export { requestOf } from './request.js';
export { type RateLimitState, rateLimitState, type RateLimitWindow } from './rate-limit-state.js';
export { estimateRequestTokens } from './request-tokens.js';
export { type RouteChoice, type RouteOutcome, type RouterModel, router, type RouterOptions } from './router.js';
export { pricesKey } from './run-prices.js';
export { type ShortenedMessages, shortenMessages, type ShortenMessagesOptions } from './shorten-messages.js';
export { type TextBatch, textBatches, type TextBatchLimits } from './text-batches.js';
export { type TokenCount, type TokenCounter, tokenCounter } from './token-counter.js';
export { estimateTokens } from './tokens.js';
export { truncate, type Truncated, type TruncateOptions } from './truncate.js';
export type {
  ChatInput,
  ChatModel,
  ChatReply,
  ChatRequest,
  FinishReason,
  ModelCitation,
  ModelEvent,
  ModelFeatures,
  ModelLimits,
  ModelPrice,
  OutputFormat,
  Provider,
  ReasoningEffort,
  ReplyHeaders,
  TokenLogProb,
  ToolChoice,
  ToolDefinition,
} from './types.js';
