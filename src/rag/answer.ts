import {
  type AnyStep,
  callStep,
  checkAtLeast,
  defineStep,
  type Hit,
  type Message,
  PipewrightError,
  type QueryWithOptions,
  type Retriever,
  type Run,
  type Step,
  type StepLike,
} from '../core/index.js';
import { type ChatModel, estimateTokens } from '../model/index.js';
import { checkCitations } from './check-citations.js';
import { type AskFrom, combinations } from './combine.js';
import { queryWithHistory } from './query-with-history.js';
import { answerRequest } from './request.js';
import type { Answer, AnswerAction, Question, QuestionWithOptions } from './types.js';

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
   * where it leans on the question before, both are searched for
   */
  readonly condense?: StepLike<ConversationQuestion, string>;
}

/** A question and the conversation before it. */
export interface ConversationQuestion {
  readonly question: string;
  readonly history: readonly Message[];
}

type Settings = Required<Omit<AnswerOptions, 'condense'>> & Pick<AnswerOptions, 'condense'>;

/** What is said when the search found nothing, so that there is nothing to ask a model. */
const nothingFound = 'The documents do not hold an answer to this question.';

const resolve = (options: AnswerOptions): Settings => {
  const settings: Settings = {
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

/**
 * Answers questions from what a retriever finds, and checks every citation of the answer against the text of the sources.
 * The model's text streams as events of the run, after a `sources-found`. Where nothing is found no model is asked, and where
 * no claim holds, `isAnswered` is false.
 * @throws {PipewrightError} `bad-option`; the step throws `bad-input` for an empty question, and what retriever and model throw.
 * @example const ask = answer(keywords.retriever(), extractive())
 */
export const answer = (retriever: Retriever, model: ChatModel, options: AnswerOptions = {}): Step<Question, Answer> => {
  const settings = resolve(options);
  const { k, maxSourceTokens, combine, condense } = settings;
  const children = [
    ...(condense === undefined ? [] : [{ label: 'condense', step: condense as AnyStep }]),
    { label: 'retrieve', step: retriever },
    { label: 'model', step: model },
  ];
  return defineStep({ kind: 'answer', details: { k, maxSourceTokens, combine }, children }, async (input, run) => {
    const asked = asQuestion(input);
    const { question, query } = await standAlone(asked, settings, run);
    run.throwIfAborted();
    const hits = await search(retriever, asked, query, settings, run);
    run.throwIfAborted();
    const answered = await answerFrom(hits, model, { question, history: asked.history ?? [] }, settings, run);
    return { ...answered, query, trace: traceOf(query, hits, answered) };
  });
};

const asQuestion = (input: Question): QuestionWithOptions => {
  const asked = typeof input === 'string' ? { question: input } : input;
  if (asked.question.trim() === '') throw new PipewrightError('bad-input', 'The question is empty. Ask something.');
  return asked;
};

/** What is asked, and what is searched for. */
interface Asked {
  readonly question: string;
  readonly query: string;
}

const standAlone = async (
  { question, history = [] }: QuestionWithOptions,
  { condense }: Settings,
  run: Run,
): Promise<Asked> => {
  if (history.length === 0) return { question, query: question };
  if (condense === undefined) return { question, query: queryWithHistory(question, history) };
  const condensed = await callStep(condense, { question, history }, run, 'condense');
  return { question: condensed, query: condensed };
};

const search = async (
  retriever: Retriever,
  { k, filter }: QuestionWithOptions,
  text: string,
  settings: Settings,
  run: Run,
): Promise<readonly Hit[]> => {
  const query: QueryWithOptions = { text, k: k ?? settings.k, ...(filter === undefined ? {} : { filter }) };
  const hits = await callStep(retriever, query, run, 'retrieve');
  run.emit({ type: 'sources-found', hits });
  return hits;
};

type Answered = Omit<Answer, 'query' | 'trace'>;

const traceOf = (query: string, hits: readonly Hit[], { sources, isAnswered }: Answered): readonly AnswerAction[] => [
  { action: 'search', detail: `${hits.length} passages found.`, query, hits: hits.length },
  {
    action: 'answer',
    detail: isAnswered ? 'A claim of the answer holds.' : 'No claim of the answer holds.',
    hits: sources.length,
  },
];

const answerFrom = async (
  hits: readonly Hit[],
  model: ChatModel,
  asked: ConversationQuestion,
  { maxSourceTokens, countTokens, instructions, combine }: Settings,
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
  const isAnswered = citations.some(({ verdict }) => verdict !== 'unsupported');
  return { text: reply.text, isAnswered, citations, uncited, sources, leftOut, reply };
};

const noRoom = (maxSourceTokens: number): PipewrightError =>
  new PipewrightError(
    'bad-option',
    `\`maxSourceTokens\` is ${maxSourceTokens}: not even the beginning of the best passage has room. Set it higher.`,
  );
