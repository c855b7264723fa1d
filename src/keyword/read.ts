import {
  compileFilter,
  type Document,
  type Filter,
  type KeywordIndex,
  PipewrightError,
  sliceTimer,
  type StoreStats,
  yieldToEventLoop,
} from '../core/index.js';
import { checkOpen, documentAt, type IndexState, presentDocument } from './index-state.js';
import { type Postings, postingsBytes } from './postings.js';

/** The calls that only read, search aside. */
export const readers = (state: IndexState): Pick<KeywordIndex, 'get' | 'entries' | 'stats'> => {
  const read = async (id: string): Promise<Document | undefined> => {
    checkOpen(state);
    const row = state.postings.rows.get(id);
    if (row === undefined) return undefined;
    const document = await documentAt(state, state.postings, row);
    return document ?? state.lock.run(() => readAgain(id));
  };
  /** It is being replaced or deleted: once more when that is done. */
  const readAgain = async (id: string): Promise<Document | undefined> => {
    checkOpen(state);
    const row = state.postings.rows.get(id);
    return row === undefined ? undefined : presentDocument(state, state.postings, row);
  };
  return {
    get: async (ids) => {
      checkOpen(state);
      return Promise.all(ids.map(read));
    },
    async *entries({ filter, after } = {}): AsyncGenerator<Document, void, undefined> {
      checkOpen(state);
      const isTimeUp = sliceTimer();
      const isMatch = filter === undefined ? () => true : compileFilter(filter);
      for (const id of idsAfter(state.postings, after, filter)) {
        const document = await read(id);
        if (document !== undefined && isMatch(document.metadata)) yield document;
        if (isTimeUp()) await yieldToEventLoop();
      }
    },
    stats: async (): Promise<StoreStats> => {
      checkOpen(state);
      const { postings, lastChangedMs } = state;
      return {
        count: postings.liveCount,
        memoryBytes: postingsBytes(postings),
        ...(lastChangedMs === undefined ? {} : { lastChangedMs }),
      };
    },
  };
};

/** Taken down at the start, so that a document that is replaced on the way comes once. */
const idsAfter = (
  { rows, documents, filters }: Postings,
  after: string | undefined,
  filter: Filter | undefined,
): readonly string[] => {
  const first = after === undefined ? -1 : rows.get(after);
  if (first === undefined) {
    throw new PipewrightError('bad-input', `No document has the id \`${after}\` to go on after.`);
  }
  if (filter === undefined) return documents.slice(first + 1).flatMap((kept) => (kept === undefined ? [] : [kept.id]));
  const found: string[] = [];
  for (const row of filters.select(filter).rows()) if (row > first) found.push(documents[row]?.id ?? '');
  return found;
};
