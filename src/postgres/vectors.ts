import {
  checkVector,
  defineStep,
  embeddedText,
  embedTexts,
  type Embedder,
  PipewrightError,
  queryOf,
  type Retriever,
  type Run,
  toVector,
  type VectorEntry,
  type VectorSearchOptions,
  type VectorStore,
} from '../core/index.js';
import { openTable, tableName } from './catalog.js';
import { checkName, toSqlText } from './sql-text.js';
import type { Postgres } from './connection.js';
import {
  batchesOf,
  checkEntries,
  checkNew,
  createMetadataIndex,
  documentColumns,
  type Documents,
  duplicateId,
  lastOfEach,
  noteChange,
  openDocuments,
  readingOf,
  type Row,
  rowOf,
  whichSql,
} from './documents.js';
import { ensureVector, vectorNames, vectorOf, vectorText } from './pgvector.js';
import { vectorIndex } from './vector-index.js';
import {
  checkOptions,
  type PostgresVectorsOptions,
  resolveIndex,
  resolveSettings,
  type VectorSettings,
} from './vector-options.js';
import { searchVectors, type VectorSearcher } from './vector-search.js';

/** A vector collection in Postgres. */
export interface PostgresVectorStore extends VectorStore {
  /**
   * Builds the HNSW index if the collection is large enough for one and has none, and resolves when it is there. Good after
   * a bulk load; the first searches begin it too, in the background.
   */
  readonly settle: (run?: Run) => Promise<void>;
}

const formatVersion = 1;

interface Collection extends VectorSearcher {
  readonly embedder: Embedder | undefined;
}

const vectorName = (id: string): string => `The vector of \`${id}\``;

const checkAll = (collection: Collection, entries: readonly VectorEntry[], run: Run): Promise<void> =>
  checkEntries(entries, run, ({ id, vector }) => {
    if (vector !== undefined) return checkVector(vector, collection.settings, vectorName(id));
    if (collection.embedder !== undefined) return;
    throw new PipewrightError(
      'bad-input',
      `The entry \`${id}\` has no vector, and the collection has no embedder to make one. Give either.`,
    );
  });

interface VectorRow extends Row {
  readonly originalId: string;
  readonly vector: string;
}

/** How many texts an embedder gets at once. */
const textsAtOnce = 500;

/** The rows of all entries: vectors are made before anything is written, so that no transaction waits for a model. */
const rowsOf = async (
  { settings, embedder }: Collection,
  entries: readonly VectorEntry[],
  run: Run,
): Promise<VectorRow[]> => {
  const rows: VectorRow[] = [];
  for (let start = 0; start < entries.length; start += textsAtOnce) {
    run.throwIfAborted();
    const batch = entries.slice(start, start + textsAtOnce);
    const texts = batch.filter(({ vector }) => vector === undefined).map(embeddedText);
    const made = embedder === undefined || texts.length === 0 ? [] : await embedTexts(embedder, texts, run);
    let used = 0;
    for (const entry of batch) {
      const vector = toVector(entry.vector ?? (made[used++] as Float32Array), settings, vectorName(entry.id));
      rows.push({ ...rowOf(entry), originalId: entry.id, vector: vectorText(vector) });
    }
  }
  return rows;
};

const columns = 'id, document, metadata, embedding';

/** Writes all rows in one transaction. `onConflict` is what happens to an id that is there. */
const put = async (
  { documents, names }: Collection,
  rows: readonly VectorRow[],
  onConflict: string,
  run: Run,
): Promise<void> => {
  if (rows.length === 0) return;
  const { db, table } = documents;
  await db.transaction(
    async (session) => {
      let count = 0;
      for (const batch of batchesOf(rows)) {
        const written = await session.query<{ id: string; fresh: boolean }>(
          `INSERT INTO ${table} (${columns})
           SELECT id, document, metadata::jsonb, embedding::${names.type}
           FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS given(${columns})
           ON CONFLICT (id) DO ${onConflict} RETURNING id, xmax = 0 AS fresh`,
          [
            batch.map(({ id }) => id),
            batch.map((r) => r.document),
            batch.map((r) => r.metadata),
            batch.map((r) => r.vector),
          ],
        );
        if (written.length < batch.length) {
          const ids = new Set(written.map(({ id }) => id));
          throw duplicateId(batch.find(({ id }) => !ids.has(id))?.originalId ?? '', 'there already');
        }
        count += written.filter(({ fresh }) => fresh).length;
      }
      await noteChange(documents, session, { count }, run);
    },
    { run },
  );
};

const update =
  'UPDATE SET (document, metadata, embedding) = (excluded.document, excluded.metadata, excluded.embedding)';

type Writing = Pick<VectorStore, 'add' | 'upsert' | 'delete'>;

const writingOf = (collection: Collection): Writing => {
  const { documents } = collection;
  const { db, table, inTurn } = documents;
  return {
    add: (entries, run) =>
      inTurn(run, async (ownRun) => {
        await checkAll(collection, entries, ownRun);
        await checkNew(documents, entries, ownRun);
        await put(collection, await rowsOf(collection, lastOfEach(entries), ownRun), 'NOTHING', ownRun);
      }),
    upsert: (entries, run) =>
      inTurn(run, async (ownRun) => {
        await checkAll(collection, entries, ownRun);
        await put(collection, await rowsOf(collection, lastOfEach(entries), ownRun), update, ownRun);
      }),
    delete: (which, run) =>
      inTurn(run, async (ownRun) => {
        const { condition, values } = whichSql(which);
        return db.transaction(
          async (session) => {
            const [gone] = await session.query<{ count: number }>(
              `WITH doomed AS MATERIALIZED (SELECT id FROM ${table} WHERE ${condition} ORDER BY id FOR UPDATE),
                 gone AS (DELETE FROM ${table} t USING doomed WHERE t.id = doomed.id RETURNING 1)
               SELECT count(*)::int AS count FROM gone`,
              values,
            );
            const count = gone?.count ?? 0;
            if (count > 0) await noteChange(documents, session, { count: -count }, ownRun);
            return count;
          },
          { run: ownRun },
        );
      }),
  };
};

const retrieverOf = (collection: Collection, options: VectorSearchOptions): Retriever => {
  const { embedder, settings, documents } = collection;
  if (embedder === undefined) {
    throw new PipewrightError(
      'bad-option',
      'A retriever needs an embedder for its questions. Open the collection with one.',
    );
  }
  const children = [{ label: 'embedder', step: embedder }];
  return defineStep({ kind: 'retriever', name: 'postgres-vectors', children }, async (query, run) => {
    documents.checkOpen();
    const { text, ...own } = queryOf(query);
    const [vector] = await embedTexts(embedder, [text], run);
    const asked = toVector(vector as Float32Array, settings, 'The vector of the question');
    return (await searchVectors(collection, [asked], { ...options, ...own }, run))[0] ?? [];
  });
};

type Searching = Pick<VectorStore, 'search' | 'searchMany' | 'getVectors' | 'retriever'>;

const searchingOf = (collection: Collection): Searching => {
  const { documents, settings } = collection;
  return {
    search: async (vector, options = {}, run) => {
      documents.checkOpen();
      const asked = toVector(vector, settings, 'The vector to search for');
      return (await searchVectors(collection, [asked], options, run))[0] ?? [];
    },
    searchMany: async (vectors, options = {}, run) => {
      documents.checkOpen();
      const asked = vectors.map((vector, i) => toVector(vector, settings, `The vector at position ${i}`));
      return searchVectors(collection, asked, options, run);
    },
    getVectors: async (ids) => {
      documents.checkOpen();
      const rows = await documents.db.query<{ id: string; vector: string }>(
        `SELECT id, embedding::text AS vector FROM ${documents.table} WHERE id = ANY($1::text[])`,
        [ids.map(toSqlText)],
      );
      const found = new Map(rows.map(({ id, vector }) => [id, vector]));
      return ids.map((id) => {
        const vector = found.get(toSqlText(id));
        return vector === undefined ? undefined : vectorOf(vector);
      });
    },
    retriever: (options = {}) => {
      documents.checkOpen();
      return retrieverOf(collection, options);
    },
  };
};

const openSettings = async (db: Postgres, table: string, options: PostgresVectorsOptions): Promise<VectorSettings> => {
  const where = `${db.where}, table ${table}`;
  const settings = await openTable(db, {
    table,
    version: formatVersion,
    settle: (stored) => ({ ...resolveSettings(stored?.settings as VectorSettings | undefined, options, where) }),
    create: async (session, made) => {
      await ensureVector(session, db.where);
      const names = await vectorNames(session, db.where, made as unknown as VectorSettings);
      const qualified = tableName(db, table);
      await session.query(`CREATE TABLE ${qualified} (${documentColumns}, embedding ${names.type} NOT NULL)`);
      await createMetadataIndex(session, qualified);
    },
  });
  return settings as unknown as VectorSettings;
};

/**
 * Opens a collection of documents with vectors in Postgres (pgvector 0.8 or newer). Many processes and machines may have it
 * open. A call writes all of its entries or none. Up to `index.minCount` entries searches compare with every vector; then an
 * HNSW index is built and followed. The score of a hit is the cosine, the dot product, or 1 / (1 + distance).
 * @throws {PipewrightError} `bad-option` when the collection was made with other dimensions, another metric or another
 * embedder; `store-newer`; `dependency-missing` or `unsupported` for the server's pgvector; `connection-lost` and the like.
 * @example const vectors = await postgresVectors(await postgres({ pglite: 'memory://' }), { dimensions: 3 })
 */
export const postgresVectors = async (
  db: Postgres,
  options: PostgresVectorsOptions = {},
): Promise<PostgresVectorStore> => {
  const { name = 'documents', embedder } = options;
  checkName('name', name);
  checkOptions(options);
  const index = resolveIndex(options.index);
  const table = `vectors_${name}`;
  const settings = await openSettings(db, table, options);
  const names = await vectorNames(db, db.where, settings);
  const documents: Documents = openDocuments(db, table, () => looked.stop());
  const looked = vectorIndex(documents, names, index);
  const collection = {
    documents,
    settings,
    names,
    index: looked,
    efSearch: index.efSearch,
    maxScanned: index.maxScanned,
    embedder,
  };
  return {
    dimensions: settings.dimensions,
    ...writingOf(collection),
    ...searchingOf(collection),
    ...readingOf(documents, [documents.table]),
    settle: async (run) => {
      documents.checkOpen();
      await looked.settle(run);
    },
    close: documents.close,
    [Symbol.asyncDispose]: documents.close,
  };
};
