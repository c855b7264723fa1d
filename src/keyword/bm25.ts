import {
  checkAtLeast,
  compileFilter,
  createLock,
  createRun,
  defineStep,
  type Document,
  type Filter,
  type Hit,
  type KeywordIndex,
  PipewrightError,
  queryOf,
  type Retriever,
  type Run,
  type SearchOptions,
  sliceTimer,
  type Store,
  type StoreStats,
  type VectorEntry,
  type VectorSearchOptions,
  yieldToEventLoop,
} from '../core/index.js';
import { diskStore } from '../store/index.js';
import { type Analyzer, analyzer as englishAnalyzer } from '../text/index.js';
import { documentAnalyzer } from './analysis.js';
import { openLog } from './document-log.js';
import { changeDocuments, checkOpen, documentWith, type IndexState, livingDocuments, readLog } from './index-state.js';
import { documentsOf } from './input.js';
import { emptyPostings, postingsBytes } from './postings.js';
import { score } from './score.js';
import { sumsPool } from './sums.js';

export interface Bm25Options {
  /** How soon further occurrences of a word count less. @default 1.2 */
  readonly k1?: number;
  /** How much long texts are held back: 0 not at all, 1 in proportion to their length. @default 0.75 */
  readonly b?: number;
  /** How much a word of the title counts beside one of the text; 0 leaves titles out. @default 2 */
  readonly titleWeight?: number;
  /** Turns documents and queries into terms; the same text must always give the same terms. @default `analyzer()`, English */
  readonly analyzer?: Analyzer;
  /** Folder where the documents are kept; the index closes it. @default in memory */
  readonly path?: string;
  /** A store for the documents instead of a `path`, of this index alone; it stays yours to close. */
  readonly store?: Store;
}

type Settings = Required<Omit<Bm25Options, 'store' | 'path'>>;

const resolve = (options: Bm25Options): Settings => {
  const { k1 = 1.2, b = 0.75, titleWeight = 2, analyzer = englishAnalyzer() } = options;
  if (options.path !== undefined && options.store !== undefined) {
    throw new PipewrightError('bad-option', 'Give `path` or `store`, not both: the documents are kept in one place.');
  }
  checkAtLeast('k1', k1, 0);
  checkAtLeast('b', b, 0);
  checkAtLeast('titleWeight', titleWeight, 0);
  if (k1 + titleWeight === Number.POSITIVE_INFINITY) {
    throw new PipewrightError('bad-option', '`k1` and `titleWeight` must be finite.');
  }
  if (b > 1) throw new PipewrightError('bad-option', `\`b\` must be from 0 to 1, got ${b}.`);
  return { k1, b, titleWeight, analyzer };
};

/**
 * Opens a keyword index: exact BM25 over title and text. Documents are added, replaced and deleted at any time, without a
 * rebuild. With a `path` or `store` every write is safe there when its promise resolves; opening reads the documents back and
 * indexes them.
 * @throws {PipewrightError} `bad-option`; `store-newer` or `store-damaged` when the store cannot be read.
 * @example
 * const index = await bm25();
 * await index.add([{ id: 'a', text: 'Refunds take five days.' }]);
 * (await index.search('refund'))[0]?.id // => 'a'
 */
export const bm25 = async (options: Bm25Options = {}): Promise<KeywordIndex> => {
  const settings = resolve(options);
  const ownStore = options.path === undefined ? undefined : await diskStore(options.path);
  try {
    const state = await openState(settings, ownStore ?? options.store);
    const search = searcher(state, settings);
    const retriever = (defaults?: VectorSearchOptions): Retriever => retrieverOf(search, defaults);
    return { ...writers(state, ownStore), ...readers(state), search, retriever };
  } catch (error) {
    await ownStore?.close();
    throw error;
  }
};

const openState = async ({ analyzer, titleWeight }: Settings, store: Store | undefined): Promise<IndexState> => {
  const log = store === undefined ? undefined : await openLog(store);
  const state: IndexState = {
    postings: emptyPostings(),
    analyze: documentAnalyzer(analyzer, titleWeight),
    log,
    lastChangedMs: undefined,
    isClosed: false,
  };
  if (log !== undefined) await readLog(state, log);
  return state;
};

type Writers = Pick<KeywordIndex, 'add' | 'upsert' | 'delete' | 'close' | typeof Symbol.asyncDispose>;

const writers = (state: IndexState, ownStore: Store | undefined): Writers => {
  const lock = createLock();
  const locked = async <T>(run: Run, work: () => Promise<T>): Promise<T> =>
    lock.run(async () => {
      checkOpen(state);
      run.throwIfAborted();
      return await work();
    }, run.signal);
  const close = async (): Promise<void> => {
    await lock.run(async () => {
      state.isClosed = true;
      state.postings = emptyPostings();
      await ownStore?.close();
    });
  };
  return {
    add: (entries: readonly VectorEntry[], run: Run = createRun()) =>
      locked(run, async () => {
        const { numbers } = state.postings;
        const documents = await documentsOf(entries, (id, before) => numbers.has(id) || before.has(id));
        await changeDocuments(state, documents, [], run);
      }),
    upsert: (entries: readonly VectorEntry[], run: Run = createRun()) =>
      locked(run, async () => changeDocuments(state, await documentsOf(entries, () => false), [], run)),
    delete: (which: readonly string[] | Filter, run: Run = createRun()) =>
      locked(run, async () => {
        const ids = await idsOf(state, which);
        await changeDocuments(state, new Map(), ids, run);
        return ids.length;
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
};

const isList = (which: readonly string[] | Filter): which is readonly string[] => Array.isArray(which);

/** The ids that are there, each once. */
const idsOf = async ({ postings }: IndexState, which: readonly string[] | Filter): Promise<readonly string[]> => {
  if (isList(which)) return [...new Set(which)].filter((id) => postings.numbers.has(id));
  const matches = compileFilter(which);
  const isTimeUp = sliceTimer();
  const ids: string[] = [];
  for (const document of postings.documents) {
    if (document !== undefined && matches(document.metadata)) ids.push(document.id);
    if (isTimeUp()) await yieldToEventLoop();
  }
  return ids;
};

const readers = (state: IndexState): Pick<KeywordIndex, 'get' | 'entries' | 'stats'> => ({
  get: async (ids) => {
    checkOpen(state);
    return ids.map((id) => documentWith(state.postings, id));
  },
  async *entries({ filter, after } = {}): AsyncGenerator<Document, void, undefined> {
    checkOpen(state);
    const isTimeUp = sliceTimer();
    const isMatch = filter === undefined ? () => true : compileFilter(filter);
    if (after !== undefined && !state.postings.numbers.has(after)) {
      throw new PipewrightError('bad-input', `No document has the id \`${after}\` to go on after.`);
    }
    let isAfter = after === undefined;
    for (const document of livingDocuments(state.postings)) {
      if (isAfter && isMatch(document.metadata)) yield document;
      isAfter ||= document.id === after;
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
});

const searcher = (state: IndexState, { analyzer, k1, b }: Settings): KeywordIndex['search'] => {
  const pool = sumsPool();
  return async (text, options = {}, run) => {
    checkOpen(state);
    run?.throwIfAborted();
    const { k = 10, minScore = 0, filter } = options;
    checkAtLeast('k', k, 1);
    const test = filter === undefined ? undefined : compileFilter(filter);
    const matches = test === undefined ? undefined : (document: Document): boolean => test(document.metadata);
    const { postings } = state;
    const sums = pool.take(postings.documents.length);
    try {
      const found = await score(postings, analyzer(text), sums, { k1, b, k: Math.floor(k), minScore, matches });
      run?.throwIfAborted();
      return found.flatMap(({ document, score }): readonly Hit[] => {
        const known = postings.documents[document];
        return known === undefined ? [] : [{ ...known, score }];
      });
    } finally {
      pool.giveBack(sums);
    }
  };
};

const retrieverOf = (search: KeywordIndex['search'], defaults: VectorSearchOptions = {}): Retriever => {
  if (defaults.mmr !== undefined) {
    throw new PipewrightError(
      'unsupported',
      'A keyword index has no vectors to tell hits apart by, so it cannot do `mmr`.',
    );
  }
  const details = { ...(defaults.k === undefined ? {} : { k: defaults.k }) };
  return defineStep({ kind: 'retriever', name: 'bm25', details }, (query, run) => {
    const { text, ...options }: { text: string } & SearchOptions = queryOf(query);
    return search(text, { ...defaults, ...options }, run);
  });
};
