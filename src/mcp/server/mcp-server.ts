import type { McpHttpHandler, Server } from '@modelcontextprotocol/server';
import { checkAtLeast, loadOptional, PipewrightError, systemClock } from '../../core/index.js';
import type { Toolbox } from '../../tool/index.js';
import { servePrompts } from './serve-prompts.js';
import { serveResources } from './serve-resources.js';
import { serveTools } from './serve-tools.js';
import { type SessionLimits, type Sessions, sessions } from './sessions.js';
import type { McpServer, McpServerOptions, ServedHttp, StdioStreams } from './types.js';

type SdkServer = typeof import('@modelcontextprotocol/server');

const sdkName = '@modelcontextprotocol/server';
const purpose = 'serving MCP clients';

const load = (): Promise<SdkServer> => loadOptional(sdkName, purpose, () => import('@modelcontextprotocol/server'));

const limitsOf = (http: ServedHttp): SessionLimits => {
  const { maxSessions = 100, sessionIdleMs = 1_800_000, maxRequestBytes = 1_048_576, clock = systemClock } = http;
  checkAtLeast('maxSessions', maxSessions, 1);
  checkAtLeast('sessionIdleMs', sessionIdleMs, 1);
  checkAtLeast('maxRequestBytes', maxRequestBytes, 1);
  return { maxSessions, sessionIdleMs, maxRequestBytes, clock };
};

/** Makes what serves one client: the SDK wants a fresh one for each. */
const serverMaker = (box: Toolbox, options: McpServerOptions): ((sdk: SdkServer) => Server) => {
  const { name = 'pipewright', version = '1.0.0', instructions, resources, prompts, approval = 'refuse' } = options;
  const { runOptions } = options;
  const capabilities = {
    tools: {},
    ...(resources === undefined ? {} : { resources: {} }),
    ...(prompts === undefined ? {} : { prompts: {} }),
  };
  return (sdk) => {
    const server = new sdk.Server(
      { name, version },
      { capabilities, ...(instructions === undefined ? {} : { instructions }) },
    );
    serveTools(sdk, server, box, { approval, ...(runOptions === undefined ? {} : { runOptions }) });
    if (resources !== undefined) serveResources(server, resources);
    if (prompts !== undefined) servePrompts(server, prompts);
    return server;
  };
};

/** Which requests over HTTP are let in at all. */
const gate = (sdk: SdkServer, http: ServedHttp): ((request: Request) => Response | undefined) => {
  const hosts = [...(http.hosts ?? sdk.localhostAllowedHostnames())];
  const origins = [...(http.origins ?? sdk.localhostAllowedOrigins())];
  return (request) => {
    const host = request.headers.get('host') ?? new URL(request.url).host;
    const checked = sdk.validateHostHeader(host, hosts);
    if (!checked.ok) return Response.json({ error: checked.message }, { status: 403 });
    return sdk.originValidationResponse(request, origins);
  };
};

interface HttpSide {
  readonly sdk: SdkServer;
  readonly refuse: (request: Request) => Response | undefined;
  readonly modern: McpHttpHandler;
  readonly legacy: Sessions;
}

/**
 * Makes an MCP server of a toolbox: its tools with their checks, time limits and policy, and where they are given documents, a
 * retriever and chat prompts. It serves over standard input and output, and over streamable HTTP as a function from `Request` to
 * `Response`. A tool that fails is a result with `isError`. Over HTTP requests for other hosts and from foreign web pages are refused;
 * who may call at all is for you to check in front of it. Needs `@modelcontextprotocol/server`.
 * @throws {PipewrightError} `bad-option`; `dependency-missing` with the first request.
 * @example typeof mcpServer(toolbox([])).fetch // => 'function'
 */
export const mcpServer = (box: Toolbox, options: McpServerOptions = {}): McpServer => {
  const { http = {} } = options;
  const limits = limitsOf(http);
  const makeServer = serverMaker(box, options);
  const closers = new Set<() => Promise<void>>();
  let side: Promise<HttpSide> | undefined;
  let isClosed = false;

  const openHttp = async (): Promise<HttpSide> => {
    const sdk = await load();
    const modern = sdk.createMcpHandler(() => makeServer(sdk), {
      legacy: 'reject',
      maxRequestBodySize: limits.maxRequestBytes,
    });
    const legacy = sessions(sdk, () => makeServer(sdk), limits);
    return { sdk, refuse: gate(sdk, http), modern, legacy };
  };

  const serveStdio = async ({ input = process.stdin, output = process.stdout }: StdioStreams = {}): Promise<void> => {
    const sdk = await load();
    const { serveStdio: serve, StdioServerTransport } = await import('@modelcontextprotocol/server/stdio');
    if (isClosed) throw new PipewrightError('bad-input', 'The MCP server was closed. Make a new one.');
    const transport = new StdioServerTransport(input, output, { maxBufferSize: limits.maxRequestBytes });
    const handle = serve(() => makeServer(sdk), { transport });
    let end = async (): Promise<void> => undefined;
    await new Promise<void>((resolve) => {
      input.once('end', resolve).once('close', resolve);
      end = async () => {
        await handle.close();
        resolve();
      };
      closers.add(end);
    });
    closers.delete(end);
  };

  const fetchOne = async (request: Request): Promise<Response> => {
    if (isClosed) return Response.json({ error: 'The server was closed.' }, { status: 503 });
    side ??= openHttp();
    const { sdk, refuse, modern, legacy } = await side;
    const refusal = refuse(request);
    if (refusal !== undefined) return refusal;
    const bound = { maxRequestBodySize: limits.maxRequestBytes };
    const isLegacy = await sdk.isLegacyRequest(request, undefined, bound);
    return isLegacy ? legacy.fetch(request) : modern.fetch(request);
  };

  const close = async (): Promise<void> => {
    isClosed = true;
    const http = await side?.catch(() => undefined);
    await Promise.all([http?.modern.close(), http?.legacy.close(), ...[...closers].map((end) => end())]);
    closers.clear();
  };
  return { serveStdio, fetch: fetchOne, close, [Symbol.asyncDispose]: close };
};
