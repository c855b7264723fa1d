import { voyageEmbedder } from '../../src/provider/voyage/index.js';
import type { WireApi } from './describe-wire.js';
import { ofLengthOne, requestBody, withoutNulls } from './plain-json.js';

interface WireRequest {
  readonly model: string;
  readonly input: readonly string[];
  readonly input_type: 'query' | 'document';
  readonly truncation?: boolean;
}

const floatsOf = (base64: string): readonly number[] => {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
};

/** Embeddings of Voyage AI. */
export const voyageEmbeddings: WireApi = {
  covers: ({ provider, api }) => provider === 'voyage' && api === 'embeddings',
  call: (recording, url, run) => {
    const { model, input, input_type, truncation } = requestBody<WireRequest>(recording);
    const providerOptions = truncation === undefined ? {} : { truncation };
    const unknown = model === 'nonexistent' ? { dimensions: 1024 } : {};
    const options = { baseUrl: `${url}/v1`, inputType: input_type, providerOptions, ...unknown };
    return voyageEmbedder(model, options)(input, run);
  },
  expected: ({ response }) => {
    const { detail, data } = response.body as {
      readonly detail?: string;
      readonly data?: readonly { readonly embedding: string }[];
    };
    // The API tells an unknown model as a bad request.
    if (detail !== undefined) return { failure: { code: 'bad-input', status: 400, says: detail.slice(0, 200) } };
    return { value: (data ?? []).map(({ embedding }) => ofLengthOne(floatsOf(embedding))) };
  },
  // A null is a field that is not there.
  canonical: withoutNulls,
};
