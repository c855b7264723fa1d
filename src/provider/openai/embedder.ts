import { checkAtLeast, type Embedder } from '../../core/index.js';
import { limitsOf, type ModelPrice, priceOf } from '../../model/index.js';
import { type EmbeddingReply, httpEmbedder, jsonApi, resolveDimensions, type WireVector } from '../shared/index.js';
import { defaultBaseUrl } from './client.js';
import { cutText } from './embedding-input.js';

export interface OpenAIEmbedderOptions {
  /** @default the environment variable OPENAI_API_KEY, read at every call */
  readonly apiKey?: string;
  /** Of a server that speaks the Embeddings API; one on this machine needs no key. @default https://api.openai.com/v1 */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Numbers in a vector; `text-embedding-3` can be asked for fewer. @default what the model gives, where it is known */
  readonly dimensions?: number;
  /** Texts in one request. @default 2048 */
  readonly maxBatch?: number;
  /** Requests under way at once, where the texts need several. @default 4 */
  readonly concurrency?: number;
  /** Longer texts are cut. @default what is known of the model */
  readonly maxInputTokens?: number;
  /** USD for a million tokens. @default the price table */
  readonly price?: ModelPrice;
}

/** How vectors travel: base64 of float32 takes a quarter of the bytes of decimal numbers. */
type Encoding = 'base64' | 'float' | 'base64_int8';

interface EmbeddingFamily {
  readonly names: RegExp;
  readonly dimensions: number;
  /** Where the server does not know `base64`. */
  readonly encoding?: Encoding;
}

/** From the model pages of developers.openai.com, docs.mistral.ai and docs.perplexity.ai as of November 2026. */
const families: readonly EmbeddingFamily[] = [
  { names: /(?:^|\/)text-embedding-3-large$/, dimensions: 3072 },
  { names: /(?:^|\/)text-embedding-(?:3-small|ada-002)$/, dimensions: 1536 },
  { names: /(?:^|\/)mistral-embed/, dimensions: 1024, encoding: 'float' },
  { names: /^pplx-embed-(?:context-)?v1-0\.6b$/, dimensions: 1024, encoding: 'base64_int8' },
  { names: /^pplx-embed-(?:context-)?v1-4b$/, dimensions: 2560, encoding: 'base64_int8' },
];

/** The API takes at most 300,000 tokens in a request. */
const maxRequestBytes = 300_000;

/**
 * An embedder of OpenAI, or of any server with the same Embeddings API (Azure, Mistral, OpenRouter, Perplexity, …). Any number of
 * texts goes in one call; it is sent in as few requests as the API allows. Vectors have length 1. Throws as `openai` does.
 * @example openaiEmbedder('text-embedding-3-small').dimensions // => 1536
 */
export const openaiEmbedder = (model: string, options: OpenAIEmbedderOptions = {}): Embedder => {
  const { apiKey, baseUrl, headers, maxBatch = 2048, concurrency = 4, price = priceOf(model) } = options;
  checkAtLeast('maxBatch', maxBatch, 1);
  checkAtLeast('concurrency', concurrency, 1);
  const id = `openai:${model}`;
  const family = families.find(({ names }) => names.test(model));
  const encoding = family?.encoding ?? 'base64';
  const { dimensions, wireDimensions } = resolveDimensions(id, options.dimensions, family?.dimensions);
  const maxInputTokens = options.maxInputTokens ?? limitsOf(model).contextTokens;
  const cut = (text: string): string => (maxInputTokens === undefined ? text : cutText(text, maxInputTokens));
  return httpEmbedder({
    id,
    api: jsonApi({ id, apiKey, variable: 'OPENAI_API_KEY', defaultBaseUrl, baseUrl, headers }),
    path: '/embeddings',
    dimensions,
    maxInputTokens,
    limits: { maxTexts: maxBatch, maxBytes: maxRequestBytes },
    concurrency,
    price,
    body: (texts) => ({ model, input: texts.map(cut), encoding_format: encoding, dimensions: wireDimensions }),
    read: (data) => read(data, encoding),
  });
};

interface WireReply {
  readonly data?: readonly { readonly index?: number; readonly embedding: WireVector }[];
  readonly usage?: { readonly prompt_tokens?: number };
}

const read = (body: unknown, encoding: Encoding): EmbeddingReply => {
  const { data = [], usage } = (body ?? {}) as WireReply;
  const vectors: (WireVector | undefined)[] = [];
  data.forEach(({ index, embedding }, place) => {
    const isBytes = encoding === 'base64_int8' && typeof embedding === 'string';
    vectors[index ?? place] = isBytes ? Array.from(new Int8Array(Buffer.from(embedding, 'base64'))) : embedding;
  });
  return { vectors, inputTokens: usage?.prompt_tokens };
};
