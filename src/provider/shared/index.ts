export { type ApiKeySource, checkBaseUrl, resolveApiKey } from './api-key.js';
export { cappedFetch } from './capped-fetch.js';
export {
  type ChatQuirks,
  type ChatSettings,
  chunkOf,
  isStrictSchema,
  readChunks,
  reasoningFields,
  type ReasoningGrades,
  reasoningGrades,
  type ReasoningPlace,
  type Wire,
  type WireChunk,
  wireRequest,
} from './chat-completions/index.js';
export { type CallInfo, guardedCall } from './guarded-call.js';
export { type HttpCall, type HttpEvents, type HttpReply, httpEvents, httpPieces, httpJson, httpLines } from './http.js';
export {
  type EmbeddingReply,
  httpEmbedder,
  type HttpEmbedderSettings,
  resolveDimensions,
  type WireVector,
} from './http-embedder.js';
export { type JsonApi, jsonApi, type JsonApiOptions } from './json-api.js';
export { parseEvent, piecesOf } from './http-stream.js';
export { base64Of, dataUrl, imageMediaType } from './media.js';
export { familyOf, type ModelFamily } from './model-family.js';
export { replyHeaders } from './reply-headers.js';
export { httpReranker, type RerankForm, type RerankSettings } from './rerank.js';
export { retryAfterMs } from './retry-after.js';
export { type CallContext, isConnectionFailure, serverError } from './server-error.js';
export { type RenderedSources, renderSources } from './sources.js';
export { type ToolCallPiece, type ToolCallReader, toolCallReader } from './tool-calls.js';
export { misplacedPart, outputParts, outputText } from './wire-parts.js';
