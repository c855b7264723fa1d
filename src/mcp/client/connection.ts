import type { Client, ClientOptions, Progress, RequestOptions } from '@modelcontextprotocol/client';
import { isPipewrightError, PipewrightError, raceAbort, type Run, scrubText, sleep } from '../../core/index.js';
import { type Link, openLink } from './link.js';
import { quoted, serverFailure } from './server-failure.js';
import type { McpLog, McpSource } from './types.js';

/** How often connecting is tried before a request fails, and how long the first wait between is; each is twice the one before. */
const maxConnects = 3;
const firstWaitMs = 250;

/** A timer that the SDK sets beside ours: it never fires first. */
const noTimeoutMs = 2_147_483_647;

export interface ConnectionOptions {
  readonly timeoutMs: number;
  readonly maxMessageBytes: number;
  /** What the SDK's client is made with, each time. */
  readonly sdkOptions: () => Promise<ClientOptions>;
  readonly prepare: (client: Client) => void;
  readonly onLog: (log: McpLog) => unknown;
  /** What was known of the server may no longer hold. */
  readonly onLost: () => void;
}

export interface Asked {
  /** For messages: `the call of \`echo\``. */
  readonly what: string;
  /** Name of its `progress` events. */
  readonly label: string;
  readonly timeoutMs?: number;
}

/** A server, whichever connection there is to it right now. */
export interface Connection {
  /** Sends a request over a connection that works, and turns what fails into errors of ours. */
  readonly request: <T>(
    asked: Asked,
    run: Run,
    send: (client: Client, options: RequestOptions) => Promise<T>,
  ) => Promise<T>;
  /** The runs of the requests that wait for an answer, in the order in which they were sent. */
  readonly runs: () => readonly Run[];
  /** The text without what only we and the server may know. */
  readonly clean: (text: string) => string;
  readonly close: () => Promise<void>;
}

/** What was given to be sent, and is nobody else's business. */
const secretsOf = (source: McpSource): Set<string> => {
  const given = Object.values(('command' in source ? source.env : source.headers) ?? {});
  return new Set(given.map((value) => value.replace(/^(?:Bearer|Basic) +/iu, '')));
};

const closedError = (server: string): PipewrightError =>
  new PipewrightError('connection-lost', `The MCP client \`${server}\` was closed. Make a new one.`);

const timeoutError = ({ what }: Asked, server: string, timeoutMs: number): PipewrightError => {
  const message = `The MCP server \`${server}\` did not answer ${what} within ${timeoutMs} ms. Try again, or raise \`timeoutMs\`.`;
  return new PipewrightError('timeout', message, { retryable: true });
};

/** A request with the run that it is for. The signal that the SDK gets is its own: the run's may be shared by a thousand. */
const sendOn = async <T>(
  link: Link,
  asked: Asked,
  run: Run,
  timeoutMs: number,
  send: (client: Client, options: RequestOptions) => Promise<T>,
): Promise<T> => {
  const controller = new AbortController();
  let isLate = false;
  const forget = run.onAbort(() => controller.abort('The caller gave up.'));
  const stop = run.clock.after(timeoutMs, () => {
    isLate = true;
    controller.abort('It took too long.');
  });
  const onprogress = ({ progress, total }: Progress): void =>
    run.emit({ type: 'progress', label: asked.label, done: progress, ...(total === undefined ? {} : { total }) });
  try {
    return await send(link.client, { signal: controller.signal, timeout: noTimeoutMs, onprogress });
  } catch (error) {
    run.throwIfAborted();
    if (isLate) throw timeoutError(asked, link.context().server, timeoutMs);
    throw error;
  } finally {
    stop();
    forget();
  }
};

/** Makes the connection to a server; nothing is opened before the first request. */
export const connection = (source: McpSource, options: ConnectionOptions): Connection => {
  const { timeoutMs, maxMessageBytes, sdkOptions, prepare, onLog, onLost } = options;
  const closed = new AbortController();
  const secrets = secretsOf(source);
  /** One entry for each request: several may have the same run. */
  const waiting = new Set<{ readonly run: Run }>();
  const ends = new Set<Promise<void>>();
  let current: Promise<Link> | undefined;

  const open = async (): Promise<Link> => {
    const link = await openLink(source, {
      timeoutMs,
      maxMessageBytes,
      sdkOptions,
      prepare,
      onError: (error) => {
        const data = quoted(error.message, { server: source.name, secrets });
        onLog({ server: source.name, level: 'error', logger: 'connection', data });
      },
      secrets,
      signal: closed.signal,
    });
    if (!closed.signal.aborted) return link;
    await link.close();
    throw closedError(source.name);
  };

  const connect = async (run: Run): Promise<Link> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await open();
      } catch (error) {
        // A server that was waited for in vain is not waited for again.
        const isOver = !(isPipewrightError(error) && error.code === 'connection-lost') || attempt >= maxConnects;
        if (closed.signal.aborted) throw closedError(source.name);
        if (isOver) throw error;
        const waitMs = firstWaitMs * 2 ** (attempt - 1);
        run.emit({ type: 'retry-wait', attempt, waitMs, error });
        await sleep(waitMs, { signal: closed.signal, clock: run.clock });
      }
    }
  };

  /** Lets go of a connection that is of no use; the next request makes another. */
  const drop = (link: Link, of: Promise<Link>): void => {
    if (current === of) current = undefined;
    onLost();
    const end = link.close().catch(() => undefined);
    ends.add(end);
    void end.then(() => ends.delete(end));
  };

  const working = async (run: Run): Promise<readonly [Link, Promise<Link>]> => {
    if (closed.signal.aborted) throw closedError(source.name);
    if (current === undefined) {
      const made = connect(run);
      current = made;
      made.catch(() => {
        if (current === made) current = undefined;
      });
    }
    const held = current;
    // A caller who gives up does not take the connection from the others who wait for it.
    const link = await raceAbort(held, run);
    if (!link.isLost()) return [link, held];
    drop(link, held);
    return working(run);
  };

  return {
    request: async (asked, run, send) => {
      run.throwIfAborted();
      const [link, held] = await working(run);
      const entry = { run };
      waiting.add(entry);
      try {
        return await sendOn(link, asked, run, asked.timeoutMs ?? timeoutMs, send);
      } catch (error) {
        run.throwIfAborted();
        const failure = serverFailure(link.fault() ?? error, asked.what, link.context());
        if (failure.isLost || link.isLost()) drop(link, held);
        throw closed.signal.aborted ? closedError(source.name) : failure.error;
      } finally {
        waiting.delete(entry);
      }
    },
    clean: (text) => scrubText(text, [...secrets]),
    runs: () => [...waiting].map(({ run }) => run),
    close: async () => {
      closed.abort(closedError(source.name));
      const link = await current?.catch(() => undefined);
      current = undefined;
      await link?.close();
      await Promise.all(ends);
    },
  };
};
