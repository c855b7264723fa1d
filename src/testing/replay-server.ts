import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { messageOf, PipewrightError, yieldToEventLoop } from '../core/index.js';
import { differences, type Json } from './cassette-json.js';

/** One HTTP exchange with a provider as it was recorded. */
export interface RecordedExchange {
  /** Null when only the answer was recorded. */
  readonly request: {
    readonly method: string;
    /** With the query, without the host. */
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  } | null;
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    /** A reply in one piece. */
    readonly body?: unknown;
    /** A stream, as it was received. */
    readonly text?: string;
  };
}

export interface ReplayServerOptions {
  /**
   * Whether a request is the recorded one. A request that is none of them is answered with 400 and what differs.
   * @default method, path and body are equal
   */
  readonly isSame?: (received: ReceivedRequest, recorded: NonNullable<RecordedExchange['request']>) => boolean;
  /** Send streams in pieces of so many bytes, whatever that cuts through. @default in one piece */
  readonly pieceBytes?: number;
  /** End streams after so many bytes, as a lost connection does. @default at their end */
  readonly cutAfterBytes?: number;
}

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Parsed JSON; the text when it is none; undefined when there was none. */
  readonly body: unknown;
}

export interface ReplayServer extends AsyncDisposable {
  /** `http://127.0.0.1:…`, without a path. */
  readonly url: string;
  /** What was asked, in order. */
  readonly requests: readonly ReceivedRequest[];
  readonly close: () => Promise<void>;
}

/**
 * A server on this machine that plays recorded exchanges: each request gets the answer that was recorded for it, so official
 * SDKs and our providers can be tested against the truth without a network. Exchanges that were recorded without their request
 * answer anything. One that fits more often than it was recorded is played again.
 * @example await using server = await replayServer([{ request: null, response: { status: 200, headers: {}, body: {} } }])
 */
export const replayServer = async (
  exchanges: readonly RecordedExchange[],
  options: ReplayServerOptions = {},
): Promise<ReplayServer> => {
  if (exchanges.length === 0) throw new PipewrightError('bad-option', 'A replay server needs an exchange to play.');
  const requests: ReceivedRequest[] = [];
  const timesPlayed = new Map<RecordedExchange, number>();
  const server = createServer((incoming, outgoing) => {
    outgoing.on('error', () => undefined);
    receive(incoming)
      .then((received) => {
        requests.push(received);
        return play(pick(exchanges, received, timesPlayed, options), received, exchanges, outgoing, options);
      })
      .catch((error: unknown) => outgoing.destroy(error instanceof Error ? error : new Error(messageOf(error))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, requests, close, [Symbol.asyncDispose]: close };
};

const receive = async (incoming: IncomingMessage): Promise<ReceivedRequest> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
  const text = Buffer.concat(chunks).toString('utf8');
  const { method = 'GET', url: path = '/', headers } = incoming;
  return { method, path, headers, body: text === '' ? undefined : parsed(text) };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON: then the text is the body.
    return text;
  }
};

const isEqual: NonNullable<ReplayServerOptions['isSame']> = (received, { method, path, body }) =>
  received.method === method && received.path === path && isDeepStrictEqual(received.body, body);

/** Of those that fit, the one that was played least. */
const pick = (
  exchanges: readonly RecordedExchange[],
  received: ReceivedRequest,
  timesPlayed: Map<RecordedExchange, number>,
  { isSame = isEqual }: ReplayServerOptions,
): RecordedExchange | undefined => {
  let best: RecordedExchange | undefined;
  for (const exchange of exchanges) {
    if (exchange.request !== null && !isSame(received, exchange.request)) continue;
    if (best === undefined || (timesPlayed.get(exchange) ?? 0) < (timesPlayed.get(best) ?? 0)) best = exchange;
  }
  if (best !== undefined) timesPlayed.set(best, (timesPlayed.get(best) ?? 0) + 1);
  return best;
};

/** They tell how the bytes were sent then; these are sent anew. */
const isAboutTransport = (name: string): boolean =>
  /^(?:transfer-encoding|content-length|content-encoding|connection)$/.test(name);

const play = async (
  exchange: RecordedExchange | undefined,
  received: ReceivedRequest,
  exchanges: readonly RecordedExchange[],
  outgoing: ServerResponse,
  { pieceBytes, cutAfterBytes }: ReplayServerOptions,
): Promise<void> => {
  if (exchange === undefined) {
    outgoing.writeHead(400, { 'content-type': 'application/json' });
    outgoing.end(JSON.stringify({ error: { type: 'not_recorded', message: notRecorded(received, exchanges) } }));
    return;
  }
  const { status, headers, body, text } = exchange.response;
  const kept = Object.entries(headers).filter(([name]) => !isAboutTransport(name.toLowerCase()));
  const type = text === undefined ? 'application/json' : 'text/event-stream';
  outgoing.writeHead(status, { 'content-type': type, ...Object.fromEntries(kept) });
  const whole = Buffer.from(text ?? (typeof body === 'string' ? body : JSON.stringify(body ?? null)));
  const bytes = cutAfterBytes === undefined ? whole : whole.subarray(0, cutAfterBytes);
  for (let at = 0; at < bytes.length; at += pieceBytes ?? bytes.length) {
    outgoing.write(bytes.subarray(at, at + (pieceBytes ?? bytes.length)));
    // Otherwise the pieces would leave as one.
    if (pieceBytes !== undefined) await yieldToEventLoop();
  }
  outgoing.end();
};

const maxDifferences = 6;

const notRecorded = (received: ReceivedRequest, exchanges: readonly RecordedExchange[]): string => {
  let nearest: readonly string[] | undefined;
  for (const { request } of exchanges) {
    if (request === null) continue;
    const recorded = { method: request.method, path: request.path, body: request.body ?? null };
    const asked = { method: received.method, path: received.path, body: received.body ?? null };
    const found = differences(recorded as Json, asked as Json);
    if (nearest === undefined || found.length < nearest.length) nearest = found;
  }
  const lines = nearest?.slice(0, maxDifferences) ?? [];
  return `This request was not recorded. The nearest recording differs:\n  ${lines.join('\n  ')}`;
};
