import { randomUUID } from 'node:crypto';
import type { Server, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import type { Clock } from '../../core/index.js';

type SdkServer = typeof import('@modelcontextprotocol/server');

export interface SessionLimits {
  readonly maxSessions: number;
  readonly sessionIdleMs: number;
  readonly maxRequestBytes: number;
  readonly clock: Clock;
}

export interface Sessions {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly close: () => Promise<void>;
}

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly server: Server;
  usedMs: number;
}

const refused = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Response =>
  Response.json({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }, { status, headers });

/** The sessions of clients of 2025: a cancellation, or an answer of a user, comes in a request of its own and must find its call. */
export const sessions = (sdk: SdkServer, makeServer: () => Server, limits: SessionLimits): Sessions => {
  const { maxSessions, sessionIdleMs, maxRequestBytes, clock } = limits;
  const open = new Map<string, Session>();
  /** Sessions that are being opened count too: many may come at once. */
  let opening = 0;

  const end = async (id: string): Promise<void> => {
    const session = open.get(id);
    open.delete(id);
    await session?.server.close();
  };
  const endIdle = async (): Promise<void> => {
    const before = clock.now() - sessionIdleMs;
    await Promise.all([...open].filter(([, { usedMs }]) => usedMs < before).map(([id]) => end(id)));
  };

  const begin = async (request: Request): Promise<Response> => {
    const server = makeServer();
    const transport = new sdk.WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      maxRequestBodySize: maxRequestBytes,
      onsessioninitialized: (id) => void open.set(id, { transport, server, usedMs: clock.now() }),
      onsessionclosed: end,
    });
    await server.connect(transport);
    const response = await transport.handleRequest(request);
    if (transport.sessionId === undefined) await server.close();
    return response;
  };

  return {
    fetch: async (request) => {
      await endIdle();
      const id = request.headers.get('mcp-session-id');
      if (id !== null) {
        const session = open.get(id);
        if (session === undefined) return refused(404, 'Session not found');
        session.usedMs = clock.now();
        return session.transport.handleRequest(request);
      }
      if (request.method !== 'POST') return refused(400, 'A session is begun by a POST of `initialize`.');
      if (open.size + opening >= maxSessions) {
        return refused(503, 'Too many sessions. Come back later.', { 'retry-after': '30' });
      }
      opening += 1;
      try {
        return await begin(request);
      } finally {
        opening -= 1;
      }
    },
    close: async () => {
      await Promise.all([...open.keys()].map(end));
    },
  };
};
