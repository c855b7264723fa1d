import type { RerankScore } from '../../src/core/index.js';
import { cohereReranker } from '../../src/provider/cohere/index.js';
import { voyageReranker } from '../../src/provider/voyage/index.js';
import type { WireApi } from './describe-wire.js';
import { requestBody, withoutNulls } from './plain-json.js';

interface WireRequest {
  readonly query: string;
  readonly documents: readonly string[];
  readonly model: string;
  readonly top_n?: number;
  readonly top_k?: number;
  readonly truncation?: boolean;
}

/** Rerank calls of the Cohere form: Cohere's own, in both versions of its API, and Voyage's. */
export const rerank: WireApi = {
  covers: ({ api }) => api === 'rerank',
  call: (recording, url, run) => {
    const { query, documents, model, top_n, top_k, truncation } = requestBody<WireRequest>(recording);
    const k = top_n ?? top_k;
    const input = { query, texts: documents, ...(k === undefined ? {} : { k }) };
    if (recording.provider === 'voyage') {
      const providerOptions = truncation === undefined ? {} : { truncation };
      return voyageReranker(model, { baseUrl: `${url}/v1`, providerOptions })(input, run);
    }
    const form = { path: recording.request?.path ?? '/v2/rerank' };
    return cohereReranker(model, { baseUrl: url, form })(input, run);
  },
  expected: ({ response }) => {
    const { results, data } = response.body as Readonly<
      Record<'results' | 'data', readonly { readonly index: number; readonly relevance_score: number }[] | undefined>
    >;
    const value = (results ?? data ?? []).map(
      ({ index, relevance_score }): RerankScore => ({ index, score: relevance_score }),
    );
    return { value };
  },
  // A field that is null is a field that is not there.
  canonical: withoutNulls,
};
