import { createRun, isPipewrightError, type Run, type StoreChange } from '../core/index.js';
import { below } from './entry-keys.js';
import {
  changeRecord,
  daysOfKey,
  decodeRecord,
  type Desk,
  idsUnder,
  mark,
  type Place,
  placeOf,
  messageKey,
  messagesKey,
  readRecord,
  recentKey,
  recordKey,
  sharerKey,
  sharersKey,
  todoKey,
  unmark,
} from './record.js';

/** How many messages are cleared in one batch. */
const clearBatch = 1_000;

const deletions = async (desk: Desk, range: { readonly from: string; readonly to: string }): Promise<StoreChange[]> => {
  const changes: StoreChange[] = [];
  for await (const [key] of desk.shelf.store.range({ ...range, limit: clearBatch })) changes.push(unmark(key));
  return changes;
};

/** The last message of a log that some branch shares; -1 where there is none. */
const lastShared = async (desk: Desk, log: string): Promise<number> => {
  let last = -1;
  for await (const id of idsUnder(desk.shelf.store, sharersKey(desk, log))) {
    const branch = await readRecord(desk, id);
    for (const segment of branch?.segments ?? []) if (segment.log === log) last = Math.max(last, segment.toSeq);
  }
  return last;
};

/**
 * Clears what is left of a deleted conversation and belongs to no branch: from the index, then from the store. May be done again
 * after a crash at any point.
 */
export const clearDeleted = async (desk: Desk, id: string, run: Run): Promise<void> => {
  const { store, index } = desk.shelf;
  const last = await lastShared(desk, id);
  await (await index()).delete({ userId: desk.userId, log: id, seq: { $gt: last } }, run);
  const range = { from: messageKey(desk, id, last + 1), to: below(messagesKey(desk, id)).to };
  for (;;) {
    run.throwIfAborted();
    const gone = await deletions(desk, range);
    if (gone.length === 0) break;
    await store.write(gone);
  }
  await store.write([unmark(todoKey(desk, id)), ...(last < 0 ? [unmark(recordKey(desk, id))] : [])]);
};

/** Clears what deleted conversations have left, where nobody needs it any more. */
const clearWhatIsFree = async (desk: Desk, ids: readonly string[], run: Run): Promise<void> => {
  for (const id of ids) {
    const key = recordKey(desk, id);
    const bytes = await desk.shelf.store.get(key);
    if (bytes !== undefined && decodeRecord(key, bytes).isDeleted === true) await clearDeleted(desk, id, run);
  }
};

/** Takes a conversation away from all eyes in one write, then clears what it leaves. Returns whether there was one. */
export const removeConversation = async (desk: Desk, id: string, run: Run): Promise<boolean> => {
  try {
    const logs = await changeRecord(
      desk,
      id,
      async (record) => {
        const shared = record.segments.map(({ log }) => log);
        const also = [
          ...(await deletions(desk, below(daysOfKey(desk, id)))),
          ...shared.map((log) => unmark(sharerKey(desk, log, id))),
          ...[id, ...shared].map((log) => mark(todoKey(desk, log))),
        ];
        return { record: { ...record, isDeleted: true }, also, result: [id, ...shared] };
      },
      run,
      { allowsIdle: true },
    );
    // It is deleted: an abort must not leave half of it until the next search.
    await desk.shelf.indexing.run(() => clearWhatIsFree(desk, logs, createRun({ clock: run.clock })));
    return true;
  } catch (error) {
    if (isPipewrightError(error) && error.code === 'not-found') return false;
    throw error;
  }
};

/** Deletes what has been idle for too long, and the longest unchanged where there are too many. Returns how many. */
export const purge = async (desk: Desk, run: Run): Promise<number> => {
  const { store, clock, maxIdleMs, maxPerUser } = desk.shelf;
  if (maxIdleMs === Infinity && maxPerUser === Infinity) return 0;
  const nowMs = clock.now();
  const places: Place[] = [];
  for await (const [key] of store.range(below(recentKey(desk)))) places.push(placeOf(key));
  const tooMany = places.length - maxPerUser;
  let gone = 0;
  for (const [at, { id, updatedMs }] of places.entries()) {
    if (at >= tooMany && updatedMs + maxIdleMs > nowMs) break;
    if (await removeConversation(desk, id, run)) gone++;
  }
  return gone;
};
