import type { Client, Progress, RequestOptions } from '@modelcontextprotocol/client';
import { PipewrightError, type Run, scrubText } from '../../core/index.js';
import type { Link } from './link.js';
import { closedError, type ConnectionOptions, linkKeeper } from './link-keeper.js';
import { serverFailure } from './server-failure.js';
import type { McpSource } from './types.js';

/** A timer that the SDK sets beside ours: it never fires first. */
const noTimeoutMs = 2_147_483_647;

export interface Asked {
  /** For messages: `the call of \`echo\``. */
  readonly what: string;
  /** Name of its `progress` events. */
  readonly label: string;
  /** Whether it changes nothing: then it is sent again, once, when the connection was lost. @default false */
  readonly isRead?: boolean;
}

type Send<T> = (client: Client, options: RequestOptions) => Promise<T>;

/** A server, whichever connection there is to it right now. */
export interface Connection {
  /** Sends a request over a connection that works, and turns what fails into errors of ours. */
  readonly request: <T>(asked: Asked, run: Run, send: Send<T>) => Promise<T>;
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

const timeoutError = ({ what }: Asked, server: string, timeoutMs: number): PipewrightError => {
  const message = `The MCP server \`${server}\` did not answer ${what} within ${timeoutMs} ms. Try again, or raise \`timeoutMs\`.`;
  return new PipewrightError('timeout', message, { retryable: true });
};

/** A request with the run that it is for. The signal that the SDK gets is its own: the run's may be shared by a thousand. */
const sendOn = async <T>(link: Link, asked: Asked, run: Run, timeoutMs: number, send: Send<T>): Promise<T> => {
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
  const secrets = secretsOf(source);
  const keeper = linkKeeper(source, secrets, options);
  /** One entry for each request: several may have the same run. */
  const waiting = new Set<{ readonly run: Run }>();

  const request = async <T>(asked: Asked, run: Run, send: Send<T>, isAgain = false): Promise<T> => {
    run.throwIfAborted();
    const kept = await keeper.working(run);
    const { link } = kept;
    const entry = { run };
    waiting.add(entry);
    try {
      return await sendOn(link, asked, run, options.timeoutMs, send);
    } catch (error) {
      run.throwIfAborted();
      const failure = serverFailure(link.fault() ?? error, asked.what, link.context());
      if (failure.isLost || link.isLost()) keeper.drop(kept);
      if (keeper.isClosed()) throw closedError(source.name);
      if (asked.isRead === true && failure.isLost && !isAgain) return await request(asked, run, send, true);
      throw failure.error;
    } finally {
      waiting.delete(entry);
    }
  };
  return {
    request: (asked, run, send) => request(asked, run, send),
    clean: (text) => scrubText(text, [...secrets]),
    runs: () => [...waiting].map(({ run }) => run),
    close: keeper.close,
  };
};
