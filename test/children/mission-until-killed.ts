import { agent, autonomousAgent } from 'pipewright/agent';
import { diskStore } from 'pipewright/store';
import { callsTool, scripted } from 'pipewright/testing';
import { tool } from 'pipewright/tool';
import { z } from 'zod';

/** Counts up in a mission on disk, and prints each number once it is acknowledged, until it is killed. */
const [, , path = '', id = ''] = process.argv;
const store = await diskStore(path);
const count = tool({
  name: 'count',
  description: 'Counts.',
  input: z.object({ n: z.number() }),
  run: ({ n }) => n,
});
// It knows how far it is from what it is asked: also in a process that goes on.
const model = scripted(
  [
    ({ messages }) => {
      const n = messages.filter(({ role }) => role === 'tool').length + 1;
      process.stdout.write(`${n}\n`);
      return n > 5_000 ? 'Done.' : callsTool('count', { n }, `c${n}`);
    },
  ],
  { shouldRepeat: true },
);
const counting = autonomousAgent(agent(model, { tools: [count], maxSteps: 10_000 }), {
  store,
  limits: { maxCalls: 10_000 },
  leaseMs: 300,
});
await counting.start({ goal: 'Count.', id });
await counting.wait(id);
