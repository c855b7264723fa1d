import { createRun, loadOptional, type Run, raceAbort } from '../core/index.js';
import { failureOf } from './errors.js';
import { beginText, type Driver, type Session, type SqlRow, type SqlValue } from './session.js';

/** A database of the package `@electric-sql/pglite`. */
export interface PgliteDatabase {
  query(text: string, values?: SqlValue[]): Promise<{ readonly rows: unknown[] }>;
  exec(text: string): Promise<unknown>;
  transaction<T>(work: (transaction: PgliteTransaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface PgliteTransaction {
  query(text: string, values?: SqlValue[]): Promise<{ readonly rows: unknown[] }>;
  exec(text: string): Promise<unknown>;
}

/** Starts Postgres inside this process: in memory (`memory://`) or in a folder. */
export const startPglite = async (folder: string): Promise<PgliteDatabase> => {
  const purpose = 'the embedded Postgres';
  const { PGlite } = await loadOptional('@electric-sql/pglite', purpose, () => import('@electric-sql/pglite'));
  const { vector } = await loadOptional(
    '@electric-sql/pglite-pgvector',
    purpose,
    () => import('@electric-sql/pglite-pgvector'),
  );
  const { fuzzystrmatch } = await import('@electric-sql/pglite/contrib/fuzzystrmatch');
  return PGlite.create(folder, { extensions: { vector, fuzzystrmatch } });
};

/**
 * The embedded Postgres has one connection, and a statement under way cannot be cancelled: a caller who gives up is let go at
 * once, and the transaction ends at its next statement.
 */
export const embeddedDriver = (database: PgliteDatabase, where: string, isOwn: boolean): Driver => {
  const sessionOf = (on: PgliteTransaction, run: Run): Session => ({
    query: async <Row = SqlRow>(text: string, values: readonly SqlValue[] = []) => {
      run.throwIfAborted();
      try {
        return (await on.query(text, [...values])).rows as Row[];
      } catch (error) {
        throw failureOf(error, where, []);
      }
    },
  });
  return {
    where,
    isServer: false,
    query: (text, values, { run = createRun() } = {}) => raceAbort(sessionOf(database, run).query(text, values), run),
    transaction: (work, { run = createRun(), settings } = {}) => {
      const done = database.transaction(async (transaction) => {
        run.throwIfAborted();
        const begin = beginText(settings);
        if (begin !== '') await transaction.exec(begin);
        const result = await work(sessionOf(transaction, run));
        run.throwIfAborted();
        return result;
      });
      return raceAbort(done, run);
    },
    unlimited: (work, { run = createRun() } = {}) => raceAbort(work(sessionOf(database, run)), run),
    close: async () => {
      if (isOwn) await database.close();
    },
  };
};
