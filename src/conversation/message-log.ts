import {
  checkAtLeast,
  createRun,
  PipewrightError,
  type Run,
  type Store,
  type StoreChange,
  changeEntry,
  keyedLock,
} from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { below, checkedId, keyPart, numberText } from './entry-keys.js';
import {
  decodeEntry,
  decodeMessage,
  encodeEntry,
  type LoggedMessage,
  type NewMessage,
  storedMessages,
} from './logged-message.js';

export interface MessageLogOptions {
  /** Where the messages are kept. It stays yours to close. @default memory, gone with the process */
  readonly store?: Store;
  /** Goes before the keys in the store. @default 'messages' */
  readonly prefix?: string;
}

export interface TailOptions {
  /** How many messages at most. @default 50 */
  readonly limit?: number;
  /** Only messages with lower numbers: the `seq` of the oldest one that was read before. @default from the end */
  readonly beforeSeq?: number;
}

/**
 * Messages of conversations in the order in which they were said. Each is an entry of its own that is never written again, so
 * appending and reading take time proportional to what is appended or read, however long the conversation is.
 */
export interface MessageLog {
  /**
   * Keeps messages behind those that are there, all of them or none, also while other processes do the same; they are safe in the
   * store when the promise resolves to them.
   */
  readonly append: (
    conversationId: string,
    messages: readonly NewMessage[],
    run?: Run,
  ) => Promise<readonly LoggedMessage[]>;
  /** The newest messages, oldest of them first. */
  readonly tail: (conversationId: string, options?: TailOptions) => Promise<readonly LoggedMessage[]>;
  /** Newest first, each read when it is asked for: for windows whose end is not known before. */
  readonly backwards: (conversationId: string, beforeSeq?: number) => AsyncIterable<LoggedMessage>;
  /** Oldest first, from a number on. */
  readonly entries: (conversationId: string, fromSeq?: number) => AsyncIterable<LoggedMessage>;
  readonly count: (conversationId: string) => Promise<number>;
  /** Forgets the messages with lower numbers, and returns how many there were. */
  readonly trim: (conversationId: string, beforeSeq: number, run?: Run) => Promise<number>;
  /** Forgets all messages. Numbers go on for a day, so that nobody takes a new message for one that he has read before. */
  readonly clear: (conversationId: string, run?: Run) => Promise<void>;
}

/** What is known of a conversation as a whole. */
interface Head {
  /** Number of the next message. */
  readonly next: number;
  readonly count: number;
}

const isHead = ({ next, count }: Record<string, unknown>): boolean =>
  Number.isSafeInteger(next) && Number.isSafeInteger(count);

const dayMs = 86_400_000;
/** How many messages are forgotten in one batch. */
const trimBatch = 1_000;

interface LogPlace {
  readonly store: Store;
  readonly headKey: (id: string) => string;
  readonly messagesKey: (id: string) => string;
}

const readHead = (key: string, bytes: Uint8Array | undefined): Head =>
  bytes === undefined ? { next: 0, count: 0 } : decodeEntry<Head>(key, bytes, isHead);

const resolve = (options: MessageLogOptions): LogPlace => {
  const { store = memoryStore(), prefix = 'messages' } = options;
  if (prefix === '') throw new PipewrightError('bad-option', '`prefix` must not be empty.');
  const part = (id: string): string => keyPart(checkedId('conversationId', id));
  return { store, headKey: (id) => `${prefix}/h/${part(id)}`, messagesKey: (id) => `${prefix}/m/${part(id)}` };
};

/**
 * Opens a log of messages over a store.
 * @throws {PipewrightError} `bad-option`; its functions throw `bad-input`, `store-damaged`, `store-newer`, and what the store throws.
 * @example (await messageLog().append('ann', [{ role: 'user', content: 'Hello' }]))[0]?.seq // => 0
 */
export const messageLog = (options: MessageLogOptions = {}): MessageLog => {
  const place = resolve(options);
  const locked = keyedLock();
  const backwards: MessageLog['backwards'] = (id, beforeSeq) => readBackwards(place, id, beforeSeq, Infinity);
  const trim = (id: string, beforeSeq: number, run: Run): Promise<number> =>
    locked(id, () => trimTo(place, id, beforeSeq, run), run.signal);
  return {
    append: (id, messages, run = createRun()) => locked(id, () => append(place, id, messages, run), run.signal),
    tail: async (id, { limit = 50, beforeSeq } = {}) => {
      checkAtLeast('limit', limit, 0);
      const found: LoggedMessage[] = [];
      for await (const entry of readBackwards(place, id, beforeSeq, limit)) found.push(entry);
      return found.reverse();
    },
    backwards,
    entries: (id, fromSeq = 0) => readForwards(place, id, fromSeq, Infinity),
    count: async (id) => readHead(place.headKey(id), await place.store.get(place.headKey(id))).count,
    trim: (id, beforeSeq, run = createRun()) => trim(id, beforeSeq, run),
    clear: async (id, run = createRun()) => {
      await trim(id, Infinity, run);
    },
  };
};

const append = async (
  { store, headKey, messagesKey }: LogPlace,
  id: string,
  messages: readonly NewMessage[],
  run: Run,
): Promise<readonly LoggedMessage[]> => {
  const key = headKey(id);
  const stored = await storedMessages(messages, run.clock.now());
  if (stored.length === 0) return [];
  const appended = await changeEntry(
    store,
    key,
    (before) => {
      const { next, count } = readHead(key, before);
      return {
        value: encodeEntry({ next: next + stored.length, count: count + stored.length } satisfies Head),
        also: stored.map(([, value], at) => ({
          type: 'put',
          key: `${messagesKey(id)}/${numberText(next + at)}`,
          value,
        })),
        result: stored.map(([message], at) => ({ seq: next + at, ...message })),
      };
    },
    run,
  );
  return appended ?? [];
};

const readBackwards = async function* (
  { store, messagesKey }: LogPlace,
  id: string,
  beforeSeq: number | undefined,
  limit: number,
): AsyncGenerator<LoggedMessage, void, undefined> {
  const { from, to } = below(messagesKey(id));
  const end = beforeSeq === undefined || beforeSeq === Infinity ? to : from + numberText(Math.max(0, beforeSeq));
  for await (const [key, bytes] of store.range({ from, to: end, limit, isReversed: true })) {
    yield decodeMessage(key, Number(key.slice(from.length)), bytes);
  }
};

const readForwards = async function* (
  { store, messagesKey }: LogPlace,
  id: string,
  fromSeq: number,
  limit: number,
): AsyncGenerator<LoggedMessage, void, undefined> {
  const { from, to } = below(messagesKey(id));
  for await (const [key, bytes] of store.range({ from: from + numberText(Math.max(0, fromSeq)), to, limit })) {
    yield decodeMessage(key, Number(key.slice(from.length)), bytes);
  }
};

/** Forgets in batches, the oldest first, so that a long conversation holds nobody up; the count is right after each. */
const trimTo = async (place: LogPlace, id: string, beforeSeq: number, run: Run): Promise<number> => {
  const { store, headKey, messagesKey } = place;
  const key = headKey(id);
  const { from, to } = below(messagesKey(id));
  const end = beforeSeq === Infinity ? to : from + numberText(Math.max(0, beforeSeq));
  for (let gone = 0; ; ) {
    const deleted = await changeEntry(
      store,
      key,
      async (before) => {
        const also: StoreChange[] = [];
        for await (const [old] of store.range({ from, to: end, limit: trimBatch }))
          also.push({ type: 'delete', key: old });
        if (also.length === 0) return undefined;
        const { next, count } = readHead(key, before);
        const left = count - also.length;
        const value = encodeEntry({ next, count: left } satisfies Head);
        return { value, also, result: also.length, ...(left > 0 ? {} : { ttlMs: dayMs }) };
      },
      run,
    );
    if (deleted === undefined) return gone;
    gone += deleted;
  }
};
