import { createOpenAI } from '@ai-sdk/openai';
import { streamText } from 'ai';
import type { StreamContender } from '../lib/stream-contenders.js';

export const streamContenders: readonly StreamContender[] = [
  {
    name: 'AI SDK streamText',
    make: async (baseURL) => {
      const model = createOpenAI({ apiKey: 'none', baseURL }).chat('gpt-4o-mini');
      return async () => {
        let length = 0;
        for await (const text of streamText({ model, prompt: 'Say something.', maxRetries: 0 }).textStream)
          length += text.length;
        return length;
      };
    },
  },
];
