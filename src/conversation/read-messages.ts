import { below } from './entry-keys.js';
import { decodeMessage, type LoggedMessage } from './logged-message.js';
import { type ConversationRecord, type Desk, messageKey, messagesKey, needRecord } from './record.js';

/** A stretch of messages that lie in one log: `from <= seq < to`. */
export interface Stretch {
  readonly log: string;
  readonly from: number;
  readonly to: number;
}

/** Where the messages of a conversation lie, in order: those it shares, then its own. */
export const stretchesOf = (id: string, { segments }: ConversationRecord): readonly Stretch[] => {
  let from = 0;
  const shared = segments.map(({ log, toSeq }) => {
    const stretch = { log, from, to: toSeq + 1 };
    from = toSeq + 1;
    return stretch;
  });
  return [...shared, { log: id, from, to: Infinity }];
};

/** The log that holds the message with a number; undefined where the conversation does not reach so far. */
export const logOf = (id: string, record: ConversationRecord, seq: number): string | undefined =>
  seq < 0 || seq >= record.next
    ? undefined
    : stretchesOf(id, record).find(({ from, to }) => from <= seq && seq < to)?.log;

const walk = async function* (
  desk: Desk,
  { log, from, to }: Stretch,
  isReversed: boolean,
  limit: number,
): AsyncGenerator<LoggedMessage, void, undefined> {
  if (from >= to) return;
  const all = below(messagesKey(desk, log));
  const range = { from: messageKey(desk, log, from), to: to === Infinity ? all.to : messageKey(desk, log, to) };
  for await (const [key, bytes] of desk.shelf.store.range({ ...range, limit, isReversed })) {
    yield decodeMessage(key, Number(key.slice(all.from.length)), bytes);
  }
};

/** One message by its place. */
export const readMessage = async (desk: Desk, log: string, seq: number): Promise<LoggedMessage | undefined> => {
  const key = messageKey(desk, log, seq);
  const bytes = await desk.shelf.store.get(key);
  return bytes === undefined ? undefined : decodeMessage(key, seq, bytes);
};

export const readBackwards = async function* (
  desk: Desk,
  id: string,
  beforeSeq: number = Infinity,
  limit: number = Infinity,
): AsyncGenerator<LoggedMessage, void, undefined> {
  const stretches = stretchesOf(id, await needRecord(desk, id));
  let left = limit;
  for (const stretch of [...stretches].reverse()) {
    for await (const entry of walk(desk, { ...stretch, to: Math.min(stretch.to, beforeSeq) }, true, left)) {
      yield entry;
      left--;
    }
    if (left <= 0) return;
  }
};

export const readForwards = async function* (
  desk: Desk,
  id: string,
  fromSeq: number = 0,
): AsyncGenerator<LoggedMessage, void, undefined> {
  for (const stretch of stretchesOf(id, await needRecord(desk, id))) {
    yield* walk(desk, { ...stretch, from: Math.max(stretch.from, fromSeq) }, false, Infinity);
  }
};

/** The messages said in a conversation itself, for the index and for clearing: also of one that is deleted. */
export const readOwn = (desk: Desk, id: string, from: number, limit: number): AsyncIterable<LoggedMessage> =>
  walk(desk, { log: id, from, to: Infinity }, false, limit);
