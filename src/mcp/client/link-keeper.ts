import type { Client, ClientOptions } from '@modelcontextprotocol/client';
import { isPipewrightError, PipewrightError, raceAbort, type Run, sleep } from '../../core/index.js';
import { type Link, openLink } from './link.js';
import { quoted } from './server-failure.js';
import type { McpLog, McpSource } from './types.js';

/** How often connecting is tried before a request fails, and how long the first wait between is; each is twice the one before. */
const maxConnects = 3;
const firstWaitMs = 250;

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

/** A link, and the attempt that made it. */
interface Kept {
  readonly link: Link;
  readonly made: Promise<Link>;
}

/** Keeps one link to a server open, and opens another when it was lost. */
export interface LinkKeeper {
  readonly working: (run: Run) => Promise<Kept>;
  /** Lets go of a link that is of no use; the next request makes another. */
  readonly drop: (kept: Kept) => void;
  readonly isClosed: () => boolean;
  readonly close: () => Promise<void>;
}

export const closedError = (server: string): PipewrightError =>
  new PipewrightError('connection-lost', `The MCP client \`${server}\` was closed. Make a new one.`);

/** Opens a link, and tries again while there is nobody at the other end. */
const connect = async (open: () => Promise<Link>, server: string, closed: AbortSignal, run: Run): Promise<Link> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open();
    } catch (error) {
      if (closed.aborted) throw closedError(server);
      // A server that was waited for in vain is not waited for again.
      const isOver = !(isPipewrightError(error) && error.code === 'connection-lost') || attempt >= maxConnects;
      if (isOver) throw error;
      const waitMs = firstWaitMs * 2 ** (attempt - 1);
      run.emit({ type: 'retry-wait', attempt, waitMs, error });
      await sleep(waitMs, { signal: closed, clock: run.clock });
    }
  }
};

export const linkKeeper = (source: McpSource, secrets: Set<string>, options: ConnectionOptions): LinkKeeper => {
  const { onLog, onLost, ...settings } = options;
  const closed = new AbortController();
  const ends = new Set<Promise<void>>();
  let current: Promise<Link> | undefined;

  const open = async (): Promise<Link> => {
    const onError = (error: Error): void => {
      const data = quoted(error.message, { server: source.name, secrets });
      onLog({ server: source.name, level: 'error', logger: 'connection', data });
    };
    const link = await openLink(source, { ...settings, onError, secrets, signal: closed.signal });
    if (!closed.signal.aborted) return link;
    await link.close();
    throw closedError(source.name);
  };
  const drop = ({ link, made }: Kept): void => {
    if (current === made) current = undefined;
    onLost();
    const end = link.close().catch(() => undefined);
    ends.add(end);
    void end.then(() => ends.delete(end));
  };
  const working = async (run: Run): Promise<Kept> => {
    if (closed.signal.aborted) throw closedError(source.name);
    if (current === undefined) {
      const fresh = connect(open, source.name, closed.signal, run);
      current = fresh;
      fresh.catch(() => {
        if (current === fresh) current = undefined;
      });
    }
    const made = current;
    // A caller who gives up does not take the link from the others who wait for it.
    const kept = { link: await raceAbort(made, run), made };
    if (!kept.link.isLost()) return kept;
    drop(kept);
    return working(run);
  };
  const close = async (): Promise<void> => {
    closed.abort(closedError(source.name));
    const link = await current?.catch(() => undefined);
    current = undefined;
    await link?.close();
    await Promise.all(ends);
  };
  return { working, drop, isClosed: () => closed.signal.aborted, close };
};
