import type { Client, ClientOptions } from '@modelcontextprotocol/client';
import { checkAtLeast, createRun, type Message, PipewrightError, type Run } from '../../core/index.js';
import { answerOn, capabilitiesOf } from './answers.js';
import { connection, type Connection } from './connection.js';
import { contentOf, documentsOf, partOf, resourceContent } from './content.js';
import { listPrompts, listResources, listTemplates } from './lists.js';
import type { McpPins } from './pins.js';
import { type ToolList, toolList } from './tool-list.js';
import { callMcpTool, toolsOf } from './tools.js';
import type { McpClient, McpClientOptions, McpServerInfo, McpSource } from './types.js';

/** Changes of the list of tools that come within this time are one. */
const listDebounceMs = 100;

type Settings = Required<Omit<McpClientOptions, 'pins'>> & { readonly pins: McpPins | undefined };

const resolveOptions = (source: McpSource, options: McpClientOptions): Settings => {
  const settings: Settings = {
    pins: options.pins,
    onDrift: options.onDrift ?? (() => false),
    isTrusted: options.isTrusted ?? false,
    timeoutMs: options.timeoutMs ?? 60_000,
    maxMessageBytes: options.maxMessageBytes ?? 4_194_304,
    answers: options.answers ?? {},
    onLog: options.onLog ?? (() => undefined),
    version: options.version ?? ('command' in source ? '2025-11-25' : 'auto'),
  };
  checkAtLeast('timeoutMs', settings.timeoutMs, 1);
  checkAtLeast('maxMessageBytes', settings.maxMessageBytes, 1);
  // The rest of the 64 letters of a tool's name is for the server's part.
  if (!/^[\w-]{1,32}$/u.test(source.name)) {
    const message = `The \`name\` of an MCP server must have 1 to 32 letters, digits, _ and -, got \`${source.name.slice(0, 80)}\`.`;
    throw new PipewrightError('bad-option', message);
  }
  return settings;
};

const versionOf = (version: Settings['version']): ClientOptions['versionNegotiation'] => {
  if (version === '2025-11-25') return { mode: 'legacy' };
  return { mode: version === 'auto' ? 'auto' : { pin: version } };
};

const infoOf = (client: Client): McpServerInfo => {
  const { name = 'unknown', version = 'unknown' } = client.getServerVersion() ?? {};
  const instructions = client.getInstructions();
  const protocol = client.getNegotiatedProtocolVersion() ?? 'unknown';
  return { name, version, protocol, ...(instructions === undefined ? {} : { instructions }) };
};

/** What a server writes into its log goes to the listener, and as an event to all who wait for an answer. */
const hearLog = (client: Client, server: string, settings: Settings, runs: () => readonly Run[]): void => {
  client.setNotificationHandler('notifications/message', ({ params }) => {
    const { level, logger, data } = params;
    const log = { server, level, data, ...(logger === undefined ? {} : { logger }) };
    for (const run of new Set(runs())) run.emit({ type: 'custom', name: 'mcp-log', data: log });
    settings.onLog(log);
  });
};

const connect = (source: McpSource, settings: Settings, listOf: () => ToolList): Connection => {
  const { timeoutMs, maxMessageBytes, answers, onLog, version } = settings;
  const made: Connection = connection(source, {
    timeoutMs,
    maxMessageBytes,
    onLog,
    sdkOptions: async () => {
      const { CfWorkerJsonSchemaValidator } = await import('@modelcontextprotocol/client/validators/cf-worker');
      const onChanged = (): void => {
        listOf().forget();
        listOf().look(made);
      };
      return {
        capabilities: capabilitiesOf(answers),
        listChanged: { tools: { autoRefresh: false, debounceMs: listDebounceMs, onChanged } },
        // Checks values without making code of a schema that somebody else wrote.
        jsonSchemaValidator: new CfWorkerJsonSchemaValidator(),
        versionNegotiation: versionOf(version) ?? {},
      };
    },
    onLost: () => listOf().forget(),
    prepare: (client) => {
      answerOn(client, source.name, answers, made.runs);
      hearLog(client, source.name, settings, made.runs);
    },
  });
  return made;
};

/**
 * Makes a client of an MCP server: a process that it starts, or an address. Its tools become tools of ours, its resources documents,
 * its prompts messages. What it sends is text of somebody else: results are marked as untrusted, its hints about its own tools are
 * believed only with `isTrusted`, and a tool that changes after it was pinned is not called until you accept it. Requests throw
 * `connection-lost` and `timeout` (retryable), `tool-failed`, `not-allowed`, `not-found`, `bad-input`, `unsupported` and
 * `output-invalid`. Needs `@modelcontextprotocol/client` and `@cfworker/json-schema`.
 * @throws {PipewrightError} `bad-option`; `store-damaged` and `store-newer` for pins.
 * @example mcpClient({ name: 'files', command: 'npx', args: ['-y', '@modelcontextprotocol/server-filesystem', '.'] }).name // => 'files'
 */
export const mcpClient = (source: McpSource, options: McpClientOptions = {}): McpClient => {
  const settings = resolveOptions(source, options);
  const { name } = source;
  const onTrouble = (message: string): void => {
    settings.onLog({ server: name, level: 'warning', logger: 'tools', data: message });
  };
  const list = toolList({ server: name, pins: settings.pins, onDrift: settings.onDrift, onTrouble });
  const link = connect(source, settings, () => list);
  const caller = { connection: link, list };
  const contents = (uri: string, run: Run) =>
    link.request({ what: `reading \`${uri}\``, label: uri, isRead: true }, run, async (client, asked) => {
      const result = await client.readResource({ uri }, asked);
      return result.contents;
    });
  const close = async (): Promise<void> => {
    list.forget();
    await link.close();
  };
  const client: Omit<McpClient, typeof Symbol.asyncDispose> = {
    name,
    about: (run = createRun()) =>
      link.request({ what: 'being asked who it is', label: 'about', isRead: true }, run, async (sdk) => infoOf(sdk)),
    tools: async (run = createRun()) =>
      toolsOf(caller, await list.pinned(link, run), { server: name, ...settings, onTrouble }),
    call: (tool, input, run = createRun()) => callMcpTool(caller, tool, input, run),
    pins: list.pins,
    drifts: list.drifts,
    accept: list.accept,
    resources: (run = createRun()) => listResources(link, run),
    resourceTemplates: (run = createRun()) => listTemplates(link, run),
    read: async (uri, run = createRun()) => documentsOf(uri, await contents(uri, run)),
    contents: async (uri, run = createRun()) => (await contents(uri, run)).map(resourceContent),
    prompts: (run = createRun()) => listPrompts(link, run),
    prompt: (prompt, values = {}, run = createRun()) =>
      link.request({ what: `the prompt \`${prompt}\``, label: prompt, isRead: true }, run, async (sdk, asked) => {
        const { messages } = await sdk.getPrompt({ name: prompt, arguments: { ...values } }, asked);
        return messages.map(({ role, content }): Message => ({ role, content: [partOf(contentOf(content))] }));
      }),
    close,
  };
  return { ...client, [Symbol.asyncDispose]: close };
};
