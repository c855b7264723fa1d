import { type Embedder, PipewrightError, type Run } from '../../core/index.js';
import type { ModelPrice } from '../../model/index.js';
import { guardedCall, type HttpReply, httpEmbedder, resolveDimensions } from '../shared/index.js';
import { readableError } from './errors.js';

/** An embedding model of the AI SDK, from any of its provider packages. */
export interface AiSdkEmbeddingModel {
  readonly provider: string;
  readonly modelId: string;
  readonly maxEmbeddingsPerCall: PromiseLike<number | undefined> | number | undefined;
  doEmbed(options: never): PromiseLike<unknown>;
}

export interface FromAiSdkEmbedderOptions {
  /** Length of the model's vectors. */
  readonly dimensions: number;
  /** Texts in one request at most. @default what the model says, else 100 */
  readonly maxBatch?: number;
  /** Longest text that the model reads, in its own tokens. @default not known */
  readonly maxInputTokens?: number;
  /** USD for a million tokens. @default not known */
  readonly price?: ModelPrice;
}

interface Embedded {
  readonly embeddings: readonly (readonly number[])[];
  readonly usage?: { readonly tokens?: number };
}

const fallbackBatch = 100;

/**
 * An embedder made of an embedding model of the AI SDK. Vectors get length 1. Throws `bad-option` for vectors of another length
 * than `dimensions`, and what the model's server says as our own embedders do.
 * @example
 * const doEmbed = async () => ({ embeddings: [] });
 * const model = { provider: 'acme', modelId: 'e-1', maxEmbeddingsPerCall: 10, doEmbed };
 * fromAiSdkEmbedder(model, { dimensions: 8 }).id // => 'acme:e-1'
 */
export const fromAiSdkEmbedder = (model: AiSdkEmbeddingModel, options: FromAiSdkEmbedderOptions): Embedder => {
  const id = `${model.provider}:${model.modelId}`;
  const { maxEmbeddingsPerCall: told } = model;
  const { dimensions } = resolveDimensions(id, options.dimensions, undefined);
  return httpEmbedder({
    id,
    api: { ask: (_path, texts, run) => embed(model as unknown as Callable, id, texts, run) },
    path: '',
    dimensions,
    maxInputTokens: options.maxInputTokens,
    limits: { maxTexts: options.maxBatch ?? (typeof told === 'number' ? told : fallbackBatch) },
    price: options.price,
    body: (texts) => texts,
    read: (data) => {
      const { embeddings = [], usage } = data as Partial<Embedded>;
      return { vectors: embeddings, inputTokens: usage?.tokens };
    },
  });
};

interface Callable {
  doEmbed(options: object): PromiseLike<Embedded & { readonly response?: { readonly headers?: HeadersInit } }>;
}

const embed = async (model: Callable, id: string, values: unknown, run: Run): Promise<HttpReply> => {
  const once = async function* (abortSignal: AbortSignal): AsyncGenerator<HttpReply, void, undefined> {
    try {
      const data = await model.doEmbed({ values, abortSignal });
      yield { data, headers: new Headers(data.response?.headers ?? {}) };
    } catch (error) {
      throw readableError(error, id);
    }
  };
  for await (const reply of guardedCall({ id, secrets: () => [] }, run, once)) return reply;
  throw new PipewrightError('model-failed', `${id} sent no vectors. Try again.`, { retryable: true });
};
