import { PipewrightError, type Run } from '../../core/index.js';
import { checkBaseUrl, guardedCall, type HttpCall, type HttpReply, httpJson, resolveApiKey } from '../shared/index.js';
import { googleError } from './errors.js';

/** Headers, or a function that is asked for them before every request: for tokens that expire. */
export type GoogleHeaders =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

export interface GoogleClientOptions {
  readonly id: string;
  readonly model: string;
  readonly apiKey: string | undefined;
  readonly baseUrl: string | undefined;
  readonly headers: GoogleHeaders | undefined;
}

/** What stands between us and the API, and knows the key. */
export interface GoogleClient {
  /** The name of the model in the API: `models/gemini-2.5-flash`. */
  readonly path: string;
  /** The request of a method such as `generateContent`. */
  readonly request: (method: string, body: unknown, signal: AbortSignal) => Promise<HttpCall>;
  /** Runs one call as `guardedCall` does; what Google says of failures is understood. */
  readonly call: <Event>(
    run: Run,
    body: (signal: AbortSignal) => AsyncIterable<Event>,
  ) => AsyncGenerator<Event, void, undefined>;
  /** One call with an answer in one piece. */
  readonly ask: (method: string, body: unknown, run: Run) => Promise<HttpReply>;
}

const publicUrl = 'https://generativelanguage.googleapis.com/v1beta';

export const googleClient = ({ id, model, apiKey, baseUrl, headers = {} }: GoogleClientOptions): GoogleClient => {
  checkBaseUrl(baseUrl);
  const root = (baseUrl ?? publicUrl).replace(/\/+$/, '');
  const path = (model.includes('/') ? model : `models/${model}`).split('/').map(encodeURIComponent).join('/');
  let secrets: readonly string[] = [];

  const request: GoogleClient['request'] = async (method, body, signal) => {
    const own = typeof headers === 'function' ? await headers() : headers;
    const key = hasCredentials(own) ? undefined : keyOf(id, apiKey, root);
    secrets = [key ?? '', ...Object.values(own)];
    // The key travels in a header, never in the URL: URLs end up in logs.
    const auth: Record<string, string> = key === undefined ? {} : { 'x-goog-api-key': key };
    return { url: `${root}/${path}:${method}`, headers: { ...auth, ...own }, body, signal };
  };

  const call: GoogleClient['call'] = (run, body) =>
    guardedCall({ id, secrets: () => secrets }, run, async function* (signal) {
      try {
        yield* body(signal);
      } catch (error) {
        // An abort is told by `guardedCall` itself.
        if (signal.aborted) throw error;
        throw googleError(error, { id, secrets, nowMs: run.clock.now() });
      }
    });

  const ask: GoogleClient['ask'] = async (method, body, run) => {
    const once = async function* (signal: AbortSignal): AsyncGenerator<HttpReply, void, undefined> {
      yield await httpJson(await request(method, body, signal));
    };
    for await (const reply of call(run, once)) return reply;
    throw new PipewrightError('model-failed', `${id} sent no answer. Try again.`, { retryable: true });
  };

  return { path, request, call, ask };
};

/** Vertex AI takes a bearer token instead of a key. */
const hasCredentials = (headers: Readonly<Record<string, string>>): boolean =>
  Object.keys(headers).some((name) => /^(?:authorization|x-goog-api-key)$/i.test(name));

const keyOf = (id: string, apiKey: string | undefined, baseUrl: string): string => {
  const { GEMINI_API_KEY = '', GOOGLE_API_KEY } = process.env;
  const found = apiKey ?? (GEMINI_API_KEY.trim() === '' ? GOOGLE_API_KEY : GEMINI_API_KEY);
  return resolveApiKey({ id, apiKey: found, variable: 'GEMINI_API_KEY', baseUrl });
};
