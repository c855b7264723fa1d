import { Redis } from 'ioredis';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { startRedis } from '../../test/servers/redis.js';
import type { MemberChange } from '../bus/index.js';
import { describeMessageBus } from '../testing/suites/index.js';
import { type RedisClient, redisBus } from './index.js';

const server = await startRedis('the message bus on a Redis server');
afterAll(() => server?.[Symbol.asyncDispose]());

const url = server?.url ?? '';
const draft = (payload: unknown) => ({ type: 'note', payload });
const sleepMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const eventually = (check: () => Promise<void> | void): Promise<void> =>
  vi.waitFor(check, { timeout: 10_000, interval: 10 });

describe.runIf(server !== undefined)('Redis', () => {
  let made = 0;
  describeMessageBus('redisBus', {
    open: (options) => redisBus({ ...options, url, prefix: `b${process.pid}-${made++}` }),
    elapse: (ms) => sleepMs(ms + 20),
  });

  it('takes what an instance holds away from it when its lease is over, and what that still says does not count', async () => {
    await using bus = await redisBus({ url, prefix: 'lease' });
    const [ann, heir] = [await bus.join('ann'), await bus.join('bob', { leaseMs: 200 })];
    const stalled = await bus.join('bob', { leaseMs: 200, heartbeat: 'manual' });
    await ann.send('bob', draft(1));
    const { value: lost } = await stalled.receive().next();
    const { value: taken } = await heir.receive().next();
    expect([lost?.attempt, taken?.attempt, taken?.message.payload]).toEqual([1, 2, 1]);
    await lost?.ack();
    expect(await bus.metrics()).toMatchObject({ depth: 1, acknowledged: 0, redelivered: 1 });
    await taken?.ack();
    expect(await bus.metrics()).toMatchObject({ depth: 0, acknowledged: 1 });
  });

  it('keeps the mail of a name that died out for the one who joins next under it', async () => {
    const admin = new Redis(url);
    await using bus = await redisBus({ url, prefix: 'heir' });
    const changes: MemberChange[] = [];
    bus.onMember((change) => changes.push(change));
    const ann = await bus.join('ann', { leaseMs: 200 });
    const gone = await bus.join('bob', { leaseMs: 200, heartbeat: 'manual', topics: ['t'] });
    for (const n of [1, 2]) await ann.send('bob', draft(n));
    await gone.receive().next();
    await eventually(() => expect(changes.at(-1)).toEqual({ type: 'member-left', name: 'bob', reason: 'died' }));
    expect(await ann.publish('t', draft(3))).toMatchObject({ receivers: 0 });
    expect(await admin.pttl('{heir}:bus:q:bob:1')).toBeGreaterThan(0);
    const bob = await bus.join('bob');
    const seen: unknown[] = [];
    for await (const { message, attempt } of bob.receive()) if (seen.push([message.payload, attempt]) === 2) break;
    expect(seen).toEqual([
      [1, 2],
      [2, 1],
    ]);
    expect(await admin.pttl('{heir}:bus:q:bob:1')).toBe(-1);
    admin.disconnect();
  });

  it('takes a settled message for a sign of life of a member that gives them by hand', async () => {
    await using bus = await redisBus({ url, prefix: 'hand' });
    const [ann, bob] = [await bus.join('ann'), await bus.join('bob', { leaseMs: 300, heartbeat: 'manual' })];
    void bob.serve(() => 1);
    for (let n = 0; n < 3; n++) {
      await sleepMs(200);
      expect(await ann.request('bob', draft(n))).toBe(1);
    }
  });

  it('gives a message out again whose acknowledgement was lost', async () => {
    const admin = new Redis(url);
    let isCut = false;
    const inner: RedisClient = admin;
    const client: RedisClient = {
      call: (...args) => (isCut ? Promise.reject(new Error('Connection is closed.')) : inner.call(...args)),
      callBuffer: (...args) => inner.callBuffer(...args),
      duplicate: () => inner.duplicate(),
      subscribe: (...channels) => inner.subscribe(...channels),
      unsubscribe: (...channels) => inner.unsubscribe(...channels),
      on: (event, listener) => inner.on(event, listener),
      disconnect: () => inner.disconnect(),
    };
    await using bus = await redisBus({ client, prefix: 'lost' });
    const [ann, bob] = [await bus.join('ann'), await bus.join('bob')];
    for (const n of [1, 2]) await ann.send('bob', draft(n));
    const { value: told } = await bob.receive().next();
    const { value: lost } = await bob.receive().next();
    isCut = true;
    const failed = { code: 'connection-lost', retryable: true };
    await expect(told?.ack()).rejects.toMatchObject(failed);
    await expect(lost?.ack()).rejects.toMatchObject(failed);
    isCut = false;
    await told?.ack();
    // The connection that listens comes back, and finds what this process does not know to have.
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    const { value: again } = await bob.receive().next();
    expect([again?.message.payload, again?.attempt]).toEqual([2, 1]);
    await again?.ack();
    expect(await bus.metrics()).toMatchObject({ acknowledged: 2, depth: 0 });
    await bus.close();
    admin.disconnect();
  });
});
