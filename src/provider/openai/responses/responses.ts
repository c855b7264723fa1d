import { PipewrightError, type Run } from '../../../core/index.js';
import {
  type ChatModel,
  type ChatRequest,
  chatModel,
  limitsOf,
  type ModelEvent,
  type ModelFeatures,
  type ModelLimits,
  type ModelPrice,
} from '../../../model/index.js';
import { checkBaseUrl, guardedCall, replyHeaders, parseEvent, piecesOf } from '../../shared/index.js';
import { type OpenAIClient, openaiClient } from '../client.js';
import { openaiFamily, openaiFeatures } from '../models.js';
import { eventsOf, readEvents } from './events.js';
import { type WireSettings, wireRequest } from './request.js';
import { type ResponsesServerName, responsesServers } from './servers.js';
import type { WireEvent } from './wire.js';

export interface OpenAIResponsesOptions {
  /** @default the environment variable of the server, such as OPENAI_API_KEY, read at every call */
  readonly apiKey?: string;
  /** Of the server; one on this machine needs no key. @default that of the server, where it has one for all */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose server it is; `other` for any that speaks the Responses API. @default 'openai' */
  readonly server?: ResponsesServerName;
  /** Set to false for a server that cannot stream: the reply then comes in one piece. @default true */
  readonly isStreaming?: boolean;
  /** What the model can do, where it differs from what is known of it. @default by model family */
  readonly features?: Partial<ModelFeatures>;
  /** @default what is known of the model */
  readonly limits?: ModelLimits;
  /** USD for a million tokens. @default the price table */
  readonly price?: ModelPrice;
}

/**
 * A chat model over OpenAI's Responses API, at OpenAI, Azure, xAI, DeepSeek or any server that speaks it. Searches and other work
 * that the server does itself come out as `provider` parts, and go back with the conversation; so does its reasoning, encrypted.
 * Nothing is stored on the server (`store: false`). Throws as `openai` does; `unsupported` for `stop`, which this API has not.
 * @example openaiResponses('gpt-5-mini').id // => 'openai:gpt-5-mini'
 */
export const openaiResponses = (model: string, options: OpenAIResponsesOptions = {}): ChatModel => {
  const { apiKey, headers, isStreaming = true, price } = options;
  const server = serverOf(options);
  const { provider, keyVariable } = server;
  const baseUrl = options.baseUrl ?? server.baseUrl;
  checkBaseUrl(baseUrl);
  const id = `${provider}:${model}`;
  const family = server.hasOpenAIModels ? openaiFamily(model) : undefined;
  // No model listens to sound over this API.
  const features = openaiFeatures(family, { audio: false, ...server.features, ...options.features });
  const settings: WireSettings = { id, model, server, family, reasons: features.reasoning, isStreaming };
  const client = openaiClient({ id, apiKey, baseUrl, headers, keyVariable });
  return chatModel({
    id,
    model,
    provider,
    features,
    limits: { ...limitsOf(model), ...options.limits },
    ...(price === undefined ? {} : { price }),
    stream: (request, run) =>
      guardedCall({ id, secrets: client.secrets }, run, (signal) => answer(client, settings, request, run, signal)),
  });
};

const serverOf = ({
  server: name = 'openai',
  baseUrl,
}: OpenAIResponsesOptions): (typeof responsesServers)[ResponsesServerName] => {
  const server = Object.hasOwn(responsesServers, name) ? responsesServers[name] : undefined;
  if (server === undefined) {
    const known = Object.keys(responsesServers).join(', ');
    throw new PipewrightError('bad-option', `\`server\` must be one of ${known}, got ${String(name)}.`);
  }
  if (server.baseUrl === undefined && baseUrl === undefined) {
    throw new PipewrightError('bad-option', `Say where the server is: \`server: '${name}'\` needs a \`baseUrl\`.`);
  }
  return server;
};

async function* answer(
  client: OpenAIClient,
  settings: WireSettings,
  request: ChatRequest,
  run: Run,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void, undefined> {
  const { id, isStreaming, server } = settings;
  const body = wireRequest(settings, request, run);
  const sdk = await client.get();
  const call = sdk.post('/responses', { body: body as Record<string, unknown>, signal, stream: isStreaming });
  // The SDK asks, and says what went wrong; its own reading of a stream takes twice the time of ours.
  const response = await call.asResponse();
  const events = isStreaming ? piecesOf(response, parseEvent<WireEvent>) : eventsOf(id, await response.json());
  yield* readEvents(events, replyHeaders(response.headers), { provider: server.provider, run });
}
