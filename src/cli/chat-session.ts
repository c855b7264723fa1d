import { type Chatbot, type ChatbotReply, chatbot, type ChatTurnWithOptions } from '../chat/index.js';
import type { Conversations } from '../conversation/index.js';
import {
  createRun,
  type Memory,
  randomId,
  type Retriever,
  stream,
  type StepStream,
  systemRandom,
} from '../core/index.js';
import type { FactMemory } from '../memory/index.js';
import type { CliIo } from './io.js';
import { modelOf } from './model-option.js';
import { citationPlace, printCitations, textPrinter } from './print-answer.js';
import { colours, count, duration } from './terminal.js';

/** What a chat on the command line is made of. */
export interface ChatParts {
  readonly conversations: Conversations;
  readonly memory: Memory;
  readonly facts: FactMemory;
  readonly retriever: Retriever | undefined;
}

/** One sitting: who answers, and which conversation is open. */
export interface ChatSession extends ChatParts {
  readonly io: CliIo;
  readonly isJson: boolean;
  modelName: string;
  bot: Chatbot;
  conversationId: string;
  /** The conversations that were listed last, for `/open 2`. */
  listed: readonly string[];
  /** The answer that is under way. */
  answering: StepStream<ChatbotReply> | undefined;
  turns: number;
  tokens: number;
  costUsd: number;
}

export const newConversationId = (): string => randomId(systemRandom);

export const openSession = async (
  io: CliIo,
  parts: ChatParts,
  { model, json }: { readonly model: string; readonly json: boolean },
): Promise<ChatSession> => ({
  ...parts,
  io,
  isJson: json,
  modelName: model,
  bot: await botFor(parts, model),
  conversationId: newConversationId(),
  listed: [],
  answering: undefined,
  turns: 0,
  tokens: 0,
  costUsd: 0,
});

export const botFor = async ({ conversations, memory, retriever }: ChatParts, model: string): Promise<Chatbot> =>
  chatbot(await modelOf(model), { conversations, memory, ...(retriever === undefined ? {} : { retriever }) });

const replyJson = (session: ChatSession, question: string, reply: ChatbotReply): object => ({
  question,
  answer: reply.text,
  conversation: reply.conversationId,
  citations: reply.citations.map((citation) => ({
    number: citation.number,
    verdict: citation.verdict,
    place: citationPlace(session.io, citation, reply.sources),
    ...(citation.evidence === undefined ? {} : { quote: citation.evidence.quote }),
  })),
  took: {
    durationMs: reply.statistics.durationMs,
    tokens: tokensOf(reply),
    costUsd: reply.statistics.costUsd ?? null,
  },
});

const tokensOf = ({ statistics: { usage } }: ChatbotReply): number => usage.inputTokens + usage.outputTokens;

const printReply = (session: ChatSession, reply: ChatbotReply): void => {
  const { io } = session;
  const { citations, sources, statistics } = reply;
  printCitations(io, { citations, sources, uncited: [], isAnswered: true });
  if (!io.isErrTerminal) return;
  const { dim } = colours(io, true);
  const { costUsd = 0, durationMs } = statistics;
  const cost = costUsd > 0 ? `, ${costUsd.toFixed(4)} USD` : '';
  io.err(`${dim(`${duration(durationMs)}, ${count(tokensOf(reply))} tokens${cost}`)}\n`);
};

/** Says something to the bot and shows the answer while it comes. */
export const say = async (session: ChatSession, turn: ChatTurnWithOptions): Promise<void> => {
  const { io, bot, conversationId, isJson } = session;
  const run = createRun({ signal: io.signal });
  const call = stream(bot, { conversationId, ...turn }, { run });
  session.answering = call;
  const show = isJson ? undefined : textPrinter(io);
  try {
    for await (const event of call) {
      show?.take(event);
      if (event.type === 'warning') io.err(`note ${event.message}\n`);
    }
    const reply = await call.result;
    show?.end(reply.text);
    session.conversationId = reply.conversationId;
    session.turns++;
    session.tokens += tokensOf(reply);
    session.costUsd += reply.statistics.costUsd ?? 0;
    if (isJson) io.out(`${JSON.stringify(replyJson(session, turn.text, reply))}\n`);
    else printReply(session, reply);
  } finally {
    session.answering = undefined;
  }
};
