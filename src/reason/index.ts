export type { FoundBy } from './answer-spans.js';
export type { AnswerKind } from './answer-value.js';
export { chainOfThought, type ChainOfThoughtOptions } from './chain-of-thought.js';
export { type ExtractedAnswer, extractAnswer } from './extract-answer.js';
export type { Sample } from './sampling.js';
export { selfConsistency, type SelfConsistencyOptions, type Voted } from './self-consistency.js';
export { normalizeAnswer, sameAnswer, type SameAnswerOptions } from './same-answer.js';
export type { WorkedExample } from './thought-rules.js';
export type { ThoughtForm } from './thought-steps.js';
export type { Problem, QuestionWithSources, Reasoned, ReasoningAction } from './types.js';
export type { Vote } from './vote.js';
export {
  type Verdict,
  type Verified,
  verifiedChainOfThought,
  type VerifiedChainOfThoughtOptions,
} from './verified-chain-of-thought.js';
export { modelThoughts, type ModelThoughtsOptions } from './model-thoughts.js';
export type { ProposedThought, ThoughtNode, ThoughtStatus } from './thought-tree.js';
export { type Searched, treeOfThoughts, type TreeOfThoughtsOptions } from './tree-of-thoughts.js';
export type { SearchEnd, ThoughtPath, ThoughtSteps } from './tree-search.js';
