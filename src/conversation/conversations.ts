import {
  checkAtLeast,
  createLock,
  createRun,
  type KeywordIndex,
  pairedMessages,
  PipewrightError,
  randomId,
  type Run,
  systemClock,
  keyedLock,
} from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { memoryStore, scoped } from '../store/index.js';
import { append, begin, checkedTags } from './append.js';
import { branchOff } from './branch.js';
import { checkedId, keyPart } from './entry-keys.js';
import type { LoggedMessage } from './logged-message.js';
import { conversationStatistics, listConversations } from './list.js';
import type { TailOptions } from './message-log.js';
import { readBackwards, readForwards } from './read-messages.js';
import { changeRecord, conversationOf, type ConversationRecord, type Desk, readRecord, type Shelf } from './record.js';
import { purge, removeConversation } from './remove.js';
import { searchMessages } from './search.js';
import { exportConversation, importConversation } from './transfer.js';
import type { Conversation, ConversationPatch, Conversations, ConversationsOptions } from './types.js';

interface OpenShelf {
  readonly shelf: Shelf;
  readonly close: () => Promise<void>;
}

const openShelf = (options: ConversationsOptions): OpenShelf => {
  const { store = memoryStore(), prefix = 'conversations', keywords, clock = systemClock } = options;
  const { maxIdleMs = Infinity, maxPerUser = Infinity } = options;
  if (prefix === '') throw new PipewrightError('bad-option', '`prefix` must not be empty.');
  checkAtLeast('maxIdleMs', maxIdleMs, 1);
  checkAtLeast('maxPerUser', maxPerUser, 1);
  let opening: Promise<KeywordIndex> | undefined;
  const open = async (): Promise<KeywordIndex> => {
    try {
      return await bm25({ store: scoped(store, `${keyPart(prefix)}-search`) });
    } catch (error) {
      // The next search tries again.
      opening = undefined;
      throw error;
    }
  };
  const index = async (): Promise<KeywordIndex> => {
    if (keywords !== undefined) return keywords;
    opening ??= open();
    return opening;
  };
  const indexing = createLock();
  const shelf = { store, clock, prefix, maxIdleMs, maxPerUser, locked: keyedLock(), indexing, index };
  const close = async (): Promise<void> => {
    const opened = opening;
    opening = undefined;
    await indexing.run(async () => (await opened)?.close());
  };
  return { shelf, close };
};

/**
 * Keeps conversations: in memory, on disk or in Postgres, as the store does. Appending and reading windows take time proportional
 * to what is appended or read. Words are found by BM25.
 * @throws {PipewrightError} `bad-option`; its functions throw `bad-input`, `not-found`, `store-damaged`, `store-newer`, and what
 * the store throws.
 * @example (await conversations().create({ title: 'Tea' })).messageCount // => 0
 */
export const conversations = (options: ConversationsOptions = {}): Conversations => {
  const open = openShelf(options);
  return conversationsOf(open, 'default');
};

const conversationsOf = (open: OpenShelf, userId: string): Conversations => {
  const desk: Desk = { shelf: open.shelf, userId: checkedId('userId', userId) };
  const own: Conversations = {
    userId,
    of: (other) => conversationsOf(open, other),
    ...makers(desk),
    ...readers(desk),
    append: (id, messages, run = createRun()) => append(desk, id, messages, run),
    delete: (id, run = createRun()) => removeConversation(desk, id, run),
    search: async (text, searchOptions = {}, run = createRun()) => {
      await purge(desk, run);
      return searchMessages(desk, text, searchOptions, run);
    },
    statistics: async (statisticsOptions = {}) => {
      await purge(desk, createRun());
      return conversationStatistics(desk, statisticsOptions);
    },
    purge: (run = createRun()) => purge(desk, run),
    close: open.close,
    [Symbol.asyncDispose]: open.close,
  };
  return own;
};

const patched = (patch: ConversationPatch): Partial<ConversationPatch> => {
  const { title, tags, metadata } = patch;
  return {
    ...(title === undefined ? {} : { title }),
    ...(tags === undefined ? {} : { tags: checkedTags(tags) }),
    ...(metadata === undefined ? {} : { metadata }),
  };
};

type Makers = Pick<Conversations, 'create' | 'update' | 'branch' | 'import'>;

const makers = (desk: Desk): Makers => {
  /** Makes a conversation under an id of its own, then sees to it that there are not too many. */
  const make = async (
    id: string | undefined,
    run: Run,
    how: (id: string) => Promise<ConversationRecord>,
  ): Promise<Conversation> => {
    const own = id ?? randomId(run.random);
    const record = await how(own);
    await purge(desk, run);
    return conversationOf(own, record);
  };
  return {
    create: (given = {}, run = createRun()) => make(given.id, run, (id) => begin(desk, { id, given }, run)),
    branch: (from, given = {}, run = createRun()) =>
      make(given.id, run, (id) => branchOff(desk, from, { id, given }, run)),
    import: (exported, run = createRun()) => make(undefined, run, (id) => importConversation(desk, exported, id, run)),
    update: (id, patch, run = createRun()) =>
      changeRecord(
        desk,
        id,
        (before) => {
          const record = { ...before, ...patched(patch), updatedMs: run.clock.now() };
          return { record, result: conversationOf(id, record) };
        },
        run,
      ),
  };
};

type Readers = Pick<Conversations, 'get' | 'list' | 'tail' | 'messages' | 'backwards' | 'entries' | 'export'>;

const readers = (desk: Desk): Readers => {
  const tail = async (id: string, { limit = 50, beforeSeq }: TailOptions = {}): Promise<readonly LoggedMessage[]> => {
    checkAtLeast('limit', limit, 0);
    const found: LoggedMessage[] = [];
    for await (const entry of readBackwards(desk, id, beforeSeq, limit)) found.push(entry);
    return found.reverse();
  };
  return {
    get: async (id): Promise<Conversation | undefined> => {
      const record = await readRecord(desk, id);
      return record === undefined ? undefined : conversationOf(id, record);
    },
    list: (listOptions = {}) => listConversations(desk, listOptions),
    tail,
    messages: async (id, tailOptions) => pairedMessages((await tail(id, tailOptions)).map(({ message }) => message)),
    backwards: (id, beforeSeq) => readBackwards(desk, id, beforeSeq),
    entries: (id, fromSeq) => readForwards(desk, id, fromSeq),
    export: (id) => exportConversation(desk, id),
  };
};
