import type { Client, RequestOptions, Tool as SdkTool } from '@modelcontextprotocol/client';
import { createRun, messageOf, raceAbort, type Run } from '../../core/index.js';
import type { Connection } from './connection.js';
import { has, listAll } from './list-all.js';
import { keyOf, type ListedTool, type PinBoard, pinBoard } from './pin-board.js';
import type { McpDrift, McpPins } from './pins.js';

/** A server need not tell of a change: a list that is older than this is taken anew before a tool is called. */
const maxListAgeMs = 300_000;

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

/** Tells of each drift that was not told of before, and pins what is accepted; what was told of now comes back. */
const tell = async (
  board: PinBoard,
  before: ReadonlySet<string>,
  onDrift: ToolListOptions['onDrift'],
): Promise<ReadonlySet<string>> => {
  const drifts = board.drifts();
  for (const drift of drifts) {
    if (!before.has(keyOf(drift)) && (await onDrift(drift)) === true) board.pin([drift]);
  }
  return new Set(drifts.map(keyOf));
};

/** Keeps the tools of a server beside what was pinned of them. */
export const toolList = (options: ToolListOptions): ToolList => {
  const { server, onDrift, onTrouble } = options;
  const board = pinBoard(server, options.pins);
  /** What `onDrift` was told of since it was last otherwise. */
  let told: ReadonlySet<string> = new Set();
  let isStale = true;
  let listedMs = 0;
  let listing: Promise<void> | undefined;

  const list = async (connection: Connection, run: Run): Promise<void> => {
    const asked = { what: 'the list of tools', label: 'list', isRead: true };
    const tools = await connection.request(asked, run, async (client, sent) => {
      isStale = false;
      return has(client, 'tools') ? listTools(client, sent) : [];
    });
    listedMs = run.clock.now();
    board.see(tools);
    told = await tell(board, told, onDrift);
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
      return board.pinned();
    },
    callable: async (connection, name, run, fingerprint) => {
      await ready(connection, run);
      return board.callable(name, fingerprint);
    },
    forget: () => {
      isStale = true;
    },
    isStale: () => isStale,
    look: (connection) => {
      ready(connection, createRun()).catch((error: unknown) => onTrouble(messageOf(error)));
    },
    drifts: board.drifts,
    accept: (names) => {
      board.pin(board.drifts().filter(({ tool }) => names === undefined || names.includes(tool)));
      return board.pins();
    },
    pins: board.pins,
  };
};
