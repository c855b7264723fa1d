import { cohereEmbedder, type CohereInputType } from '../../src/provider/cohere/index.js';
import type { WireApi } from './describe-wire.js';
import { ofLengthOne, requestBody, withoutNulls } from './plain-json.js';

interface WireRequest {
  readonly model: string;
  readonly texts: readonly string[];
  readonly input_type: CohereInputType;
  readonly truncate?: string;
}

/** Embeddings of Cohere's API v2. */
export const cohereEmbeddings: WireApi = {
  covers: ({ provider, api }) => provider === 'cohere' && api === 'embeddings',
  call: (recording, url, run) => {
    const { model, texts, input_type, truncate } = requestBody<WireRequest>(recording);
    const providerOptions = truncate === undefined ? {} : { truncate };
    const unknown = model === 'nonexistent' ? { dimensions: 1536 } : {};
    return cohereEmbedder(model, { baseUrl: url, inputType: input_type, providerOptions, ...unknown })(texts, run);
  },
  expected: ({ response }) => {
    const { message, embeddings } = response.body as {
      readonly message?: string;
      readonly embeddings?: { readonly float: readonly (readonly number[])[] };
    };
    if (message !== undefined) return { failure: { code: 'not-found', status: 404, says: message } };
    return { value: (embeddings?.float ?? []).map(ofLengthOne) };
  },
  // Without `embedding_types` the API sends floats, which we ask for by name; a null is a field that is not there.
  canonical: (body) => withoutNulls({ embedding_types: ['float'], ...(body as object) }),
};
