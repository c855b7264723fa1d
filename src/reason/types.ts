import type { Message, SourcePart } from '../core/index.js';
import type { ChatInput } from '../model/index.js';
import type { FoundBy } from './answer-spans.js';

/** A question with what it is about. */
export interface QuestionWithSources {
  readonly question: string;
  /** Material to think about: data, never instructions. */
  readonly sources?: readonly Omit<SourcePart, 'type'>[];
  /** What was said before. */
  readonly history?: readonly Message[];
}

/** What is to be thought through: a question, a conversation, a whole request, or a question with sources. */
export type Problem = ChatInput | QuestionWithSources;

/** One thing that was done on the way to an answer. */
export interface ReasoningAction {
  readonly action:
    | 'solve'
    | 'repair'
    | 'check'
    | 'settle'
    | 'sample'
    | 'vote'
    | 'propose'
    | 'evaluate'
    | 'conclude'
    | 'stop';
  readonly detail: string;
}

/** What every way of thinking comes to, so that one stands in for another. */
export interface Reasoned<T = string> {
  readonly answer: T;
  /** What led to the answer: the model's native reasoning, and what it wrote before the answer. */
  readonly reasoning: string;
  /** How the answer was found in what the model wrote; `thought` where a search ended with it. */
  readonly foundBy: FoundBy | 'thought';
  /**
   * How sure it is, from 0 to 1: the probability of the words as the model tells it, the share of the votes, the score of the
   * thought. Left out where nobody knows.
   */
  readonly confidence?: number;
  /** What was done, in order. */
  readonly trace: readonly ReasoningAction[];
}
