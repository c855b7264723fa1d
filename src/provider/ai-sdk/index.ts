export { type AiSdkEmbeddingModel, fromAiSdkEmbedder, type FromAiSdkEmbedderOptions } from './embedder.js';
export { fromAiSdk, type FromAiSdkOptions } from './from-ai-sdk.js';
export type { AiSdkLanguageModel } from './spec.js';
export { toAiSdk, type ToAiSdkOptions } from './to-ai-sdk.js';
export type { AiSdkModel } from './wire.js';
