import { createHash } from 'node:crypto';
import { checkAtLeast, loadOptional, PipewrightError } from '../core/index.js';
import { failureOf } from './errors.js';

/** A client of the package `ioredis`. */
export interface RedisClient {
  call(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>;
  callBuffer(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>;
  /** Another connection to the same server. */
  duplicate(override?: { readonly maxRetriesPerRequest: null }): RedisClient;
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(...channels: string[]): Promise<unknown>;
  on(event: string, listener: (...args: never[]) => void): unknown;
  disconnect(): void;
}

export interface RedisOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://` with TLS; needs the package `ioredis`. */
  readonly url?: string;
  /** A client of the package `ioredis` that stays yours to close. */
  readonly client?: RedisClient;
  /** What the keys begin with. @default 'pipewright' */
  readonly prefix?: string;
  /** Longest wait for a connection, with `url`. @default 10000 */
  readonly connectTimeoutMs?: number;
  /** Longest wait for an answer, with `url`. @default 10000 */
  readonly commandTimeoutMs?: number;
}

export type RedisValue = string | number | Buffer;

/** A program in Lua that the server runs as one step. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

/** Scripts are told apart by their SHA-1, as the server does it. */
export const script = (source: string): Script => ({ source, sha: createHash('sha1').update(source).digest('hex') });

/** A server, as what lies on it shares it. Every method rejects with a typed error. */
export interface Redis {
  /** What errors call it: host, port and prefix. */
  readonly where: string;
  /** All keys begin with this. It is a hash tag: on a cluster they lie together. */
  readonly base: string;
  readonly call: (command: string, ...args: RedisValue[]) => Promise<unknown>;
  /** Runs a script on the base as its one key. With `isBytes` texts of the answer come as bytes. */
  readonly run: (script: Script, args: readonly RedisValue[], isBytes?: boolean) => Promise<unknown>;
  /** Hands the scripts to the server, so that calls are short from the first one on. */
  readonly load: (scripts: readonly Script[]) => Promise<void>;
  /** A second connection that listens. It subscribes again by itself after a loss. */
  readonly listen: () => RedisClient;
  readonly close: () => void;
}

/** Where the server is, and what of the address is secret. */
const addressOf = (url: string): { readonly where: string; readonly secrets: readonly string[] } => {
  try {
    const { protocol, hostname, port, password } = new URL(url);
    if (protocol !== 'redis:' && protocol !== 'rediss:') throw new TypeError('another protocol');
    const secrets = [password, decodeURIComponent(password)].filter((secret) => secret !== '');
    return { where: `Redis ${hostname}:${port || '6379'}`, secrets };
  } catch {
    // The text itself may hold a password: it is not quoted.
    throw new PipewrightError('bad-option', '`url` must have the form redis://user:password@host:port/database.');
  }
};

const openClient = async (url: string, options: RedisOptions): Promise<RedisClient> => {
  const { connectTimeoutMs = 10_000, commandTimeoutMs = 10_000 } = options;
  checkAtLeast('connectTimeoutMs', connectTimeoutMs, 1);
  checkAtLeast('commandTimeoutMs', commandTimeoutMs, 1);
  const { Redis: Client } = await loadOptional('ioredis', 'a Redis server', () => import('ioredis'));
  const client = new Client(url, {
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    // What was under way when the connection broke fails at once, and is not sent again behind the caller's back.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
  });
  return client as unknown as RedisClient;
};

const quiet = (client: RedisClient): RedisClient => {
  // Failures reach the callers of commands; without a listener the driver would print them.
  client.on('error', () => undefined);
  return client;
};

/** @throws {PipewrightError} `bad-option`, `dependency-missing`. */
export const openRedis = async (options: RedisOptions): Promise<Redis> => {
  const { url, prefix = 'pipewright' } = options;
  if ((url === undefined) === (options.client === undefined)) {
    throw new PipewrightError('bad-option', 'Give one of `url` and `client`.');
  }
  if (!/^[^{}\s]{1,100}$/.test(prefix)) {
    throw new PipewrightError('bad-option', '`prefix` must have 1 to 100 characters, without spaces and braces.');
  }
  const { where, secrets } = url === undefined ? { where: 'Redis', secrets: [] } : addressOf(url);
  const client = options.client ?? quiet(await openClient(url ?? '', options));
  const base = `{${prefix}}`;
  const typed = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw failureOf(error, where, secrets);
    }
  };
  const listeners = new Set<RedisClient>();
  return {
    where: `${where}, prefix ${prefix}`,
    base,
    call: (command, ...args) => typed(() => client.call(command, ...args)),
    run: ({ source, sha }, args, isBytes = false) =>
      typed(async () => {
        const send = (command: string, program: string): Promise<unknown> =>
          isBytes
            ? client.callBuffer(command, program, 1, base, ...args)
            : client.call(command, program, 1, base, ...args);
        try {
          return await send('EVALSHA', sha);
        } catch (error) {
          // A server that was started anew has no scripts.
          if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
          return send('EVAL', source);
        }
      }),
    load: (scripts) =>
      typed(async () => {
        await Promise.all(scripts.map(({ source }) => client.call('SCRIPT', 'LOAD', source)));
      }),
    listen: () => {
      const listener = quiet(client.duplicate({ maxRetriesPerRequest: null }));
      listeners.add(listener);
      return listener;
    },
    close: () => {
      for (const listener of listeners) listener.disconnect();
      if (options.client === undefined) client.disconnect();
    },
  };
};
