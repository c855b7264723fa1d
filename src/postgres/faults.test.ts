import { getEventListeners } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type TestServer } from '../../test/servers/postgres.js';
import { createRun, isPipewrightError, type RunEvent } from '../core/index.js';
import { type Postgres, postgres, postgresKeywords, postgresStore, postgresVectors } from './index.js';

const server = await startPostgres('losing a Postgres server mid-way');
const schema = `faults_${process.pid}`;
const secret = 'hunter2-secret';

const connect = (
  options: { readonly maxConnections?: number; readonly statementTimeoutMs?: number } = {},
): Promise<Postgres> =>
  postgres({ connectionString: (server as TestServer).connectionString, schema, connectTimeoutMs: 3_000, ...options });

const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Everything that an error shows: its text, its causes, its fields. */
const shown = (error: unknown): string => {
  const parts: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause)
    parts.push(String(at.stack), JSON.stringify(at), JSON.stringify({ ...at }));
  return parts.join('\n');
};

/** A server that accepts and then says nothing, or closes the socket. */
const badListener = async (onSocket: (socket: Socket) => void): Promise<Server & { readonly url: string }> => {
  const listener = createServer(onSocket);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { readonly port: number };
  return Object.assign(listener, { url: `postgres://me:${secret}@127.0.0.1:${port}/db` });
};

describe('an address without a server', () => {
  it('Q26 Q30 is a typed, retryable error that does not show the password', async () => {
    const silent = await badListener(() => undefined);
    const closing = await badListener((socket) => socket.destroy());
    const urls = [`postgres://me:${secret}@127.0.0.1:1/db`, silent.url, closing.url];
    for (const connectionString of urls) {
      await using db = await postgres({ connectionString, connectTimeoutMs: 200 });
      const error = await failureOf(postgresStore(db));
      expect(error).toMatchObject({
        retryable: true,
        code: connectionString === silent.url ? 'timeout' : 'connection-lost',
      });
      expect(shown(error)).not.toContain(secret);
      expect(db.where).not.toContain(secret);
    }
    silent.close();
    closing.close();
  });

  it('Q30 an address that cannot be read is refused without being quoted', async () => {
    for (const connectionString of [`postgres//me:${secret}@x`, `http://me:${secret}@x/db`, secret]) {
      const error = await failureOf(postgres({ connectionString }));
      expect(error).toMatchObject({ code: 'bad-option' });
      expect(shown(error)).not.toContain(secret);
    }
    await expect(postgres({})).rejects.toMatchObject({ code: 'bad-option' });
  });
});

describe.runIf(server !== undefined)('a Postgres server that is lost', () => {
  let db: Postgres;
  beforeAll(async () => {
    db = await connect({ maxConnections: 4 });
  });
  afterAll(async () => {
    await db.close();
    await server?.[Symbol.asyncDispose]();
  });

  it('Q26 gives every call under way a typed, retryable error when its connection is ended, and works on', async () => {
    const slow = Array.from({ length: 3 }, () => failureOf(db.query('SELECT pg_sleep(30)')));
    const ended = async (): Promise<number> =>
      (await db.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)'`))
        .length;
    let count = 0;
    while (count < 3) count += await ended();
    for (const error of await Promise.all(slow)) {
      expect(error).toMatchObject({ code: 'connection-lost', retryable: true });
      expect(shown(error)).not.toContain(secret);
    }
    expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('Q26 says what is wrong when no connection is free, and when a statement takes too long', async () => {
    await using small = await postgres({
      connectionString: (server as TestServer).connectionString,
      schema,
      maxConnections: 1,
      connectTimeoutMs: 100,
      statementTimeoutMs: 300,
    });
    const slow = failureOf(small.query('SELECT pg_sleep(30)'));
    expect(await failureOf(small.query('SELECT 1'))).toMatchObject({
      code: 'timeout',
      retryable: true,
      message: expect.stringContaining('maxConnections'),
    });
    expect(await slow).toMatchObject({
      code: 'timeout',
      retryable: true,
      message: expect.stringContaining('statementTimeoutMs'),
    });
    expect(await small.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('Q01 cancels the statement on the server when the run is aborted, at once, and leaves no listener', async () => {
    const control = new AbortController();
    const events: RunEvent[] = [];
    const run = createRun({ signal: control.signal, on: (event) => events.push(event) });
    const outcome = failureOf(db.query('SELECT pg_sleep(31)', [], { run }));
    const running = (): Promise<readonly unknown[]> =>
      db.query(`SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(31)' AND state = 'active'`);
    while ((await running()).length === 0);
    control.abort('enough');
    expect(await outcome).toBe('enough');
    // It would go on for half a minute.
    while ((await running()).length > 0);
    expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
    expect(JSON.stringify(events)).not.toContain(secret);
  });

  it('rolls back what an aborted run had written, and goes on', async () => {
    const store = await postgresVectors(db, { name: 'aborted', dimensions: 1 });
    const control = new AbortController();
    const run = createRun({ signal: control.signal });
    const entries = Array.from({ length: 2_000 }, (_, i) => ({ id: `e${i}`, text: 'x'.repeat(500), vector: [1] }));
    const outcome = failureOf(store.add(entries, run));
    while (
      (await db.query(`SELECT 1 FROM pg_stat_activity WHERE query LIKE 'INSERT INTO%vectors_aborted%'`)).length === 0
    );
    control.abort('enough');
    expect(await outcome).toBe('enough');
    await store.add(entries.slice(0, 3));
    expect(await store.stats()).toMatchObject({ count: 3 });
    await store.close();
  });

  it('serves several processes: upserts and deletes that meet never wait for each other in a circle', async () => {
    await using other = await connect({ maxConnections: 4 });
    const names = ['vectors', 'keywords', 'store'] as const;
    const open = async (on: Postgres) => ({
      vectors: await postgresVectors(on, { name: 'shared', dimensions: 1 }),
      keywords: await postgresKeywords(on, { name: 'shared' }),
      store: await postgresStore(on, { name: 'shared' }),
    });
    const [a, b] = await Promise.all([open(db), open(other)]);
    const ids = Array.from({ length: 40 }, (_, i) => `e${i}`);
    const shuffled = (seed: number): string[] =>
      [...ids].sort((x, y) => ((x.length * seed) % 7) - ((y.length * seed) % 5) || (seed % 2 ? 1 : -1));
    const work: Promise<unknown>[] = [];
    for (let round = 0; round < 6; round++) {
      for (const { vectors, keywords, store } of [a, b]) {
        const some = shuffled(round * 2 + (vectors === a.vectors ? 0 : 1)).slice(0, 30);
        work.push(vectors.upsert(some.map((id) => ({ id, text: `word${id}`, vector: [round + 1] }))));
        work.push(keywords.upsert(some.map((id) => ({ id, text: `common word${id} round${round}` }))));
        work.push(store.write(some.map((key) => ({ type: 'put', key, value: Buffer.from(key) }))));
        work.push(vectors.delete(some.slice(0, 5)), keywords.delete(some.slice(5, 10)));
        work.push(store.write(some.slice(0, 9).map((key) => ({ type: 'delete', key }))));
      }
    }
    const failed = (await Promise.allSettled(work)).filter(({ status }) => status === 'rejected');
    expect(failed).toEqual([]);
    // Sums, documents and postings agree after all that.
    const listed = await a.keywords.search('common', { k: 100 });
    expect((await b.keywords.stats()).count).toBe(listed.length);
    const rounds = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => a.keywords.search(`round${n}`, { k: 100 })));
    expect(rounds.flat()).toHaveLength(listed.length);
    expect((await a.vectors.search([1], { k: 100 })).length).toBe((await b.vectors.stats()).count);
    expect(names).toHaveLength(3);
    for (const { vectors, keywords, store } of [a, b]) {
      await Promise.all([vectors.close(), keywords.close(), store.close()]);
    }
  });

  it('opens the same collection many times at once', async () => {
    await using other = await connect();
    const opened = await Promise.all(
      Array.from({ length: 8 }, (_, i) => postgresVectors(i % 2 ? db : other, { name: 'together', dimensions: 2 })),
    );
    await opened[0]?.add([{ id: 'a', text: 'a', vector: [1, 0] }]);
    expect(await opened[7]?.stats()).toMatchObject({ count: 1 });
    for (const store of opened) await store.close();
  });

  it('works through a pool of the user, which stays open', async () => {
    const pool = new pg.Pool({ connectionString: (server as TestServer).connectionString, max: 2 });
    pool.on('error', () => undefined);
    const own = await postgres({ pool, schema });
    const store = await postgresStore(own, { name: 'own' });
    await store.write([{ type: 'put', key: 'a', value: Buffer.from('1') }]);
    await store.close();
    await own.close();
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store-closed' });
    await pool.end();
  });

  it('Q26 fails every call while the server is down, and goes on when it is back', async () => {
    const crash = server?.crash;
    const restart = server?.restart;
    if (crash === undefined || restart === undefined)
      return console.warn('Left out: the server in PIPEWRIGHT_POSTGRES is not ours to crash.');
    await using vectors = await postgresVectors(db, { name: 'crash', dimensions: 1 });
    await vectors.add([{ id: 'before', text: 'before', vector: [1] }]);
    const under = [
      failureOf(db.query('SELECT pg_sleep(30)')),
      failureOf(db.transaction((session) => session.query('SELECT pg_sleep(30)'))),
    ];
    while ((await db.query(`SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)'`)).length < 2);
    await crash();
    for (const error of await Promise.all(under))
      expect(error).toMatchObject({ code: 'connection-lost', retryable: true });
    const calls = [
      vectors.search([1]),
      vectors.upsert([{ id: 'x', text: 'x', vector: [1] }]),
      vectors.stats(),
      vectors.get(['before']),
    ];
    for (const error of await Promise.all(calls.map(failureOf))) {
      expect(isPipewrightError(error) && error.retryable).toBe(true);
    }
    await restart();
    expect((await vectors.search([1])).map(({ id }) => id)).toEqual(['before']);
  });
});
