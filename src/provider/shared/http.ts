import { cappedText } from './http-body.js';
import { linesOf, type Pieces, piecesOf, type ReadText } from './http-stream.js';

/** One request of JSON. */
export interface HttpCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON, a form as it is; left out, the request is a GET. */
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

export interface HttpPieces<T> {
  readonly events: Pieces<T>;
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

/** For APIs that have no SDK here. Reads at most 64 MiB; throws what `serverError` reads. */
export const httpJson = async (call: HttpCall): Promise<HttpReply> => {
  const response = await send(call, 'application/json');
  return { data: JSON.parse(await cappedText(response.body)), headers: response.headers };
};

/**
 * The same for a reply in pieces: server-sent events, lines of JSON, or one JSON text from a server that does not stream.
 * Resolves once the headers are there. Leaving the loop over the events closes the connection. The whole may be of any size, one
 * event has at most 64 MiB. What a cut connection leaves of a last event is left out.
 */
export const httpEvents = async (call: HttpCall): Promise<HttpEvents> => httpPieces(call, (text) => text);

/** The same with each JSON text as `read` makes it. */
export const httpPieces = async <T>(call: HttpCall, read: ReadText<T>): Promise<HttpPieces<T>> => {
  const response = await send(call, 'text/event-stream');
  return { events: piecesOf(response, read), headers: response.headers };
};

/** A file of JSON, line by line, whatever its headers say it is; of any size, as long as no line has more than 64 MiB. */
export const httpLines = async (call: HttpCall): Promise<AsyncIterable<string>> =>
  linesOf((await send(call, '*/*')).body);

const send = async ({ url, headers, body, signal }: HttpCall, accept: string): Promise<Response> => {
  const isJson = body !== undefined && !(body instanceof FormData);
  const content: Record<string, string> = isJson ? { 'content-type': 'application/json' } : {};
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { accept, ...content, ...headers },
    signal,
    // Followed, a redirect to another host would take along every header with a key but `authorization`.
    redirect: 'manual',
    ...(isJson ? { body: JSON.stringify(body) } : body instanceof FormData ? { body } : {}),
  });
  if (!response.ok) throw new HttpFailure(response, await failureOf(response));
  return response;
};

/** What the server said: its JSON, or its text. */
const failureOf = async (response: Response): Promise<unknown> => {
  const text = await cappedText(response.body);
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, or nothing at all.
    return text;
  }
};
