import { Agent, type Model, Runner, setTracingDisabled, tool, Usage } from '@openai/agents';
import { z } from 'zod';
import { type AgentContender, answer, stepCount } from '../lib/agent-contender.js';

setTracingDisabled(true);

const model: Model = {
  getResponse: async ({ input }) => {
    const step = Array.isArray(input) ? input.filter(({ type }) => type === 'function_call_result').length : 0;
    const call = {
      type: 'function_call',
      callId: `call_${step}`,
      name: 'add',
      arguments: `{"a":${step},"b":1}`,
    } as const;
    const text = [{ type: 'output_text' as const, text: answer }];
    const message = { type: 'message', role: 'assistant', status: 'completed', content: text } as const;
    const output =
      step === stepCount
        ? [{ ...message, content: [...message.content] }]
        : [{ ...call, status: 'completed' as const }];
    return { usage: new Usage(), output, responseId: `r${step}` };
  },
  getStreamedResponse: () => {
    throw new Error('Nobody streams here.');
  },
};

const add = tool({
  name: 'add',
  description: 'Adds two numbers.',
  parameters: z.object({ a: z.number(), b: z.number() }),
  execute: async ({ a, b }) => a + b,
});

export const contenders: readonly AgentContender[] = [
  {
    name: 'OpenAI Agents run()',
    make: async () => {
      const agent = new Agent({ name: 'adder', instructions: 'Add.', tools: [add], model });
      const runner = new Runner({ tracingDisabled: true });
      return async () => String((await runner.run(agent, 'Add.', { maxTurns: stepCount + 2 })).finalOutput);
    },
  },
];
