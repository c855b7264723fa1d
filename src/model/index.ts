export { chatModel } from './chat-model.js';
export type {
  ChatInput,
  ChatModel,
  ChatReply,
  ChatRequest,
  FinishReason,
  ModelCitation,
  ModelEvent,
  ModelFeatures,
  ModelLimits,
  ModelPrice,
  OutputFormat,
  Provider,
  ReplyHeaders,
  ToolChoice,
  ToolDefinition,
} from './types.js';
