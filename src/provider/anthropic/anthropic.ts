import type Anthropic from '@anthropic-ai/sdk';
import { loadOptional, type Run } from '../../core/index.js';
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
import { cappedFetch, checkBaseUrl, guardedCall, replyHeaders, resolveApiKey } from '../shared/index.js';
import { eventsOf, readEvents, type WireEvent } from './events.js';
import { anthropicFamily, anthropicFeatures } from './models.js';
import { type WireSettings, wireRequest } from './request.js';

export interface AnthropicOptions {
  /** @default the environment variable ANTHROPIC_API_KEY, read at every call */
  readonly apiKey?: string;
  /** Of a server that speaks the Messages API; one on this machine needs no key. @default https://api.anthropic.com */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
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
 * A chat model of Anthropic, or of any server with the same Messages API. Sources go in as citable documents, and what the model
 * cites comes out in `citations`. Nothing is loaded or sent before the first call. Calls throw `not-allowed` without a key, and
 * the server's failures as `bad-input`, `context-too-long`, `content-refused`, `not-found`, `rate-limited`, `quota-exhausted`,
 * `model-overloaded`, `model-failed` or `connection-lost`.
 * @example anthropic('claude-sonnet-4-5').id // => 'anthropic:claude-sonnet-4-5'
 */
export const anthropic = (model: string, options: AnthropicOptions = {}): ChatModel => {
  const { baseUrl, isStreaming = true, price } = options;
  checkBaseUrl(baseUrl);
  const id = `anthropic:${model}`;
  const family = anthropicFamily(model);
  const limits: ModelLimits = { ...limitsOf(model), ...options.limits };
  const settings: WireSettings = { id, model, family, limits, isStreaming };
  const client = anthropicClient(id, options);
  return chatModel({
    id,
    model,
    provider: 'anthropic',
    features: anthropicFeatures(family, options.features),
    limits,
    ...(price === undefined ? {} : { price }),
    stream: (request, run) =>
      guardedCall({ id, secrets: client.secrets }, run, (signal) => answer(client, settings, request, run, signal)),
  });
};

interface AnthropicClient {
  readonly get: () => Promise<Anthropic>;
  readonly secrets: () => readonly string[];
}

/** Longer than any call: deadlines are the run's, not the SDK's. */
const noTimeoutMs = 2_147_483_647;

/** A client that is made on first use and made anew when the key has changed. */
const anthropicClient = (id: string, { apiKey, baseUrl, headers = {} }: AnthropicOptions): AnthropicClient => {
  let made: { readonly key: string; readonly client: Anthropic } | undefined;
  return {
    get: async () => {
      const key = resolveApiKey({ id, apiKey, variable: 'ANTHROPIC_API_KEY', baseUrl });
      if (made?.key === key) return made.client;
      const load = (): Promise<typeof import('@anthropic-ai/sdk')> => import('@anthropic-ai/sdk');
      const { Anthropic: Client } = await loadOptional('@anthropic-ai/sdk', 'calling an Anthropic model', load);
      const client = new Client({
        apiKey: key,
        baseURL: baseUrl ?? 'https://api.anthropic.com',
        defaultHeaders: { ...headers },
        maxRetries: 0,
        timeout: noTimeoutMs,
        // The SDK would print replies that it cannot read.
        logLevel: 'off',
        fetch: cappedFetch,
      });
      made = { key, client };
      return client;
    },
    secrets: () => [made?.key ?? '', ...Object.values(headers)],
  };
};

async function* answer(
  client: AnthropicClient,
  settings: WireSettings,
  request: ChatRequest,
  run: Run,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void, undefined> {
  const { body, documentIds } = wireRequest(settings, request, run);
  const sdk = await client.get();
  const { isStreaming } = settings;
  // Not `messages.create`: that prints warnings about models to the console.
  const call = sdk.post<unknown>('/v1/messages', { body, signal, stream: isStreaming });
  const { data, response } = await call.withResponse();
  const events = isStreaming ? (data as AsyncIterable<WireEvent>) : eventsOf(settings.id, data);
  yield* readEvents(events, replyHeaders(response.headers), documentIds);
}
