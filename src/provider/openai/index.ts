export { openaiBatch, type OpenAIBatchOptions } from './batch.js';
export { openaiCompletion, type OpenAICompletionOptions } from './completions.js';
export { openaiEmbedder, type OpenAIEmbedderOptions } from './embedder.js';
export { type ListedModel, listModels, type ListModelsOptions } from './list-models.js';
export {
  type Moderation,
  type ModerationCategory,
  type ModerationInput,
  type Moderator,
  openaiModeration,
  type OpenAIModerationOptions,
} from './moderation.js';
export { openai, type OpenAIOptions } from './openai.js';
export { openaiResponses, type OpenAIResponsesOptions } from './responses/responses.js';
export type { ResponsesServerName } from './responses/servers.js';
