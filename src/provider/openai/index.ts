export { openaiEmbedder, type OpenAIEmbedderOptions } from './embedder.js';
export { openai, type OpenAIOptions } from './openai.js';
export { openaiResponses, type OpenAIResponsesOptions } from './responses/responses.js';
export type { ResponsesServerName } from './responses/servers.js';
