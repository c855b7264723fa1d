import { ChatOpenAI } from '@langchain/openai';
import type { StreamContender } from '../lib/stream-contenders.js';

export const streamContenders: readonly StreamContender[] = [
  {
    name: 'LangChain ChatOpenAI.stream',
    make: async (baseURL) => {
      const model = new ChatOpenAI({
        model: 'gpt-4o-mini',
        apiKey: 'none',
        maxRetries: 0,
        configuration: { baseURL },
      });
      return async () => {
        let length = 0;
        for await (const chunk of await model.stream('Say something.')) length += chunk.text.length;
        return length;
      };
    },
  },
];
