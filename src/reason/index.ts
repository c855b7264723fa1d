export type { FoundBy } from './answer-spans.js';
export type { AnswerKind } from './answer-value.js';
export { chainOfThought, type ChainOfThoughtOptions } from './chain-of-thought.js';
export { type ExtractedAnswer, extractAnswer } from './extract-answer.js';
export { normalizeAnswer, sameAnswer, type SameAnswerOptions } from './same-answer.js';
export type { WorkedExample } from './thought-rules.js';
export type { ThoughtForm } from './thought-steps.js';
export type { Problem, QuestionWithSources, Reasoned, ReasoningAction } from './types.js';
