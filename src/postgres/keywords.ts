import {
  checkAtLeast,
  defineStep,
  type KeywordIndex,
  type KeywordSearchOptions,
  PipewrightError,
  queryOf,
  type Retriever,
  type Run,
  type VectorEntry,
  type VectorSearchOptions,
} from '../core/index.js';
import { termCounter } from '../terms/index.js';
import { type Analyzer, analyzer as englishAnalyzer } from '../text/index.js';
import { openTable, tableName } from './catalog.js';
import type { Postgres } from './connection.js';
import {
  checkEntries,
  checkNew,
  createMetadataIndex,
  documentColumns,
  lastOfEach,
  openDocuments,
  readingOf,
  rowOf,
} from './documents.js';
import { type KeywordSearcher, type KeywordTables, searchKeywords } from './keyword-search.js';
import { storedTerm } from './keyword-terms.js';
import { deleteDocuments, type KeywordRow, putDocuments } from './keyword-writes.js';
import type { Session } from './session.js';
import { checkName } from './sql-text.js';

export interface PostgresKeywordsOptions {
  /** Name of the index: a table `keywords_<name>` in the schema of the handle. @default 'documents' */
  readonly name?: string;
  /** How soon further occurrences of a word count less. @default 1.2 */
  readonly k1?: number;
  /** How much long texts are held back: 0 not at all, 1 in proportion to their length. @default 0.75 */
  readonly b?: number;
  /** How much a word of the title counts beside one of the text, when a document is written. @default 2 */
  readonly titleWeight?: number;
  /** Turns documents and queries into terms; the index must always be opened with the same one. @default analyzer(), English */
  readonly analyzer?: Analyzer;
}

const formatVersion = 1;

const resolve = (options: PostgresKeywordsOptions): Required<PostgresKeywordsOptions> => {
  const { name = 'documents', k1 = 1.2, b = 0.75, titleWeight = 2, analyzer = englishAnalyzer() } = options;
  checkName('name', name);
  for (const [option, value] of Object.entries({ k1, b, titleWeight })) {
    checkAtLeast(option, value, 0);
    if (value === Infinity) throw new PipewrightError('bad-option', `\`${option}\` must be finite.`);
  }
  if (b > 1) throw new PipewrightError('bad-option', `\`b\` must be from 0 to 1, got ${b}.`);
  return { name, k1, b, titleWeight, analyzer };
};

const createTables = async (session: Session, documents: string, { terms, postings }: KeywordTables): Promise<void> => {
  await session.query(
    `CREATE TABLE ${documents} (${documentColumns}, number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
       length float8 NOT NULL, terms integer[] NOT NULL)`,
  );
  await createMetadataIndex(session, documents);
  await session.query(
    `CREATE TABLE ${terms} (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, term text COLLATE "C" NOT NULL UNIQUE)`,
  );
  // The index holds all columns, so that a search reads nothing else.
  await session.query(
    `CREATE TABLE ${postings} (term integer, number bigint, frequency real NOT NULL, length real NOT NULL,
       PRIMARY KEY (term, number) INCLUDE (frequency, length))`,
  );
  await createLevenshtein(session);
};

/** Not every user may make extensions: without it all works but `maxEdits`. */
const createLevenshtein = async (session: Session): Promise<void> => {
  await session.query('SAVEPOINT extension');
  try {
    await session.query('CREATE EXTENSION IF NOT EXISTS fuzzystrmatch');
  } catch {
    await session.query('ROLLBACK TO SAVEPOINT extension');
  }
};

const findLevenshtein = async (db: Postgres): Promise<string | undefined> => {
  const [found] = await db.query<{ schema: string }>(
    `SELECT quote_ident(nspname) AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE extname = 'fuzzystrmatch'`,
  );
  return found === undefined ? undefined : `${found.schema}.levenshtein_less_equal`;
};

/** Another analyzer would find nothing of what is there. */
const settle = (stored: unknown, id: string | undefined, where: string): Readonly<Record<string, unknown>> => {
  const before = (stored as { readonly analyzer?: string } | undefined)?.analyzer;
  if (before !== undefined && id !== undefined && before !== id) {
    throw new PipewrightError(
      'bad-option',
      `The index in ${where} was made with the analyzer ${before}, and is opened with ${id}. Open it with the same one, or fill a new index.`,
      { details: { where } },
    );
  }
  const analyzer = id ?? before;
  return analyzer === undefined ? {} : { analyzer };
};

const openSearcher = async (db: Postgres, options: Required<PostgresKeywordsOptions>): Promise<KeywordSearcher> => {
  const { name, analyzer, k1, b } = options;
  const table = `keywords_${name}`;
  const tables = { terms: tableName(db, `terms_${name}`), postings: tableName(db, `postings_${name}`) };
  await openTable(db, {
    table,
    version: formatVersion,
    settle: (stored) => settle(stored?.settings, analyzer.id, `${db.where}, table ${table}`),
    create: (session) => createTables(session, tableName(db, table), tables),
  });
  const documents = openDocuments(db, table, async () => undefined);
  return { documents, tables, analyzer, k1, b, levenshtein: await findLevenshtein(db) };
};

const rowsOf = async (
  entries: readonly VectorEntry[],
  { analyzer, titleWeight }: Required<PostgresKeywordsOptions>,
  run: Run,
): Promise<KeywordRow[]> => {
  const rows: KeywordRow[] = [];
  const countTerms = termCounter((text) => analyzer(text).map(storedTerm), titleWeight);
  for (const entry of lastOfEach(entries)) {
    run.throwIfAborted();
    rows.push({ ...rowOf(entry), originalId: entry.id, ...(await countTerms(entry)) });
  }
  return rows;
};

const retrieverOf = (searcher: KeywordSearcher, defaults: KeywordSearchOptions & VectorSearchOptions): Retriever => {
  if (defaults.mmr !== undefined) {
    throw new PipewrightError(
      'unsupported',
      'A keyword index has no vectors to tell hits apart by, so it cannot do `mmr`.',
    );
  }
  const details = { ...(defaults.k === undefined ? {} : { k: defaults.k }) };
  return defineStep({ kind: 'retriever', name: 'postgres-keywords', details }, (query, run) => {
    searcher.documents.checkOpen();
    const { text, ...options } = queryOf(query);
    return searchKeywords(searcher, text, { ...defaults, ...options }, run);
  });
};

/**
 * Opens a keyword index in Postgres: exact BM25 over title and text, computed in SQL over tables of its own, with the same
 * analyzers and the same scores as the index in the process, `bm25()`. Many processes and machines may have it open. A call
 * writes all of its documents or none.
 * @throws {PipewrightError} `bad-option` when the index was made with another analyzer; `store-newer`; `connection-lost` and the
 * like.
 * @example const keywords = await postgresKeywords(await postgres({ pglite: 'memory://' }))
 */
export const postgresKeywords = async (db: Postgres, options: PostgresKeywordsOptions = {}): Promise<KeywordIndex> => {
  const settings = resolve(options);
  const searcher = await openSearcher(db, settings);
  const { documents, tables } = searcher;
  const { inTurn, checkOpen } = documents;
  return {
    add: (entries, run) =>
      inTurn(run, async (ownRun) => {
        await checkEntries(entries, ownRun, () => undefined);
        await checkNew(documents, entries, ownRun);
        await putDocuments(searcher, await rowsOf(entries, settings, ownRun), false, ownRun);
      }),
    upsert: (entries, run) =>
      inTurn(run, async (ownRun) => {
        await checkEntries(entries, ownRun, () => undefined);
        await putDocuments(searcher, await rowsOf(entries, settings, ownRun), true, ownRun);
      }),
    delete: (which, run) => inTurn(run, (ownRun) => deleteDocuments(searcher, which, ownRun)),
    search: async (text, searchOptions = {}, run) => {
      checkOpen();
      return searchKeywords(searcher, text, searchOptions, run);
    },
    ...readingOf(documents, [documents.table, tables.terms, tables.postings]),
    retriever: (defaults = {}) => retrieverOf(searcher, defaults),
    close: documents.close,
    [Symbol.asyncDispose]: documents.close,
  };
};
