import { checkAtLeast, PipewrightError, type Run, type StoreChange, textOf, changeEntry } from '../core/index.js';
import { estimateTokens } from '../model/index.js';
import { checkedId } from './entry-keys.js';
import {
  decodeEntry,
  encodeEntry,
  type LoggedMessage,
  type NewMessage,
  type StoredMessage,
  storedMessages,
} from './logged-message.js';
import {
  changeRecord,
  type ConversationRecord,
  dayKey,
  type Desk,
  mark,
  messageKey,
  orderChanges,
  recordKey,
  sharerKey,
  todoKey,
} from './record.js';
import type { MessageSums, NewConversation } from './types.js';

const maxTags = 20;
const maxTagLength = 100;

/** @throws {PipewrightError} `bad-input` */
export const checkedTags = (tags: readonly string[]): readonly string[] => {
  const isRight = (tag: string): boolean => typeof tag === 'string' && tag.trim() !== '' && tag.length <= maxTagLength;
  if (tags.length <= maxTags && tags.every(isRight)) return [...new Set(tags)];
  throw new PipewrightError(
    'bad-input',
    `A conversation may have ${maxTags} tags of 1 to ${maxTagLength} characters each.`,
  );
};

/** The day of a time, in UTC: `2026-11-21`. */
export const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

const isSums = ({ messages, tokens, costUsd }: Record<string, unknown>): boolean =>
  [messages, tokens, costUsd].every((each) => typeof each === 'number');

export const decodeSums = (key: string, bytes: Uint8Array): MessageSums => decodeEntry<MessageSums>(key, bytes, isSums);

export const noSums: MessageSums = { messages: 0, tokens: 0, costUsd: 0 };
export const addSums = (a: MessageSums, b: MessageSums): MessageSums => ({
  messages: a.messages + b.messages,
  tokens: a.tokens + b.tokens,
  costUsd: a.costUsd + b.costUsd,
});

const sumsOf = ({ message, tokens, costUsd = 0 }: StoredMessage): MessageSums => ({
  messages: 1,
  tokens: tokens ?? estimateTokens(textOf(message)),
  costUsd,
});

type Stored = readonly (readonly [StoredMessage, Uint8Array])[];

/** The sums of each day, with what was said before on it: nobody else writes them while the record stays the same. */
const dayChanges = async (desk: Desk, id: string, stored: Stored): Promise<readonly StoreChange[]> => {
  const days = new Map<string, MessageSums>();
  for (const [message] of stored) {
    const day = dayOf(message.createdMs);
    days.set(day, addSums(days.get(day) ?? noSums, sumsOf(message)));
  }
  const changes: StoreChange[] = [];
  for (const [day, sums] of days) {
    const key = dayKey(desk, id, day);
    const before = await desk.shelf.store.get(key);
    const value = encodeEntry(addSums(before === undefined ? noSums : decodeSums(key, before), sums));
    changes.push({ type: 'put', key, value });
  }
  return changes;
};

interface Appended {
  readonly record: ConversationRecord;
  readonly also: readonly StoreChange[];
  readonly result: readonly LoggedMessage[];
}

/** The record with messages behind those it has, and what is to be written with it. */
const withMessages = async (
  desk: Desk,
  id: string,
  before: ConversationRecord,
  stored: Stored,
  nowMs: number,
): Promise<Appended> => {
  const { next } = before;
  const sums = stored.reduce((sum, [message]) => addSums(sum, sumsOf(message)), noSums);
  const record: ConversationRecord = {
    ...before,
    updatedMs: nowMs,
    next: next + stored.length,
    tokens: before.tokens + sums.tokens,
    costUsd: before.costUsd + sums.costUsd,
  };
  const puts = stored.map(
    ([, value], at): StoreChange => ({ type: 'put', key: messageKey(desk, id, next + at), value }),
  );
  return {
    record,
    also: [...puts, ...(await dayChanges(desk, id, stored)), mark(todoKey(desk, id))],
    result: stored.map(([message], at) => ({ seq: next + at, ...message })),
  };
};

/** The end of the year 9999: later times have no form as a day that sorts. */
const maxTimeMs = 253_402_300_799_999;

const checkedMessages = async (messages: readonly NewMessage[], nowMs: number): Promise<Stored> => {
  const stored = await storedMessages(messages, nowMs);
  for (const [{ createdMs, tokens = 0, costUsd = 0 }] of stored) {
    if (!(createdMs >= 0 && createdMs <= maxTimeMs)) {
      throw new PipewrightError('bad-input', `\`createdMs\` must be milliseconds since 1970, got ${createdMs}.`);
    }
    checkAtLeast('tokens', tokens, 0);
    checkAtLeast('costUsd', costUsd, 0);
  }
  return stored;
};

export const append = async (
  desk: Desk,
  id: string,
  messages: readonly NewMessage[],
  run: Run,
): Promise<readonly LoggedMessage[]> => {
  const nowMs = run.clock.now();
  const stored = await checkedMessages(messages, nowMs);
  if (stored.length === 0) return [];
  return changeRecord(desk, id, (record) => withMessages(desk, id, record, stored, nowMs), run);
};

/** What a new conversation begins with. */
export interface Beginning {
  readonly given: NewConversation;
  readonly id: string;
  /** Times, and the place where it branched. */
  readonly fields?: Partial<Pick<ConversationRecord, 'createdMs' | 'parent' | 'segments' | 'next' | 'indexedTo'>>;
  readonly messages?: readonly NewMessage[];
}

/**
 * Makes a conversation with all it begins with, or nothing.
 * @throws {PipewrightError} `duplicate-id`
 */
export const begin = async (
  desk: Desk,
  { given, id, fields = {}, messages = [] }: Beginning,
  run: Run,
): Promise<ConversationRecord> => {
  const nowMs = run.clock.now();
  const empty: ConversationRecord = {
    ...(given.title === undefined ? {} : { title: given.title }),
    tags: checkedTags(given.tags ?? []),
    metadata: given.metadata ?? {},
    createdMs: nowMs,
    updatedMs: nowMs,
    next: 0,
    tokens: 0,
    costUsd: 0,
    segments: [],
    indexedTo: 0,
    ...fields,
  };
  const stored = await checkedMessages(messages, nowMs);
  const made = await changeEntry(
    desk.shelf.store,
    recordKey(desk, checkedId('id', id)),
    async (before) => {
      if (before !== undefined) return undefined;
      const { record, also } =
        stored.length === 0 ? { record: empty, also: [] } : await withMessages(desk, id, empty, stored, nowMs);
      const shared = record.segments.map(({ log }) => mark(sharerKey(desk, log, id)));
      const lists = orderChanges(desk, id, undefined, record);
      return { value: encodeEntry(record), also: [...lists, ...shared, ...also], result: record };
    },
    run,
  );
  if (made !== undefined) return made;
  throw new PipewrightError('duplicate-id', `There is a conversation \`${id}\` already. Choose another id.`);
};
