import { createHash } from 'node:crypto';
import { isRecord, type StateForm, stateOf, toJson } from '../../core/index.js';

/** What was pinned of the tools of a server: plain JSON, to be kept beside the code or in a store. */
export interface McpPins {
  readonly version: 1;
  /** Fingerprint of each tool's definition, by the server's own name for it. */
  readonly tools: Readonly<Record<string, string>>;
}

/** How a tool differs from what was pinned. */
export interface McpDrift {
  readonly server: string;
  readonly tool: string;
  readonly change: 'changed' | 'added' | 'removed';
  /** What it is now. It is the text of somebody else. */
  readonly description?: string;
  readonly fingerprint?: string;
}

/** What of a tool reaches a model, or decides how it is called. */
interface Defined {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema: unknown;
  readonly outputSchema?: unknown;
  readonly annotations?: unknown;
}

/** SHA-256 of a definition in canonical JSON: the order of fields does not count, everything else does. */
export const fingerprintOf = (tool: Defined): string => {
  const { name, title, description, inputSchema, outputSchema, annotations } = tool;
  const json = toJson({ name, title, description, inputSchema, outputSchema, annotations });
  return createHash('sha256').update(JSON.stringify(json)).digest('base64url');
};

const form: StateForm<ReadonlyMap<string, string>> = {
  what: 'pins of MCP tools',
  version: 1,
  read: ({ tools }) => {
    if (!isRecord(tools)) return undefined;
    const entries = Object.entries(tools);
    return entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
      ? new Map(entries)
      : undefined;
  },
};

/** @throws {PipewrightError} `store-damaged` or `store-newer`. */
export const readPins = (pins: McpPins): Map<string, string> => new Map(stateOf(form, pins));

/** In order of names, so that kept pins do not change where the tools did not. */
export const pinsOf = (pinned: ReadonlyMap<string, string>): McpPins => ({
  version: 1,
  tools: Object.fromEntries([...pinned].sort(([a], [b]) => (a < b ? -1 : 1))),
});
