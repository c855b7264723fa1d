import { checkAtLeast, type Document, type Filter, type Hit, type Run, textOf, changeEntry } from '../core/index.js';
import { keyPart } from './entry-keys.js';
import { encodeEntry, type LoggedMessage } from './logged-message.js';
import { logOf, readMessage, readOwn, stretchesOf } from './read-messages.js';
import {
  type ConversationRecord,
  decodeRecord,
  type Desk,
  idsUnder,
  needRecord,
  readRecord,
  recordKey,
  sharersKey,
  todoKey,
  todosKey,
  unmark,
} from './record.js';
import { clearDeleted } from './remove.js';
import type { MessageHit, MessageSearchOptions } from './types.js';

/** How many messages go into the index at once. */
const batchMessages = 500;

interface IndexBatch {
  readonly documents: readonly Document[];
  /** The messages before this number are in the index then. */
  readonly reached: number;
}

const documentOf = (desk: Desk, log: string, { seq, message, createdMs }: LoggedMessage): Document => ({
  id: [desk.userId, log, String(seq)].map(keyPart).join('/'),
  text: textOf(message),
  metadata: { userId: desk.userId, log, seq, role: message.role, createdMs },
});

/** The next messages of a conversation that are not in the index, and how far it reaches with them. */
const nextBatch = async (desk: Desk, id: string, { indexedTo, next }: ConversationRecord): Promise<IndexBatch> => {
  const documents: Document[] = [];
  let read = 0;
  let reached = indexedTo;
  for await (const entry of readOwn(desk, id, indexedTo, batchMessages)) {
    read++;
    reached = entry.seq + 1;
    if (textOf(entry.message).trim() !== '') documents.push(documentOf(desk, id, entry));
  }
  return { documents, reached: read < batchMessages ? Math.max(reached, next) : reached };
};

/** Puts what was said in a conversation into the index, batch by batch. */
const indexMessages = async (desk: Desk, id: string, from: ConversationRecord, run: Run): Promise<void> => {
  const { store, index } = desk.shelf;
  const key = recordKey(desk, id);
  for (let record: ConversationRecord | undefined = from; record !== undefined && record.indexedTo < record.next; ) {
    const { documents, reached } = await nextBatch(desk, id, record);
    if (documents.length > 0) await (await index()).upsert(documents, run);
    record = await changeEntry(
      store,
      key,
      (bytes) => {
        const now = bytes === undefined ? undefined : decodeRecord(key, bytes);
        // Deleted meanwhile: then it is cleared, by who deleted it or by the next search.
        if (now === undefined || now.isDeleted === true) return undefined;
        const result = { ...now, indexedTo: Math.max(reached, now.indexedTo) };
        const also = result.indexedTo < result.next ? [] : [unmark(todoKey(desk, id))];
        return { value: encodeEntry(result), also, result };
      },
      run,
    );
  }
};

/** Brings the index up to what was said and deleted since, by this process or another one, also after a crash. */
export const catchUp = (desk: Desk, run: Run): Promise<void> => {
  const { store, indexing } = desk.shelf;
  const work = async (): Promise<void> => {
    for await (const id of idsUnder(store, todosKey(desk))) {
      run.throwIfAborted();
      const key = recordKey(desk, id);
      const bytes = await store.get(key);
      const record = bytes === undefined ? undefined : decodeRecord(key, bytes);
      if (record === undefined) await store.write([unmark(todoKey(desk, id))]);
      else if (record.isDeleted === true) await clearDeleted(desk, id, run);
      else await indexMessages(desk, id, record, run);
    }
  };
  return indexing.run(work, run.signal);
};

/** A conversation in which a message can be read: the one in which it was said, or a branch. */
const whereRead = async (desk: Desk, log: string, seq: number): Promise<string | undefined> => {
  if ((await readRecord(desk, log)) !== undefined) return log;
  for await (const id of idsUnder(desk.shelf.store, sharersKey(desk, log))) {
    const branch = await readRecord(desk, id);
    if (branch !== undefined && logOf(id, branch, seq) === log) return id;
  }
  return undefined;
};

const filterOf = async (desk: Desk, conversationId: string | undefined): Promise<Filter> => {
  const { userId } = desk;
  if (conversationId === undefined) return { userId };
  const stretches = stretchesOf(conversationId, await needRecord(desk, conversationId));
  const parts = stretches.map(
    ({ log, from, to }): Filter => ({ log, seq: to === Infinity ? { $gte: from } : { $gte: from, $lt: to } }),
  );
  return { $and: [{ userId }, { $or: parts }] };
};

const messageHit = async (
  desk: Desk,
  hit: Hit,
  conversationId: string | undefined,
): Promise<MessageHit | undefined> => {
  const { log, seq } = hit.metadata ?? {};
  if (typeof log !== 'string' || typeof seq !== 'number') return undefined;
  // The index may lag behind what another process deletes just now: the store has the last word.
  const entry = await readMessage(desk, log, seq);
  const place = conversationId ?? (await whereRead(desk, log, seq));
  if (entry === undefined || place === undefined) return undefined;
  return { ...entry, conversationId: place, score: hit.score, highlights: hit.highlights ?? [] };
};

export const searchMessages = async (
  desk: Desk,
  text: string,
  { k = 10, conversationId, ...options }: MessageSearchOptions,
  run: Run,
): Promise<readonly MessageHit[]> => {
  checkAtLeast('k', k, 0);
  await catchUp(desk, run);
  const filter = await filterOf(desk, conversationId);
  const index = await desk.shelf.index();
  const hits = await index.search(text, { ...options, k, filter, isHighlighted: true }, run);
  const found: MessageHit[] = [];
  for (const hit of hits) {
    const entry = await messageHit(desk, hit, conversationId);
    if (entry !== undefined) found.push(entry);
  }
  return found;
};
