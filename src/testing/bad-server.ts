import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, PipewrightError, systemClock } from '../core/index.js';

/** What the server does with one request. */
export type Behaviour =
  /** Answers with a JSON body: a reply, a 429 with headers, a 500. */
  | ({ readonly type: 'json'; readonly body: unknown } & Head)
  /** Answers with a text as it is: HTML, JSON that is none. */
  | ({ readonly type: 'text'; readonly text: string } & Head)
  | ({
      /** Answers with an event stream, piece by piece. */
      readonly type: 'sse';
      readonly chunks: readonly (string | Uint8Array)[];
      /** Waits this long before each piece. @default 0 */
      readonly delayMs?: number;
      /** Sends no more than this many bytes. @default all */
      readonly cutAfterBytes?: number;
      /** What comes after the last piece: the end, nothing at all, or a broken connection. @default 'end' */
      readonly ending?: 'end' | 'stall' | 'reset';
    } & Head)
  /** Accepts the request and never answers. */
  | { readonly type: 'silence' }
  /** Breaks the connection instead of answering. */
  | { readonly type: 'reset' }
  /** Answers with a JSON string of so many bytes. */
  | { readonly type: 'huge'; readonly bytes: number };

interface Head {
  /** @default 200 */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that the server got. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown;
  /** Resolves when the exchange is over: `finished` when all was sent, `cut` when the connection closed before. */
  readonly closed: Promise<'finished' | 'cut'>;
}

/** One behaviour for every request, a list (the last one stays), or a function of the request. */
export type Behaviours = Behaviour | readonly Behaviour[] | ((request: RecordedRequest, index: number) => Behaviour);

export interface BadServerOptions {
  /** For the waits between pieces. @default the real clock */
  readonly clock?: Clock;
}

/** A server that behaves badly on purpose. Disposing it breaks what is still open. */
export interface BadServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** What it was asked, in order. */
  readonly requests: readonly RecordedRequest[];
  /** Resolves with the request of this number, counted from 0, as soon as it has come. */
  readonly request: (index: number) => Promise<RecordedRequest>;
}

/**
 * Starts an HTTP server on this machine, on a free port, that answers as told: for tests of clients.
 * @example await using server = await badServer({ type: 'json', body: { error: { message: 'Slow down' } }, status: 429 })
 */
export const badServer = async (behaviours: Behaviours, options: BadServerOptions = {}): Promise<BadServer> => {
  const { clock = systemClock } = options;
  const behave = chooser(behaviours);
  const requests: RecordedRequest[] = [];
  const arrivals = new EventEmitter().setMaxListeners(0);
  const server = createServer((incoming, outgoing) => {
    void exchange(incoming, outgoing, clock, (request) => {
      const index = requests.push(request) - 1;
      arrivals.emit(String(index), request);
      return behave(request, index);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    request: async (index) => {
      const known = requests[index];
      if (known !== undefined) return known;
      const [request] = (await once(arrivals, String(index))) as [RecordedRequest];
      return request;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

const chooser = (behaviours: Behaviours): ((request: RecordedRequest, index: number) => Behaviour) => {
  if (typeof behaviours === 'function') return behaviours;
  const list = Array.isArray(behaviours) ? (behaviours as readonly Behaviour[]) : [behaviours as Behaviour];
  return (_request, index) => {
    const behaviour = list[Math.min(index, list.length - 1)];
    if (behaviour === undefined) throw new PipewrightError('bad-option', 'The server was given no behaviour.');
    return behaviour;
  };
};

const exchange = async (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  clock: Clock,
  choose: (request: RecordedRequest) => Behaviour,
): Promise<void> => {
  const closed = new Promise<'finished' | 'cut'>((resolve) => {
    outgoing.once('close', () => resolve(outgoing.writableFinished ? 'finished' : 'cut'));
  });
  // A write to a client that has left fails; `closed` tells that already.
  outgoing.on('error', () => undefined);
  try {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const body = await bodyOf(incoming);
    await act(choose({ method, path, headers, body, closed }), outgoing, clock);
  } catch {
    // The client left in the middle, or the test's own function threw: either way the connection is of no more use.
    outgoing.destroy();
  }
};

const bodyOf = async (incoming: IncomingMessage): Promise<unknown> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    // No JSON: then the text is the body.
    return text;
  }
};

const json = 'application/json';

const act = async (behaviour: Behaviour, outgoing: ServerResponse, clock: Clock): Promise<void> => {
  switch (behaviour.type) {
    case 'json':
      head(outgoing, behaviour, json).end(JSON.stringify(behaviour.body));
      return;
    case 'text':
      head(outgoing, behaviour, 'text/html').end(behaviour.text);
      return;
    case 'sse':
      await sendStream(behaviour, outgoing, clock);
      return;
    case 'huge':
      await sendHuge(behaviour.bytes, outgoing);
      return;
    case 'reset':
      outgoing.socket?.resetAndDestroy();
      return;
    case 'silence':
      return;
  }
};

const head = (outgoing: ServerResponse, { status = 200, headers = {} }: Head, contentType: string): ServerResponse =>
  outgoing.writeHead(status, { 'content-type': contentType, ...headers });

const sendStream = async (
  behaviour: Extract<Behaviour, { readonly type: 'sse' }>,
  outgoing: ServerResponse,
  clock: Clock,
): Promise<void> => {
  const { chunks, delayMs = 0, cutAfterBytes = Number.POSITIVE_INFINITY, ending = 'end' } = behaviour;
  head(outgoing, behaviour, 'text/event-stream').flushHeaders();
  let left = cutAfterBytes;
  for (const chunk of chunks) {
    if (delayMs > 0) await pause(delayMs, outgoing, clock);
    const bytes = Buffer.from(chunk).subarray(0, left);
    left -= bytes.byteLength;
    if (bytes.byteLength > 0) await write(outgoing, bytes);
  }
  if (ending === 'end') outgoing.end();
  if (ending === 'reset') outgoing.socket?.resetAndDestroy();
};

/** Waits on the clock, or until the client has left. */
const pause = (ms: number, outgoing: ServerResponse, clock: Clock): Promise<void> =>
  new Promise((resolve, reject) => {
    const left = (): void => {
      cancel();
      reject(new Error('The client left.'));
    };
    const cancel = clock.after(ms, () => {
      outgoing.off('close', left);
      resolve();
    });
    outgoing.once('close', left);
  });

const write = (outgoing: ServerResponse, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    outgoing.write(bytes, (error) => (error ? reject(error) : resolve()));
  });

const sendHuge = async (bytes: number, outgoing: ServerResponse): Promise<void> => {
  const block = Buffer.alloc(64 * 1024, 'x');
  head(outgoing, {}, json).write('"');
  for (let left = bytes; left > 0; left -= block.byteLength) await write(outgoing, block.subarray(0, left));
  outgoing.end('"');
};

/**
 * Events as the text of an event stream: `data: {…}` for each, with `event: <type>` where `named` is set, as Anthropic sends them.
 * @example sseText([{ a: 1 }]) // => 'data: {"a":1}\n\n'
 */
export const sseText = (events: readonly unknown[], named = false): string =>
  events
    .map((event) => {
      const name = named ? `event: ${String((event as { readonly type?: unknown }).type)}\n` : '';
      return `${name}data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`;
    })
    .join('');
