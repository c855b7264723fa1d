import { PipewrightError, type Run } from '../../core/index.js';
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
import { guardedCall, httpEvents, httpJson, type JsonApi, replyHeaders } from '../shared/index.js';
import { cohereApi } from './api.js';
import { eventsOf, readEvents, type WireEvent, type WireReply } from './events.js';
import { cohereFeatures } from './models.js';
import { wireRequest } from './request.js';
import { readLines, type WireLine, wireRequestOne } from './version-one.js';
import type { ChatSettings } from './wire.js';

export interface CohereOptions {
  /** @default the environment variable COHERE_API_KEY, read at every call */
  readonly apiKey?: string;
  /** Without a path. @default https://api.cohere.com */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** The first version is for old models and private servers: it carries texts, sources and JSON only. @default 2 */
  readonly apiVersion?: 1 | 2;
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
 * A chat model of Cohere. Sources go in as documents, and what the model cites comes out in `citations`. Usage counts all tokens, and
 * beside them what is billed; cost is by the latter. Calls throw `not-allowed` without a key, and the server's failures as `openai`
 * does.
 * @example cohere('command-a-03-2025').features.citations // => true
 */
export const cohere = (model: string, options: CohereOptions = {}): ChatModel => {
  const { apiVersion = 2, isStreaming = true, price } = options;
  if (apiVersion !== 1 && apiVersion !== 2) {
    throw new PipewrightError('bad-option', `\`apiVersion\` must be 1 or 2, got ${String(apiVersion)}.`);
  }
  const id = `cohere:${model}`;
  const api = cohereApi(id, options);
  const settings: ChatSettings = { id, model, apiVersion, isStreaming };
  return chatModel({
    id,
    model,
    provider: 'cohere',
    features: cohereFeatures(model, apiVersion, options.features),
    limits: { ...limitsOf(model), ...options.limits },
    ...(price === undefined ? {} : { price }),
    stream: (request, run) => guardedCall(api, run, (signal) => answer(api, settings, request, run, signal)),
  });
};

async function* answer(
  api: JsonApi,
  settings: ChatSettings,
  request: ChatRequest,
  run: Run,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void, undefined> {
  const { apiVersion, isStreaming } = settings;
  const isOld = apiVersion === 1;
  const { body, sourceIds } = isOld ? wireRequestOne(settings, request) : wireRequest(settings, request, run);
  const call = api.request(`/v${apiVersion}/chat`, body, signal);
  if (!isStreaming) {
    const { data, headers } = await httpJson(call);
    yield { type: 'response-start', headers: replyHeaders(headers) };
    yield* isOld
      ? readLines([(data ?? {}) as WireLine], sourceIds)
      : readEvents(eventsOf((data ?? {}) as WireReply), sourceIds, run);
    return;
  }
  const { events, headers } = await httpEvents(call);
  yield { type: 'response-start', headers: replyHeaders(headers) };
  yield* isOld ? readLines(parsed<WireLine>(events), sourceIds) : readEvents(parsed<WireEvent>(events), sourceIds, run);
}

async function* parsed<T>(texts: AsyncIterable<string>): AsyncGenerator<T, void, undefined> {
  for await (const text of texts) yield JSON.parse(text) as T;
}
