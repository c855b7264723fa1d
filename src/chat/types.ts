import type { Conversations } from '../conversation/index.js';
import type { Hit, Memory, Message, Part, RecalledNote, Retriever, Step, Usage } from '../core/index.js';
import type { Citation } from '../rag/index.js';

export interface ChatbotOptions {
  /** Where conversations are kept. @default in memory, gone with the process */
  readonly conversations?: Conversations;
  /**
   * What is remembered beside the conversation under way, such as facts about the user. A memory that gives turns of its own, such as
   * `windowMemory`, takes the place of the newest messages of the conversation. @default none
   */
  readonly memory?: Memory;
  /** Finds passages that the answer may rest on; they are asked for with every turn, and citations are checked. @default none */
  readonly retriever?: Retriever;
  /** Who the model is to be. @default 'You are a helpful assistant. Be brief.' */
  readonly system?: string;
  /** Room for all that is sent and for the reply. @default 16000, or the window of the model where that is smaller */
  readonly maxTokens?: number;
  /** Room that stays free for the reply. @default 1024 */
  readonly replyTokens?: number;
  /** Room for passages. @default half of what is left */
  readonly maxSourceTokens?: number;
}

/** What a user says; a string is short for `{ text }`. */
export type ChatTurn = string | ChatTurnWithOptions;

export interface ChatTurnWithOptions {
  readonly text: string;
  /** Pictures and files beside the text. @default none */
  readonly attachments?: readonly Part[];
  /** Goes on with this conversation, or begins it. @default 'default' */
  readonly conversationId?: string;
  /** @default 'default' */
  readonly userId?: string;
  /**
   * The number of a message of the user that this one takes the place of: the turn is made in a branch of the conversation, whose id
   * the reply tells. The same text makes the answer anew.
   */
  readonly insteadOfSeq?: number;
}

/** What a turn took. */
export interface TurnStatistics {
  /** Tokens of the request, by the count of `fitMessages`. */
  readonly contextTokens: number;
  /** Messages of the past that the model was told. */
  readonly historyMessages: number;
  /** Messages of the past that were read and had no room. */
  readonly leftOut: number;
  readonly usage: Usage;
  /** Undefined when the price is not known. */
  readonly costUsd?: number;
  readonly durationMs: number;
}

export interface ChatbotReply {
  readonly text: string;
  /** The answer as it is kept. */
  readonly message: Message;
  /** Where it was said: a new conversation after `insteadOfSeq`. */
  readonly conversationId: string;
  /** Number of the user's message; the answer has the next one, unless somebody else spoke in between. */
  readonly seq: number;
  /** What the answer cites, each checked against its source. */
  readonly citations: readonly Citation[];
  /** The passages that the model was given, and what was remembered: the source `[1]` is the first. */
  readonly sources: readonly Hit[];
  readonly notes: readonly RecalledNote[];
  readonly statistics: TurnStatistics;
}

/** A chatbot is a step: it can be streamed, retried, timed out and recorded as any other. */
export interface Chatbot extends Step<ChatTurn, ChatbotReply> {
  readonly conversations: Conversations;
  readonly memory: Memory | undefined;
}
