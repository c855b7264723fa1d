import { z } from 'zod';
import { sleep, system, user } from '../../src/core/index.js';
import { mcpServer } from '../../src/mcp/index.js';
import { chatPrompt } from '../../src/prompt/index.js';
import { policy, tool, toolbox } from '../../src/tool/index.js';

const add = tool({
  name: 'add',
  description: 'Adds two numbers.',
  input: z.object({ a: z.number(), b: z.number() }),
  isReadOnly: true,
  run: ({ a, b }) => ({ sum: a + b }),
});
const fail = tool({
  name: 'fail',
  description: 'Fails.',
  input: z.object({}),
  isReadOnly: true,
  run: () => {
    throw new Error('The disk is full.');
  },
});
const wait = tool({
  name: 'wait',
  description: 'Takes long, and tells how far it is.',
  input: z.object({}),
  isReadOnly: true,
  run: async (_input, run) => {
    run.emit({ type: 'progress', label: 'wait', done: 1, total: 2 });
    // The only trace of a cancellation that the client can see.
    run.onAbort(() => process.stderr.write('wait was cancelled\n'));
    await sleep(60_000, run);
    return 'done';
  },
});
const pay = tool({
  name: 'pay',
  description: 'Pays.',
  input: z.object({ eur: z.number() }),
  run: ({ eur }) => `Paid ${eur} euros.`,
});

// Serves until its client goes: `node --import tsx test/children/serve-mcp.ts`.
await mcpServer(toolbox([add, fail, wait, pay], { policy: policy([]) }), {
  name: 'example',
  instructions: 'Add before you pay.',
  resources: {
    documents: [{ id: 'terms', title: 'Terms', text: 'Refunds take 14 days.' }],
    retriever: async (query) => [{ id: 'terms', text: `Found for ${String(query)}.`, score: 1 }],
  },
  prompts: {
    answer: { description: 'Answers in a mood.', prompt: chatPrompt([system('Be {mood}.'), user('{question}')]) },
  },
}).serveStdio();
