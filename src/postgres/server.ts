import { createConnection } from 'node:net';
import { loadOptional, type Run, raceAbort } from '../core/index.js';
import { failureOf, isUsableAfter } from './errors.js';
import { beginText, type Driver, type Session, type SqlRow, type SqlValue } from './session.js';

/** A connection of a pool, as the package `pg` makes them. */
export interface PostgresClient {
  query(config: {
    readonly text: string;
    readonly values?: SqlValue[];
    readonly query_timeout?: number;
  }): Promise<{ readonly rows: unknown[] }>;
  release(isBroken?: boolean): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

/** A pool of the package `pg`. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
}

export interface ServerSettings {
  readonly where: string;
  readonly secrets: readonly string[];
  readonly statementTimeoutMs: number;
}

/** The server should cancel a slow statement itself; this much later we stop waiting for it. */
const patienceMs = 5_000;
const longestTimerMs = 2_147_483_647;

const cancelRequestCode = 80_877_102;

/**
 * Asks the server to stop what it does for this connection (PostgreSQL documentation, "Canceling Requests in Progress"): a
 * socket that is gone it would notice only at the end. Best effort: nobody waits for it.
 */
const cancelOn = (client: PostgresClient): void => {
  const { host, port, processID, secretKey } = client as PostgresClient & Partial<Record<string, unknown>>;
  if (typeof processID !== 'number' || typeof secretKey !== 'number' || typeof host !== 'string') return;
  const place = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port: Number(port) };
  const request = Buffer.alloc(16);
  for (const [index, value] of [16, cancelRequestCode, processID, secretKey].entries()) {
    request.writeInt32BE(value, index * 4);
  }
  const socket = createConnection(place, () => socket.end(request));
  socket.on('error', () => undefined);
  socket.unref();
};

/** A connection that is lent, and what became of it. */
interface Lent {
  readonly client: PostgresClient;
  /** Whether it must not be used again: it was ended, or nobody knows what it is doing. */
  isBroken: boolean;
}

const sessionOf = (lent: Lent, settings: ServerSettings, query_timeout: number): Session => ({
  query: async <Row = SqlRow>(text: string, values: readonly SqlValue[] = []) => {
    try {
      const { rows } = await lent.client.query({ text, values: [...values], query_timeout });
      return rows as Row[];
    } catch (error) {
      lent.isBroken ||= !isUsableAfter(error);
      throw failureOf(error, settings.where, settings.secrets);
    }
  },
});

/** A connection of the pool; one that comes after the run was aborted goes back. */
const takeClient = async (
  pool: PostgresPool,
  settings: ServerSettings,
  run: Run | undefined,
): Promise<PostgresClient> => {
  const coming = pool.connect();
  let isGivenUp = false;
  coming.then(
    (client) => {
      if (isGivenUp) client.release();
    },
    () => undefined,
  );
  try {
    return await (run === undefined ? coming : raceAbort(coming, run));
  } catch (error) {
    isGivenUp = true;
    run?.throwIfAborted();
    throw failureOf(error, settings.where, settings.secrets);
  }
};

/** Lends a connection for `work`. When the run is aborted the connection is dropped at once, and its statement cancelled. */
const lend = async <T>(
  pool: PostgresPool,
  settings: ServerSettings,
  run: Run | undefined,
  work: (lent: Lent) => Promise<T>,
): Promise<T> => {
  run?.throwIfAborted();
  const client = await takeClient(pool, settings, run);
  const lent: Lent = { client, isBroken: false };
  let isReleased = false;
  const onError = (): void => giveBack(true);
  const giveBack = (isBroken: boolean): void => {
    if (isReleased) return;
    isReleased = true;
    client.release(isBroken);
    // The pool listens from here on.
    client.removeListener('error', onError);
  };
  client.on('error', onError);
  const drop = (): void => {
    cancelOn(client);
    giveBack(true);
  };
  const forget = run?.onAbort(drop);
  try {
    const working = work(lent);
    const result = await (run === undefined ? working : raceAbort(working, run));
    giveBack(false);
    return result;
  } catch (error) {
    if (lent.isBroken) drop();
    else giveBack(false);
    throw error;
  } finally {
    forget?.();
  }
};

const inTransaction = async <T>(
  session: Session,
  settings: Readonly<Record<string, string | number>> | undefined,
  work: (session: Session) => Promise<T>,
): Promise<T> => {
  await session.query(`BEGIN; ${beginText(settings)}`);
  let result: T;
  try {
    result = await work(session);
  } catch (error) {
    await session.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
  await session.query('COMMIT');
  return result;
};

/** Speaks with a server through a pool. */
export const serverDriver = (pool: PostgresPool, settings: ServerSettings, end: () => Promise<void>): Driver => {
  const timeoutMs = settings.statementTimeoutMs + patienceMs;
  return {
    where: settings.where,
    isServer: true,
    query: (text, values, { run } = {}) =>
      lend(pool, settings, run, (lent) => sessionOf(lent, settings, timeoutMs).query(text, values)),
    transaction: (work, { run, settings: own } = {}) =>
      lend(pool, settings, run, (lent) => inTransaction(sessionOf(lent, settings, timeoutMs), own, work)),
    unlimited: (work, { run } = {}) =>
      lend(pool, settings, run, async (lent) => {
        const session = sessionOf(lent, settings, longestTimerMs);
        await session.query('SET statement_timeout = 0');
        try {
          return await work(session);
        } finally {
          await session.query('RESET statement_timeout');
        }
      }),
    close: end,
  };
};

export interface PoolSettings extends ServerSettings {
  readonly connectionString: string;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
}

/** Makes a pool of its own with the package `pg`. Connections are opened when they are needed. */
export const ownPool = async (settings: PoolSettings): Promise<Driver> => {
  const { Pool } = (await loadOptional('pg', 'a Postgres server', () => import('pg'))).default;
  const pool = new Pool({
    connectionString: settings.connectionString,
    max: settings.maxConnections,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    statement_timeout: settings.statementTimeoutMs,
    application_name: 'pipewright',
    keepAlive: true,
    // A program that forgets to close the pool ends all the same.
    allowExitOnIdle: true,
  });
  // An idle connection that the server ends is replaced when the next one is needed.
  pool.on('error', () => undefined);
  return serverDriver(pool, settings, () => pool.end());
};
