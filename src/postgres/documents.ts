import {
  checkDocument,
  createLock,
  createRun,
  type Document,
  type DocumentStore,
  type EntriesOptions,
  type Filter,
  PipewrightError,
  type Run,
  sliceTimer,
  type StoreStats,
  type VectorEntry,
  yieldToEventLoop,
} from '../core/index.js';
import { addSums, readSums, tableName } from './catalog.js';
import type { Postgres } from './connection.js';
import { filterSql, parameters } from './filter-sql.js';
import type { Session, SqlValue } from './session.js';
import { metadataJson, toSqlText } from './sql-text.js';

/** What vector collections and keyword indexes have in common: a table with `id`, `document` and `metadata`. */
export interface Documents {
  readonly db: Postgres;
  /** Name in the catalogue. */
  readonly name: string;
  /** Qualified name of the table. */
  readonly table: string;
  /** Throws `store-closed` once it is closed. */
  readonly checkOpen: () => void;
  /** Writes take turns in this process; searches do not wait. */
  readonly inTurn: <T>(run: Run | undefined, work: (run: Run) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

export const openDocuments = (db: Postgres, name: string, onClose: () => Promise<void>): Documents => {
  const lock = createLock();
  let closing: Promise<void> | undefined;
  const checkOpen = (): void => {
    if (closing !== undefined) {
      throw new PipewrightError('store-closed', `The collection ${name} in ${db.where} is closed.`);
    }
  };
  return {
    db,
    name,
    table: tableName(db, name),
    checkOpen,
    inTurn: async (run, work) => {
      checkOpen();
      const ownRun = run ?? createRun();
      return lock.run(async () => {
        ownRun.throwIfAborted();
        return work(ownRun);
      }, run?.signal);
    },
    close: () => {
      closing ??= lock.idle().then(onClose);
      return closing;
    },
  };
};

/** The columns that every table of documents has. Texts are compared by their bytes, so that every machine sorts alike. */
export const documentColumns = 'id text COLLATE "C" PRIMARY KEY, document text NOT NULL, metadata jsonb NOT NULL';

/** So that conditions of equality are looked up. */
export const createMetadataIndex = (session: Session, table: string): Promise<unknown> =>
  session.query(`CREATE INDEX ON ${table} USING gin (metadata jsonb_path_ops)`);

/** Longest id in bytes: an index entry must fit into a third of a page. */
const maxIdBytes = 2_000;

/** The document as it is kept: JSON of its known fields, each written by name, which escapes what Postgres does not take. */
const encodeDocument = ({ id, text, title, source, place, metadata }: Document): string =>
  JSON.stringify({ id, text, title, source, place, metadata });

/** `JSON.parse` makes plain data of any key, `__proto__` too. */
export const decodeDocument = (json: string): Document => JSON.parse(json) as Document;

/** An entry as it is written. */
export interface Row {
  readonly id: string;
  readonly document: string;
  readonly metadata: string;
}

export const rowOf = (entry: VectorEntry): Row => ({
  id: toSqlText(entry.id),
  document: encodeDocument(entry),
  metadata: metadataJson(entry.metadata),
});

/** Throws for any bad entry of the call, before anything of it is written. `check` looks at what else an entry must have. */
export const checkEntries = async (
  entries: readonly VectorEntry[],
  run: Run,
  check: (entry: VectorEntry) => void,
): Promise<void> => {
  if (!Array.isArray(entries)) throw new PipewrightError('bad-input', 'The entries must be a list.');
  const isTimeUp = sliceTimer();
  for (const [index, entry] of (entries as readonly VectorEntry[]).entries()) {
    checkDocument(entry, index);
    const bytes = Buffer.byteLength(toSqlText(entry.id));
    if (bytes > maxIdBytes) {
      throw new PipewrightError(
        'bad-input',
        `The id \`${entry.id.slice(0, 60)}…\` has ${bytes} bytes; Postgres indexes up to ${maxIdBytes}. Use a hash of it.`,
      );
    }
    check(entry);
    if (isTimeUp()) {
      await yieldToEventLoop();
      run.throwIfAborted();
    }
  }
};

export const duplicateId = (id: string, place: string): PipewrightError =>
  new PipewrightError('duplicate-id', `The id \`${id}\` is ${place}. Nothing was added; use upsert to replace.`);

/** Throws `duplicate-id` when an id comes twice, or is there already: before anything is spent on the entries. */
export const checkNew = async ({ db, table }: Documents, entries: readonly VectorEntry[], run: Run): Promise<void> => {
  const ids = entries.map(({ id }) => id);
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) throw duplicateId(id, 'twice in this call');
    seen.add(id);
  }
  if (ids.length === 0) return;
  const [taken] = await db.query<{ position: number }>(
    `SELECT position::int AS position FROM unnest($1::text[]) WITH ORDINALITY AS wanted(id, position)
     WHERE EXISTS (SELECT FROM ${table} t WHERE t.id = wanted.id) ORDER BY position LIMIT 1`,
    [ids.map(toSqlText)],
    { run },
  );
  if (taken !== undefined) throw duplicateId(ids[taken.position - 1] ?? '', 'there already');
};

/** Of entries with the same id the last one counts. In the order of ids: writers that meet must not wait for each other. */
export const lastOfEach = <T extends { readonly id: string }>(entries: readonly T[]): T[] => {
  const order = new Map(entries.map((entry) => [toSqlText(entry.id), entry]));
  return [...order].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
};

const batchEntries = 500;
const batchLetters = 4_000_000;

/** Batches for one statement each: not too many rows, and not too long a text. */
export const batchesOf = function* <T extends Row>(rows: readonly T[]): Generator<readonly T[]> {
  let batch: T[] = [];
  let letters = 0;
  for (const row of rows) {
    batch.push(row);
    letters += row.document.length;
    if (batch.length < batchEntries && letters < batchLetters) continue;
    yield batch;
    batch = [];
    letters = 0;
  }
  if (batch.length > 0) yield batch;
};

/** The ids or the filter of a call as a condition. */
export const whichSql = (
  which: readonly string[] | Filter,
): { readonly condition: string; readonly values: readonly SqlValue[] } => {
  const values = parameters();
  const condition = Array.isArray(which)
    ? `id = ANY(${values.add(which.map((id) => toSqlText(String(id))))}::text[])`
    : filterSql(which as Filter, values);
  return { condition, values: values.values };
};

const pageEntries = 500;

const entriesOf = async function* (
  { db, table, checkOpen }: Documents,
  { filter, after }: EntriesOptions,
): AsyncGenerator<Document, void, undefined> {
  checkOpen();
  let last = '';
  if (after !== undefined) {
    last = toSqlText(after);
    const [known] = await db.query(`SELECT 1 FROM ${table} WHERE id = $1`, [last]);
    if (known === undefined) {
      throw new PipewrightError('bad-input', `No document has the id \`${after}\` to go on after.`);
    }
  }
  const values = parameters(pageEntries);
  const condition = filterSql(filter, values);
  for (;;) {
    const page = await db.query<{ id: string; document: string }>(
      `SELECT id, document FROM ${table} WHERE id > $${values.values.length + 1} AND ${condition} ORDER BY id LIMIT $1`,
      [...values.values, last],
    );
    for (const { document } of page) {
      checkOpen();
      yield decodeDocument(document);
    }
    if (page.length < pageEntries) return;
    last = page.at(-1)?.id ?? last;
    checkOpen();
  }
};

const statsOf = async ({ db, name, checkOpen }: Documents, tables: readonly string[]): Promise<StoreStats> => {
  checkOpen();
  const { count, lastChangedMs } = await readSums(db, db, name);
  const [size] = await db.query<{ bytes: number }>(
    'SELECT sum(pg_total_relation_size(name::regclass))::float8 AS bytes FROM unnest($1::text[]) AS name',
    [tables],
  );
  return { count, memoryBytes: size?.bytes ?? 0, ...(lastChangedMs !== undefined && { lastChangedMs }) };
};

type Reading = Pick<DocumentStore, 'get' | 'entries' | 'stats'>;

/** What needs no index. `tables` are all that belong to the collection. */
export const readingOf = (documents: Documents, tables: readonly string[]): Reading => ({
  get: async (ids) => {
    documents.checkOpen();
    const rows = await documents.db.query<{ id: string; document: string }>(
      `SELECT id, document FROM ${documents.table} WHERE id = ANY($1::text[])`,
      [ids.map(toSqlText)],
    );
    const found = new Map(rows.map(({ id, document }) => [id, document]));
    return ids.map((id) => {
      const document = found.get(toSqlText(id));
      return document === undefined ? undefined : decodeDocument(document);
    });
  },
  entries: (options = {}) => entriesOf(documents, options),
  stats: () => statsOf(documents, tables),
});

/** Notes in the catalogue what a write did. */
export const noteChange = (
  { db, name }: Documents,
  session: Session,
  change: { readonly count: number; readonly length?: number },
  run: Run,
): Promise<void> => addSums(db, session, name, { ...change, nowMs: run.clock.now() });
