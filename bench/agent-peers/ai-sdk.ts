import { stepCountIs, tool, ToolLoopAgent } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { z } from 'zod';
import { type AgentContender, answer, stepCount } from '../lib/agent-contender.js';

const usage = {
  inputTokens: { total: 3, noCache: 3, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 10, text: 10, reasoning: undefined },
};

const model = () =>
  new MockLanguageModelV4({
    doGenerate: async ({ prompt }) => {
      const step = prompt.filter(({ role }) => role === 'tool').length;
      if (step === stepCount) {
        const finishReason = { unified: 'stop', raw: 'stop' } as const;
        return { content: [{ type: 'text', text: answer }], finishReason, usage, warnings: [] };
      }
      const call = { toolCallId: `call_${step}`, toolName: 'add', input: `{"a":${step},"b":1}` };
      const finishReason = { unified: 'tool-calls', raw: 'tool-calls' } as const;
      return { content: [{ type: 'tool-call', ...call }], finishReason, usage, warnings: [] };
    },
  });

const add = tool({
  description: 'Adds two numbers.',
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  execute: async ({ a, b }) => a + b,
});

export const contenders: readonly AgentContender[] = [
  {
    name: 'AI SDK ToolLoopAgent',
    // A new mock for each run: it keeps every call that it ever got.
    make: async () => async () => {
      const agent = new ToolLoopAgent({ model: model(), tools: { add }, stopWhen: stepCountIs(stepCount + 1) });
      return (await agent.generate({ prompt: 'Add.' })).text;
    },
  },
];
