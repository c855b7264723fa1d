import type { Message } from './message.js';
import type { Run } from './run.js';
import type { Step } from './step.js';

/**
 * Whose memory is meant. What is kept for one conversation or user is never told to another: the same conversation id of two users
 * names two conversations.
 */
export interface MemoryScope {
  /** @default 'default' */
  readonly conversationId?: string;
  /** Whose facts and experiences; those live on from one conversation to the next. @default 'default' */
  readonly userId?: string;
}

/** What a memory is asked before a model is. */
export interface RecallQuery extends MemoryScope {
  /** What is about to be asked: the memory finds what belongs to it. Without it, the newest and the most important. */
  readonly text?: string;
  /** Room for all messages that come back. @default what the memory was made with */
  readonly maxTokens?: number;
  /** What stands in the prompt already, and need not be told again. @default nothing */
  readonly known?: readonly Message[];
}

/** Something remembered that is not a turn of the conversation: a fact, an experience, a summary. */
export interface RecalledNote {
  readonly id: string;
  /** What made it, such as `summary`, `fact`, `episode`, `turn`. */
  readonly kind: string;
  readonly text: string;
  /** How well it belongs to the query; compares only within one result. */
  readonly score?: number;
  /** When it was said. Milliseconds since 1970. */
  readonly createdMs?: number;
  /** Whether it is the same whatever is asked, as a summary is: then it stands before the turns. @default false */
  readonly isStable?: boolean;
}

/** What a model is to be told of the past. */
export interface Recalled {
  /**
   * Ready to stand before the new message: stable notes, the turns of the conversation, oldest first, and behind them a message of
   * notes that were found for this query, so that the beginning stays the same from turn to turn and caches of prompts keep
   * working. Every tool call in them has its result, and notes are marked as information only.
   */
  readonly messages: readonly Message[];
  /** Those of `messages` that were said in the conversation: all but the notes. */
  readonly turns: readonly Message[];
  /** What the messages take; never above `maxTokens`. */
  readonly tokens: number;
  readonly notes: readonly RecalledNote[];
  /** Messages and notes that exist and had no room, or were not asked for. */
  readonly leftOut: number;
}

/** Remembers what was said. Every kind has this form, so that they can be swapped, compared and put together. */
export interface Memory {
  /** Such as `window` or `facts`. */
  readonly kind: string;
  /**
   * Takes in what was said, all of it or nothing; it is kept when the promise resolves. System messages are not kept: nobody said
   * them, and the caller has them.
   */
  readonly add: (messages: readonly Message[], scope?: MemoryScope, run?: Run) => Promise<void>;
  readonly recall: Step<RecallQuery, Recalled>;
  /**
   * Forgets all that belongs to the scope: the conversation, and what was learnt in it. Where the scope names no conversation, what
   * is known of the user goes too, whichever conversation it came from.
   */
  readonly clear: (scope?: MemoryScope, run?: Run) => Promise<void>;
}
