import { PipewrightError, type Run } from '../../core/index.js';
import { checkBaseUrl, resolveApiKey } from './api-key.js';
import { type CallInfo, guardedCall } from './guarded-call.js';
import { type HttpCall, type HttpReply, httpJson } from './http.js';

export interface JsonApiOptions {
  /** Names the calls in errors. */
  readonly id: string;
  readonly apiKey: string | undefined;
  /** The environment variable of the key. */
  readonly variable: string;
  /** Of the provider itself; there a key is needed. */
  readonly defaultBaseUrl: string;
  readonly baseUrl: string | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Whether the server may want no key, wherever it stands. @default false */
  readonly isKeyOptional?: boolean;
}

/** A server that takes JSON, with a key in the header `authorization`. */
export interface JsonApi extends CallInfo {
  /** The request for `httpJson` or `httpEvents`, inside a `guardedCall`. Without a body it is a GET. */
  readonly request: (path: string, body: unknown, signal: AbortSignal) => HttpCall;
  /** One request with an answer in one piece; failures are ours already. */
  readonly ask: (path: string, body: unknown, run: Run) => Promise<HttpReply>;
}

/** The key is read anew at every call. */
export const jsonApi = (options: JsonApiOptions): JsonApi => {
  const { id, apiKey, variable, defaultBaseUrl, baseUrl, headers = {}, isKeyOptional = false } = options;
  checkBaseUrl(baseUrl);
  const root = (baseUrl ?? defaultBaseUrl).replace(/\/+$/, '');
  let lastKey = '';
  const request: JsonApi['request'] = (path, body, signal) => {
    const isWithout = isKeyOptional && (apiKey ?? process.env[variable] ?? '').trim() === '';
    lastKey = isWithout ? '' : resolveApiKey({ id, apiKey, variable, baseUrl: root });
    const authorization: Record<string, string> = isWithout ? {} : { authorization: `Bearer ${lastKey}` };
    return { url: root + path, headers: { ...authorization, ...headers }, body, signal };
  };
  const info: CallInfo = { id, secrets: () => [lastKey, ...Object.values(headers)] };
  const ask: JsonApi['ask'] = async (path, body, run) => {
    const once = async function* (signal: AbortSignal): AsyncGenerator<HttpReply, void, undefined> {
      yield await httpJson(request(path, body, signal));
    };
    for await (const reply of guardedCall(info, run, once)) return reply;
    throw new PipewrightError('model-failed', `${id} sent no answer. Try again.`, { retryable: true });
  };
  return { ...info, request, ask };
};
