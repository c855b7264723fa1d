import type { Filter, Run } from '../core/index.js';
import type { CountedTerms } from '../terms/index.js';
import { batchesOf, duplicateId, noteChange, type Row, whichSql } from './documents.js';
import type { KeywordSearcher } from './keyword-search.js';
import type { Session } from './session.js';

export interface KeywordRow extends Row, CountedTerms {
  readonly originalId: string;
}

/** How many terms one statement sends. */
const termsAtOnce = 20_000;

/**
 * The numbers of all terms. New ones are written in transactions of their own and in their order, so that two writers cannot
 * wait for each other; a term that no document has does no harm.
 */
const numberTerms = async (
  { documents: { db }, tables }: KeywordSearcher,
  rows: readonly KeywordRow[],
  run: Run,
): Promise<ReadonlyMap<string, number>> => {
  const all = [...new Set(rows.flatMap(({ counts }) => [...counts.keys()]))].sort();
  const numbers = new Map<string, number>();
  for (let start = 0; start < all.length; start += termsAtOnce) {
    const terms = all.slice(start, start + termsAtOnce);
    await db.query(
      `INSERT INTO ${tables.terms} (term) SELECT term FROM unnest($1::text[]) AS given(term)
       WHERE NOT EXISTS (SELECT FROM ${tables.terms} t WHERE t.term = given.term) ORDER BY term ON CONFLICT DO NOTHING`,
      [terms],
      { run },
    );
    const found = await db.query<{ id: number; term: string }>(
      `SELECT id, term FROM ${tables.terms} WHERE term = ANY($1::text[])`,
      [terms],
      { run },
    );
    for (const { id, term } of found) numbers.set(term, id);
  }
  return numbers;
};

interface LockedDocument {
  readonly id: string;
  readonly length: number;
}

/** Takes the documents that are there for this transaction, in the order of ids, before anything is written. */
const lockDocuments = (
  session: Session,
  table: string,
  condition: string,
  values: Parameters<Session['query']>[1],
): Promise<readonly LockedDocument[]> =>
  session.query<LockedDocument>(
    `SELECT id, length FROM ${table} WHERE ${condition} ORDER BY id FOR UPDATE`,
    values ?? [],
  );

const deletePostings = (
  { documents, tables }: KeywordSearcher,
  session: Session,
  ids: readonly string[],
): Promise<unknown> =>
  session.query(
    `DELETE FROM ${tables.postings} p
     USING (SELECT number, unnest(terms) AS term FROM ${documents.table} WHERE id = ANY($1::text[])) AS old
     WHERE p.term = old.term AND p.number = old.number`,
    [ids],
  );

const numbersOf = ({ counts }: KeywordRow, numbers: ReadonlyMap<string, number>): number[] =>
  [...counts.keys()].flatMap((term) => numbers.get(term) ?? []);

/** Writes documents of one batch, replaced or new, and returns the number of each. */
const writeDocuments = async (
  session: Session,
  table: string,
  batch: readonly KeywordRow[],
  numbers: ReadonlyMap<string, number>,
  isThere: boolean,
): Promise<ReadonlyMap<string, number>> => {
  const given = `(SELECT id, document, metadata::jsonb AS metadata, length, terms::integer[] AS terms
    FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::text[]) AS given(id, document, metadata, length, terms))`;
  const sql = isThere
    ? `UPDATE ${table} t SET (document, metadata, length, terms) = (n.document, n.metadata, n.length, n.terms)
       FROM ${given} AS n WHERE t.id = n.id RETURNING t.id, t.number::float8 AS number`
    : `INSERT INTO ${table} (id, document, metadata, length, terms) SELECT * FROM ${given} AS n
       ON CONFLICT (id) DO NOTHING RETURNING id, number::float8 AS number`;
  const written = await session.query<{ id: string; number: number }>(sql, [
    batch.map(({ id }) => id),
    batch.map(({ document }) => document),
    batch.map(({ metadata }) => metadata),
    batch.map(({ length }) => length),
    batch.map((row) => `{${numbersOf(row, numbers).join(',')}}`),
  ]);
  return new Map(written.map(({ id, number }) => [id, number]));
};

const writePostings = async (
  { tables }: KeywordSearcher,
  session: Session,
  batch: readonly KeywordRow[],
  terms: ReadonlyMap<string, number>,
  documents: ReadonlyMap<string, number>,
): Promise<void> => {
  const columns: readonly [number[], number[], number[], number[]] = [[], [], [], []];
  for (const row of batch) {
    for (const [term, frequency] of row.counts) {
      columns[0].push(terms.get(term) ?? 0);
      columns[1].push(documents.get(row.id) ?? 0);
      columns[2].push(frequency);
      columns[3].push(row.length);
    }
  }
  await session.query(
    `INSERT INTO ${tables.postings} (term, number, frequency, length)
     SELECT * FROM unnest($1::integer[], $2::bigint[], $3::real[], $4::real[])`,
    columns,
  );
};

/** Tells that another process added one of the ids between looking and writing. */
class Overtaken extends Error {}

const maxTries = 5;

/** Writes all documents in one transaction. */
export const putDocuments = async (
  searcher: KeywordSearcher,
  rows: readonly KeywordRow[],
  mayReplace: boolean,
  run: Run,
): Promise<void> => {
  if (rows.length === 0) return;
  const numbers = await numberTerms(searcher, rows, run);
  for (let tries = 1; ; tries++) {
    try {
      return await putOnce(searcher, rows, numbers, mayReplace, run);
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      if (!mayReplace || tries === maxTries) throw duplicateId(error.message, 'there already');
    }
  }
};

const putOnce = (
  searcher: KeywordSearcher,
  rows: readonly KeywordRow[],
  numbers: ReadonlyMap<string, number>,
  mayReplace: boolean,
  run: Run,
): Promise<void> => {
  const { documents } = searcher;
  const { db, table } = documents;
  return db.transaction(
    async (session) => {
      const ids = rows.map(({ id }) => id);
      const old = mayReplace ? await lockDocuments(session, table, 'id = ANY($1::text[])', [ids]) : [];
      const oldIds = new Set(old.map(({ id }) => id));
      if (oldIds.size > 0) await deletePostings(searcher, session, [...oldIds]);
      for (const batch of batchesOf(rows)) {
        const written = new Map<string, number>();
        for (const isThere of [true, false]) {
          const part = batch.filter(({ id }) => oldIds.has(id) === isThere);
          if (part.length === 0) continue;
          for (const [id, number] of await writeDocuments(session, table, part, numbers, isThere))
            written.set(id, number);
        }
        const lost = batch.find(({ id }) => !written.has(id));
        if (lost !== undefined) throw new Overtaken(lost.originalId);
        await writePostings(searcher, session, batch, numbers, written);
      }
      const sumOf = (all: readonly { readonly length: number }[]): number =>
        all.reduce((sum, { length }) => sum + length, 0);
      await noteChange(documents, session, { count: rows.length - oldIds.size, length: sumOf(rows) - sumOf(old) }, run);
    },
    { run },
  );
};

/** Deletes documents with their postings, and returns how many there were. */
export const deleteDocuments = (
  searcher: KeywordSearcher,
  which: readonly string[] | Filter,
  run: Run,
): Promise<number> => {
  const { documents } = searcher;
  const { db, table } = documents;
  const { condition, values } = whichSql(which);
  return db.transaction(
    async (session) => {
      const gone = await lockDocuments(session, table, condition, values);
      if (gone.length === 0) return 0;
      const ids = gone.map(({ id }) => id);
      await deletePostings(searcher, session, ids);
      await session.query(`DELETE FROM ${table} WHERE id = ANY($1::text[])`, [ids]);
      const length = -gone.reduce((sum, document) => sum + document.length, 0);
      await noteChange(documents, session, { count: -gone.length, length }, run);
      return gone.length;
    },
    { run },
  );
};
