import { checkAtLeast, type Embedder } from '../../core/index.js';
import { limitsOf, type ModelPrice, priceOf } from '../../model/index.js';
import { type EmbeddingReply, httpEmbedder, resolveDimensions } from '../shared/index.js';
import { type GoogleHeaders, googleClient } from './client.js';

/** What the vectors are for; a question and the passages that answer it are embedded differently. */
export type GoogleTaskType =
  | 'RETRIEVAL_QUERY'
  | 'RETRIEVAL_DOCUMENT'
  | 'SEMANTIC_SIMILARITY'
  | 'CLASSIFICATION'
  | 'CLUSTERING'
  | 'QUESTION_ANSWERING'
  | 'FACT_VERIFICATION'
  | 'CODE_RETRIEVAL_QUERY';

export interface GoogleEmbedderOptions {
  /** @default the environment variable GEMINI_API_KEY, else GOOGLE_API_KEY, read at every call */
  readonly apiKey?: string;
  /** Of a server that speaks the Gemini API; one on this machine needs no key. @default https://generativelanguage.googleapis.com/v1beta */
  readonly baseUrl?: string;
  /** As those of `google`. @default none */
  readonly headers?: GoogleHeaders;
  /** @default what the model does by itself */
  readonly taskType?: GoogleTaskType;
  /** Numbers in a vector; the models can be asked for fewer than their own. @default what the model gives, where it is known */
  readonly dimensions?: number;
  /** Texts in one request. @default 100 */
  readonly maxBatch?: number;
  /** Longer texts are cut by the server. @default what is known of the model */
  readonly maxInputTokens?: number;
  /** USD for a million tokens. @default the price table */
  readonly price?: ModelPrice;
}

/** Dimensions of the vectors by model, from https://ai.google.dev/gemini-api/docs/embeddings. */
const knownDimensions: ReadonlyMap<string, number> = new Map([
  ['gemini-embedding-001', 3072],
  ['gemini-embedding-2', 3072],
  ['gemini-embedding-2-preview', 3072],
  ['text-embedding-004', 768],
  ['text-embedding-005', 768],
]);

/**
 * An embedder of Google over the Gemini API. Any number of texts goes in one call; it is sent in as few requests as the API
 * allows. Vectors have length 1, also those that the API shortens and leaves unnormalised. Throws as `google` does, and `bad-option`
 * for a model of unknown dimensions.
 * @example googleEmbedder('gemini-embedding-001', { dimensions: 768 }).dimensions // => 768
 */
export const googleEmbedder = (model: string, options: GoogleEmbedderOptions = {}): Embedder => {
  const { apiKey, baseUrl, headers, taskType, maxBatch = 100 } = options;
  checkAtLeast('maxBatch', maxBatch, 1);
  const id = `google:${model}`;
  const client = googleClient({ id, model, apiKey, baseUrl, headers });
  const { dimensions, wireDimensions } = resolveDimensions(id, options.dimensions, knownDimensions.get(model));
  return httpEmbedder({
    id,
    api: client,
    path: 'batchEmbedContents',
    dimensions,
    maxInputTokens: options.maxInputTokens ?? limitsOf(model).contextTokens,
    limits: { maxTexts: maxBatch },
    price: options.price ?? priceOf(model),
    body: (texts) => ({
      requests: texts.map((text) => ({
        model: client.path,
        content: { parts: [{ text }] },
        taskType,
        outputDimensionality: wireDimensions,
      })),
    }),
    read: readReply,
  });
};

const readReply = (data: unknown): EmbeddingReply => {
  const { embeddings = [], usageMetadata } = (data ?? {}) as {
    readonly embeddings?: readonly { readonly values?: readonly number[] }[];
    readonly usageMetadata?: { readonly promptTokenCount?: number };
  };
  return { vectors: embeddings.map(({ values }) => values), inputTokens: usageMetadata?.promptTokenCount };
};
