import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AIMessage, type BaseMessage, ToolMessage } from '@langchain/core/messages';
import type { ChatResult } from '@langchain/core/outputs';
import { tool } from '@langchain/core/tools';
import { createReactAgent } from '@langchain/langgraph/prebuilt';
import { z } from 'zod';
import { type AgentContender, answer, stepCount } from '../lib/agent-contender.js';

class LoopingModel extends BaseChatModel {
  _llmType(): string {
    return 'loop';
  }
  override bindTools(): this {
    return this;
  }
  async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const step = messages.filter((message) => ToolMessage.isInstance(message)).length;
    const message =
      step === stepCount
        ? new AIMessage(answer)
        : new AIMessage({ content: '', tool_calls: [{ id: `call_${step}`, name: 'add', args: { a: step, b: 1 } }] });
    return { generations: [{ text: String(message.content), message }] };
  }
}

const add = tool(async ({ a, b }) => a + b, {
  name: 'add',
  description: 'Adds two numbers.',
  schema: z.object({ a: z.number(), b: z.number() }),
});

export const contenders: readonly AgentContender[] = [
  {
    name: 'LangGraph createReactAgent',
    make: async () => {
      const agent = createReactAgent({ llm: new LoopingModel({}), tools: [add] });
      return async () => {
        const { messages } = await agent.invoke({ messages: [['user', 'Add.']] }, { recursionLimit: 100 });
        return String(messages.at(-1)?.content);
      };
    },
  },
];
