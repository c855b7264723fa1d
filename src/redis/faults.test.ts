import { createServer, type Server, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type RedisServer, startRedis } from '../../test/servers/redis.js';
import { isPipewrightError } from '../core/index.js';
import { redisBus, redisStore } from './index.js';

const server = await startRedis('losing a Redis server mid-way');
const secret = 'hunter2-secret';
afterAll(() => server?.[Symbol.asyncDispose]());

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
const eventually = (check: () => Promise<void> | void): Promise<void> =>
  vi.waitFor(check, { timeout: 10_000, interval: 10 });

/** Everything that an error shows: its text, its causes, its fields. */
const shown = (error: unknown): string => {
  const parts: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) parts.push(String(at.stack), JSON.stringify({ ...at }));
  return parts.join('\n');
};

/** A server that accepts and then says nothing, or closes the socket. */
const badListener = async (onSocket: (socket: Socket) => void): Promise<Server & { readonly url: string }> => {
  const listener = createServer(onSocket);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { readonly port: number };
  return Object.assign(listener, { url: `redis://me:${secret}@127.0.0.1:${port}` });
};

describe('an address without a server', () => {
  it('Q26 Q30 is a typed, retryable error that does not show the password', async () => {
    const sockets: Socket[] = [];
    const silent = await badListener((socket) => sockets.push(socket));
    const closing = await badListener((socket) => socket.destroy());
    for (const url of [`redis://me:${secret}@127.0.0.1:1`, silent.url, closing.url]) {
      for (const open of [redisStore, redisBus]) {
        const error = await failureOf(open({ url, connectTimeoutMs: 200, commandTimeoutMs: 200 }));
        expect(error).toMatchObject({ retryable: true, code: url === silent.url ? 'timeout' : 'connection-lost' });
        expect(shown(error)).not.toContain(secret);
      }
    }
    for (const socket of sockets) socket.destroy();
    silent.close();
    closing.close();
  });

  it('Q30 an address that cannot be read is refused without being quoted', async () => {
    for (const url of [`redis//me:${secret}@x`, `http://me:${secret}@x/0`, secret]) {
      const error = await failureOf(redisStore({ url }));
      expect(error).toMatchObject({ code: 'bad-option' });
      expect(shown(error)).not.toContain(secret);
    }
    expect(await failureOf(redisBus({}))).toMatchObject({ code: 'bad-option' });
    expect(await failureOf(redisStore({ url: 'redis://x', prefix: '{a}' }))).toMatchObject({ code: 'bad-option' });
  });
});

describe.runIf(server !== undefined)('a Redis server', () => {
  const { url = '' } = server ?? {};
  /** A client that sees and spoils what lies on the server. */
  const admin = (): Redis => new Redis(url);

  it('Q30 says that the password is wrong without showing it', async () => {
    const error = await failureOf(redisStore({ url: url.replace(secret, 'wrong-password') }));
    expect(error).toMatchObject({ code: 'not-allowed', retryable: false });
    expect(shown(error)).not.toContain('wrong-password');
  });

  it('is used through a client of the user, which stays open', async () => {
    const client = admin();
    const store = await redisStore({ client, prefix: 'own' });
    await store.write([{ type: 'put', key: 'a', value: Buffer.from('1') }]);
    await store.close();
    const bus = await redisBus({ client, prefix: 'own' });
    const member = await bus.join('ann');
    expect(await member.broadcast({ type: 'x', payload: 1 })).toMatchObject({ receivers: 0 });
    await bus.close();
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
  });

  it('Q27 keeps nothing of what is over, done or left', async () => {
    const client = admin();
    let nowMs = 1_000;
    const clock = { now: () => nowMs, after: () => () => undefined };
    await using store = await redisStore({ url, prefix: 'clean', clock });
    await store.write([{ type: 'put', key: 'a', value: Buffer.from('1'), ttlMs: 10 }]);
    nowMs += 10;
    await store.write([{ type: 'delete', key: 'b' }]);
    expect((await client.keys('{clean}*')).sort()).toEqual(['{clean}:format']);
    const bus = await redisBus({ url, prefix: 'clean', limits: { maxDedupeIds: 10, maxDeadLetters: 5 } });
    const [ann, bob] = [await bus.join('ann', { topics: ['t'] }), await bus.join('bob')];
    void ann.serve(() => 1);
    for (let n = 0; n < 30; n++) await bob.request('ann', { type: 'x', payload: n, threadId: `t${n % 3}` });
    for (let n = 0; n < 8; n++) await ann.send('bob', { type: 'x', payload: n });
    expect(await client.zcard('{clean}:bus:seen')).toBe(10);
    await bus.close();
    expect(await client.xlen('{clean}:bus:dead')).toBe(5);
    const left = (await client.keys('{clean}:bus:*')).map((key) => key.slice('{clean}:bus:'.length)).sort();
    expect(left).toEqual(['counts', 'dead', 'h:t0', 'h:t1', 'h:t2', 'seen', 'threads']);
    client.disconnect();
  });

  it('refuses a store that a later version wrote', async () => {
    const client = admin();
    await client.set('{later}:format', '2');
    expect(await failureOf(redisStore({ url, prefix: 'later' }))).toMatchObject({ code: 'store-newer' });
    client.disconnect();
  });

  it('buries a message that this process cannot read', async () => {
    const text = {
      '~standard': {
        version: 1,
        vendor: 'x',
        validate: (value: unknown) => (typeof value === 'string' ? { value } : { issues: [{ message: 'no text' }] }),
      },
    } as const;
    await using other = await redisBus({ url, prefix: 'schema' });
    await using bus = await redisBus<{ note: string }>({ url, prefix: 'schema', schemas: { note: text } });
    const [from, to] = [await other.join('from'), await bus.join('to')];
    const seen: string[] = [];
    void to.serve(({ payload }) => void seen.push(payload));
    const asked = failureOf(from.request('to', { type: 'other', payload: 1 }));
    await from.send('to', { type: 'note', payload: 1 });
    await from.send('to', { type: 'note', payload: 'fine' });
    expect(await asked).toMatchObject({ code: 'member-failed', message: expect.stringContaining('`other`') });
    await eventually(() => expect(seen).toEqual(['fine']));
    expect((await bus.deadLetters()).items).toMatchObject([
      { reason: 'invalid', error: expect.stringContaining('`other`') },
      { reason: 'invalid', error: expect.stringContaining('no text') },
    ]);
    expect(await failureOf(to.send('from', { type: 'note', payload: 1 as unknown as string }))).toMatchObject({
      code: 'bad-input',
    });
  });

  it('Q26 gives calls typed errors when connections are cut, loses no message, and goes on', async () => {
    const client = admin();
    await using bus = await redisBus({ url, prefix: 'cut' });
    const [ann, bob] = [await bus.join('ann', { leaseMs: 300 }), await bus.join('bob', { leaseMs: 300 })];
    const seen = new Set<unknown>();
    void bob.serve(({ payload }) => {
      seen.add(payload);
      return payload;
    });
    let next = 0;
    const failures: unknown[] = [];
    for (let round = 0; round < 5; round++) {
      const sends = Array.from({ length: 20 }, async () => {
        const message = { type: 'x', payload: next, id: `m${next++}` };
        const error = await failureOf(ann.send('bob', message));
        if (error === undefined) return;
        failures.push(error);
        // Sent again under its id: whether or not it had arrived, it counts once.
        await eventually(async () => void (await ann.send('bob', message)));
      });
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await Promise.all(sends);
    }
    expect(failures.length).toBeGreaterThan(0);
    for (const error of failures) expect(error).toMatchObject({ code: 'connection-lost', retryable: true });
    await eventually(() => expect(seen.size).toBe(100));
    expect(await ann.request('bob', { type: 'x', payload: 'still' })).toBe('still');
    await eventually(async () => expect((await bus.metrics()).depth).toBe(0));
    client.disconnect();
  });

  it('Q26 fails what is asked for while the server is down, and goes on when it is back, though it is empty', async () => {
    const { crash, restart } = server as RedisServer;
    if (crash === undefined || restart === undefined)
      return console.warn('Left out: the server in PIPEWRIGHT_REDIS is not ours to crash.');
    await using store = await redisStore({ url, prefix: 'crash', commandTimeoutMs: 2_000 });
    await using bus = await redisBus({ url, prefix: 'crash', commandTimeoutMs: 2_000 });
    const [ann, bob] = [await bus.join('ann', { leaseMs: 300 }), await bus.join('bob', { leaseMs: 300 })];
    const serving = bob.serve(({ payload }) => payload);
    const slow = await bus.join('slow', { leaseMs: 300 });
    const waiting = failureOf(ann.request('slow', { type: 'x', payload: 1, timeoutMs: 1_500 }));
    await crash();
    const calls = [
      store.get('a'),
      store.write([{ type: 'put', key: 'a', value: Buffer.from('1') }]),
      store.compareAndSet('a', undefined, Buffer.from('1')),
      ann.send('bob', { type: 'x', payload: 1 }),
      ann.request('bob', { type: 'x', payload: 1 }),
      bus.members(),
      bus.join('cy'),
    ];
    for (const error of await Promise.all(calls.map(failureOf))) {
      expect(isPipewrightError(error) && error.retryable).toBe(true);
      expect(shown(error)).not.toContain(secret);
    }
    await restart();
    // Nobody joins anew: the members of this process are there again by their signs of life.
    await eventually(async () => expect(await ann.request('bob', { type: 'x', payload: 'back' })).toBe('back'));
    await eventually(async () => expect(await store.compareAndSet('a', undefined, Buffer.from('1'))).toBe(true));
    expect(await waiting).toMatchObject({ retryable: true });
    await bob.leave();
    await serving;
    await slow.leave();
  });
});
