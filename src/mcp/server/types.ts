import type { Readable, Writable } from 'node:stream';
import type { Clock, Document, Message, Retriever, RunOptions } from '../../core/index.js';

/** Documents for clients to read. */
export interface ServedResources {
  /** Each is a resource at `document:<id>`. @default none */
  readonly documents?: readonly Document[];
  /** Searched through the template `search:{query}`. @default none */
  readonly retriever?: Retriever;
}

/** A chat prompt for clients to fill in. */
export interface ServedPrompt {
  readonly description?: string;
  /** Any `chatPrompt` whose variables are texts. */
  readonly prompt: {
    readonly variables: readonly string[];
    readonly format: (values: never) => readonly Message[];
  };
}

/** How a server is reached over HTTP. */
export interface ServedHttp {
  /** Host names that requests may be for, without ports: what protects from DNS rebinding. @default those of this machine */
  readonly hosts?: readonly string[];
  /** Host names of web pages that may send requests. @default those of this machine */
  readonly origins?: readonly string[];
  /** Sessions of 2025 clients at once; further ones are told to come later. Later clients have no sessions. @default 100 */
  readonly maxSessions?: number;
  /** A session that was not used for so long is ended. @default 1800000 */
  readonly sessionIdleMs?: number;
  /** @default 1048576 */
  readonly maxRequestBytes?: number;
  /** @default the real clock */
  readonly clock?: Clock;
}

export interface McpServerOptions {
  /** @default 'pipewright' */
  readonly name?: string;
  /** @default '1.0.0' */
  readonly version?: string;
  /** How to use the tools together, for the model of the client. @default nothing */
  readonly instructions?: string;
  readonly resources?: ServedResources;
  /** By name. @default none */
  readonly prompts?: Readonly<Record<string, ServedPrompt>>;
  /**
   * What becomes of a call that needs the approval of a person: it is refused, or the client is asked to ask its user. A client can
   * answer for its user: `elicit` is for clients that you trust. @default 'refuse'
   */
  readonly approval?: 'refuse' | 'elicit';
  /** What each call runs with: a budget, a listener, values. Over HTTP it is given the request. @default nothing */
  readonly runOptions?: (request?: Request) => Omit<RunOptions, 'signal'>;
  readonly http?: ServedHttp;
}

export interface StdioStreams {
  /** @default standard input */
  readonly input?: Readable;
  /** @default standard output; nothing else may write there */
  readonly output?: Writable;
}

/** Tools, resources and prompts for clients of the Model Context Protocol. */
export interface McpServer extends AsyncDisposable {
  /** Serves one client over standard input and output; resolves when that has gone, or the server is closed. */
  readonly serveStdio: (streams?: StdioStreams) => Promise<void>;
  /** Answers a request over streamable HTTP: for any server that speaks in `Request` and `Response`. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Ends all sessions, and aborts the calls under way. */
  readonly close: () => Promise<void>;
}
