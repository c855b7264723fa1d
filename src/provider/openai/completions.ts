import { type Message, partsOf, type Run } from '../../core/index.js';
import {
  type ChatModel,
  chatModel,
  type ChatRequest,
  limitsOf,
  type ModelEvent,
  type ModelLimits,
  type ModelPrice,
} from '../../model/index.js';
import {
  type ChatSettings,
  chunkOf,
  guardedCall,
  httpEvents,
  httpJson,
  type JsonApi,
  jsonApi,
  misplacedPart,
  readChunks,
  renderSources,
  replyHeaders,
  type Wire,
  type WireChunk,
} from '../shared/index.js';
import { defaultBaseUrl } from './client.js';

export interface OpenAICompletionOptions {
  /** @default the environment variable OPENAI_API_KEY, read at every call */
  readonly apiKey?: string;
  /** Of a server that speaks the older Completions API; one on this machine needs no key. @default https://api.openai.com/v1 */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Set to false for a server that cannot stream: the reply then comes in one piece. @default true */
  readonly isStreaming?: boolean;
  /** @default what is known of the model */
  readonly limits?: ModelLimits;
  /** USD for a million tokens. @default the price table */
  readonly price?: ModelPrice;
}

/**
 * A model that goes on with a text, over the older Completions API: base models, and models that were made for it. The texts of
 * all messages, with an empty line between them, are the prompt; nothing is added. Throws as `openai` does.
 * @example openaiCompletion('gpt-3.5-turbo-instruct').features.tools // => false
 */
export const openaiCompletion = (model: string, options: OpenAICompletionOptions = {}): ChatModel => {
  const { apiKey, baseUrl, headers, isStreaming = true, limits, price } = options;
  const id = `openai:${model}`;
  const api = jsonApi({ id, apiKey, variable: 'OPENAI_API_KEY', defaultBaseUrl, baseUrl, headers });
  const settings: ChatSettings = { id, provider: 'openai', model, quirks: {}, isStreaming };
  return chatModel({
    id,
    model,
    provider: 'openai',
    features: { logProbs: true },
    limits: { ...limitsOf(model), ...limits },
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
  const body = wireCompletion(settings, request);
  const call = api.request('/completions', body, signal);
  if (settings.isStreaming) {
    const { events, headers } = await httpEvents(call);
    yield* readChunks(settings, { chunks: chunksIn(events), headers: replyHeaders(headers), body }, run);
  } else {
    const { data, headers } = await httpJson(call);
    const chunks = [chunkOf(settings.id, asChat(data, 'message'))];
    yield* readChunks(settings, { chunks, headers: replyHeaders(headers), body }, run);
  }
}

const wireCompletion = ({ id, model, isStreaming }: ChatSettings, request: ChatRequest): Wire => ({
  model,
  prompt: promptOf(id, request.messages),
  max_tokens: request.maxOutputTokens,
  temperature: request.temperature,
  top_p: request.topP,
  stop: request.stop,
  seed: request.seed,
  logprobs: request.logProbs,
  stream: isStreaming,
  stream_options: isStreaming ? { include_usage: true } : undefined,
  ...request.providerOptions,
});

const promptOf = (id: string, messages: readonly Message[]): string => {
  const sources = renderSources(messages);
  const texts = messages.flatMap((message) =>
    partsOf(message).map((part) => {
      if (part.type === 'text') return part.text;
      if (part.type === 'source') return sources.render([part]);
      throw misplacedPart(id, message.role, part);
    }),
  );
  return texts.join('\n\n');
};

async function* chunksIn(events: AsyncIterable<string>): AsyncGenerator<WireChunk, void, undefined> {
  for await (const text of events) {
    const chunk = JSON.parse(text) as WireCompletion;
    // A failure inside a stream, in the shape in which `serverError` reads it.
    if (chunk.error) throw { error: chunk.error };
    yield asChat(chunk, 'delta') as WireChunk;
  }
}

interface WireCompletion {
  readonly error?: unknown;
  readonly choices?: readonly {
    readonly text?: string;
    readonly finish_reason?: string | null;
    readonly logprobs?: WireLogProbs | null;
  }[];
}

interface WireLogProbs {
  readonly tokens?: readonly string[];
  readonly token_logprobs?: readonly (number | null)[];
  readonly top_logprobs?: readonly (Readonly<Record<string, number>> | null)[] | null;
}

/** A completion in the form of a chat's, which the reader of those understands. */
const asChat = (completion: unknown, field: 'delta' | 'message'): unknown => {
  const { choices, ...rest } = (completion ?? {}) as WireCompletion;
  return {
    ...rest,
    choices: choices?.map(({ text, finish_reason, logprobs }) => ({
      [field]: { content: text },
      finish_reason,
      ...(logprobs ? { logprobs: { content: chatLogProbs(logprobs) } } : {}),
    })),
  };
};

const chatLogProbs = ({ tokens = [], token_logprobs, top_logprobs }: WireLogProbs): readonly object[] =>
  tokens.map((token, place) => ({
    token,
    logprob: token_logprobs?.[place] ?? 0,
    top_logprobs: Object.entries(top_logprobs?.[place] ?? {})
      .map(([other, logprob]) => ({ token: other, logprob }))
      .sort((a, b) => b.logprob - a.logprob),
  }));
