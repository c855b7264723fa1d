import type Anthropic from '@anthropic-ai/sdk';
import { loadOptional, PipewrightError, type Run } from '../../core/index.js';
import { cappedFetch, guardedCall, resolveApiKey } from '../shared/index.js';
import type { WireRequest } from './request.js';

export interface AnthropicClientOptions {
  /** @default the environment variable ANTHROPIC_API_KEY, read at every call */
  readonly apiKey?: string;
  /** Of a server that speaks the Messages API; one on this machine needs no key. @default https://api.anthropic.com */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AnthropicClient {
  readonly get: () => Promise<Anthropic>;
  readonly secrets: () => readonly string[];
}

export const defaultBaseUrl: string = 'https://api.anthropic.com';

/** Longer than any call: deadlines are the run's, not the SDK's. */
const noTimeoutMs = 2_147_483_647;

/** A client that is made on first use and made anew when the key has changed. */
export const anthropicClient = (
  id: string,
  { apiKey, baseUrl, headers = {} }: AnthropicClientOptions,
): AnthropicClient => {
  let made: { readonly key: string; readonly client: Anthropic } | undefined;
  return {
    get: async () => {
      const key = resolveApiKey({ id, apiKey, variable: 'ANTHROPIC_API_KEY', baseUrl });
      if (made?.key === key) return made.client;
      const load = (): Promise<typeof import('@anthropic-ai/sdk')> => import('@anthropic-ai/sdk');
      const { Anthropic: Client } = await loadOptional('@anthropic-ai/sdk', 'calling an Anthropic model', load);
      const client = new Client({
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

/** Sends a body; resolves once the headers of a good answer are there. Not through `messages.create` and its like: those print warnings about models to the console. */
export const post = async (
  client: AnthropicClient,
  path: string,
  { body, headers }: Pick<WireRequest, 'body' | 'headers'>,
  options: { readonly signal: AbortSignal; readonly stream?: boolean },
): Promise<Response> => {
  const sdk = await client.get();
  return await sdk.post(path, { body, headers, signal: options.signal, stream: options.stream ?? false }).asResponse();
};

/** Makes one call whose answer comes in one piece; failures are ours already. */
export const ask = async <T>(
  { secrets }: Pick<AnthropicClient, 'secrets'>,
  id: string,
  run: Run,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const once = async function* (signal: AbortSignal): AsyncGenerator<T, void, undefined> {
    yield await call(signal);
  };
  for await (const answer of guardedCall({ id, secrets }, run, once)) return answer;
  throw new PipewrightError('model-failed', `${id} sent no answer. Try again.`, { retryable: true });
};
