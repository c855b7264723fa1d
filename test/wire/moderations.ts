import { openaiModeration } from '../../src/provider/openai/index.js';
import type { WireApi } from './describe-wire.js';
import { requestBody } from './plain-json.js';

interface WireRequest {
  readonly model: string;
  readonly input: readonly { readonly image_url: { readonly url: string } }[];
}

interface Result {
  readonly flagged: boolean;
  readonly categories: Readonly<Record<string, boolean>>;
  readonly category_scores: Readonly<Record<string, number>>;
}

/** The Moderations API. */
export const moderations: WireApi = {
  covers: ({ api }) => api === 'moderations',
  call: (recording, url, run) => {
    const { model, input } = requestBody<WireRequest>(recording);
    const pictures = input.map(({ image_url }) => ({ type: 'image', data: new URL(image_url.url) }) as const);
    return openaiModeration({ model, baseUrl: `${url}/v1` })(pictures, run);
  },
  expected: ({ response }) => {
    const [result] = (response.body as { readonly results: readonly Result[] }).results;
    const { flagged = true, categories = {}, category_scores = {} } = result ?? {};
    const names = Object.keys(categories);
    return {
      value: {
        isFlagged: flagged,
        categories: names.map((name) => ({ name, isFlagged: categories[name], score: category_scores[name] })),
      },
    };
  },
};
