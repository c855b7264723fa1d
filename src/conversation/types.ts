import type {
  Clock,
  KeywordIndex,
  KeywordSearchOptions,
  Message,
  Metadata,
  Run,
  Store,
  TextRange,
} from '../core/index.js';
import type { LoggedMessage, NewMessage } from './logged-message.js';
import type { TailOptions } from './message-log.js';

export interface ConversationsOptions {
  /** Where the conversations are kept. It stays yours to close. @default memory, gone with the process */
  readonly store?: Store;
  /** Goes before the keys in the store. @default 'conversations' */
  readonly prefix?: string;
  /**
   * Finds messages by their words, such as `postgresKeywords`; of these conversations alone, and yours to close. Where several
   * processes share the store, they must share the index too. @default `bm25` over the same store, opened by the first search
   */
  readonly keywords?: KeywordIndex;
  /** A conversation is over so long after its last change. @default never */
  readonly maxIdleMs?: number;
  /** How many conversations each user keeps; the longest unchanged go. @default no limit */
  readonly maxPerUser?: number;
  /** Tells when `maxIdleMs` is over. @default the real clock */
  readonly clock?: Clock;
}

/** Where a branch left another conversation: behind the message with this number. */
export interface BranchPoint {
  readonly id: string;
  readonly seq: number;
}

/** What is known of a conversation beside its messages. */
export interface Conversation {
  readonly id: string;
  readonly title?: string;
  readonly tags: readonly string[];
  readonly metadata: Metadata;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly updatedMs: number;
  /** How many messages can be read, with those before the branch. */
  readonly messageCount: number;
  /** Of the messages that were said here, not of those before the branch, so that sums count nothing twice. */
  readonly tokens: number;
  readonly costUsd: number;
  readonly parent?: BranchPoint;
}

export interface NewConversation {
  /** @default a new one */
  readonly id?: string;
  readonly title?: string;
  /** At most 20. @default none */
  readonly tags?: readonly string[];
  readonly metadata?: Metadata;
}

/** What is given replaces what was there. */
export type ConversationPatch = Omit<NewConversation, 'id'>;

export interface ListOptions {
  /** @default 20 */
  readonly limit?: number;
  /** Where the page before ended. @default from the conversation that changed last */
  readonly cursor?: string;
  /** Only conversations with all of these. @default none */
  readonly tags?: readonly string[];
}

export interface ConversationPage {
  /** What changed last comes first. */
  readonly conversations: readonly Conversation[];
  /** For the next page; undefined behind the last one. */
  readonly cursor?: string;
}

export interface MessageSearchOptions extends Pick<KeywordSearchOptions, 'k' | 'isPrefix' | 'maxEdits'> {
  /** Only in this conversation. @default in all of the user */
  readonly conversationId?: string;
}

/** A message that a search found. */
export interface MessageHit extends LoggedMessage {
  /** A conversation in which it can be read; where it branched, the one in which it was said. */
  readonly conversationId: string;
  /** Compares only within one result. */
  readonly score: number;
  /** The stretches of the message's text that matched. */
  readonly highlights: readonly TextRange[];
}

export interface StatisticsOptions {
  /** Days of UTC from the one with this time on. @default the first */
  readonly fromMs?: number;
  /** Up to the day with this time. @default the last */
  readonly toMs?: number;
}

export interface MessageSums {
  readonly messages: number;
  /** As they were given with the messages; estimated for the others. */
  readonly tokens: number;
  readonly costUsd: number;
}

export interface DaySums extends MessageSums {
  /** `2026-11-21`, in UTC. */
  readonly day: string;
}

export interface ConversationStatistics extends MessageSums {
  readonly conversations: number;
  /** How many conversations have each tag. */
  readonly tags: Readonly<Record<string, number>>;
  /** Days on which something was said, in order. */
  readonly days: readonly DaySums[];
}

/** A conversation as plain JSON, to be written to a file and taken in again; bytes are in it. */
export interface ConversationExport {
  readonly kind: 'pipewright-conversation';
  readonly version: 1;
  readonly conversation: Omit<Conversation, 'messageCount' | 'tokens' | 'costUsd'>;
  /** `LoggedMessage`s as `toJson` writes them. */
  readonly messages: readonly unknown[];
}

/**
 * The conversations of one user. Every change is kept whole or not at all, and is safe in the store when its promise resolves.
 * What names a conversation throws `not-found` where the user has none of that id.
 */
export interface Conversations extends AsyncDisposable {
  readonly userId: string;
  /** The same for another user, who sees nothing of this one. */
  readonly of: (userId: string) => Conversations;
  /** @throws {PipewrightError} `duplicate-id` when the id is taken. */
  readonly create: (conversation?: NewConversation, run?: Run) => Promise<Conversation>;
  /** Undefined where there is none. */
  readonly get: (id: string) => Promise<Conversation | undefined>;
  readonly update: (id: string, patch: ConversationPatch, run?: Run) => Promise<Conversation>;
  /** Returns whether there was one. Messages that a branch shares stay readable there. */
  readonly delete: (id: string, run?: Run) => Promise<boolean>;
  readonly list: (options?: ListOptions) => Promise<ConversationPage>;
  /** Keeps messages as they were said. */
  readonly append: (id: string, messages: readonly NewMessage[], run?: Run) => Promise<readonly LoggedMessage[]>;
  /** The newest messages, oldest of them first. */
  readonly tail: (id: string, options?: TailOptions) => Promise<readonly LoggedMessage[]>;
  /** The newest messages in a form that a model takes: every tool call has exactly one result. */
  readonly messages: (id: string, options?: TailOptions) => Promise<readonly Message[]>;
  /** Newest first, each read when it is asked for. */
  readonly backwards: (id: string, beforeSeq?: number) => AsyncIterable<LoggedMessage>;
  /** Oldest first. */
  readonly entries: (id: string, fromSeq?: number) => AsyncIterable<LoggedMessage>;
  /** The messages that share the words of the text, best first. Takes in first what was said since the last search. */
  readonly search: (text: string, options?: MessageSearchOptions, run?: Run) => Promise<readonly MessageHit[]>;
  /**
   * A new conversation that goes on behind the message `seq` of another one, -1 before the first: for a question that is worded
   * anew or an answer that is made anew. It shares the messages up to there; none is copied.
   */
  readonly branch: (from: BranchPoint, conversation?: NewConversation, run?: Run) => Promise<Conversation>;
  /** Takes time proportional to conversations and their days, not to messages. */
  readonly statistics: (options?: StatisticsOptions) => Promise<ConversationStatistics>;
  readonly export: (id: string) => Promise<ConversationExport>;
  /** Takes in what `export` gave, under a new id. @throws {PipewrightError} `bad-input` when it is something else. */
  readonly import: (exported: unknown, run?: Run) => Promise<Conversation>;
  /** Deletes what `maxIdleMs` and `maxPerUser` no longer allow, and returns how many; making a conversation does some of it. */
  readonly purge: (run?: Run) => Promise<number>;
  /** Closes the index that was opened here, for all users. */
  readonly close: () => Promise<void>;
}
