import {
  checkAtLeast,
  createRun,
  defineStep,
  type Filter,
  type KeywordIndex,
  type KeywordSearchOptions,
  PipewrightError,
  queryOf,
  type Retriever,
  type Run,
  type Store,
  type VectorEntry,
  type VectorSearchOptions,
} from '../core/index.js';
import { diskStore } from '../store/index.js';
import { type Analyzer, analyzer as englishAnalyzer } from '../text/index.js';
import {
  changeDocuments,
  checkOpen,
  type IndexSettings,
  type IndexState,
  openState,
  saveBeforeClosing,
} from './index-state.js';
import { documentsOf } from './input.js';
import { emptyPostings } from './postings.js';
import { readers } from './read.js';
import { searcher } from './search.js';

export interface Bm25Options {
  /** How soon further occurrences of a word count less. @default 1.2 */
  readonly k1?: number;
  /** How much long texts are held back: 0 not at all, 1 in proportion to their length. @default 0.75 */
  readonly b?: number;
  /** How much a word of the title counts beside one of the text; 0 leaves titles out. @default 2 */
  readonly titleWeight?: number;
  /** Turns documents and queries into terms; the same text must always give the same terms. @default analyzer(), English */
  readonly analyzer?: Analyzer;
  /** Folder where the documents are kept; the index closes it, and reads texts from it as they are needed. @default in memory */
  readonly path?: string;
  /** A store for the documents instead of a `path`, of this index alone; it stays yours to close. */
  readonly store?: Store;
}

const resolve = (options: Bm25Options): IndexSettings => {
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
 * rebuild. With a `path` or `store` every write is safe there when its promise resolves, and texts stay there. Opening reads back
 * the index as it was last saved, on closing or after many changes, and analyses what came since; all, with another analyzer.
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
    const retriever = (defaults?: KeywordSearchOptions & VectorSearchOptions): Retriever =>
      retrieverOf(search, defaults);
    return { ...writers(state, ownStore), ...readers(state), search, retriever };
  } catch (error) {
    await ownStore?.close();
    throw error;
  }
};

type Writers = Pick<KeywordIndex, 'add' | 'upsert' | 'delete' | 'close' | typeof Symbol.asyncDispose>;

const writers = (state: IndexState, ownStore: Store | undefined): Writers => {
  const { lock } = state;
  const locked = async <T>(run: Run, work: () => Promise<T>): Promise<T> =>
    lock.run(async () => {
      checkOpen(state);
      run.throwIfAborted();
      return await work();
    }, run.signal);
  const close = async (): Promise<void> => {
    await lock.run(async () => {
      if (state.isClosed) return;
      state.isClosed = true;
      try {
        await saveBeforeClosing(state);
      } finally {
        state.postings = emptyPostings(state.postings.saturation);
        await ownStore?.close();
      }
    });
  };
  return {
    add: (entries: readonly VectorEntry[], run: Run = createRun()) =>
      locked(run, async () => {
        const { rows } = state.postings;
        const documents = await documentsOf(entries, (id, before) => rows.has(id) || before.has(id));
        await changeDocuments(state, documents, [], run);
      }),
    upsert: (entries: readonly VectorEntry[], run: Run = createRun()) =>
      locked(run, async () => changeDocuments(state, await documentsOf(entries, () => false), [], run)),
    delete: (which: readonly string[] | Filter, run: Run = createRun()) =>
      locked(run, async () => {
        const ids = idsOf(state, which);
        await changeDocuments(state, new Map(), ids, run);
        return ids.length;
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
};

const isList = (which: readonly string[] | Filter): which is readonly string[] => Array.isArray(which);

/** The ids that are there, each once. */
const idsOf = ({ postings }: IndexState, which: readonly string[] | Filter): readonly string[] => {
  if (isList(which)) return [...new Set(which)].filter((id) => postings.rows.has(id));
  return Array.from(postings.filters.select(which).rows(), (row) => postings.documents[row]?.id ?? '');
};

const retrieverOf = (
  search: KeywordIndex['search'],
  defaults: KeywordSearchOptions & VectorSearchOptions = {},
): Retriever => {
  if (defaults.mmr !== undefined) {
    throw new PipewrightError(
      'unsupported',
      'A keyword index has no vectors to tell hits apart by, so it cannot do `mmr`.',
    );
  }
  const details = { ...(defaults.k === undefined ? {} : { k: defaults.k }) };
  return defineStep({ kind: 'retriever', name: 'bm25', details }, (query, run) => {
    const { text, ...options }: { text: string } & KeywordSearchOptions = queryOf(query);
    return search(text, { ...defaults, ...options }, run);
  });
};
