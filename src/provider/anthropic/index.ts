export { anthropic, type AnthropicOptions } from './anthropic.js';
export { anthropicBatch, type AnthropicBatchOptions } from './batch.js';
export type { AnthropicClientOptions } from './client.js';
export { anthropicTokenCount, type AnthropicTokenCountOptions } from './token-count.js';
