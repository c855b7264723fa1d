import type OpenAI from 'openai';
import type { Run } from '../../core/index.js';
import {
  type ChatModel,
  type ChatRequest,
  chatModel,
  limitsOf,
  type ModelEvent,
  type ModelFeatures,
  type ModelLimits,
  type ModelPrice,
} from '../../model/index.js';
import {
  type ChatQuirks,
  type ChatSettings,
  checkBaseUrl,
  chunkOf,
  guardedCall,
  readChunks,
  replyHeaders,
  type WireChunk,
  wireRequest,
  parseEvent,
  piecesOf,
} from '../shared/index.js';
import { type OpenAIClient, openaiClient } from './client.js';
import { openaiFamily, openaiFeatures, openaiQuirks } from './models.js';

export interface OpenAIOptions {
  /** @default the environment variable OPENAI_API_KEY, read at every call */
  readonly apiKey?: string;
  /** Of a server that speaks the Chat Completions API; one on this machine needs no key. @default https://api.openai.com/v1 */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Set to false for a server that cannot stream: the reply then comes in one piece. @default true */
  readonly isStreaming?: boolean;
  /** The field that limits the reply; older compatible servers know `max_tokens` only. @default 'max_completion_tokens' */
  readonly maxTokensField?: 'max_completion_tokens' | 'max_tokens';
  /** What the model can do, where it differs from what is known of it. @default by model family */
  readonly features?: Partial<ModelFeatures>;
  /** @default what is known of the model */
  readonly limits?: ModelLimits;
  /** USD for a million tokens. @default the price table */
  readonly price?: ModelPrice;
}

/**
 * A chat model of OpenAI, or of any server with the same Chat Completions API. Nothing is loaded or sent before the first call.
 * Calls throw `not-allowed` without a key, and the server's failures as `bad-input`, `context-too-long`, `content-refused`,
 * `not-found`, `rate-limited`, `quota-exhausted`, `model-overloaded`, `model-failed` or `connection-lost`.
 * @example openai('gpt-5-mini').id // => 'openai:gpt-5-mini'
 */
export const openai = (model: string, options: OpenAIOptions = {}): ChatModel => {
  const { apiKey, baseUrl, headers, isStreaming = true, maxTokensField = 'max_completion_tokens', price } = options;
  checkBaseUrl(baseUrl);
  const id = `openai:${model}`;
  const family = openaiFamily(model);
  const fields = maxTokensField === 'max_tokens' ? { fields: { max_completion_tokens: 'max_tokens' } } : {};
  const quirks: ChatQuirks = { ...openaiQuirks(family), ...fields };
  const settings: ChatSettings = { id, provider: 'openai', model, quirks, isStreaming };
  const client = openaiClient({ id, apiKey, baseUrl, headers });
  return chatModel({
    id,
    model,
    provider: 'openai',
    features: openaiFeatures(family, options.features),
    limits: { ...limitsOf(model), ...options.limits },
    ...(price === undefined ? {} : { price }),
    stream: (request, run) =>
      guardedCall({ id, secrets: client.secrets }, run, (signal) => answer(client, settings, request, run, signal)),
  });
};

async function* answer(
  client: OpenAIClient,
  settings: ChatSettings,
  request: ChatRequest,
  run: Run,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void, undefined> {
  const { chat } = await client.get();
  const body = wireRequest(settings, request, run);
  const call = chat.completions.create(body as unknown as OpenAI.ChatCompletionCreateParams, { signal });
  // The SDK asks, and says what went wrong; its own reading of a stream takes twice the time of ours.
  const response = await call.asResponse();
  const chunks = settings.isStreaming
    ? piecesOf(response, parseEvent<WireChunk>)
    : [chunkOf(settings.id, await response.json())];
  yield* readChunks(settings, { chunks, headers: replyHeaders(response.headers), body }, run);
}
