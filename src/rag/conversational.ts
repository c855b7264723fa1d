import {
  type AnyStep,
  assistant,
  callStep,
  checkAtLeast,
  defineStepWith,
  type Message,
  PipewrightError,
  type Run,
  type Step,
  type StepLike,
  type Store,
  textOf,
  user,
  withoutText,
} from '../core/index.js';
import { estimateTokens } from '../model/index.js';
import type { ConversationQuestion } from '../retrieve/index.js';
import { memoryStore } from '../store/index.js';
import {
  addTurn,
  type ConversationStore,
  type ConversationTurn,
  forgetTurns,
  readTurns,
  turnOf,
} from './conversation-store.js';
import { orElse } from './draft.js';
import { withoutMarks } from './marks.js';
import { queryWithHistory } from './query-with-history.js';
import { asQuestion } from './question.js';
import type { Answer, Question, QuestionWithOptions } from './types.js';

export interface ConversationalOptions {
  /**
   * Turns a question that leans on the conversation into one that stands alone, before anything is searched. @default without a
   * model: the questions that it leans on are searched for with it
   */
  readonly condense?: StepLike<ConversationQuestion, string>;
  /** Room for the turns before the question; the newest are kept, each whole. @default 2000 */
  readonly maxHistoryTokens?: number;
  /** How tokens are counted. @default estimateTokens */
  readonly countTokens?: (text: string) => number;
  /** Where conversations are kept that questions name by `conversationId`. @default memory, gone with the process */
  readonly store?: Store;
  /** Goes before their ids in the store. @default 'conversation' */
  readonly prefix?: string;
  /** The last so many turns of each are kept. @default 50 */
  readonly maxTurns?: number;
  /** How long each is kept after its last turn. @default 30 days */
  readonly ttlMs?: number;
}

export interface ConversationalAnswerer extends Step<Question, Answer> {
  /** The turns of a conversation with their citations, oldest first. */
  readonly turns: (conversationId: string) => Promise<readonly ConversationTurn[]>;
  readonly forget: (conversationId: string) => Promise<void>;
}

type Settings = Required<Omit<ConversationalOptions, 'condense'>> & Pick<ConversationalOptions, 'condense'>;

const dayMs = 86_400_000;
/** An answer of a model that is longer is no question. */
const maxCondensedLength = 2_000;

const resolve = (options: ConversationalOptions): Settings => {
  const settings: Settings = {
    maxHistoryTokens: 2_000,
    countTokens: estimateTokens,
    store: options.store ?? memoryStore(),
    prefix: 'conversation',
    maxTurns: 50,
    ttlMs: 30 * dayMs,
    ...options,
  };
  checkAtLeast('maxHistoryTokens', settings.maxHistoryTokens, 0);
  checkAtLeast('maxTurns', settings.maxTurns, 1);
  checkAtLeast('ttlMs', settings.ttlMs, 1);
  return settings;
};

/**
 * Makes any answerer follow a conversation: a question that leans on what was said is made to stand alone before it is asked, the
 * history is cut to a budget, and answers in it lose their marks, because numbers mean the sources of one question. The turns come
 * with the question as `history`, or from the store where the question names its `conversationId`; then the new turn is kept there
 * with its citations. A `condense` that fails is replaced by the way without a model.
 * It costs one `condense` for a question with history, and the answerer.
 * @throws {PipewrightError} `bad-option`; the step throws what the answerer and the store throw.
 * @example const ask = conversational(corrective(retriever, model), { condense: condense(model) })
 */
export const conversational = (
  answerer: StepLike<Question, Answer>,
  options: ConversationalOptions = {},
): ConversationalAnswerer => {
  const settings = resolve(options);
  const { condense, maxHistoryTokens } = settings;
  const children = [
    ...(condense === undefined ? [] : [{ label: 'condense', step: condense as AnyStep }]),
    { label: 'answer', step: answerer as AnyStep },
  ];
  const info = { kind: 'conversational', details: { maxHistoryTokens }, children };
  const props = {
    turns: (id: string) => readTurns(settings, checkedId(id)),
    forget: (id: string) => forgetTurns(settings, checkedId(id)),
  };
  return defineStepWith<Question, Answer, typeof props>(info, props, (input, run) =>
    converse(answerer, settings, asQuestion(input), run),
  );
};

const checkedId = (id: string): string => {
  if (id.trim() !== '' && id.length <= 200) return id;
  throw new PipewrightError('bad-input', 'A `conversationId` must have 1 to 200 characters.');
};

const converse = async (
  answerer: StepLike<Question, Answer>,
  settings: Settings,
  asked: QuestionWithOptions,
  run: Run,
): Promise<Answer> => {
  const { conversationId } = asked;
  const kept: ConversationStore = settings;
  const turns = conversationId === undefined ? [] : await readTurns(kept, checkedId(conversationId));
  const history = budgeted([...turns.flatMap(messagesOf), ...(asked.history ?? [])], settings);
  run.throwIfAborted();
  const { question, query } = await standAlone(asked, history, settings, run);
  const next = { ...asked, question, history, ...(query === undefined ? {} : { query }) };
  const answered = await callStep(answerer, next, run, 'answer');
  run.throwIfAborted();
  if (conversationId !== undefined) await addTurn(kept, conversationId, turnOf(asked.question, answered), run);
  const rewritten = { action: 'rewrite', detail: 'The question was made to stand alone.', query: query ?? question };
  const isRewritten = (query ?? question) !== asked.question && asked.query === undefined;
  return { ...answered, trace: [...(isRewritten ? [rewritten] : []), ...answered.trace] };
};

const messagesOf = ({ question, text }: ConversationTurn): readonly Message[] => [user(question), assistant(text)];

/** What was said, without marks, sources and calls of tools. */
const said = (messages: readonly Message[]): readonly Message[] =>
  messages
    .map(({ role, ...message }): Message => ({ role, content: withoutMarks(textOf({ role, ...message })) }))
    .filter(({ role, content }) => (role === 'user' || role === 'assistant') && content !== '');

/** The newest messages that have room, from a question of the user on. */
const budgeted = (history: readonly Message[], { maxHistoryTokens, countTokens }: Settings): readonly Message[] => {
  const kept: Message[] = [];
  let tokens = 0;
  let from = 0;
  for (const message of [...said(history)].reverse()) {
    tokens += countTokens(textOf(message));
    if (tokens > maxHistoryTokens) break;
    kept.unshift(message);
    if (message.role === 'user') from = kept.length;
  }
  return kept.slice(kept.length - from);
};

interface StandAlone {
  readonly question: string;
  readonly query?: string;
}

const standAlone = async (
  { question, query }: QuestionWithOptions,
  history: readonly Message[],
  { condense }: Settings,
  run: Run,
): Promise<StandAlone> => {
  if (query !== undefined) return { question, query };
  const lexical = (): StandAlone => {
    const whole = queryWithHistory(question, history);
    return whole === question ? { question } : { question, query: whole };
  };
  if (condense === undefined || history.length === 0) return lexical();
  const own = async (): Promise<StandAlone> => {
    const condensed = (await callStep(condense, { question, history }, withoutText(run), 'condense')).trim();
    if (condensed !== '' && condensed.length <= maxCondensedLength) return { question: condensed };
    throw new PipewrightError('output-invalid', 'The condensed question is empty or longer than any question.');
  };
  return orElse('Condensing', run, own, lexical);
};
