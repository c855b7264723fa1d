import { createRun, PipewrightError, type Run } from '../../core/index.js';
import { checkBaseUrl, jsonApi } from '../shared/index.js';
import { defaultBaseUrl } from './client.js';

export interface ListModelsOptions {
  /** @default the environment variable OPENAI_API_KEY */
  readonly apiKey?: string;
  /** Of any server with OpenAI's `/models`; one on this machine needs no key. @default https://api.openai.com/v1 */
  readonly baseUrl?: string;
  /** Sent with the request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A model that a server offers. */
export interface ListedModel {
  /** The name by which it is called. */
  readonly id: string;
  readonly ownedBy?: string;
  /** Milliseconds since 1970; undefined where the server does not say. */
  readonly createdMs?: number;
  /** Where the server says it. */
  readonly contextTokens?: number;
}

interface WireModel {
  readonly id?: unknown;
  readonly owned_by?: unknown;
  readonly created?: unknown;
  /** Its name at OpenRouter and Together, at Groq, and at vLLM. */
  readonly context_length?: unknown;
  readonly context_window?: unknown;
  readonly max_model_len?: unknown;
}

/**
 * The models that a server offers, at OpenAI or wherever its `/models` is spoken: to find a name, or to check one before the first
 * call. Throws as `openai` does.
 * @example typeof listModels // => 'function'
 */
export const listModels = async (
  options: ListModelsOptions = {},
  run: Run = createRun(),
): Promise<readonly ListedModel[]> => {
  const { apiKey, baseUrl, headers } = options;
  checkBaseUrl(baseUrl);
  const id = new URL(baseUrl ?? defaultBaseUrl).host;
  const api = jsonApi({ id, apiKey, variable: 'OPENAI_API_KEY', defaultBaseUrl, baseUrl, headers });
  const { data: body } = await api.ask('/models', undefined, run);
  // Together sends the bare list.
  const list = Array.isArray(body) ? body : (body as { readonly data?: unknown } | null)?.data;
  if (!Array.isArray(list)) {
    throw new PipewrightError(
      'model-failed',
      `${id} sent no list of models. Check the base URL: it usually ends in /v1.`,
    );
  }
  return (list as readonly (WireModel | null)[]).flatMap(listed);
};

const listed = (wire: WireModel | null): readonly ListedModel[] => {
  const { id, owned_by: ownedBy, created } = wire ?? {};
  if (typeof id !== 'string') return [];
  const contextTokens = [wire?.context_length, wire?.context_window, wire?.max_model_len].find(
    (value) => typeof value === 'number',
  );
  return [
    {
      id,
      ...(typeof ownedBy === 'string' ? { ownedBy } : {}),
      // Many servers say 0 for a time that they do not know.
      ...(typeof created === 'number' && created > 0 ? { createdMs: created * 1000 } : {}),
      ...(contextTokens === undefined ? {} : { contextTokens }),
    },
  ];
};
