import { PipewrightError, type Reranker } from '../../core/index.js';
import { type ModelPrice, priceOf } from '../../model/index.js';
import { httpReranker, jsonApi, type RerankForm } from '../shared/index.js';

/** Servers of the Cohere form that are known by name. */
export type RerankServer = 'cohere' | 'jina' | 'together' | 'vllm' | 'tei';

interface KnownServer {
  readonly baseUrl: string;
  /** The environment variable of the key. */
  readonly variable: string;
  readonly form: RerankForm;
}

/** From their references as of November 2026. Text Embeddings Inference takes 32 texts unless it is started otherwise. */
const servers: Readonly<Record<RerankServer, KnownServer>> = {
  cohere: {
    baseUrl: 'https://api.cohere.com',
    variable: 'COHERE_API_KEY',
    form: { path: '/v2/rerank', isPaidBySearch: true },
  },
  jina: {
    baseUrl: 'https://api.jina.ai',
    variable: 'JINA_API_KEY',
    form: { path: '/v1/rerank', fields: { return_documents: false } },
  },
  together: { baseUrl: 'https://api.together.ai', variable: 'TOGETHER_API_KEY', form: { path: '/v1/rerank' } },
  vllm: { baseUrl: 'http://127.0.0.1:8000', variable: 'VLLM_API_KEY', form: { path: '/v2/rerank' } },
  tei: {
    baseUrl: 'http://127.0.0.1:8080',
    variable: 'TEI_API_KEY',
    form: { path: '/rerank', textsField: 'texts', limitField: null, maxTexts: 32, fields: { truncate: true } },
  },
};

export interface CohereRerankerOptions {
  /** @default the environment variable of the server, such as COHERE_API_KEY, read at every call */
  readonly apiKey?: string;
  /** Without a path; a server on this machine needs no key. @default the server's own, or its usual port on this machine */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose manners the server has. @default 'cohere' */
  readonly server?: RerankServer;
  /** In what this server differs from those. @default nothing */
  readonly form?: Partial<RerankForm>;
  /** USD for a million tokens or search units. @default the price table */
  readonly price?: ModelPrice;
  /** Fields that go onto the wire as they are. @default none */
  readonly providerOptions?: Readonly<Record<string, unknown>>;
}

/**
 * A reranker of Cohere, or of any server with the same form: Jina, Together, vLLM, Text Embeddings Inference. Scores come out
 * best first. More texts than one request takes go in several; no texts make no call. Calls throw `not-allowed` without a key,
 * and the server's failures as `openai` does.
 * @example cohereReranker('rerank-v3.5').id // => 'cohere:rerank-v3.5'
 */
export const cohereReranker = (model: string, options: CohereRerankerOptions = {}): Reranker => {
  const { server = 'cohere', apiKey, baseUrl, headers, price = priceOf(model), providerOptions } = options;
  if (!Object.hasOwn(servers, server)) {
    throw new PipewrightError('bad-option', `\`server\` must be one of ${Object.keys(servers).join(', ')}.`);
  }
  const { variable, baseUrl: defaultBaseUrl, form } = servers[server];
  const id = `${server}:${model}`;
  const api = jsonApi({ id, apiKey, variable, defaultBaseUrl, baseUrl, headers });
  return httpReranker({ id, model, api, form: { ...form, ...options.form }, price, providerOptions });
};
