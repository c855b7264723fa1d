import {
  callStep,
  checkAtLeast,
  defineStep,
  type Hit,
  PipewrightError,
  type QueryWithOptions,
  type Run,
  type Step,
  type StepChild,
  type StepInfo,
  withoutText,
} from '../core/index.js';
import { type ChatModel, estimateTokens } from '../model/index.js';
import type { ConversationQuestion } from '../retrieve/index.js';
import type { AnswerOptions } from './answer.js';
import { checkCitations } from './check-citations.js';
import { type AskFrom, combinations, isHeld } from './combine.js';
import { queryWithHistory } from './query-with-history.js';
import { asQuestion } from './question.js';
import { answerRequest } from './request.js';
import type { Answer, AnswerAction, Question, QuestionWithOptions } from './types.js';

export type AnswerSettings = Required<Omit<AnswerOptions, 'condense'>> & Pick<AnswerOptions, 'condense'>;

/** What is said when the search found nothing, so that there is nothing to ask a model. */
const nothingFound = 'The documents do not hold an answer to this question.';

export const answerSettings = (options: AnswerOptions): AnswerSettings => {
  const settings: AnswerSettings = {
    k: 12,
    maxSourceTokens: 6_000,
    countTokens: estimateTokens,
    instructions: '',
    combine: 'stuff',
    ...options,
  };
  checkAtLeast('k', settings.k, 1);
  checkAtLeast('maxSourceTokens', settings.maxSourceTokens, 1);
  if (!Object.hasOwn(combinations, settings.combine)) {
    const known = Object.keys(combinations).join(', ');
    throw new PipewrightError('bad-option', `\`combine\` must be one of ${known}, got ${settings.combine}.`);
  }
  return settings;
};

/** What a search is for: the query, and the question behind it as a whole sentence. */
export interface AnswerSearch {
  readonly question: string;
  readonly query: QueryWithOptions;
}

export interface Found {
  readonly hits: readonly Hit[];
  readonly trace: readonly AnswerAction[];
}

export type FindPassages = (search: AnswerSearch, run: Run) => Promise<Found>;

/** Requests that one question makes at most, with as many passages as `k` says. */
const maxRequests: Readonly<Record<AnswerSettings['combine'], (k: number) => number>> = {
  stuff: () => 1,
  'map-reduce': (k) => k + 1,
  refine: (k) => k,
};

/** The settings and parts that every step has that answers with `answering`. */
export const answerInfo = (
  kind: string,
  model: ChatModel,
  settings: AnswerSettings,
  search: readonly StepChild[],
): StepInfo => {
  const { k, maxSourceTokens, combine, condense } = settings;
  const requests = maxRequests[combine](k);
  const children: readonly StepChild[] = [
    ...(condense === undefined ? [] : [{ label: 'condense', step: condense as StepChild['step'] }]),
    ...search,
    { label: 'model', step: model, maxCalls: requests },
  ];
  return { kind, details: { k, maxSourceTokens, combine }, children };
};

/** The step from a question to a checked answer, whatever way the passages are found. */
export const answering = (
  info: StepInfo,
  find: FindPassages,
  model: ChatModel,
  settings: AnswerSettings,
): Step<Question, Answer> =>
  defineStep(info, async (input, run) => {
    const asked = asQuestion(input);
    const { question, query } = await standAlone(asked, settings, run);
    run.throwIfAborted();
    const { k = settings.k, filter } = asked;
    const search: AnswerSearch = {
      // Where nobody wrote the question anew, what it leans on stands in the query only.
      question: asked.query === undefined ? query : question,
      query: { text: query, k, ...(filter === undefined ? {} : { filter }) },
    };
    const { hits, trace } = await find(search, run);
    run.emit({ type: 'sources-found', hits });
    run.throwIfAborted();
    const answered = await answerFrom(hits, model, { question, history: asked.history ?? [] }, settings, run);
    return { ...answered, query, trace: [...trace, answerAction(answered)] };
  });

const standAlone = async (
  { question, history = [], query }: QuestionWithOptions,
  { condense }: AnswerSettings,
  run: Run,
): Promise<{ readonly question: string; readonly query: string }> => {
  if (query !== undefined || history.length === 0) return { question, query: query ?? question };
  if (condense === undefined) return { question, query: queryWithHistory(question, history) };
  const condensed = await callStep(condense, { question, history }, withoutText(run), 'condense');
  return { question: condensed, query: condensed };
};

type Answered = Omit<Answer, 'query' | 'trace'>;

const answerAction = ({ sources, isAnswered }: Answered): AnswerAction => ({
  action: 'answer',
  detail: isAnswered ? 'A claim of the answer holds.' : 'No claim of the answer holds.',
  hits: sources.length,
});

const answerFrom = async (
  hits: readonly Hit[],
  model: ChatModel,
  asked: ConversationQuestion,
  { maxSourceTokens, countTokens, instructions, combine }: AnswerSettings,
  run: Run,
): Promise<Answered> => {
  const ask: AskFrom = async (sources, inner) => {
    const reply = await callStep(model, answerRequest(model, { ...asked, sources, instructions }), inner, 'model');
    return { reply, sources, ...(await checkCitations(reply, sources)) };
  };
  const { last, leftOut } = await combinations[combine](hits, ask, { maxTokens: maxSourceTokens, countTokens }, run);
  if (last === undefined) {
    if (leftOut.length > 0 && leftOut.length === hits.length) throw noRoom(maxSourceTokens);
    run.emit({ type: 'text-delta', text: nothingFound });
    return { text: nothingFound, isAnswered: false, citations: [], uncited: [], sources: [], leftOut };
  }
  const { reply, sources, citations, uncited } = last;
  const isAnswered = citations.some(isHeld);
  return { text: reply.text, isAnswered, citations, uncited, sources, leftOut, reply };
};

const noRoom = (maxSourceTokens: number): PipewrightError =>
  new PipewrightError(
    'bad-option',
    `\`maxSourceTokens\` is ${maxSourceTokens}: not even the beginning of the best passage has room. Set it higher.`,
  );
