import { checkAtLeast, type Embedder } from '../../core/index.js';
import { type EmbeddingReply, httpEmbedder, resolveDimensions, type WireVector } from '../shared/index.js';
import { ollamaApi } from './api.js';

export interface OllamaEmbedderOptions {
  /** @default the environment variable OLLAMA_HOST, or http://127.0.0.1:11434 */
  readonly baseUrl?: string;
  /** For servers that want one. @default the environment variable OLLAMA_API_KEY, read at every call; or none */
  readonly apiKey?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Length of the vectors; a model that can shorten them is asked to. @default what is known of the model */
  readonly dimensions?: number;
  /** Texts in one request. @default 256 */
  readonly maxBatch?: number;
  /** Fields that go onto the wire as they are. @default none */
  readonly providerOptions?: Readonly<Record<string, unknown>>;
}

/** From the model pages of ollama.com as of November 2026, by the beginning of the name. */
const known: readonly (readonly [names: RegExp, dimensions: number])[] = [
  [/^(?:nomic-embed-text|embeddinggemma)(?::|$)/, 768],
  [/^(?:mxbai-embed-large|bge-m3|snowflake-arctic-embed2?|bge-large)(?::|$)/, 1024],
  [/^all-minilm(?::|$)/, 384],
  [/^qwen3-embedding:0\.6b/, 1024],
  [/^qwen3-embedding:4b/, 2560],
  [/^qwen3-embedding(?::8b|:latest|$)/, 4096],
];

const free = { input: 0, output: 0 };

/**
 * An embedder of an Ollama server; calls cost nothing. The server cuts what is too long. Vectors have length 1. Throws as `ollama`
 * does.
 * @example ollamaEmbedder('nomic-embed-text').dimensions // => 768
 */
export const ollamaEmbedder = (model: string, options: OllamaEmbedderOptions = {}): Embedder => {
  const { maxBatch = 256, providerOptions } = options;
  checkAtLeast('maxBatch', maxBatch, 1);
  const id = `ollama:${model}`;
  const usual = known.find(([names]) => names.test(model))?.[1];
  const { dimensions, wireDimensions } = resolveDimensions(id, options.dimensions, usual);
  return httpEmbedder({
    id,
    api: ollamaApi(id, options),
    path: '/api/embed',
    dimensions,
    maxInputTokens: undefined,
    limits: { maxTexts: maxBatch },
    price: free,
    body: (input) => ({ model, input, dimensions: wireDimensions, ...providerOptions }),
    read,
  });
};

const read = (data: unknown): EmbeddingReply => {
  const { embeddings = [], prompt_eval_count } = (data ?? {}) as {
    readonly embeddings?: readonly WireVector[];
    readonly prompt_eval_count?: number;
  };
  return { vectors: embeddings, inputTokens: prompt_eval_count };
};
