import { callStep, type Retriever, type Step, type StepLike, withoutText } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import type { ConversationQuestion } from '../retrieve/index.js';
import { answering, answerInfo, answerSettings } from './answering.js';
import type { Answer, Question } from './types.js';

export interface AnswerOptions {
  /** How many passages are searched for. @default 12 */
  readonly k?: number;
  /** Room for the passages in the request, in tokens. @default 6000 */
  readonly maxSourceTokens?: number;
  /** How tokens are counted. @default estimateTokens */
  readonly countTokens?: (text: string) => number;
  /**
   * How passages that do not fit into one request are read: `stuff` leaves them out, `map-reduce` asks each part on its own and
   * then from the places found, `refine` goes from part to part and takes the places found along. @default 'stuff'
   */
  readonly combine?: 'stuff' | 'map-reduce' | 'refine';
  /** What the model is told beside the rules: tone, audience, language. @default '' */
  readonly instructions?: string;
  /**
   * Turns a question that leans on the conversation into one that stands alone. @default the question is asked as it is, and
   * where it leans on questions before, these are searched for with it
   */
  readonly condense?: StepLike<ConversationQuestion, string>;
}

/**
 * Answers questions from what a retriever finds, and checks every citation of the answer against the text of the sources.
 * The model's text streams as events of the run, after a `sources-found`. Where nothing is found no model is asked, and where
 * no claim holds, `isAnswered` is false.
 * @throws {PipewrightError} `bad-option`; the step throws `bad-input` for an empty question, and what retriever and model throw.
 * @example const ask = answer(keywords.retriever(), extractive())
 */
export const answer = (retriever: Retriever, model: ChatModel, options: AnswerOptions = {}): Step<Question, Answer> => {
  const settings = answerSettings(options);
  const info = answerInfo('answer', model, settings, [{ label: 'retrieve', step: retriever }]);
  return answering(
    info,
    async ({ query }, run) => {
      const hits = await callStep(retriever, query, withoutText(run), 'retrieve');
      const found = {
        action: 'search',
        detail: `${hits.length} passages found.`,
        query: query.text,
        hits: hits.length,
      };
      return { hits, trace: [found] };
    },
    model,
    settings,
  );
};
