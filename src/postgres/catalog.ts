import { PipewrightError } from '../core/index.js';
import type { Postgres } from './connection.js';
import type { Session } from './session.js';

/** What the catalogue knows of one table or family of tables. */
export interface CatalogEntry {
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface OpenTableOptions {
  /** Name of the table, without its schema. */
  readonly table: string;
  /** Version of the format that this code reads and writes. */
  readonly version: number;
  /** What to write down of a new one; throws when the stored settings do not fit. The result is stored. */
  readonly settle: (stored: CatalogEntry | undefined) => Readonly<Record<string, unknown>>;
  /** Makes the tables of a new one. */
  readonly create: (session: Session, settings: Readonly<Record<string, unknown>>) => Promise<void>;
}

/** The qualified name of a table; both parts were checked. */
export const tableName = ({ schema }: Postgres, table: string): string => `"${schema}"."${table}"`;

const catalogTable = 'collections';

/** Makes the schema and the catalogue where they are missing: looks first, since making needs more rights than looking. */
const ensureCatalog = async (db: Postgres, session: Session): Promise<string> => {
  const catalog = tableName(db, catalogTable);
  const [found] = await session.query<{ schema: boolean; catalog: boolean; encoding: string }>(
    `SELECT to_regnamespace($1) IS NOT NULL AS schema, to_regclass($2) IS NOT NULL AS catalog,
       current_setting('server_encoding') AS encoding`,
    [`"${db.schema}"`, catalog],
  );
  if (found?.encoding !== 'UTF8') {
    throw new PipewrightError('unsupported', `${db.where} must be encoded in UTF8, not in ${found?.encoding}.`);
  }
  if (!found.schema) await session.query(`CREATE SCHEMA "${db.schema}"`);
  if (!found.catalog) {
    await session.query(`CREATE TABLE ${catalog} (
      name text COLLATE "C" PRIMARY KEY, version integer NOT NULL, settings json NOT NULL,
      count bigint NOT NULL DEFAULT 0, total_length double precision NOT NULL DEFAULT 0,
      last_changed_ms double precision)`);
  }
  return catalog;
};

interface StoredEntry {
  readonly version: number;
  readonly settings: string;
}

const checkVersion = (stored: StoredEntry, { version, table }: OpenTableOptions, where: string): void => {
  if (stored.version <= version) return;
  throw new PipewrightError(
    'store-newer',
    `The table ${table} in ${where} has format ${stored.version}, and this version of pipewright reads up to ${version}. Update pipewright.`,
    { details: { where: `${where}, table ${table}` } },
  );
};

/**
 * Opens what is kept under a name, or makes it; many processes may do so at once. Formats before the present one would be
 * brought up to date here; there is none yet.
 */
export const openTable = async (db: Postgres, options: OpenTableOptions): Promise<Readonly<Record<string, unknown>>> =>
  db.transaction(async (session) => {
    await session.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`pipewright ${db.schema}`]);
    const catalog = await ensureCatalog(db, session);
    const [stored] = await session.query<StoredEntry>(
      `SELECT version, settings::text AS settings FROM ${catalog} WHERE name = $1`,
      [options.table],
    );
    if (stored !== undefined) checkVersion(stored, options, db.where);
    const before = stored === undefined ? undefined : { settings: JSON.parse(stored.settings) };
    const settings = options.settle(before);
    if (stored === undefined) await options.create(session, settings);
    if (stored === undefined || JSON.stringify(before?.settings) !== JSON.stringify(settings)) {
      await session.query(
        `INSERT INTO ${catalog} (name, version, settings) VALUES ($1, $2, $3::json)
         ON CONFLICT (name) DO UPDATE SET settings = excluded.settings`,
        [options.table, options.version, JSON.stringify(settings)],
      );
    }
    return settings;
  });

/** A change of the sums that the catalogue keeps, so that nobody needs to count. */
export interface SumsChange {
  readonly count: number;
  readonly length?: number;
  readonly nowMs: number;
}

/** Comes last in a transaction: every writer changes this row, and none may hold it while it waits for another one. */
export const addSums = async (
  db: Postgres,
  session: Session,
  table: string,
  { count, length = 0, nowMs }: SumsChange,
): Promise<void> => {
  await session.query(
    `UPDATE ${tableName(db, catalogTable)} SET count = count + $2, total_length = total_length + $3,
       last_changed_ms = $4 WHERE name = $1`,
    [table, count, length, nowMs],
  );
};

export interface Sums {
  readonly count: number;
  readonly totalLength: number;
  readonly lastChangedMs: number | undefined;
}

export const readSums = async (db: Postgres, session: Pick<Session, 'query'>, table: string): Promise<Sums> => {
  const [row] = await session.query<{ count: number; length: number; changed: number | null }>(
    `SELECT count::float8 AS count, total_length AS length, last_changed_ms AS changed
     FROM ${tableName(db, catalogTable)} WHERE name = $1`,
    [table],
  );
  if (row === undefined) {
    throw new PipewrightError('not-found', `The table ${table} in ${db.where} was dropped while it was open.`, {
      details: { where: db.where },
    });
  }
  return { count: row.count, totalLength: row.length, lastChangedMs: row.changed ?? undefined };
};
