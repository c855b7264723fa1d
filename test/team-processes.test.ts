import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { agent } from 'pipewright/agent';
import { redisBus } from 'pipewright/redis';
import { coordinator, joinTeam, teamMember } from 'pipewright/team';
import { scripted } from 'pipewright/testing';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type PrintingChild, printingChild } from './printing-child.js';
import { startRedis } from './servers/redis.js';

const server = await startRedis('a team in several processes');
const child = fileURLToPath(new URL('children/join-team-on-redis.ts', import.meta.url));
const running: ChildProcess[] = [];
afterAll(async () => {
  for (const process of running) process.kill('SIGKILL');
  await server?.[Symbol.asyncDispose]();
});
const url = server?.url ?? '';
const prefix = `team${process.pid}`;

const start = (name: string, mode = 'works'): PrintingChild => {
  const started = printingChild(child, url, prefix, name, mode);
  running.push(started.process);
  return started;
};
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 10 });

describe.runIf(server !== undefined)('a team in several processes on Redis', () => {
  it('goes on with another member when the one that works is killed', async () => {
    await using bus = await redisBus({ url, prefix });
    const idle = teamMember(agent(scripted([]), { name: 'lead' }), { skills: [] });
    await using lead = await joinTeam(bus, idle, { leaseMs: 600 });
    const hanging = start('ann', 'hangs');
    await eventually(() => expect(hanging.lines).toEqual(['joined']));
    const working = start('bob');
    await eventually(() => expect(working.lines).toEqual(['joined']));

    const members = await lead.others();
    expect(members.map(({ profile }) => profile.name).sort()).toEqual(['ann', 'bob']);
    // Of equals the first is asked first.
    const inOrder = [...members].sort((a, b) => (a.profile.name < b.profile.name ? -1 : 1));
    const plan = [{ id: 'dig', description: 'Dig a hole.', dependsOn: [], worker: 'dig' }];
    const going = coordinator(scripted(['The hole is dug.']), inOrder, { plan })('A hole, please.');
    await eventually(() => expect(hanging.lines).toContain('begun'));
    hanging.process.kill('SIGKILL');

    const result = await going;
    expect(result).toMatchObject({ text: 'The hole is dug.', stopReason: 'answered' });
    expect(result.tasks).toMatchObject([{ id: 'dig', status: 'done', result: 'bob dug.' }]);
    expect(result.attempts.map(({ member, outcome }) => [member, outcome])).toEqual([
      ['ann', 'failed'],
      ['bob', 'done'],
    ]);
    expect(working.lines).toEqual(['joined', 'begun']);
  });
});
