import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRun, sleep } from 'pipewright';
import { agent, autonomousAgent } from 'pipewright/agent';
import { diskStore } from 'pipewright/store';
import { scripted } from 'pipewright/testing';
import { tool } from 'pipewright/tool';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { killedChild } from './killed-child.js';

const child = fileURLToPath(new URL('children/mission-until-killed.ts', import.meta.url));

it('Q25 a mission whose process is killed goes on in another, and pays for nothing again that was kept', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pipewright-mission-'));
  try {
    const path = join(root, 'store');
    const printed = await killedChild(['--import', 'tsx', child, path, 'm'], { afterMs: 150 });
    const asked = Number(printed.at(-1));
    expect(asked).toBeGreaterThan(1);
    await using store = await diskStore(path);
    const count = tool({ name: 'count', description: '', input: z.object({}), run: () => 'again' });
    const model = scripted(['Far enough.']);
    await using counting = autonomousAgent(agent(model, { tools: [count], maxSteps: 10_000 }), {
      store,
      limits: { maxCalls: 10_000 },
      leaseMs: 300,
    });
    // Its process gives no sign of life any more, though it was `executing` when it died.
    expect((await counting.status('m')).phase).toBe('executing');
    await sleep(350, createRun());
    expect((await counting.status('m')).isRunning).toBe(false);
    await counting.resume('m');
    const done = await counting.wait('m');
    expect(done).toMatchObject({ phase: 'done', text: 'Far enough.' });
    expect(model.requests).toHaveLength(1);
    // At most the call that was under way is not there.
    const known = model.requests[0]?.messages.filter(({ role }) => role === 'assistant').length ?? 0;
    expect(known).toBeGreaterThanOrEqual(asked - 1);
    expect(done.calls).toBe(known + 1);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}, 30_000);
