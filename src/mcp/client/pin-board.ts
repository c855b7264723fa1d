import type { Tool as SdkTool } from '@modelcontextprotocol/client';
import { PipewrightError } from '../../core/index.js';
import { fingerprintOf, type McpDrift, type McpPins, pinsOf, readPins } from './pins.js';

/** A tool as the server defines it now. */
export interface ListedTool {
  readonly tool: SdkTool;
  readonly fingerprint: string;
}

/** What was pinned of the tools of a server, beside what they are now. */
export interface PinBoard {
  /** Takes down what the server lists now; without pins of before it is what is pinned. */
  readonly see: (tools: readonly SdkTool[]) => void;
  readonly pinned: () => readonly ListedTool[];
  /** @throws {PipewrightError} `not-found`; `not-allowed` for a tool that has drifted, or is not that of the fingerprint. */
  readonly callable: (name: string, fingerprint: string | undefined) => ListedTool;
  readonly drifts: () => readonly McpDrift[];
  /** Takes what has drifted as good. */
  readonly pin: (drifts: readonly McpDrift[]) => void;
  readonly pins: () => McpPins;
}

/** What is different now. */
const driftsIn = (
  server: string,
  pinned: ReadonlyMap<string, string>,
  listed: ReadonlyMap<string, ListedTool>,
): readonly McpDrift[] => {
  const news = [...listed].flatMap(([name, { tool, fingerprint }]): readonly McpDrift[] => {
    const before = pinned.get(name);
    if (before === fingerprint) return [];
    const change = before === undefined ? 'added' : 'changed';
    const described = tool.description === undefined ? {} : { description: tool.description };
    return [{ server, tool: name, change, fingerprint, ...described }];
  });
  const gone = [...pinned.keys()].filter((name) => !listed.has(name));
  return [...news, ...gone.map((name): McpDrift => ({ server, tool: name, change: 'removed' }))];
};

const driftError = ({ server, tool, change }: McpDrift): PipewrightError => {
  const message = `The MCP server \`${server}\` has ${change} its tool \`${tool}\` since its tools were pinned. Look at it, then \`accept\` it.`;
  return new PipewrightError('not-allowed', message, { details: { where: tool } });
};

/** Two drifts of one key are the same. */
export const keyOf = ({ tool, change, fingerprint = '' }: McpDrift): string =>
  JSON.stringify([tool, change, fingerprint]);

export const pinBoard = (server: string, pins: McpPins | undefined): PinBoard => {
  let pinned = pins === undefined ? undefined : readPins(pins);
  let listed: ReadonlyMap<string, ListedTool> = new Map();
  let drifts: readonly McpDrift[] = [];

  const compare = (): void => {
    drifts = pinned === undefined ? [] : driftsIn(server, pinned, listed);
  };
  return {
    see: (tools) => {
      listed = new Map(tools.map((tool) => [tool.name, { tool, fingerprint: fingerprintOf(tool) }]));
      pinned ??= new Map([...listed].map(([name, { fingerprint }]) => [name, fingerprint]));
      compare();
    },
    pinned: () =>
      [...listed].filter(([name, { fingerprint }]) => pinned?.get(name) === fingerprint).map(([, tool]) => tool),
    callable: (name, fingerprint) => {
      const drift = drifts.find(({ tool }) => tool === name);
      if (drift !== undefined) throw driftError(drift);
      const found = listed.get(name);
      if (found === undefined) {
        throw new PipewrightError('not-found', `The MCP server \`${server}\` has no tool \`${name}\`.`);
      }
      if (fingerprint !== undefined && fingerprint !== found.fingerprint) {
        throw driftError({ server, tool: name, change: 'changed' });
      }
      return found;
    },
    drifts: () => drifts,
    pin: (accepted) => {
      for (const { tool, fingerprint } of accepted) {
        if (fingerprint === undefined) pinned?.delete(tool);
        else pinned?.set(tool, fingerprint);
      }
      compare();
    },
    pins: () => pinsOf(pinned ?? new Map()),
  };
};
