export { openaiEmbedder, type OpenAIEmbedderOptions } from './embedder.js';
export { openai, type OpenAIOptions } from './openai.js';
