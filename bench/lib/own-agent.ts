import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type AgentContender, answer, stepCount } from './agent-contender.js';

// The built package, as users get it.
const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const { agent }: typeof import('pipewright/agent') = await import(join(dist, 'agent.js'));
const { chatModel }: typeof import('pipewright/model') = await import(join(dist, 'model.js'));
const { tool }: typeof import('pipewright/tool') = await import(join(dist, 'tool.js'));

/** A model that asks for the tool until the conversation has so many results, and then answers. */
const loopingModel = () =>
  chatModel({
    id: 'bench:loop',
    model: 'loop',
    provider: 'bench',
    features: { tools: true, jsonSchema: false, images: false, files: false, reasoning: false, citations: false },
    limits: {},
    stream: async function* (request) {
      const step = request.messages.filter(({ role }) => role === 'tool').length;
      if (step < stepCount) {
        yield { type: 'tool-call-delta', key: '0', id: `call_${step}`, name: 'add', text: `{"a":${step},"b":1}` };
        yield { type: 'finish', reason: 'tool-call' };
      } else {
        yield { type: 'text-delta', text: answer };
        yield { type: 'finish', reason: 'stop' };
      }
    },
  });

const add = tool({
  name: 'add',
  description: 'Adds two numbers.',
  input: z.object({ a: z.number(), b: z.number() }),
  run: ({ a, b }) => a + b,
});

export const contenders: readonly AgentContender[] = [
  {
    name: 'pipewright agent',
    make: async () => {
      const worker = agent(loopingModel(), { tools: [add], maxSteps: stepCount + 1 });
      return async () => (await worker('Add.')).text;
    },
  },
];
