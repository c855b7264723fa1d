import { checkAtLeast, PipewrightError } from '../core/index.js';
import { addSums, dayOf, decodeSums, noSums } from './append.js';
import { below, partText } from './entry-keys.js';
import { conversationOf, type Desk, daysKey, placeOf, readRecord, recentKey, tagKey, tagsKey } from './record.js';
import type {
  Conversation,
  ConversationPage,
  ConversationStatistics,
  ListOptions,
  MessageSums,
  StatisticsOptions,
} from './types.js';

const cursorForm = /^\d{16}\/[^/]+$/;

/** Walks one order from the cursor on: that of the first tag, or of all conversations. */
export const listConversations = async (
  desk: Desk,
  { limit = 20, cursor, tags = [] }: ListOptions,
): Promise<ConversationPage> => {
  checkAtLeast('limit', limit, 1);
  if (cursor !== undefined && !cursorForm.test(cursor)) {
    throw new PipewrightError('bad-input', 'The `cursor` is none that a list gave.');
  }
  const [first] = tags;
  const prefix = first === undefined ? recentKey(desk) : tagKey(desk, first);
  const { from, to } = below(prefix);
  const range = { from, to: cursor === undefined ? to : from + cursor, isReversed: true };
  const conversations: Conversation[] = [];
  let last: string | undefined;
  for await (const [key] of desk.shelf.store.range(range)) {
    const { id } = placeOf(key);
    const record = await readRecord(desk, id);
    if (record === undefined || !tags.every((tag) => record.tags.includes(tag))) continue;
    // There is one more: so there is a next page.
    if (conversations.length === limit) return { conversations, ...(last === undefined ? {} : { cursor: last }) };
    conversations.push(conversationOf(id, record));
    last = key.slice(from.length);
  }
  return { conversations };
};

const daySums = async (
  desk: Desk,
  { fromMs = 0, toMs }: StatisticsOptions,
): Promise<ReadonlyMap<string, MessageSums>> => {
  const [firstDay, lastDay] = [dayOf(fromMs), toMs === undefined ? undefined : dayOf(toMs)];
  const days = new Map<string, MessageSums>();
  for await (const [key, bytes] of desk.shelf.store.range(below(daysKey(desk)))) {
    const day = key.slice(key.lastIndexOf('/') + 1);
    if (day < firstDay || (lastDay !== undefined && day > lastDay)) continue;
    days.set(day, addSums(days.get(day) ?? noSums, decodeSums(key, bytes)));
  }
  return new Map([...days].sort(([a], [b]) => (a < b ? -1 : 1)));
};

const tagCounts = async (desk: Desk): Promise<Readonly<Record<string, number>>> => {
  const counts = new Map<string, number>();
  const { from, to } = below(tagsKey(desk));
  for await (const [key] of desk.shelf.store.range({ from, to })) {
    const tag = partText(key.slice(from.length, key.indexOf('/', from.length)));
    counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
};

export const conversationStatistics = async (
  desk: Desk,
  options: StatisticsOptions,
): Promise<ConversationStatistics> => {
  const days = await daySums(desk, options);
  let conversations = 0;
  for await (const _ of desk.shelf.store.range(below(recentKey(desk)))) conversations++;
  return {
    ...[...days.values()].reduce(addSums, noSums),
    conversations,
    tags: await tagCounts(desk),
    days: [...days].map(([day, sums]) => ({ day, ...sums })),
  };
};
