import { anthropicTokenCount } from '../../src/provider/anthropic/index.js';
import { canonicalBody } from './anthropic-canonical.js';
import { chatRequestOf } from './anthropic-request.js';
import type { WireApi } from './describe-wire.js';

export const anthropicCountTokens: WireApi = {
  covers: ({ provider, api }) => provider === 'anthropic' && api === 'count-tokens',
  call: async ({ request }, url, run) => {
    const body = request?.body as Readonly<Record<string, unknown>>;
    return await anthropicTokenCount(String(body.model), { baseUrl: url, apiKey: 'key' })(chatRequestOf(body), run);
  },
  expected: ({ response }) => ({ value: (response.body as { readonly input_tokens: number }).input_tokens }),
  canonical: canonicalBody,
};
