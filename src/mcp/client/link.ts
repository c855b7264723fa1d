import type { Client, ClientOptions, Transport } from '@modelcontextprotocol/client';
import { loadOptional, onAbort, type PipewrightError, systemClock } from '../../core/index.js';
import { boundedFetch, tooLong } from './bounded-fetch.js';
import { requestStreams } from './request-streams.js';
import { type FailureContext, serverFailure } from './server-failure.js';
import type { McpAddress, McpCommand, McpSource } from './types.js';

/** How much of a process' standard error is kept. */
const maxLastWords = 4_000;
/** How long a server over HTTP is waited for when its session is ended. */
const endSessionMs = 2_000;

/** One connection, from its opening to its end. */
export interface Link {
  readonly client: Client;
  readonly isLost: () => boolean;
  /** Why it was ended by us, where it was. */
  readonly fault: () => PipewrightError | undefined;
  readonly context: () => FailureContext;
  /** Ends it; every call waits for the same end. */
  readonly close: () => Promise<void>;
}

export interface LinkOptions {
  readonly maxMessageBytes: number;
  readonly timeoutMs: number;
  readonly sdkOptions: () => Promise<ClientOptions>;
  /** Puts in the handlers of what the server may ask for. */
  readonly prepare: (client: Client) => void;
  readonly onError: (error: Error) => void;
  /** What no message may quote; tokens that are sent are added. */
  readonly secrets: Set<string>;
  /** Aborts when nobody wants the connection any more. */
  readonly signal: AbortSignal;
}

const sdkName = '@modelcontextprotocol/client';
const purpose = 'talking to MCP servers';

/** What a connection learns while it lives. */
interface Learnt {
  lastWords: string;
  fault: PipewrightError | undefined;
}

interface Opened {
  readonly transport: Transport;
  /** What is done before the connection is ended. */
  readonly farewell: () => Promise<void>;
}

const openCommand = async (source: McpCommand, { maxMessageBytes }: LinkOptions, learnt: Learnt): Promise<Opened> => {
  const { StdioClientTransport } = await loadOptional(
    sdkName,
    purpose,
    () => import('@modelcontextprotocol/client/stdio'),
  );
  const { command, args = [], env = {}, cwd } = source;
  const transport = new StdioClientTransport({
    command,
    args: [...args],
    env: { ...env },
    stderr: 'pipe',
    maxBufferSize: maxMessageBytes,
    ...(cwd === undefined ? {} : { cwd }),
  });
  transport.stderr?.on('data', (chunk: Buffer) => {
    learnt.lastWords = (learnt.lastWords + chunk.toString()).slice(-maxLastWords);
  });
  return { transport, farewell: async () => undefined };
};

const openAddress = async (source: McpAddress, { maxMessageBytes, secrets }: LinkOptions): Promise<Opened> => {
  const { StreamableHTTPClientTransport } = await loadOptional(
    sdkName,
    purpose,
    () => import('@modelcontextprotocol/client'),
  );
  const { url, headers = {}, authProvider, fetch: send = fetch } = source;
  let tooLongMessage: string | undefined;
  const guard = {
    maxBytes: maxMessageBytes,
    onSecret: (secret: string) => void secrets.add(secret),
    onTooLong: (error: PipewrightError) => {
      tooLongMessage = error.message;
    },
  };
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { ...headers } },
    fetch: boundedFetch(send, guard),
    ...(authProvider === undefined ? {} : { authProvider: authProvider as never }),
  });
  const streams = requestStreams(transport, () => {
    const message = tooLongMessage;
    tooLongMessage = undefined;
    return message;
  });
  const farewell = async (): Promise<void> => {
    streams.endAll();
    let forget = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      forget = systemClock.after(endSessionMs, resolve);
    });
    await Promise.race([transport.terminateSession().catch(() => undefined), late]);
    forget();
  };
  return { transport, farewell };
};

/** A process goes in steps that take seconds: every call waits for the same end, and what waits for an answer is told. */
const closing = ({ transport, farewell }: Opened, client: Client): (() => Promise<void>) => {
  const end = transport.close.bind(transport);
  let ended: Promise<void> | undefined;
  transport.close = () => {
    ended ??= end();
    return ended;
  };
  return async () => {
    await farewell();
    await transport.close();
    // A process whose output somebody else holds open never says that it was closed.
    if (client.transport !== undefined) transport.onclose?.();
  };
};

/** Opens a connection and shakes hands; nothing is left running when that fails. */
export const openLink = async (source: McpSource, options: LinkOptions): Promise<Link> => {
  const { Client } = await loadOptional(sdkName, purpose, () => import('@modelcontextprotocol/client'));
  const learnt: Learnt = { lastWords: '', fault: undefined };
  const open = 'command' in source ? openCommand : openAddress;
  const opened = await open(source as never, options, learnt);
  const client = new Client({ name: 'pipewright', version: '1' }, await options.sdkOptions());
  options.prepare(client);
  let isLost = false;
  client.onclose = () => {
    isLost = true;
  };
  client.onerror = (error) => {
    if (error.message.includes('exceeded maximum size')) learnt.fault ??= tooLong(options.maxMessageBytes);
    options.onError(error);
  };
  const close = closing(opened, client);
  const context = (): FailureContext => ({
    server: source.name,
    secrets: options.secrets,
    lastWords: learnt.lastWords,
  });
  const link: Link = { client, isLost: () => isLost, fault: () => learnt.fault, context, close };
  const forget = onAbort(options.signal, () => void close());
  try {
    await client.connect(opened.transport, { timeout: options.timeoutMs });
    return link;
  } catch (error) {
    await close();
    throw serverFailure(learnt.fault ?? error, 'connecting', context()).error;
  } finally {
    forget();
  }
};
