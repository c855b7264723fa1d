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
import { guardedCall, replyHeaders } from '../shared/index.js';
import { aiSdkCall } from './call.js';
import { isUnsupported, readableError } from './errors.js';
import type { PromptSettings } from './prompt.js';
import { partReader, partsOfReply } from './read-parts.js';
import type { AiSdkModel, WireGenerated, WirePart, WireStreamed } from './wire.js';

export interface FromAiSdkOptions {
  /** What the model can do; the AI SDK's models do not say. @default everything but citations and log-probabilities */
  readonly features?: Partial<ModelFeatures>;
  /** @default what is known of the model */
  readonly limits?: ModelLimits;
  /** USD for a million tokens. @default the price table */
  readonly price?: ModelPrice;
  /** Set to false for a model that cannot stream: the reply then comes in one piece. @default true */
  readonly isStreaming?: boolean;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
}

const features: ModelFeatures = {
  tools: true,
  jsonSchema: true,
  jsonSchemaWithTools: true,
  images: true,
  files: true,
  audio: true,
  reasoning: true,
  citations: false,
  logProbs: false,
};

/**
 * A chat model made of a language model of the AI SDK, from any of its provider packages: specification 4 (AI SDK 7) or 3 (AI
 * SDK 6). `providerOptions` of a request go to it as its own, keyed by provider; what it leaves out it tells as `warning`. Calls
 * throw as those of our own providers do. Throws `bad-option` for a model of another specification.
 * @example fromAiSdk(toAiSdk(scripted(['Hello']))).id // => 'scripted:scripted'
 */
export const fromAiSdk = (model: AiSdkModel, options: FromAiSdkOptions = {}): ChatModel => {
  const { provider, modelId } = model;
  const { price, isStreaming = true, headers = {} } = options;
  const id = `${provider}:${modelId}`;
  const settings: Settings = { id, provider, version: versionOf(id, model.specificationVersion), isStreaming, headers };
  const callable = model as unknown as Callable;
  return chatModel({
    id,
    model: modelId,
    provider,
    features: { ...features, ...options.features },
    limits: { ...limitsOf(modelId), ...options.limits },
    ...(price === undefined ? {} : { price }),
    stream: (request, run) =>
      guardedCall({ id, secrets: () => Object.values(headers) }, run, (signal) =>
        answer(callable, settings, request, run, signal),
      ),
  });
};

interface Settings extends PromptSettings {
  readonly isStreaming: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

interface Callable {
  doGenerate(options: object): PromiseLike<WireGenerated>;
  doStream(options: object): PromiseLike<WireStreamed>;
}

const versionOf = (id: string, version: string): 'v3' | 'v4' => {
  if (version === 'v3' || version === 'v4') return version;
  throw new PipewrightError(
    'bad-option',
    `${id} speaks version ${version} of the AI SDK's specification; v3 or v4 is needed. Install its provider package for AI SDK 6 or 7.`,
  );
};

async function* answer(
  model: Callable,
  settings: Settings,
  request: ChatRequest,
  run: Run,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void, undefined> {
  const { id, provider, headers } = settings;
  const call = { ...aiSdkCall(settings, request, run), headers, abortSignal: signal };
  try {
    const { parts, response } = await ask(model, settings, call);
    yield { type: 'response-start', headers: replyHeaders(new Headers(response?.headers ?? {})) };
    const reader = partReader(provider, run);
    for await (const part of parts) yield* reader.take(part);
  } catch (error) {
    throw readableError(error, id);
  }
}

interface Asked {
  readonly parts: AsyncIterable<WirePart> | Iterable<WirePart>;
  readonly response?: WireStreamed['response'];
}

/** Streamed where the model can: one that cannot says so before it asks its server. */
const ask = async (model: Callable, { isStreaming }: Settings, call: object): Promise<Asked> => {
  if (isStreaming) {
    try {
      const { stream, response } = await model.doStream(call);
      return { parts: stream, ...(response === undefined ? {} : { response }) };
    } catch (error) {
      if (!isUnsupported(error)) throw error;
    }
  }
  const reply = await model.doGenerate(call);
  const { response } = reply;
  return { parts: partsOfReply(reply), ...(response === undefined ? {} : { response }) };
};
