import type { Reranker } from '../../core/index.js';
import { type ModelPrice, priceOf } from '../../model/index.js';
import { httpReranker, type RerankForm } from '../shared/index.js';
import { voyageApi } from './api.js';

/** The oldest models still served take 300,000 tokens in a request; a token is at least one byte. */
const form: RerankForm = { path: '/rerank', limitField: 'top_k', maxTexts: 1_000, maxBytes: 300_000 };

export interface VoyageRerankerOptions {
  /** @default the environment variable VOYAGE_API_KEY, read at every call */
  readonly apiKey?: string;
  /** @default https://api.voyageai.com/v1 */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** USD for a million tokens. @default the price table */
  readonly price?: ModelPrice;
  /** Fields that go onto the wire as they are. @default none */
  readonly providerOptions?: Readonly<Record<string, unknown>>;
}

/**
 * A reranker of Voyage AI. Scores come out best first; more texts than one request takes go in several. Throws as
 * `cohereReranker` does.
 * @example voyageReranker('rerank-2.5').id // => 'voyage:rerank-2.5'
 */
export const voyageReranker = (model: string, options: VoyageRerankerOptions = {}): Reranker => {
  const { price = priceOf(model), providerOptions } = options;
  const id = `voyage:${model}`;
  return httpReranker({ id, model, api: voyageApi(id, options), form, price, providerOptions });
};
