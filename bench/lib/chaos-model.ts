import { retry, timeout } from '../../src/index.js';
import type { ChatModel } from '../../src/model/index.js';
import { openai } from '../../src/provider/openai/index.js';

export const maxAttempts = 4;

/** The stack that has to stand it. */
export const chaosModel = (baseUrl: string): ChatModel => {
  const model = openai('gpt-4o-mini', { apiKey: 'none', baseUrl });
  return retry(timeout(model, { totalMs: 5_000, betweenTextMs: 500 }), { maxAttempts, initialDelayMs: 20 });
};
