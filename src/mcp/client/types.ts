import type {
  Document,
  FilePart,
  ImagePart,
  JsonSchema,
  Message,
  Run,
  SourcePart,
  TextPart,
} from '../../core/index.js';
import type { ChatModel, ChatRequest } from '../../model/index.js';
import type { Tool } from '../../tool/index.js';
import type { McpDrift, McpPins } from './pins.js';

/** A server that is started as a process of its own, and spoken to over its standard input and output. */
export interface McpCommand {
  /** What it is called here, by you and not by the server: the beginning of the names of its tools. */
  readonly name: string;
  readonly command: string;
  readonly args?: readonly string[];
  /** Given to the process beside HOME, LOGNAME, PATH, SHELL, TERM and USER; nothing else of ours reaches it. @default nothing */
  readonly env?: Readonly<Record<string, string>>;
  /** @default the current folder */
  readonly cwd?: string;
}

/** A server that is reached over streamable HTTP. */
export interface McpAddress {
  /** What it is called here, by you and not by the server: the beginning of the names of its tools. */
  readonly name: string;
  readonly url: string | URL;
  /** Sent with each request, to this origin alone. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Gets and renews tokens: an `AuthProvider` or `OAuthClientProvider` of `@modelcontextprotocol/client`. */
  readonly authProvider?: object;
  /** @default the platform's */
  readonly fetch?: typeof fetch;
}

/** How a server is reached. */
export type McpSource = McpCommand | McpAddress;

/** What a server wrote into its log. It is the text of somebody else. */
export interface McpLog {
  readonly server: string;
  readonly level: string;
  readonly logger?: string;
  readonly data: unknown;
}

/** What a server wants to know of a person. */
export interface McpQuestion {
  readonly server: string;
  readonly message: string;
  /** What an answer looks like: an object of plain fields. */
  readonly schema: JsonSchema;
}

export type McpAnswer =
  | { readonly action: 'accept'; readonly content: Readonly<Record<string, string | number | boolean | string[]>> }
  | { readonly action: 'decline' | 'cancel' };

/** A model that a server may ask. */
export interface McpSampling {
  readonly model: ChatModel;
  /** Whether this request may go to the model: it costs you, and its text is the server's. */
  readonly approve: (request: ChatRequest, run: Run) => boolean | Promise<boolean>;
  /** The longest reply, whatever the server wants. @default 1024 */
  readonly maxOutputTokens?: number;
}

/** What a server may ask of us. What is left out is refused. */
export interface McpAnswers {
  readonly sampling?: McpSampling;
  /** Asks a person. */
  readonly elicit?: (question: McpQuestion, run: Run) => McpAnswer | Promise<McpAnswer>;
  /** Folders that the server is told it may work in. */
  readonly roots?: readonly string[];
}

export interface McpClientOptions {
  /** The definitions of tools that were looked at and found good. @default those that are seen first */
  readonly pins?: McpPins;
  /** Is told of each tool that is not as it was pinned; `true` accepts it. @default none is accepted */
  readonly onDrift?: (drift: McpDrift) => boolean | Promise<boolean>;
  /** Whether what the server says of its own tools is believed: that one only reads, and does not reach further. @default false */
  readonly isTrusted?: boolean;
  /** For one request, and for connecting. @default 60000 */
  readonly timeoutMs?: number;
  /** A longer message of the server ends the connection. @default 4194304 */
  readonly maxMessageBytes?: number;
  /** What the server may ask of us. @default nothing */
  readonly answers?: McpAnswers;
  /** Hears the log of the server, and what is wrong with its messages. @default nobody */
  readonly onLog?: (log: McpLog) => unknown;
  /**
   * Revision of the protocol. `auto` asks the server for the newest that both know.
   * @default 'auto' over HTTP; '2025-11-25' for a process, where asking starts it twice
   */
  readonly version?: 'auto' | '2025-11-25' | '2026-07-28';
}

/** What a server says of itself. */
export interface McpServerInfo {
  readonly name: string;
  readonly version: string;
  /** Revision of the protocol that was agreed on. */
  readonly protocol: string;
  /** How to use it, in the words of its author. */
  readonly instructions?: string;
}

/** A thing behind an address that is not in the result itself. */
export interface McpLink {
  readonly type: 'link';
  readonly uri: string;
  readonly name: string;
  readonly description?: string;
  readonly mediaType?: string;
}

/** A piece of what a server sent. A `source` is a resource with text. */
export type McpContent = TextPart | ImagePart | FilePart | SourcePart | McpLink;

/** What a tool gave, whole. */
export interface McpReply {
  readonly content: readonly McpContent[];
  /** The value, where the tool gives one. */
  readonly structured?: unknown;
}

export type McpTool = Tool<Readonly<Record<string, unknown>>, unknown>;

export interface McpResource {
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mediaType?: string;
  readonly sizeBytes?: number;
}

export interface McpResourceTemplate {
  /** Address with gaps (RFC 6570): `file:///{path}`. */
  readonly uriTemplate: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mediaType?: string;
}

export interface McpPrompt {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly variables: readonly McpPromptVariable[];
}

export interface McpPromptVariable {
  readonly name: string;
  readonly description?: string;
  readonly isRequired: boolean;
}

/**
 * A server of the Model Context Protocol. It is connected to with the first request, and again after the connection was lost. A
 * request that was under way then fails with `connection-lost`, which is retryable.
 */
export interface McpClient extends AsyncDisposable {
  readonly name: string;
  readonly about: (run?: Run) => Promise<McpServerInfo>;
  /** Its tools, by a fresh list: those that are as they were pinned. Those that have drifted are left out until they are accepted. */
  readonly tools: (run?: Run) => Promise<readonly McpTool[]>;
  /** Calls a tool by the server's own name for it, and gives all that came back. */
  readonly call: (name: string, input: Readonly<Record<string, unknown>>, run?: Run) => Promise<McpReply>;
  /** What is pinned now: plain data, to be kept and given to the next client. */
  readonly pins: () => McpPins;
  /** Tools that are not as they were pinned, and not accepted. */
  readonly drifts: () => readonly McpDrift[];
  /** Pins tools of these names as they are now. @default all that have drifted */
  readonly accept: (names?: readonly string[]) => McpPins;
  readonly resources: (run?: Run) => Promise<readonly McpResource[]>;
  readonly resourceTemplates: (run?: Run) => Promise<readonly McpResourceTemplate[]>;
  /** The texts behind an address. Throws `document-unsupported` where there is none: `contents` has the bytes. */
  readonly read: (uri: string, run?: Run) => Promise<readonly Document[]>;
  /** All that is behind an address: texts as `source` parts, bytes as images and files. */
  readonly contents: (uri: string, run?: Run) => Promise<readonly McpContent[]>;
  readonly prompts: (run?: Run) => Promise<readonly McpPrompt[]>;
  /** The messages of a prompt. They are the text of the server's author. */
  readonly prompt: (name: string, values?: Readonly<Record<string, string>>, run?: Run) => Promise<readonly Message[]>;
  /** Ends the connection, and the process with it: its input is closed, then it is asked to go, then it is killed. */
  readonly close: () => Promise<void>;
}
