import type { Conversation, Conversations, LoggedMessage } from '../conversation/index.js';
import {
  assistant,
  callStep,
  createRun,
  defineStepWith,
  type Hit,
  type Message,
  messageOf,
  noUsage,
  type Part,
  PipewrightError,
  type Recalled,
  type Run,
  type StepChild,
  textView,
  type Usage,
  withoutText,
} from '../core/index.js';
import { type ChatModel, type ChatReply, fitMessages, tokenCounter } from '../model/index.js';
import { type Citation, checkCitations, packSources, placeLabel, queryWithHistory } from '../rag/index.js';
import { conversationFor, historyBefore, tellBranch } from './history.js';
import { type Found, promptOf, sourcesIn } from './prompt.js';
import { asks, noted, quotingPrompt, saidHits } from './quoting.js';
import { type ChatbotSettings, resolve } from './settings.js';
import type { Chatbot, ChatbotOptions, ChatbotReply, ChatTurn, ChatTurnWithOptions } from './types.js';

/** A turn with all that belongs to it. */
interface Turn {
  readonly settings: ChatbotSettings;
  readonly own: Conversations;
  readonly conversation: Conversation;
  readonly text: string;
  readonly said: readonly Part[];
  /** The user's message as it is kept. */
  readonly asked: LoggedMessage;
}

/** What a model made of a turn, before it is kept. */
interface Answered {
  readonly text: string;
  readonly message: Message;
  readonly citations: readonly Citation[];
  readonly sources: readonly Hit[];
  readonly contextTokens: number;
  readonly historyMessages: number;
  readonly leftOut: number;
  readonly usage: Usage;
  readonly costUsd: number | undefined;
  readonly model: string;
}

/**
 * Makes a chatbot: a step from what a user says to an answer, with the conversation kept as it is said, what is remembered beside it,
 * and passages that answers cite. Every request fits the window by exact count. Once a turn has begun the user's message is kept; an
 * answer that is cut short, by an abort or a failure, is kept as far as it came and marked with `isCut` in its metadata.
 * A turn costs one call of the model, and what memory and retriever cost. With `extractive()` it answers offline, by quoting the
 * passages and what the user has said.
 * @throws {PipewrightError} `bad-option`; the step throws `bad-input` for an empty text, `context-too-long`, and what the model, the
 * retriever, the memory and the store throw.
 * @example const bot = chatbot(extractive(), { retriever: keywords.retriever() })
 */
export const chatbot = (model: ChatModel, options: ChatbotOptions = {}): Chatbot => {
  const settings = resolve(model, options);
  const { conversations, memory, retriever, maxTokens } = settings;
  const children: readonly StepChild[] = [
    ...(retriever === undefined ? [] : [{ label: 'retrieve', step: retriever }]),
    ...(memory === undefined ? [] : [{ label: 'recall', step: memory.recall }]),
    { label: 'model', step: model },
  ];
  const info = { kind: 'chatbot', details: { maxTokens }, children };
  return defineStepWith<ChatTurn, ChatbotReply, Pick<Chatbot, 'conversations' | 'memory'>>(
    info,
    { conversations, memory },
    (turn, run) => converse(settings, typeof turn === 'string' ? { text: turn } : turn, run),
  );
};

const converse = async (settings: ChatbotSettings, given: ChatTurnWithOptions, run: Run): Promise<ChatbotReply> => {
  const startedMs = run.clock.now();
  const turn = await begin(settings, given, run);
  const { conversation, asked } = turn;
  const shown = textView();
  let found: Found;
  let answered: Answered;
  try {
    found = await find(turn, run);
    answered = await answer(turn, found, run.with({ on: (event) => shown.take(event) }));
    await keep(turn, answered, run);
  } catch (error) {
    await keepCut(turn, shown.text(), run);
    throw error;
  }
  await remember(turn, answered.message, run);
  const { text, message, citations, sources, contextTokens, historyMessages, leftOut, usage, costUsd } = answered;
  const took = { contextTokens, historyMessages, leftOut, usage, durationMs: run.clock.now() - startedMs };
  return {
    text,
    message,
    conversationId: conversation.id,
    seq: asked.seq,
    citations,
    sources,
    notes: found.recalled?.notes ?? [],
    statistics: { ...took, ...(costUsd === undefined ? {} : { costUsd }) },
  };
};

/** Keeps what the user said before anything else is done: no failure loses it. */
const begin = async (settings: ChatbotSettings, given: ChatTurnWithOptions, run: Run): Promise<Turn> => {
  const { text, attachments = [], userId = 'default' } = given;
  if (text.trim() === '' && attachments.length === 0) {
    throw new PipewrightError('bad-input', 'Say something: the `text` of the turn is empty.');
  }
  const { memory, model, maxTokens } = settings;
  const own = settings.conversations.of(userId);
  const conversation = await conversationFor(own, given, run);
  if (memory !== undefined) await tellBranch(memory, own, conversation, maxTokens, run);
  const { tokens } = await tokenCounter(model.model).count(text);
  const said: readonly Part[] = text === '' ? attachments : [...attachments, { type: 'text', text }];
  const content = attachments.length === 0 ? text : said;
  const [asked] = await own.append(conversation.id, [{ role: 'user', content, tokens }], run);
  if (asked === undefined) throw new PipewrightError('store-damaged', 'The store has not kept what was said.');
  return { settings, own, conversation, text, said, asked };
};

/** What the past and the documents hold for this turn. */
const find = async (turn: Turn, run: Run): Promise<Found> => {
  const { settings, own, conversation, text, asked } = turn;
  const { retriever, memory, maxSourceTokens, maxTokens } = settings;
  const history = await historyBefore(own, conversation.id, asked.seq, maxTokens);
  const quiet = withoutText(run);
  let hits: readonly Hit[] = [];
  if (retriever !== undefined) {
    const found = await callStep(retriever, queryWithHistory(text, history), quiet, 'retrieve');
    hits = packSources(found, { maxTokens: maxSourceTokens }).sources;
    run.emit({ type: 'sources-found', hits });
  }
  let recalled: Recalled | undefined;
  if (memory !== undefined) {
    const scope = { conversationId: conversation.id, userId: own.userId };
    recalled = await callStep(memory.recall, { ...scope, text, known: history }, quiet, 'recall');
  }
  run.throwIfAborted();
  return { hits, recalled, history };
};

const answer = (turn: Turn, found: Found, run: Run): Promise<Answered> =>
  turn.settings.model.provider === 'extractive' ? quote(turn, found, run) : write(turn, found, run);

const answeredOf = async (
  reply: ChatReply,
  sources: readonly Hit[],
  figures: Pick<Answered, 'contextTokens' | 'historyMessages' | 'leftOut'>,
): Promise<Answered> => {
  const { text, message, usage, costUsd, model } = reply;
  const { citations } = sources.length === 0 ? { citations: [] } : await checkCitations(reply, sources);
  return { ...figures, text, message, citations, sources, usage, costUsd, model };
};

/** Asks a model that writes. */
const write = async ({ settings, said }: Turn, found: Found, run: Run): Promise<Answered> => {
  const { model, maxTokens, replyTokens } = settings;
  const prompt = promptOf(settings, found, said);
  const fitted = await fitMessages(prompt, { maxTokens, model: model.model, reserveTokens: replyTokens });
  const reply = await callStep(model, fitted.messages, run, 'model');
  const instructions = fitted.messages.filter(({ role }) => role === 'system').length;
  return answeredOf(reply, sourcesIn(fitted.messages, found.hits), {
    contextTokens: fitted.tokens,
    historyMessages: fitted.messages.length - instructions - 1,
    leftOut: fitted.leftOut.length + (found.recalled?.leftOut ?? 0),
  });
};

/** Asks the model that only quotes. */
const quote = async ({ settings, text, said }: Turn, found: Found, run: Run): Promise<Answered> => {
  const hits = [...found.hits, ...saidHits(found)];
  const figures = { contextTokens: 0, historyMessages: found.history.length, leftOut: 0 };
  if (!asks(text)) {
    run.emit({ type: 'text-delta', text: noted });
    const nothing = { citations: [], sources: [], usage: noUsage, costUsd: 0 };
    return { ...figures, ...nothing, text: noted, message: assistant(noted), model: settings.model.model };
  }
  const messages = quotingPrompt(found, said, hits);
  const reply = await callStep(settings.model, messages, run, 'model');
  return answeredOf(reply, sourcesIn(messages, hits), { ...figures, contextTokens: reply.usage.inputTokens });
};

/** Where the citations of an answer stand, for showing them again. */
const citedPlaces = ({ citations, sources }: Answered): readonly string[] => {
  const places = citations.map(({ evidence, number }) => {
    const source = sources[number - 1];
    return evidence?.label ?? (source === undefined ? '' : placeLabel(source));
  });
  return [...new Set(places)].filter((place) => place !== '');
};

const keep = async ({ own, conversation }: Turn, answered: Answered, run: Run): Promise<void> => {
  const { message, usage, costUsd, model } = answered;
  const cites = citedPlaces(answered);
  const kept = {
    ...message,
    tokens: usage.outputTokens,
    ...(costUsd === undefined ? {} : { costUsd }),
    metadata: { model, ...(cites.length === 0 ? {} : { cites }) },
  };
  await own.append(conversation.id, [kept], run);
};

/** Keeps what had been said of an answer that was cut short, also after an abort; what failed is thrown by the caller. */
const keepCut = async ({ own, conversation }: Turn, text: string, run: Run): Promise<void> => {
  if (text === '') return;
  const cut = { ...assistant(text), metadata: { isCut: true } };
  try {
    await own.append(conversation.id, [cut], createRun({ clock: run.clock, random: run.random }));
  } catch (error) {
    run.emit({ type: 'warning', message: `The answer that was cut short is not kept: ${messageOf(error)}` });
  }
};

/** The answer stands, and is kept: a memory that fails takes nothing of it back. */
const remember = async ({ settings, own, conversation, asked }: Turn, message: Message, run: Run): Promise<void> => {
  const { memory } = settings;
  if (memory === undefined) return;
  try {
    await memory.add(
      [asked.message, message],
      { conversationId: conversation.id, userId: own.userId },
      withoutText(run),
    );
  } catch (error) {
    run.throwIfAborted();
    run.emit({ type: 'warning', message: `The turn is not remembered: ${messageOf(error)}` });
  }
};
