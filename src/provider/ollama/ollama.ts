import { PipewrightError, type Run } from '../../core/index.js';
import {
  type ChatModel,
  type ChatRequest,
  chatModel,
  type ModelEvent,
  type ModelFeatures,
  type ModelLimits,
} from '../../model/index.js';
import { guardedCall, httpEvents, httpJson, type JsonApi } from '../shared/index.js';
import { ollamaApi } from './api.js';
import { readLines, type WireLine } from './lines.js';
import { withPullAdvice } from './missing-model.js';
import { type WireSettings, wireRequest } from './request.js';

export interface OllamaOptions {
  /** @default the environment variable OLLAMA_HOST, or http://127.0.0.1:11434 */
  readonly baseUrl?: string;
  /** For servers that want one. @default the environment variable OLLAMA_API_KEY, read at every call; or none */
  readonly apiKey?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** `generate` is for base models: one question, no tools. @default 'chat' */
  readonly api?: 'chat' | 'generate';
  /** Set to false to get the reply in one piece. @default true */
  readonly isStreaming?: boolean;
  /** What the model can do. @default everything that the API can carry */
  readonly features?: Partial<ModelFeatures>;
  /**
   * `contextTokens` is what the server is asked to keep (`num_ctx`). Left out, it keeps a few thousand tokens and drops the beginning of
   * longer prompts without a word. @default the server's own
   */
  readonly limits?: ModelLimits;
}

const features: Partial<ModelFeatures> = {
  tools: true,
  jsonSchema: true,
  images: true,
  reasoning: true,
  logProbs: true,
};

/** What costs nothing also passes budgets of money. */
const free = { input: 0, output: 0 };

/**
 * A chat model of an Ollama server, over its own API; calls cost nothing. `providerOptions` take what only Ollama has:
 * `{ keep_alive: '10m', options: { num_gpu: 1 } }`. Calls throw `not-found` with the command to run where the server does not have
 * the model, and other failures as `openai` does.
 * @example ollama('llama3.3').id // => 'ollama:llama3.3'
 */
export const ollama = (model: string, options: OllamaOptions = {}): ChatModel => {
  const { api: kind = 'chat', isStreaming = true, limits = {} } = options;
  if (kind !== 'chat' && kind !== 'generate') {
    throw new PipewrightError('bad-option', `\`api\` must be 'chat' or 'generate', got '${String(kind)}'.`);
  }
  const id = `ollama:${model}`;
  const api = ollamaApi(id, options);
  const settings: WireSettings = { id, model, api: kind, isStreaming, contextTokens: limits.contextTokens };
  return chatModel({
    id,
    model,
    provider: 'ollama',
    features: { ...features, ...(kind === 'generate' ? { tools: false } : {}), ...options.features },
    limits,
    price: free,
    stream: (request, run) => guardedCall(api, run, (signal) => answer(api, settings, request, run, signal)),
  });
};

async function* answer(
  api: JsonApi,
  settings: WireSettings,
  request: ChatRequest,
  run: Run,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void, undefined> {
  const { model, api: kind } = settings;
  const body = wireRequest(settings, request, run);
  try {
    const call = api.request(`/api/${kind}`, body, signal);
    const lines = settings.isStreaming ? parsed((await httpEvents(call)).events) : [(await httpJson(call)).data ?? {}];
    yield* readLines(lines as Iterable<WireLine>, request, run);
  } catch (error) {
    throw withPullAdvice(error, model);
  }
}

async function* parsed(texts: AsyncIterable<string>): AsyncGenerator<WireLine, void, undefined> {
  for await (const text of texts) yield JSON.parse(text) as WireLine;
}
