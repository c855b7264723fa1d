import { createHash } from 'node:crypto';
import type { CallToolResult, Tool as SdkTool } from '@modelcontextprotocol/client';
import { type JsonSchema, PipewrightError, type Run } from '../../core/index.js';
import { jsonSchema, tool } from '../../tool/index.js';
import type { Connection } from './connection.js';
import { contentOf, joinedText, modelOutput } from './content.js';
import type { ListedTool } from './pin-board.js';
import type { ToolList } from './tool-list.js';
import type { McpReply, McpTool } from './types.js';

/** Longest name that every provider takes. */
const maxNameLength = 64;
const maxDescriptionLength = 10_000;

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

/**
 * A name that providers take: ours for the server, then the tool's. Where letters had to go, a digest keeps two names apart.
 * Two servers cannot have one name, for the beginning is ours.
 */
export const toolNameOf = (server: string, name: string): string => {
  const plain = `${server}_${name}`.replace(/[^\w-]/gu, '_');
  if (plain === `${server}_${name}` && plain.length <= maxNameLength) return plain;
  return `${plain.slice(0, maxNameLength - 9)}_${digestOf(name)}`;
};

export interface Caller {
  readonly connection: Connection;
  readonly list: ToolList;
}

export interface ToolSettings {
  readonly server: string;
  readonly isTrusted: boolean;
  readonly timeoutMs: number;
  readonly onTrouble: (message: string) => void;
}

const maxRelists = 3;

/** Calls a tool that may be called. A new connection may lead to another server: its tools are looked at before. */
const resultOf = async (
  { connection, list }: Caller,
  name: string,
  input: Readonly<Record<string, unknown>>,
  run: Run,
  fingerprint: string | undefined,
): Promise<CallToolResult> => {
  for (let relists = 0; relists <= maxRelists; relists += 1) {
    const { tool: definition } = await list.callable(connection, name, run, fingerprint);
    const asked = { what: `the call of \`${name}\``, label: name };
    const result = await connection.request(asked, run, async (client, options) =>
      list.isStale()
        ? undefined
        : client.callTool({ name, arguments: { ...input } }, { ...options, toolDefinition: definition }),
    );
    if (result !== undefined) return result;
  }
  throw new PipewrightError(
    'connection-lost',
    `The tools of the MCP server change all the time: \`${name}\` was not called.`,
    { retryable: true },
  );
};

/** @throws {PipewrightError} `tool-failed` with the server's own words, for the model. */
export const callMcpTool = async (
  caller: Caller,
  name: string,
  input: Readonly<Record<string, unknown>>,
  run: Run,
  fingerprint?: string,
): Promise<McpReply> => {
  const result = await resultOf(caller, name, input, run, fingerprint);
  const content = result.content.map(contentOf);
  if (result.isError === true) {
    const said = joinedText(content) ?? JSON.stringify(modelOutput(content, undefined));
    throw new PipewrightError(
      'tool-failed',
      said === '' ? `\`${name}\` failed, and did not say why.` : caller.connection.clean(said),
    );
  }
  return result.structuredContent === undefined ? { content } : { content, structured: result.structuredContent };
};

const descriptionOf = ({ title, description = title ?? '' }: SdkTool): string =>
  description.length <= maxDescriptionLength ? description : `${description.slice(0, maxDescriptionLength)}…`;

const toolOf = (caller: Caller, { tool: definition, fingerprint }: ListedTool, settings: ToolSettings): McpTool => {
  const { server, isTrusted, timeoutMs } = settings;
  const { name, inputSchema, annotations = {} } = definition;
  return tool<Readonly<Record<string, unknown>>, unknown>({
    name: toolNameOf(server, name),
    description: descriptionOf(definition),
    input: jsonSchema(inputSchema as JsonSchema),
    timeoutMs,
    // Hints of a server about itself: who wants to do harm says that he only reads.
    isReadOnly: isTrusted && annotations.readOnlyHint === true,
    isOutward: !(isTrusted && annotations.openWorldHint === false),
    isUntrusted: true,
    run: async (input, run) => {
      const { content, structured } = await callMcpTool(caller, name, input, run, fingerprint);
      return modelOutput(content, structured);
    },
  });
};

/** The tools as ours. One whose definition no model could be shown is left out, and does not cost the others. */
export const toolsOf = (caller: Caller, listed: readonly ListedTool[], settings: ToolSettings): readonly McpTool[] =>
  listed.flatMap((each) => {
    try {
      return [toolOf(caller, each, settings)];
    } catch (error) {
      if (!(error instanceof PipewrightError)) throw error;
      settings.onTrouble(`The tool \`${each.tool.name}\` is left out: ${error.message}`);
      return [];
    }
  });
