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
import { httpEvents, httpJson, replyHeaders } from '../shared/index.js';
import { type GoogleClient, type GoogleHeaders, googleClient } from './client.js';
import { readEvents } from './events.js';
import { googleFamily, googleFeatures } from './models.js';
import { type WireSettings, wireRequest } from './request.js';
import type { WireChunk } from './wire.js';

export interface GoogleOptions {
  /** @default the environment variable GEMINI_API_KEY, else GOOGLE_API_KEY, read at every call */
  readonly apiKey?: string;
  /**
   * Of a server that speaks the Gemini API; one on this machine needs no key. For Vertex AI, up to the publisher:
   * `https://aiplatform.googleapis.com/v1/projects/…/locations/global/publishers/google`.
   * @default https://generativelanguage.googleapis.com/v1beta
   */
  readonly baseUrl?: string;
  /**
   * Sent with every request; with `authorization` among them no key is needed. A function is asked before each request, for tokens
   * that expire.
   * @default none
   */
  readonly headers?: GoogleHeaders;
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
 * A chat model of Google over the Gemini API, or over any server with the same API (Vertex AI). Nothing is sent before the first
 * call. Calls throw `not-allowed` without a key, `bad-schema` for an answer's schema that Gemini cannot be held to,
 * `content-refused` for a blocked prompt, and the server's failures as `bad-input`, `context-too-long`, `not-found`,
 * `rate-limited`, `quota-exhausted`, `model-overloaded`, `model-failed` or `connection-lost`.
 * @example google('gemini-2.5-flash').id // => 'google:gemini-2.5-flash'
 */
export const google = (model: string, options: GoogleOptions = {}): ChatModel => {
  const { apiKey, baseUrl, headers, isStreaming = true, price } = options;
  const id = `google:${model}`;
  const family = googleFamily(model);
  const features = googleFeatures(family, options.features);
  const settings: WireSettings = { id, family, features };
  const client = googleClient({ id, model, apiKey, baseUrl, headers });
  const answer = isStreaming ? streamed : unstreamed;
  return chatModel({
    id,
    model,
    provider: 'google',
    features,
    limits: { ...limitsOf(model), ...options.limits },
    ...(price === undefined ? {} : { price }),
    stream: (request, run) => client.call(run, (signal) => answer(client, settings, request, run, signal)),
  });
};

type Answer = (
  client: GoogleClient,
  settings: WireSettings,
  request: ChatRequest,
  run: Run,
  signal: AbortSignal,
) => AsyncGenerator<ModelEvent, void, undefined>;

const streamed: Answer = async function* (client, settings, request, run, signal) {
  const body = wireRequest(settings, request, run);
  const call = await client.request('streamGenerateContent?alt=sse', body, signal);
  const { events, headers } = await httpEvents(call);
  yield* readEvents(settings.id, parsed(events), replyHeaders(headers), run);
};

const unstreamed: Answer = async function* (client, settings, request, run, signal) {
  const body = wireRequest(settings, request, run);
  const { data, headers } = await httpJson(await client.request('generateContent', body, signal));
  yield* readEvents(settings.id, chunksIn(data), replyHeaders(headers), run);
};

async function* parsed(events: AsyncIterable<string>): AsyncGenerator<WireChunk, void, undefined> {
  for await (const text of events) yield* chunksIn(JSON.parse(text));
}

/** Without server-sent events, the API sends all pieces in one list. What is no piece of a reply says nothing. */
const chunksIn = (value: unknown): readonly WireChunk[] =>
  (Array.isArray(value) ? (value as readonly unknown[]) : [value]).filter(
    (chunk): chunk is WireChunk => typeof chunk === 'object' && chunk !== null,
  );
