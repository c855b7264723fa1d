import type { Client, RequestOptions, Tool as SdkTool } from '@modelcontextprotocol/client';
import { createRun, messageOf, PipewrightError, raceAbort, type Run } from '../../core/index.js';
import type { Connection } from './connection.js';
import { has, listAll } from './list-all.js';
import { fingerprintOf, type McpDrift, type McpPins, pinsOf, readPins } from './pins.js';

/** A server need not tell of a change: a list that is older than this is taken anew before a tool is called. */
const maxListAgeMs = 300_000;

/** A tool as the server defines it now. */
export interface ListedTool {
  readonly tool: SdkTool;
  readonly fingerprint: string;
}

export interface ToolListOptions {
  readonly server: string;
  readonly pins: McpPins | undefined;
  readonly onDrift: (drift: McpDrift) => boolean | Promise<boolean>;
  readonly onTrouble: (message: string) => void;
}

/** The tools of a server, and which of them may be called. */
export interface ToolList {
  /** Those that are as they were pinned, by a fresh list, in the server's order. */
  readonly pinned: (connection: Connection, run: Run) => Promise<readonly ListedTool[]>;
  /**
   * The tool, if it may be called now.
   * @throws {PipewrightError} `not-found`; `not-allowed` for one that has drifted.
   */
  readonly callable: (connection: Connection, name: string, run: Run, fingerprint?: string) => Promise<ListedTool>;
  /** The server says that its tools have changed, or there is a new connection: they are listed again before the next use. */
  readonly forget: () => void;
  readonly isStale: () => boolean;
  /** Lists them now, for nobody in particular. */
  readonly look: (connection: Connection) => void;
  readonly drifts: () => readonly McpDrift[];
  readonly accept: (names?: readonly string[]) => McpPins;
  readonly pins: () => McpPins;
}

const listTools = (client: Client, options: RequestOptions): Promise<readonly SdkTool[]> =>
  listAll('tools', async (params) => {
    const { tools, nextCursor } = await client.request({ method: 'tools/list', params }, options);
    return { items: tools, nextCursor };
  });

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

const keyOf = ({ tool, change, fingerprint = '' }: McpDrift): string => JSON.stringify([tool, change, fingerprint]);

/** Keeps the tools of a server beside what was pinned of them. */
export const toolList = (options: ToolListOptions): ToolList => {
  const { server, onDrift, onTrouble } = options;
  let pinned = options.pins === undefined ? undefined : readPins(options.pins);
  let listed: ReadonlyMap<string, ListedTool> = new Map();
  let drifts: readonly McpDrift[] = [];
  /** What `onDrift` was asked about since it was last otherwise. */
  let told: ReadonlySet<string> = new Set();
  let isStale = true;
  let listedMs = 0;
  let listing: Promise<void> | undefined;

  const pin = ({ tool, fingerprint }: McpDrift): void => {
    if (fingerprint === undefined) pinned?.delete(tool);
    else pinned?.set(tool, fingerprint);
  };
  const compare = (): readonly McpDrift[] => (pinned === undefined ? [] : driftsIn(server, pinned, listed));

  const list = async (connection: Connection, run: Run): Promise<void> => {
    const tools = await connection.request({ what: 'the list of tools', label: 'list' }, run, async (client, asked) => {
      isStale = false;
      return has(client, 'tools') ? listTools(client, asked) : [];
    });
    listedMs = run.clock.now();
    listed = new Map(tools.map((tool) => [tool.name, { tool, fingerprint: fingerprintOf(tool) }]));
    pinned ??= new Map([...listed].map(([name, { fingerprint }]) => [name, fingerprint]));
    drifts = compare();
    const before = told;
    told = new Set(drifts.map(keyOf));
    for (const drift of drifts) {
      if (!before.has(keyOf(drift)) && (await onDrift(drift)) === true) pin(drift);
    }
    drifts = compare();
  };

  /** One list serves all who wait for it, so it is nobody's alone to call off. */
  const ready = (connection: Connection, run: Run, isForced = false): Promise<void> => {
    const isNeeded = isForced || isStale || run.clock.now() - listedMs > maxListAgeMs;
    if (listing === undefined && !isNeeded) return Promise.resolve();
    listing ??= list(connection, createRun({ clock: run.clock }))
      .catch((error: unknown) => {
        isStale = true;
        throw error;
      })
      .finally(() => {
        listing = undefined;
      });
    return raceAbort(listing, run);
  };

  return {
    pinned: async (connection, run) => {
      await ready(connection, run, true);
      return [...listed].filter(([name, { fingerprint }]) => pinned?.get(name) === fingerprint).map(([, tool]) => tool);
    },
    callable: async (connection, name, run, fingerprint) => {
      await ready(connection, run);
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
    forget: () => {
      isStale = true;
    },
    isStale: () => isStale,
    look: (connection) => {
      ready(connection, createRun()).catch((error: unknown) => onTrouble(messageOf(error)));
    },
    drifts: () => drifts,
    accept: (names) => {
      for (const drift of drifts) if (names === undefined || names.includes(drift.tool)) pin(drift);
      drifts = compare();
      return pinsOf(pinned ?? new Map());
    },
    pins: () => pinsOf(pinned ?? new Map()),
  };
};
