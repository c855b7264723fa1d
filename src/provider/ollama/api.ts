import { type JsonApi, jsonApi } from '../shared/index.js';

export interface OllamaConnection {
  readonly apiKey?: string;
  readonly baseUrl?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ollamaApi = (id: string, { apiKey, baseUrl, headers }: OllamaConnection): JsonApi =>
  jsonApi({
    id,
    apiKey,
    variable: 'OLLAMA_API_KEY',
    isKeyOptional: true,
    defaultBaseUrl: defaultBaseUrl(),
    baseUrl,
    headers,
  });

const usualPort = '11434';

/** OLLAMA_HOST is written for the server too: without a scheme, without a host, or as the address of all interfaces. */
const defaultBaseUrl = (): string => {
  const host = (process.env.OLLAMA_HOST ?? '').trim();
  const text = /^https?:\/\//.test(host) ? host : `http://${host}`;
  const withHost = text.replace(/^(https?:\/\/)(?=:|\/|$)/, '$1127.0.0.1');
  if (!URL.canParse(withHost)) return `http://127.0.0.1:${usualPort}`;
  const url = new URL(withHost);
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  if (url.port === '' && !/^https?:\/\//.test(host)) url.port = usualPort;
  return url.href.replace(/\/+$/, '');
};
