import { Agent, type Model, Runner, setTracingDisabled, type StreamEvent, Usage } from '@openai/agents';
import { type Contender, deltaCount, deltaText, expectLength } from '../lib/contender.js';

setTracingDisabled(true);

const message = {
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text' as const, text: 'hello' }],
} as const;
const output = [{ ...message, content: [...message.content] }];

const model: Model = {
  getResponse: async () => ({ usage: new Usage(), output, responseId: 'r' }),
  async *getStreamedResponse(): AsyncGenerator<StreamEvent> {
    yield { type: 'response_started' };
    for (let i = 0; i < deltaCount; i++) yield { type: 'output_text_delta', delta: deltaText };
    const usage = { requests: 1, inputTokens: 3, outputTokens: 10, totalTokens: 13 };
    yield { type: 'response_done', response: { id: 'r', usage, output } };
  },
};

export const contenders: readonly Contender[] = [
  {
    name: 'OpenAI Agents, streamed',
    job: 'delta',
    units: deltaCount,
    make: async () => {
      const agent = new Agent({ name: 'echo', instructions: 'Echo.', model });
      const runner = new Runner({ tracingDisabled: true });
      return async () => {
        const result = await runner.run(agent, 'hi', { stream: true });
        let length = 0;
        for await (const text of result.toTextStream()) length += text.length;
        await result.completed;
        expectLength(length);
      };
    },
  },
];
