import type { Embedder } from '../../core/index.js';
import { type ModelPrice, priceOf } from '../../model/index.js';
import { type EmbeddingReply, httpEmbedder, resolveDimensions, type WireVector } from '../shared/index.js';
import { voyageApi } from './api.js';

export interface VoyageEmbedderOptions {
  /** @default the environment variable VOYAGE_API_KEY, read at every call */
  readonly apiKey?: string;
  /** @default https://api.voyageai.com/v1 */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the texts are for; a query and the passages that it should find are embedded differently. @default 'document' */
  readonly inputType?: 'query' | 'document';
  /** Length of the vectors; a model that can shorten them is asked to. @default what is known of the model */
  readonly dimensions?: number;
  /** USD for a million tokens. @default the price table */
  readonly price?: ModelPrice;
  /** Fields that go onto the wire as they are. @default none */
  readonly providerOptions?: Readonly<Record<string, unknown>>;
}

/** From docs.voyageai.com as of November 2026, by the beginning of the name. */
const known: readonly (readonly [names: RegExp, dimensions: number])[] = [
  [/^voyage-(?:4|3\.5|code-[34]|3-large|context-\d|3$|finance-2|law-2|multilingual-2|2$)/, 1024],
  [/^voyage-(?:3-lite)/, 512],
  [/^voyage-(?:large-2$|code-2)/, 1536],
];

/** By the reference of the API: 1,000 texts, and 120,000 tokens for the largest models; a token is at least one byte. */
const limits = { maxTexts: 1_000, maxBytes: 120_000 };

/**
 * An embedder of Voyage AI. Make one for the passages and one with `inputType: 'query'` for the questions. Any number of texts goes
 * in one call; the server cuts what is too long. Vectors have length 1. Throws as `voyageReranker` does.
 * @example voyageEmbedder('voyage-3.5').dimensions // => 1024
 */
export const voyageEmbedder = (model: string, options: VoyageEmbedderOptions = {}): Embedder => {
  const { inputType = 'document', price = priceOf(model), providerOptions } = options;
  const id = `voyage:${model}`;
  const usual = known.find(([names]) => names.test(model))?.[1];
  const { dimensions, wireDimensions } = resolveDimensions(id, options.dimensions, usual);
  return httpEmbedder({
    id,
    api: voyageApi(id, options),
    path: '/embeddings',
    dimensions,
    maxInputTokens: undefined,
    limits,
    price,
    body: (input) => ({
      model,
      input,
      input_type: inputType,
      encoding_format: 'base64',
      output_dimension: wireDimensions,
      ...providerOptions,
    }),
    read,
  });
};

const read = (data: unknown): EmbeddingReply => {
  const { data: items = [], usage } = (data ?? {}) as {
    readonly data?: readonly { readonly index?: number; readonly embedding?: WireVector }[];
    readonly usage?: { readonly total_tokens?: number };
  };
  const vectors: (WireVector | undefined)[] = [];
  items.forEach(({ index, embedding }, place) => {
    vectors[index ?? place] = embedding;
  });
  return { vectors, inputTokens: usage?.total_tokens };
};
