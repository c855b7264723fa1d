import { checkAtLeast, isPipewrightError, PipewrightError } from '../core/index.js';
import { embeddedDriver, type PgliteDatabase, startPglite } from './embedded.js';
import { ownPool, type PostgresPool, serverDriver } from './server.js';
import type { Driver } from './session.js';
import { checkName } from './sql-text.js';

export interface PostgresOptions {
  /** `postgres://user:password@host:5432/database`; needs the package `pg`. */
  readonly connectionString?: string;
  /** A pool of the package `pg` that stays yours to end. */
  readonly pool?: PostgresPool;
  /**
   * The embedded Postgres: `memory://`, a folder, or a database of yours that stays yours to close. Needs the packages
   * `@electric-sql/pglite` and `@electric-sql/pglite-pgvector`.
   */
  readonly pglite?: string | PgliteDatabase;
  /** Schema that holds the tables; it is made where it is missing. @default 'pipewright' */
  readonly schema?: string;
  /** Connections open at once, where there is no `pool`. @default 10 */
  readonly maxConnections?: number;
  /** Longest wait for a connection, a free one or a new one, where there is no `pool`. @default 10000 */
  readonly connectTimeoutMs?: number;
  /** Longest time for one statement. Building an index may take longer. @default 60000 */
  readonly statementTimeoutMs?: number;
}

/** A database, as the collections in it share it. */
export interface Postgres extends Driver, AsyncDisposable {
  readonly schema: string;
}

/** Where the server is, and what of the address is secret. */
const addressOf = (connectionString: string): { readonly where: string; readonly secrets: readonly string[] } => {
  try {
    const { protocol, hostname, port, pathname, password, searchParams } = new URL(connectionString);
    if (protocol !== 'postgres:' && protocol !== 'postgresql:') throw new TypeError('another protocol');
    const secrets = [password, decodeURIComponent(password), searchParams.get('password') ?? ''].filter(
      (s) => s !== '',
    );
    const host = hostname === '' ? (searchParams.get('host') ?? 'localhost') : hostname;
    return { where: `Postgres ${host}${port === '' ? '' : `:${port}`}${pathname}`, secrets };
  } catch {
    // The text itself may hold a password: it is not quoted, nor is the error of the parser, which quotes it.
    throw new PipewrightError(
      'bad-option',
      '`connectionString` must have the form postgres://user:password@host:port/database.',
    );
  }
};

const openDriver = async (options: PostgresOptions): Promise<Driver> => {
  const { connectionString, pool, pglite, maxConnections = 10, connectTimeoutMs = 10_000 } = options;
  const { statementTimeoutMs = 60_000 } = options;
  checkAtLeast('maxConnections', maxConnections, 1);
  checkAtLeast('connectTimeoutMs', connectTimeoutMs, 1);
  checkAtLeast('statementTimeoutMs', statementTimeoutMs, 1);
  if ([connectionString, pool, pglite].filter((place) => place !== undefined).length !== 1) {
    throw new PipewrightError('bad-option', 'Give one of `connectionString`, `pool` and `pglite`.');
  }
  if (connectionString !== undefined) {
    const address = addressOf(connectionString);
    return ownPool({ ...address, connectionString, maxConnections, connectTimeoutMs, statementTimeoutMs });
  }
  if (pool !== undefined) {
    const where = 'Postgres of the given pool';
    return serverDriver(pool, { where, secrets: [], statementTimeoutMs }, async () => undefined);
  }
  if (typeof pglite !== 'string') return embeddedDriver(pglite as PgliteDatabase, 'the given embedded Postgres', false);
  if (pglite === '')
    throw new PipewrightError('bad-option', '`pglite` must be `memory://` or a folder, got an empty text.');
  return embeddedDriver(await startPglite(pglite), `embedded Postgres in ${pglite}`, true);
};

/** How often a transaction is done that the server ended because it and another one waited for each other. */
const maxTries = 4;

/** Such a transaction changed nothing, and the other one goes on: "applications must be prepared to issue retries" (its manual, 13.3.4). */
const wasInTheWay = (error: unknown): boolean =>
  isPipewrightError(error) && error.code === 'store-locked' && error.retryable;

/**
 * A handle to a Postgres database, for `postgresVectors`, `postgresKeywords` and `postgresStore`, which share its connections.
 * Nothing is asked of a server before the first of them is opened. Close the handle after the collections.
 * @throws {PipewrightError} `bad-option`; `dependency-missing` without the package that the place needs.
 * @example (await postgres({ connectionString: 'postgres://me:secret@db.example/app' })).where // => 'Postgres db.example/app'
 */
export const postgres = async (options: PostgresOptions): Promise<Postgres> => {
  const { schema = 'pipewright' } = options;
  checkName('schema', schema);
  const driver = await openDriver(options);
  let closing: Promise<void> | undefined;
  const checkOpen = (): void => {
    if (closing !== undefined)
      throw new PipewrightError('store-closed', `The connection to ${driver.where} is closed.`);
  };
  const close = (): Promise<void> => {
    closing ??= driver.close();
    return closing;
  };
  return {
    where: driver.where,
    isServer: driver.isServer,
    schema,
    query: async (text, values, queryOptions) => {
      checkOpen();
      return driver.query(text, values, queryOptions);
    },
    transaction: async (work, transactionOptions) => {
      for (let tries = 1; ; tries++) {
        checkOpen();
        try {
          return await driver.transaction(work, transactionOptions);
        } catch (error) {
          if (tries === maxTries || !wasInTheWay(error)) throw error;
        }
      }
    },
    unlimited: async (work, queryOptions) => {
      checkOpen();
      return driver.unlimited(work, queryOptions);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
