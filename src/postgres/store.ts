import {
  checkStoreChange,
  checkStoreKey,
  checkStoreValue,
  type Clock,
  createLock,
  PipewrightError,
  type Store,
  type StoreChange,
  type StoreRange,
  systemClock,
} from '../core/index.js';
import { openTable, tableName } from './catalog.js';
import type { Postgres } from './connection.js';
import { parameters } from './filter-sql.js';
import type { Session } from './session.js';
import { checkName } from './sql-text.js';

export interface PostgresStoreOptions {
  /** Name of the store: a table `store_<name>` in the schema of the handle. @default 'main' */
  readonly name?: string;
  /** Tells when entries with `ttlMs` are over. Machines that share a store must agree on the time. @default the real clock */
  readonly clock?: Clock;
}

const formatVersion = 1;
/** How many entries a range reads, and how many expired ones a write clears, at once. */
const pageEntries = 256;

const bytesOf = (text: string): Uint8Array => Buffer.from(text);
/** Lists of bytes are sent as text: the embedded Postgres takes no lists of bytes. */
const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

const expiryOf = (nowMs: number, ttlMs: number | undefined): number | null =>
  ttlMs === undefined || ttlMs === Infinity ? null : nowMs + ttlMs;

/** Changes as three lists, the last one of each key, in the order of keys: writers that meet must not wait for each other. */
interface Batch {
  readonly keys: readonly string[];
  /** Undefined deletes; with the time when it is over. */
  readonly puts: readonly (readonly [key: string, value: string, expiresMs: number | null])[];
}

const batchOf = (changes: readonly StoreChange[], nowMs: number): Batch => {
  const last = new Map<string, StoreChange>();
  for (const change of changes) {
    checkStoreChange(change);
    last.set(change.key, change);
  }
  const sorted = [...last.values()].sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  return {
    keys: sorted.map(({ key }) => base64(bytesOf(key))),
    puts: sorted.flatMap((change) =>
      change.type === 'put'
        ? [[base64(bytesOf(change.key)), base64(change.value), expiryOf(nowMs, change.ttlMs)] as const]
        : [],
    ),
  };
};

const write = async (session: Session, table: string, { keys, puts }: Batch, nowMs: number): Promise<void> => {
  const listed = `(SELECT decode(key, 'base64') FROM unnest($1::text[]) AS key)`;
  await session.query(
    `WITH old AS MATERIALIZED (SELECT key FROM ${table} WHERE key IN ${listed} ORDER BY key FOR UPDATE)
     DELETE FROM ${table} t USING old WHERE t.key = old.key`,
    [keys],
  );
  if (puts.length > 0)
    await session.query(
      `INSERT INTO ${table} (key, value, expires_ms)
     SELECT decode(key, 'base64'), decode(value, 'base64'), expires_ms
     FROM unnest($1::text[], $2::text[], $3::float8[]) AS given(key, value, expires_ms)
     ON CONFLICT (key) DO UPDATE SET (value, expires_ms) = (excluded.value, excluded.expires_ms)`,
      [puts.map(([key]) => key), puts.map(([, value]) => value), puts.map(([, , at]) => String(at ?? 'infinity'))],
    );
  // What is over goes on the way. Last, and never waiting: else two writers could wait for each other.
  await session.query(
    `DELETE FROM ${table} WHERE key IN (SELECT key FROM ${table} WHERE expires_ms <= $1
       ORDER BY key LIMIT ${pageEntries} FOR UPDATE SKIP LOCKED)`,
    [nowMs],
  );
};

interface Comparison {
  readonly key: Uint8Array;
  readonly expected: Uint8Array | undefined;
  readonly value: Uint8Array;
}

interface EntryTimes {
  readonly nowMs: number;
  readonly expiresMs: number | null;
}

const compareAndSet = async (
  db: Pick<Session, 'query'>,
  table: string,
  { key, expected, value }: Comparison,
  { nowMs, expiresMs }: EntryTimes,
): Promise<boolean> => {
  // One statement each: the server locks the row, and looks at it as it then is.
  const done =
    expected === undefined
      ? await db.query(
          `INSERT INTO ${table} AS t (key, value, expires_ms) VALUES ($1, $2, coalesce($3::float8, 'infinity'))
           ON CONFLICT (key) DO UPDATE SET (value, expires_ms) = (excluded.value, excluded.expires_ms)
           WHERE t.expires_ms <= $4 RETURNING 1 AS done`,
          [key, value, expiresMs, nowMs],
        )
      : await db.query(
          `UPDATE ${table} SET (value, expires_ms) = ($2, coalesce($3::float8, 'infinity'))
           WHERE key = $1 AND expires_ms > $4 AND value = $5 RETURNING 1 AS done`,
          [key, value, expiresMs, nowMs, expected],
        );
  return done.length === 1;
};

const compareAndWrite = async (
  db: Postgres,
  table: string,
  entry: Comparison,
  times: EntryTimes,
  also: Batch,
): Promise<boolean> => {
  if (also.keys.length === 0) return compareAndSet(db, table, entry, times);
  return db.transaction(async (session) => {
    const isSet = await compareAndSet(session, table, entry, times);
    if (isSet) await write(session, table, also, times.nowMs);
    return isSet;
  });
};

interface PageRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

interface StorePlace {
  readonly db: Postgres;
  readonly table: string;
  readonly clock: Clock;
}

const pageOf = (
  { db, table, clock }: StorePlace,
  { from, to, isReversed = false }: StoreRange,
  beyond: Uint8Array | undefined,
  limit: number,
): Promise<readonly PageRow[]> => {
  const values = parameters(clock.now(), limit);
  const conditions = ['expires_ms > $1'];
  if (from !== undefined) conditions.push(`key >= ${values.add(bytesOf(from))}`);
  if (to !== undefined) conditions.push(`key < ${values.add(bytesOf(to))}`);
  if (beyond !== undefined) conditions.push(`key ${isReversed ? '<' : '>'} ${values.add(beyond)}`);
  const order = isReversed ? 'DESC' : 'ASC';
  const sql = `SELECT key, value FROM ${table} WHERE ${conditions.join(' AND ')} ORDER BY key ${order} LIMIT $2::int`;
  return db.query<PageRow>(sql, values.values);
};

/** Walks from page to page, so that memory stays bounded and what is deleted meanwhile is not seen. */
const rangeOf = async function* (
  place: StorePlace,
  range: StoreRange,
  checkOpen: () => void,
): ReturnType<Store['range']> {
  checkOpen();
  checkStoreKey(range.from ?? '');
  checkStoreKey(range.to ?? '');
  let beyond: Uint8Array | undefined;
  for (let left = range.limit ?? Infinity; left > 0; ) {
    const limit = Math.min(left, pageEntries);
    const page = await pageOf(place, range, beyond, limit);
    for (const { key, value } of page) {
      checkOpen();
      yield [Buffer.from(key).toString(), new Uint8Array(value)];
    }
    if (page.length < limit) return;
    left -= page.length;
    beyond = page.at(-1)?.key;
    checkOpen();
  }
};

const createTable = async (session: Session, table: string): Promise<void> => {
  await session.query(
    `CREATE TABLE ${table} (key bytea PRIMARY KEY, value bytea NOT NULL, expires_ms float8 NOT NULL)`,
  );
  await session.query(`CREATE INDEX ON ${table} (expires_ms) WHERE expires_ms < 'infinity'`);
};

/**
 * Opens a key-value store in Postgres, for what machines share: budgets, limits, conversations, caches.
 * @throws {PipewrightError} `store-newer` when a later version of pipewright made it; `connection-lost` and the like.
 * @example await (await postgresStore(await postgres({ pglite: 'memory://' }))).get('ann') // => undefined
 */
export const postgresStore = async (db: Postgres, options: PostgresStoreOptions = {}): Promise<Store> => {
  const { name = 'main', clock = systemClock } = options;
  checkName('name', name);
  const table = tableName(db, `store_${name}`);
  await openTable(db, {
    table: `store_${name}`,
    version: formatVersion,
    settle: () => ({}),
    create: (session) => createTable(session, table),
  });
  const place: StorePlace = { db, table, clock };
  // What one process asks for is done in its order.
  const lock = createLock();
  let closing: Promise<void> | undefined;
  const checkOpen = (): void => {
    if (closing !== undefined) throw new PipewrightError('store-closed', `The store ${name} in ${db.where} is closed.`);
  };
  const store: Store = {
    get: async (key) => {
      checkOpen();
      checkStoreKey(key);
      const [row] = await db.query<{ value: Uint8Array }>(
        `SELECT value FROM ${table} WHERE key = $1 AND expires_ms > $2`,
        [bytesOf(key), clock.now()],
      );
      return row === undefined ? undefined : new Uint8Array(row.value);
    },
    range: (range) => rangeOf(place, range, checkOpen),
    write: async (changes) => {
      checkOpen();
      const nowMs = clock.now();
      const batch = batchOf(changes, nowMs);
      if (batch.keys.length > 0) await lock.run(() => db.transaction((session) => write(session, table, batch, nowMs)));
    },
    compareAndSet: async (key, expected, value, { ttlMs, also = [] } = {}) => {
      checkOpen();
      checkStoreChange({ type: 'put', key, value, ...(ttlMs !== undefined && { ttlMs }) });
      if (expected !== undefined) checkStoreValue(key, expected);
      const nowMs = clock.now();
      const entry = {
        key: bytesOf(key),
        expected: expected && new Uint8Array(expected),
        value: new Uint8Array(value),
      };
      const times = { nowMs, expiresMs: expiryOf(nowMs, ttlMs) };
      const batch = batchOf(also, nowMs);
      return lock.run(() => compareAndWrite(db, table, entry, times, batch));
    },
    close: () => {
      closing ??= lock.idle();
      return closing;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
};
