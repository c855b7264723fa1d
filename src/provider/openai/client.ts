import type OpenAI from 'openai';
import { loadOptional } from '../../core/index.js';
import { cappedFetch, resolveApiKey } from '../shared/index.js';

export interface OpenAIConnection {
  readonly id: string;
  readonly apiKey: string | undefined;
  readonly baseUrl: string | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** The environment variable that is read when no key was given. @default 'OPENAI_API_KEY' */
  readonly keyVariable?: string;
}

/** A client that is made on first use and made anew when the key has changed. */
export interface OpenAIClient {
  readonly get: () => Promise<OpenAI>;
  /** What must not show in errors. */
  readonly secrets: () => readonly string[];
}

export const defaultBaseUrl = 'https://api.openai.com/v1';

/** Longer than any call: deadlines are the run's, not the SDK's. */
const noTimeoutMs = 2_147_483_647;

export const openaiClient = (connection: OpenAIConnection): OpenAIClient => {
  const { id, apiKey, baseUrl, headers = {}, keyVariable: variable = 'OPENAI_API_KEY' } = connection;
  let made: { readonly key: string; readonly client: OpenAI } | undefined;
  return {
    get: async () => {
      const key = resolveApiKey({ id, apiKey, variable, baseUrl });
      if (made?.key === key) return made.client;
      const { OpenAI } = await loadOptional('openai', 'calling an OpenAI model', () => import('openai'));
      const client = new OpenAI({
        apiKey: key,
        baseURL: baseUrl ?? defaultBaseUrl,
        defaultHeaders: { ...headers },
        maxRetries: 0,
        timeout: noTimeoutMs,
        // The SDK would print replies that it cannot read.
        logLevel: 'off',
        fetch: cappedFetch,
      });
      made = { key, client };
      return client;
    },
    secrets: () => [made?.key ?? '', ...Object.values(headers)],
  };
};
