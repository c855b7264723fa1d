import { createParser } from 'eventsource-parser';
import { cappedFetch } from './capped-fetch.js';

/** One request of JSON. */
export interface HttpCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON; left out, the request is a GET. */
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

export interface HttpReply {
  readonly data: unknown;
  readonly headers: Headers;
}

export interface HttpEvents {
  /** The JSON text of each event, or each line of JSON; comments and the closing `[DONE]` are left out. */
  readonly events: AsyncIterable<string>;
  readonly headers: Headers;
}

/** A reply that says no, in the shape in which the SDKs throw it: `serverError` reads both. */
class HttpFailure extends Error {
  readonly status: number;
  readonly headers: Headers;
  readonly error: unknown;

  constructor({ status, headers }: Response, error: unknown) {
    super(`status ${status}`);
    this.status = status;
    this.headers = headers;
    this.error = error;
  }
}

/** For APIs that have no SDK here. Throws what `serverError` reads. */
export const httpJson = async (call: HttpCall): Promise<HttpReply> => {
  const response = await send(call, 'application/json');
  return { data: await response.json(), headers: response.headers };
};

/**
 * The same for a reply in pieces: server-sent events, or lines of JSON. Resolves once the headers are there. Leaving the loop
 * over the events closes the connection.
 */
export const httpEvents = async (call: HttpCall): Promise<HttpEvents> => {
  const response = await send(call, 'text/event-stream');
  const isLines = /ndjson|jsonl|x-json-stream/.test(response.headers.get('content-type') ?? '');
  const { body } = response;
  const events = body === null ? noEvents() : isLines ? linesOf(body) : eventsOf(body);
  return { events, headers: response.headers };
};

const send = async ({ url, headers, body, signal }: HttpCall, accept: string): Promise<Response> => {
  const content: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await cappedFetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { accept, ...content, ...headers },
    signal,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new HttpFailure(response, await failureOf(response));
  return response;
};

/** What the server said: its JSON, or its text. */
const failureOf = async (response: Response): Promise<unknown> => {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, or nothing at all.
    return text;
  }
};

async function* noEvents(): AsyncGenerator<string, void, undefined> {}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let ready: string[] = [];
  const take = ({ data }: { readonly data: string }): void => {
    if (data !== '[DONE]') ready.push(data);
  };
  const parser = createParser({ onEvent: take });
  for await (const text of textsOf(body)) {
    parser.feed(text);
    if (ready.length === 0) continue;
    const events = ready;
    ready = [];
    yield* events;
  }
  // The last event of a stream may lack the empty line that ends it.
  parser.feed('\n\n');
  yield* ready;
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const text of textsOf(body)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield line;
  }
  if (rest.trim() !== '') yield rest;
}

async function* textsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  for await (const bytes of body) yield decoder.decode(bytes, { stream: true });
}
