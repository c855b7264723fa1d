// Makes, uses and drops agents, flows, buses and teams, and tells how the heap has grown; run by test/requirements/bounds.test.ts.
import { z } from 'zod';
import { agent, planAgent, reflectiveAgent, sourceAgent } from '../../src/agent/index.js';
import { memoryBus } from '../../src/bus/index.js';
import { createRun, type Run } from '../../src/core/index.js';
import { checkpointed, durable, once, stateGraph, stateType } from '../../src/flow/index.js';
import { memoryStore } from '../../src/store/index.js';
import { consensus, handoffs } from '../../src/team/index.js';
import { callsTool, scripted } from '../../src/testing/index.js';
import { policy, reliableTool, tool, toolbox, toolMetrics } from '../../src/tool/index.js';

const { signal } = new AbortController();
const position = '{"ranking": ["tea"], "confidence": 0.9, "reasons": ["It is warm."]}';
const plan = '{"tasks": [{"id": "a", "description": "Say it.", "dependsOn": []}]}';

const made = (index: number) => {
  const note = tool({
    name: 'note',
    description: `${'x'.repeat(500)} ${index}`,
    input: z.object({ n: z.number() }),
    isReadOnly: true,
    run: ({ n }) => n,
  });
  const tools = toolbox([toolMetrics().measure(reliableTool([note]))], { policy: policy([{ verdict: 'allow' }]) });
  return { tools, model: scripted([callsTool('note', { n: index }), 'Done.'], { shouldRepeat: true }) };
};

const jobs: readonly ((index: number, run: Run) => Promise<unknown>)[] = [
  (index, run) => {
    const { model, tools } = made(index);
    return agent(model, { tools })(`Note ${index}.`, run);
  },
  (index, run) => sourceAgent(scripted(['Hi.']), { tools: made(index).tools })('Hello.', run),
  (_, run) => planAgent(scripted([plan, 'Said.', 'Done.']))('Say it.', run),
  (_, run) => reflectiveAgent(scripted(['A.']), { critic: () => 1 })('Write.', run),
  (index, run) => handoffs({ one: { model: scripted([`${index}`]), description: '' } })('Go.', run),
  (_, run) => consensus(['ann', 'bob'].map((name) => ({ name, agent: agent(scripted([position])) })))('Tea?', run),
  async (index, run) => {
    const count = stateGraph({
      state: stateType<{ readonly n: number }>(),
      nodes: { add: ({ n }) => ({ n: n + 1 }) },
      start: 'add',
      edges: { add: ({ n }) => (n < 3 ? 'add' : 'end') },
    });
    await checkpointed(count, { name: 'count', store: memoryStore() }).start(`${index}`, { n: 0 }, run);
  },
  (index, run) =>
    durable(
      once('x', (n: number) => n),
      { name: 'x', store: memoryStore() },
    )({ id: `${index}`, input: 1 }, run),
  async () => {
    await using bus = memoryBus();
    await using one = await bus.join('one');
    await using two = await bus.join('two');
    const serving = one.serve(() => 'pong');
    await two.request('one', { type: 'ping', payload: null });
    await one[Symbol.asyncDispose]();
    await serving;
  },
];

const round = async (count: number): Promise<number> => {
  for (let index = 0; index < count; index += 1) {
    const job = jobs[index % jobs.length];
    await job?.(index, createRun({ signal }));
  }
  for (let turn = 0; turn < 3; turn += 1) {
    globalThis.gc?.();
    await new Promise(setImmediate);
  }
  return process.memoryUsage().heapUsed;
};

// Until the code is compiled and its caches are full.
await round(5_000);
const before = await round(5_000);
const after = await round(5_000);
process.stdout.write(JSON.stringify({ before, after }));
