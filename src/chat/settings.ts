import { conversations, type Conversations } from '../conversation/index.js';
import { checkAtLeast, type Memory, PipewrightError, type Retriever } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import type { ChatbotOptions } from './types.js';

export interface ChatbotSettings {
  readonly model: ChatModel;
  readonly conversations: Conversations;
  readonly memory: Memory | undefined;
  readonly retriever: Retriever | undefined;
  readonly system: string;
  readonly maxTokens: number;
  readonly replyTokens: number;
  readonly maxSourceTokens: number;
}

const defaultTokens = 16_000;

export const resolve = (model: ChatModel, options: ChatbotOptions): ChatbotSettings => {
  const maxTokens = options.maxTokens ?? Math.min(defaultTokens, model.limits.contextTokens ?? defaultTokens);
  const { system = 'You are a helpful assistant. Be brief.', replyTokens = 1_024, memory, retriever } = options;
  checkAtLeast('maxTokens', maxTokens, 1);
  checkAtLeast('replyTokens', replyTokens, 0);
  if (replyTokens >= maxTokens) {
    throw new PipewrightError(
      'bad-option',
      `\`replyTokens\` (${replyTokens}) leave nothing of \`maxTokens\` (${maxTokens}).`,
    );
  }
  const maxSourceTokens = options.maxSourceTokens ?? Math.floor((maxTokens - replyTokens) / 2);
  checkAtLeast('maxSourceTokens', maxSourceTokens, 0);
  return {
    model,
    conversations: options.conversations ?? conversations(),
    memory,
    retriever,
    system,
    maxTokens,
    replyTokens,
    maxSourceTokens,
  };
};
