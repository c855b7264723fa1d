import {
  type Clock,
  type KeywordIndex,
  type Lock,
  type Metadata,
  PipewrightError,
  type Run,
  type Store,
  type StoreChange,
  changeEntry,
  type KeyedLock,
} from '../core/index.js';
import { below, checkedId, keyPart, numberText, partText } from './entry-keys.js';
import { decodeEntry, encodeEntry } from './logged-message.js';
import type { BranchPoint, Conversation } from './types.js';

/** Messages of another conversation that this one begins with: those up to `toSeq` behind the segment before. */
export interface Segment {
  readonly log: string;
  readonly toSeq: number;
}

/** A conversation as it is kept. */
export interface ConversationRecord {
  readonly title?: string;
  readonly tags: readonly string[];
  readonly metadata: Metadata;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** Number of the next message. */
  readonly next: number;
  readonly tokens: number;
  readonly costUsd: number;
  readonly parent?: BranchPoint;
  readonly segments: readonly Segment[];
  /** The messages said here before this number are in the index. */
  readonly indexedTo: number;
  /** Nobody sees it any more; what is left of it is being cleared, or belongs to a branch. */
  readonly isDeleted?: boolean;
}

/** What all users share. */
export interface Shelf {
  readonly store: Store;
  readonly clock: Clock;
  readonly prefix: string;
  readonly maxIdleMs: number;
  readonly maxPerUser: number;
  readonly locked: KeyedLock;
  /** One pass over what is not indexed yet at a time. */
  readonly indexing: Lock;
  readonly index: () => Promise<KeywordIndex>;
}

/** Whose conversations are meant, and where they lie. */
export interface Desk {
  readonly shelf: Shelf;
  readonly userId: string;
}

/** Where the entries of a user stand. Each part is escaped, so that no id reaches into another one. */
const under = ({ shelf, userId }: Desk, kind: string, ...parts: readonly string[]): string =>
  [shelf.prefix, kind, keyPart(userId), ...parts.map(keyPart)].join('/');

export const recordKey = (desk: Desk, id: string): string => under(desk, 'head', checkedId('id', id));
export const messagesKey = (desk: Desk, log: string): string => under(desk, 'message', log);
export const messageKey = (desk: Desk, log: string, seq: number): string =>
  `${messagesKey(desk, log)}/${numberText(seq)}`;
/** By the time of the last change; `tag` is an order of its own for each tag. */
export const recentKey = (desk: Desk): string => under(desk, 'recent');
export const tagsKey = (desk: Desk): string => under(desk, 'tag');
export const tagKey = (desk: Desk, tag: string): string => under(desk, 'tag', tag);
export const daysKey = (desk: Desk): string => under(desk, 'day');
export const daysOfKey = (desk: Desk, id: string): string => under(desk, 'day', id);
export const dayKey = (desk: Desk, id: string, day: string): string => under(desk, 'day', id, day);
/** Conversations whose messages are not all in the index, or that are to be cleared. */
export const todosKey = (desk: Desk): string => under(desk, 'todo');
export const todoKey = (desk: Desk, id: string): string => under(desk, 'todo', id);
/** The conversations that begin with messages of another one. */
export const sharersKey = (desk: Desk, log: string): string => under(desk, 'shared', log);
export const sharerKey = (desk: Desk, log: string, id: string): string => under(desk, 'shared', log, id);

const nothing = new Uint8Array(0);
export const mark = (key: string): StoreChange => ({ type: 'put', key, value: nothing });
export const unmark = (key: string): StoreChange => ({ type: 'delete', key });

const isRecord = ({ tags, updatedMs, next, segments }: Record<string, unknown>): boolean =>
  Array.isArray(tags) && typeof updatedMs === 'number' && Number.isSafeInteger(next) && Array.isArray(segments);

/** The record as it lies there, also of a conversation that is deleted. */
export const decodeRecord = (key: string, bytes: Uint8Array): ConversationRecord =>
  decodeEntry<ConversationRecord>(key, bytes, isRecord);

export const isOver = ({ shelf }: Desk, { updatedMs, isDeleted = false }: ConversationRecord): boolean =>
  isDeleted || updatedMs + shelf.maxIdleMs <= shelf.clock.now();

export const notFound = (id: string): PipewrightError =>
  new PipewrightError('not-found', `There is no conversation \`${id}\` of this user.`, { details: { where: id } });

export const readRecord = async (desk: Desk, id: string): Promise<ConversationRecord | undefined> => {
  const key = recordKey(desk, id);
  const bytes = await desk.shelf.store.get(key);
  const record = bytes === undefined ? undefined : decodeRecord(key, bytes);
  return record === undefined || isOver(desk, record) ? undefined : record;
};

/** @throws {PipewrightError} `not-found` */
export const needRecord = async (desk: Desk, id: string): Promise<ConversationRecord> => {
  const record = await readRecord(desk, id);
  if (record === undefined) throw notFound(id);
  return record;
};

export const conversationOf = (id: string, record: ConversationRecord): Conversation => {
  const { title, tags, metadata, createdMs, updatedMs, next, tokens, costUsd, parent } = record;
  return {
    id,
    ...(title === undefined ? {} : { title }),
    tags,
    metadata,
    createdMs,
    updatedMs,
    messageCount: next,
    tokens,
    costUsd,
    ...(parent === undefined ? {} : { parent }),
  };
};

const orderKeys = (desk: Desk, id: string, { updatedMs, tags }: ConversationRecord): readonly string[] => {
  const place = `${numberText(updatedMs)}/${keyPart(id)}`;
  return [recentKey(desk), ...tags.map((tag) => tagKey(desk, tag))].map((key) => `${key}/${place}`);
};

/** Where a conversation stands in the order of changes. */
export interface Place {
  readonly id: string;
  readonly updatedMs: number;
}

export const placeOf = (key: string): Place => {
  const [updatedMs = '', id = ''] = key.split('/').slice(-2);
  return { id: partText(id), updatedMs: Number(updatedMs) };
};

/** Takes a conversation out of the lists where it stood, and puts it where it stands now. */
export const orderChanges = (
  desk: Desk,
  id: string,
  before: ConversationRecord | undefined,
  after: ConversationRecord | undefined,
): readonly StoreChange[] => [
  ...(before === undefined ? [] : orderKeys(desk, id, before).map(unmark)),
  ...(after === undefined ? [] : orderKeys(desk, id, after).map(mark)),
];

export interface RecordChange<T> {
  readonly record: ConversationRecord;
  readonly also?: readonly StoreChange[];
  readonly result: T;
}

/**
 * Replaces the record of a living conversation, also while other processes do, and keeps the lists in step.
 * @throws {PipewrightError} `not-found`
 */
export const changeRecord = async <T>(
  desk: Desk,
  id: string,
  change: (record: ConversationRecord) => RecordChange<T> | Promise<RecordChange<T>>,
  run: Run,
  { allowsIdle = false }: { readonly allowsIdle?: boolean } = {},
): Promise<T> => {
  const key = recordKey(desk, id);
  const { store, locked } = desk.shelf;
  const work = (): Promise<T | undefined> =>
    changeEntry(
      store,
      key,
      async (bytes) => {
        const before = bytes === undefined ? undefined : decodeRecord(key, bytes);
        const isGone = before === undefined || (allowsIdle ? before.isDeleted === true : isOver(desk, before));
        if (isGone) throw notFound(id);
        const { record, also = [], result } = await change(before);
        const lists = orderChanges(desk, id, before, record.isDeleted === true ? undefined : record);
        return { value: encodeEntry(record), also: [...lists, ...also], result };
      },
      run,
    );
  return (await locked(key, work, run.signal)) as T;
};

/** The ids under a prefix of marks whose keys end with the id. */
export const idsUnder = async function* (store: Store, prefix: string): AsyncGenerator<string, void, undefined> {
  for await (const [key] of store.range(below(prefix))) yield partText(key.slice(key.lastIndexOf('/') + 1));
};
