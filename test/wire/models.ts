import { listModels } from '../../src/provider/openai/index.js';
import type { WireApi } from './describe-wire.js';

interface WireModel {
  readonly id: string;
  readonly owned_by: string;
}

/** The list of models of a server. */
export const models: WireApi = {
  covers: ({ api }) => api === 'models',
  call: (_recording, url, run) => listModels({ baseUrl: `${url}/v1` }, run),
  expected: ({ response }) => ({
    value: (response.body as { readonly data: readonly WireModel[] }).data.map(({ id, owned_by }) => ({
      id,
      ownedBy: owned_by,
    })),
  }),
  // No body was recorded as null.
  canonical: (body) => body ?? null,
};
