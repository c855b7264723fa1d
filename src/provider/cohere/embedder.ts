import { type Embedder, PipewrightError } from '../../core/index.js';
import { type ModelPrice, priceOf } from '../../model/index.js';
import { type EmbeddingReply, httpEmbedder, resolveDimensions, type WireVector } from '../shared/index.js';
import { cohereApi } from './api.js';

/** What the text is for; a query and the passages that it should find are embedded differently. */
export type CohereInputType = 'search_document' | 'search_query' | 'classification' | 'clustering';

export interface CohereEmbedderOptions {
  /** @default the environment variable COHERE_API_KEY, read at every call */
  readonly apiKey?: string;
  /** Without a path. @default https://api.cohere.com */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** @default 'search_document' */
  readonly inputType?: CohereInputType;
  /** Length of the vectors; a model that can shorten them is asked to. @default what is known of the model */
  readonly dimensions?: number;
  /** How the vectors travel: exactly, in half the bytes, or in a byte for each number with some loss. @default 'float' */
  readonly encoding?: 'float' | 'base64' | 'int8';
  /** USD for a million tokens. @default the price table */
  readonly price?: ModelPrice;
  /** Fields that go onto the wire as they are. @default none */
  readonly providerOptions?: Readonly<Record<string, unknown>>;
}

/** From the model pages of docs.cohere.com as of November 2026. */
const known: ReadonlyMap<string, { readonly dimensions: number; readonly maxInputTokens: number }> = new Map([
  ['embed-v4.0', { dimensions: 1536, maxInputTokens: 128_000 }],
  ['embed-english-v3.0', { dimensions: 1024, maxInputTokens: 512 }],
  ['embed-multilingual-v3.0', { dimensions: 1024, maxInputTokens: 512 }],
  ['embed-english-light-v3.0', { dimensions: 384, maxInputTokens: 512 }],
  ['embed-multilingual-light-v3.0', { dimensions: 384, maxInputTokens: 512 }],
]);

/** Texts in one request, by the reference of the API. */
const maxTexts = 96;

/**
 * An embedder of Cohere. Make one for the passages and one with `inputType: 'search_query'` for the questions. Any number of texts
 * goes in one call; the server cuts what is too long. Vectors have length 1. Throws as `cohere` does.
 * @example cohereEmbedder('embed-v4.0').dimensions // => 1536
 */
export const cohereEmbedder = (model: string, options: CohereEmbedderOptions = {}): Embedder => {
  const { inputType = 'search_document', encoding = 'float', price = priceOf(model), providerOptions } = options;
  if (!['float', 'base64', 'int8'].includes(encoding)) {
    throw new PipewrightError('bad-option', `\`encoding\` must be 'float', 'base64' or 'int8', got '${encoding}'.`);
  }
  const id = `cohere:${model}`;
  const { dimensions, wireDimensions } = resolveDimensions(id, options.dimensions, known.get(model)?.dimensions);
  return httpEmbedder({
    id,
    api: cohereApi(id, options),
    path: '/v2/embed',
    dimensions,
    maxInputTokens: known.get(model)?.maxInputTokens,
    limits: { maxTexts },
    price,
    body: (texts) => ({
      model,
      texts,
      input_type: inputType,
      embedding_types: [encoding],
      output_dimension: wireDimensions,
      ...providerOptions,
    }),
    read: (data) => read(data, encoding),
  });
};

const read = (data: unknown, encoding: string): EmbeddingReply => {
  const { embeddings = {}, meta } = (data ?? {}) as {
    readonly embeddings?: Readonly<Record<string, readonly WireVector[]>>;
    readonly meta?: { readonly billed_units?: { readonly input_tokens?: number } };
  };
  return { vectors: embeddings[encoding] ?? [], inputTokens: meta?.billed_units?.input_tokens };
};
