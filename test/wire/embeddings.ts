import { openaiEmbedder } from '../../src/provider/openai/index.js';
import type { WireApi } from './describe-wire.js';
import { ofLengthOne, requestBody } from './plain-json.js';

interface WireRequest {
  readonly model: string;
  readonly input: string | readonly string[];
}

const providers: ReadonlySet<string> = new Set(['openai', 'azure-openai', 'mistral', 'openrouter', 'perplexity']);

const textsOf = (input: string | readonly string[]): readonly string[] => (typeof input === 'string' ? [input] : input);

/** Decimal numbers, or base64 of float32; Perplexity has a byte for each number. */
const numbersOf = (provider: string, embedding: string | readonly number[]): readonly number[] => {
  if (typeof embedding !== 'string') return embedding;
  const bytes = Buffer.from(embedding, 'base64');
  if (provider === 'perplexity') return Array.from(bytes, (_, at) => bytes.readInt8(at));
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
};

interface WireResponse {
  readonly error?: { readonly message: string };
  readonly data?: readonly { readonly embedding: string | readonly number[] }[];
  readonly usage?: { readonly prompt_tokens: number };
}

/** The Embeddings API of OpenAI, of whoever speaks it. */
export const embeddings: WireApi = {
  covers: ({ provider, api }) => api === 'embeddings' && providers.has(provider),
  call: (recording, url, run) => {
    const { model, input } = requestBody<WireRequest>(recording);
    const baseUrl = url + (recording.request?.path ?? '').replace(/\/embeddings$/, '');
    // A deployment on Azure has a name of its own, which tells nothing of its model.
    const dimensions = model === 'embedding' ? { dimensions: 3072 } : {};
    return openaiEmbedder(model, { baseUrl, ...dimensions })(textsOf(input), run);
  },
  expected: ({ response, provider }) => {
    const { error, data = [] } = response.body as WireResponse;
    if (error !== undefined) {
      return { failure: { code: 'not-allowed', status: response.status, says: error.message.slice(0, 40) } };
    }
    return { value: data.map(({ embedding }) => ofLengthOne(numbersOf(provider, embedding))) };
  },
  canonical: (body) => {
    // One text is a list of one. How the vectors are written is ours to choose: every form is read.
    const { input, encoding_format: _form, ...rest } = body as WireRequest & { readonly encoding_format?: string };
    return { ...rest, input: textsOf(input) };
  },
};
