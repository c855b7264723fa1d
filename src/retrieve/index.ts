export {
  type CompressInput,
  compress,
  type CompressOptions,
  type Compressor,
} from './compress.js';
export {
  modelCompressor,
  type ModelCompressorOptions,
  sentenceCompressor,
  type SentenceCompressorOptions,
} from './compressors.js';
export { condense, type ConversationQuestion } from './condense.js';
export { cutoff, type CutoffOptions } from './cutoff.js';
export type { DeclaredField, DeclaredFields, FilteredQuery, FilterOperator } from './declared-fields.js';
export { distinct, type DistinctOptions } from './distinct.js';
export { diversify, type DiversifyOptions } from './diversify.js';
export { excerpt } from '../core/index.js';
export { type FilterReader, filterReader, patternReader } from './filter-readers.js';
export { hierarchical, type HierarchyLevel } from './hierarchical.js';
export { hybrid, type HybridOptions } from './hybrid.js';
export { lexicalReranker, type LexicalRerankerOptions } from './lexical-reranker.js';
export { listwiseReranker, type ListwiseRerankerOptions } from './listwise-reranker.js';
export { type HopQuestion, multiHop, type MultiHopOptions } from './multi-hop.js';
export { type DocumentLookup, parents, type ParentsOptions } from './parents.js';
export { planQuery, type PlanQueryOptions } from './plan-query.js';
export { pointwiseReranker, type PointwiseRerankerOptions } from './pointwise-reranker.js';
export type { OnFailure } from './query.js';
export { planLevels, type PlanPart, type QueryPlan } from './query-plan.js';
export { relevanceFeedback, type RelevanceFeedbackOptions } from './relevance-feedback.js';
export { rerank, type RerankOptions } from './rerank.js';
export { retriever, type RetrieverOptions, type SearchQuery } from './retriever.js';
export { rewrite, type RewriteOptions } from './rewrite.js';
export {
  expandQuery,
  hyde,
  keyTerms,
  type KeyTermsOptions,
  multiQuery,
  type MultiQueryOptions,
  type Rewriter,
  stepBack,
} from './rewriters.js';
export { type PlannedQuestion, type PlanResult, runPlan, type RunPlanOptions } from './run-plan.js';
export { selfQuery, type SelfQueryOptions } from './self-query.js';
