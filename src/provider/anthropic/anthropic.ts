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
import { checkBaseUrl, guardedCall, replyHeaders, parseEvent, piecesOf } from '../shared/index.js';
import { type AnthropicClient, type AnthropicClientOptions, anthropicClient, post } from './client.js';
import { eventsOf, readEvents, type WireEvent } from './events.js';
import { anthropicFamily, anthropicFeatures } from './models.js';
import { type WireSettings, wireRequest } from './request.js';

export interface AnthropicOptions extends AnthropicClientOptions {
  /** Set to false for a server that cannot stream: the reply then comes in one piece. @default true */
  readonly isStreaming?: boolean;
  /** What the model can do, where it differs from what is known of it. @default by model family */
  readonly features?: Partial<ModelFeatures>;
  /** @default what is known of the model */
  readonly limits?: ModelLimits;
  /** USD for a million tokens. @default the price table */
  readonly price?: ModelPrice;
  /** Whether the model cites `file` parts too, as it does `source` parts; citations then name the page. @default false */
  readonly citesFiles?: boolean;
}

/** What is known of a model before it is called. */
export const anthropicSettings = (
  model: string,
  { limits, citesFiles = false, headers = {} }: AnthropicOptions,
): WireSettings => ({
  id: `anthropic:${model}`,
  model,
  family: anthropicFamily(model),
  limits: { ...limitsOf(model), ...limits },
  citesFiles,
  headers,
});

/**
 * A chat model of Anthropic, or of any server with the same Messages API. Sources go in as citable documents, and what the model
 * cites comes out in `citations`. What the server's own tools do comes out as `provider` parts of the message and goes back as it
 * came. Nothing is loaded or sent before the first call. Calls throw `not-allowed` without a key, and the server's failures as
 * `bad-input`, `context-too-long`, `content-refused`, `not-found`, `rate-limited`, `quota-exhausted`, `model-overloaded`,
 * `model-failed` or `connection-lost`.
 * @example anthropic('claude-sonnet-4-5').id // => 'anthropic:claude-sonnet-4-5'
 */
export const anthropic = (model: string, options: AnthropicOptions = {}): ChatModel => {
  const { baseUrl, isStreaming = true, price } = options;
  checkBaseUrl(baseUrl);
  const settings = anthropicSettings(model, options);
  const { id, family, limits } = settings;
  const client = anthropicClient(id, options);
  return chatModel({
    id,
    model,
    provider: 'anthropic',
    features: anthropicFeatures(family, options.features),
    limits,
    ...(price === undefined ? {} : { price }),
    stream: (request, run) =>
      guardedCall({ id, secrets: client.secrets }, run, (signal) =>
        answer(client, settings, { request, run, signal, isStreaming }),
      ),
  });
};

interface Asked {
  readonly request: ChatRequest;
  readonly run: Run;
  readonly signal: AbortSignal;
  readonly isStreaming: boolean;
}

async function* answer(
  client: AnthropicClient,
  settings: WireSettings,
  { request, run, signal, isStreaming }: Asked,
): AsyncGenerator<ModelEvent, void, undefined> {
  const { body, headers, documentIds } = wireRequest(settings, request, run);
  const streamed = { body: { stream: isStreaming, ...body }, headers };
  const response = await post(client, '/v1/messages', streamed, { signal, stream: isStreaming });
  // The SDK asks, and says what went wrong; its own reading of a stream takes twice the time of ours.
  const events = isStreaming ? piecesOf(response, parseEvent<WireEvent>) : eventsOf(settings.id, await response.json());
  yield* readEvents(events, replyHeaders(response.headers), documentIds);
}
