import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { MemberChange } from 'pipewright/bus';
import { redisBus, redisStore } from 'pipewright/redis';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type PrintingChild, printingChild } from './printing-child.js';
import { startRedis } from './servers/redis.js';

const server = await startRedis('several processes on one Redis bus');
const child = fileURLToPath(new URL('children/work-on-redis-bus.ts', import.meta.url));
const running: ChildProcess[] = [];
afterAll(async () => {
  for (const process of running) process.kill('SIGKILL');
  await server?.[Symbol.asyncDispose]();
});

const url = server?.url ?? '';
const prefix = `p${process.pid}`;

const startWorker = (): PrintingChild => {
  const started = printingChild(child, url, prefix);
  running.push(started.process);
  return started;
};
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 10 });

describe.runIf(server !== undefined)('two processes under one name on a Redis bus', () => {
  it('share requests, and one takes over what the other was killed at, with its effect counted once', async () => {
    await using bus = await redisBus({ url, prefix });
    await using store = await redisStore({ url, prefix });
    await using boss = await bus.join('boss', { leaseMs: 600 });
    const changes: MemberChange[] = [];
    bus.onMember((change) => changes.push(change));

    const [first, second] = [startWorker(), startWorker()];
    await eventually(() => expect([...first.lines, ...second.lines]).toEqual(['joined', 'joined']));
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => boss.request('worker', { type: 'who', payload: n })),
    );
    expect(new Set(answers)).toEqual(new Set([first.process.pid, second.process.pid]));

    await boss.send('worker', { type: 'hang', payload: null });
    await eventually(() => expect([...first.lines, ...second.lines]).toContain('attempt 1, counted'));
    const [killed, heir] = first.lines.length > 1 ? [first, second] : [second, first];
    killed.process.kill('SIGKILL');
    await eventually(() => expect(heir.lines).toEqual(['joined', 'attempt 2, was counted before']));
    const effects: string[] = [];
    for await (const [key] of store.range({ from: 'effect/', to: 'effect0' })) effects.push(key);
    expect(effects).toEqual([`effect/${killed.process.pid}`]);
    // The name has gone on living.
    expect(changes.filter(({ type }) => type === 'member-left')).toEqual([]);
    expect(await boss.request('worker', { type: 'who', payload: 0 })).toBe(heir.process.pid);

    // Now the last one is killed in the midst of a request, which fails long before its deadline.
    const lost = boss.request('worker', { type: 'hang', payload: null, timeoutMs: 60_000 });
    lost.catch(() => undefined);
    await eventually(() => expect(heir.lines.at(-1)).toBe('attempt 1, counted'));
    heir.process.kill('SIGKILL');
    await expect(lost).rejects.toMatchObject({ code: 'member-left', retryable: true });
    expect(changes.at(-1)).toEqual({ type: 'member-left', name: 'worker', reason: 'died' });
  });
});
