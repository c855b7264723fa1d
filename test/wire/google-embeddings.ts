import { googleEmbedder, type GoogleEmbedderOptions } from '../../src/provider/google/index.js';
import type { WireApi } from './describe-wire.js';
import { modelIn } from './google-body.js';
import { ofLengthOne, requestBody } from './plain-json.js';

interface WireRequest {
  readonly content: { readonly role?: string; readonly parts: readonly { readonly text: string }[] };
  readonly model: string;
  readonly taskType?: NonNullable<GoogleEmbedderOptions['taskType']>;
  readonly outputDimensionality?: number;
}

interface WireBatch {
  readonly requests: readonly WireRequest[];
}

const textIn = ({ content }: WireRequest): string => content.parts.map(({ text }) => text).join('');

/** Embeddings of Gemini's own API. */
export const googleEmbeddings: WireApi = {
  covers: ({ provider, api }) => provider === 'google' && api === 'embeddings',
  call: (recording, url, run) => {
    const { requests } = requestBody<WireBatch>(recording);
    const model = modelIn(recording.request?.path ?? '');
    const { taskType, outputDimensionality } = requests[0] ?? {};
    const options = {
      ...(taskType === undefined ? {} : { taskType }),
      ...(outputDimensionality === undefined ? {} : { dimensions: outputDimensionality }),
      ...(model === 'nonexistent-model' ? { dimensions: 1 } : {}),
    };
    return googleEmbedder(model, { baseUrl: `${url}/v1beta`, ...options })(requests.map(textIn), run);
  },
  expected: ({ response }) => {
    const { error, embeddings } = response.body as {
      readonly error?: { readonly message: string };
      readonly embeddings?: readonly { readonly values: readonly number[] }[];
    };
    if (error !== undefined) return { failure: { code: 'not-found', status: 404, says: error.message.slice(0, 80) } };
    return { value: (embeddings ?? []).map(({ values }) => ofLengthOne(values)) };
  },
  canonical: (body) => ({
    requests: (body as WireBatch).requests.map((request) => {
      const { content: _content, ...rest } = request;
      // All parts of a content are embedded as one text, and nobody speaks in it.
      return { ...rest, text: textIn(request) };
    }),
  }),
};
