export { chatModel } from './chat-model.js';
export { priceTable } from './price-table.js';
export { costOf, limitsOf, type PriceEntry, priceEntryOf, priceOf, type PriceTable } from './prices.js';
export { estimateTokens } from './tokens.js';
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
