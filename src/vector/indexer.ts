import { messageOf, sliceTimer, yieldToEventLoop } from '../core/index.js';
import { createGraph, type Graph, type GraphSettings } from './graph.js';
import type { Hnswlib } from './hnswlib.js';
import type { Table } from './table.js';

export interface IndexerParts {
  readonly table: Table;
  readonly settings: GraphSettings;
  /** With fewer entries there is no graph: comparing with all of them is as fast. */
  readonly minCount: number;
  /** Undefined where there is no library: then there is never a graph. */
  readonly loadLibrary: () => Promise<Hnswlib | undefined>;
  /** The graph that was saved, if one was. */
  readonly saved: Graph | undefined;
  /** Saves the graph; left out where there is no folder for it. */
  readonly save?: (graph: Graph) => Promise<void>;
}

/**
 * Keeps a graph up with the table, in the background and in short slices. Rows that are not in it yet are `pending`; a search
 * compares with those one by one, so it never misses any. The background work alone changes the graph, one step at a time,
 * so nothing is added while the graph is written to its file.
 */
export interface Indexer {
  readonly graph: () => Graph | undefined;
  readonly pending: ReadonlySet<number>;
  readonly added: (row: number) => void;
  readonly removed: (row: number) => void;
  /** Starts the background work where there is some. */
  readonly wake: () => void;
  /** Resolves when every row is in the graph and the graph is saved. */
  readonly settle: () => Promise<void>;
  /** Ends the background work within a slice, and saves the graph when it is worth it. */
  readonly stop: () => Promise<void>;
}

/** Short, because a caller that comes in between waits this long. */
const sliceMs = 8;

interface State {
  graph: Graph | undefined;
  /** Takes the place of `graph` when it is complete. */
  next: Graph | undefined;
  readonly pending: Set<number>;
  /** Changes of the graph since it was saved. */
  unsaved: number;
  isStopped: boolean;
  /** No library, or it failed: searches compare with all rows. */
  isExact: boolean;
}

const warn = (what: string, error: unknown): void =>
  process.emitWarning(`${what}: ${messageOf(error)}`, { type: 'PipewrightWarning' });

/** Calls `visit` for each row, slice by slice; false when it was stopped before the end. */
const eachRow = async (rows: Iterable<number>, state: State, visit: (row: number) => void): Promise<boolean> => {
  const isTimeUp = sliceTimer(sliceMs);
  for (const row of rows) {
    if (state.isStopped) return false;
    visit(row);
    if (isTimeUp()) await yieldToEventLoop();
  }
  return true;
};

const liveRows = function* (table: Table): Generator<number> {
  for (let row = 0; row < table.length; row++) if (table.at(row) !== undefined) yield row;
};

/** Adds the pending rows. Those that come or go meanwhile are seen too: a Set may change while it is walked. */
const insertPending = async (graph: Graph, state: State): Promise<void> => {
  await eachRow(state.pending, state, (row) => {
    graph.add(row);
    state.pending.delete(row);
    state.unsaved++;
  });
};

/** Builds a graph without the dead, while the old one goes on answering. */
const rebuild = async (next: Graph, state: State, table: Table): Promise<void> => {
  state.next = next;
  const isDone = await eachRow(liveRows(table), state, (row) => {
    if (!next.has(row)) next.add(row);
  });
  state.next = undefined;
  if (!isDone) return;
  state.graph = next;
  state.unsaved = next.count;
  state.pending.clear();
  for (const row of liveRows(table)) if (!next.has(row)) state.pending.add(row);
};

const isWorn = (graph: Graph, minCount: number): boolean => graph.deadCount > Math.max(minCount, graph.count);

interface Steps {
  /** Does one step of the work; false when there is none left. */
  readonly step: (minUnsaved: number) => Promise<boolean>;
  readonly saveNow: () => Promise<void>;
  readonly giveUp: () => void;
}

const createSteps = ({ table, settings, minCount, loadLibrary, save }: IndexerParts, state: State): Steps => {
  const giveUp = (): void => {
    state.isExact = true;
    state.graph = undefined;
    state.next = undefined;
    state.pending.clear();
  };

  const saveNow = async (): Promise<void> => {
    const { graph, unsaved } = state;
    if (save === undefined || graph === undefined) return;
    try {
      await save(graph);
    } catch (error) {
      warn('The graph of a vector collection could not be saved; it will be built anew from the stored vectors', error);
    }
    state.unsaved -= unsaved;
  };

  /** A first graph, which fills while it answers, or one in place of a worn one. */
  const start = async (worn: Graph | undefined): Promise<void> => {
    const library = await loadLibrary();
    if (library === undefined) return giveUp();
    const fresh = createGraph(library, table, settings);
    if (worn === undefined) state.graph = fresh;
    else await rebuild(fresh, state, table);
  };

  const step = async (minUnsaved: number): Promise<boolean> => {
    const { graph, pending } = state;
    if (graph === undefined && table.count < minCount) return false;
    if (graph === undefined || isWorn(graph, minCount)) await start(graph);
    else if (pending.size > 0) await insertPending(graph, state);
    else if (save !== undefined && state.unsaved >= minUnsaved) await saveNow();
    else return false;
    return true;
  };
  return { step, saveNow, giveUp };
};

/** The background work: at most one at a time. */
const createLoop = (
  { step, giveUp }: Steps,
  state: State,
): Pick<Indexer, 'settle'> & { readonly wake: (minUnsaved: number) => void } => {
  let running: Promise<void> | undefined;
  let isWoken = false;
  const work = async (minUnsaved: number): Promise<void> => {
    try {
      do {
        isWoken = false;
        while (!state.isStopped && !state.isExact && (await step(minUnsaved)));
      } while (isWoken && !state.isStopped);
    } catch (error) {
      warn('The graph of a vector collection failed; searches compare with every vector from now on', error);
      giveUp();
    }
    running = undefined;
  };
  return {
    wake: (minUnsaved) => {
      isWoken = true;
      running ??= work(minUnsaved);
    },
    settle: async () => {
      await running;
      running ??= work(1);
      await running;
    },
  };
};

export const createIndexer = (parts: IndexerParts): Indexer => {
  const { table, saved } = parts;
  const state: State = {
    graph: saved,
    next: undefined,
    pending: new Set(),
    unsaved: 0,
    isStopped: false,
    isExact: false,
  };
  for (const row of liveRows(table)) if (!(saved?.has(row) ?? false)) state.pending.add(row);
  const steps = createSteps(parts, state);
  const loop = createLoop(steps, state);
  return {
    graph: () => state.graph,
    pending: state.pending,
    added: (row) => {
      if (!state.isExact) state.pending.add(row);
    },
    removed: (row) => {
      state.pending.delete(row);
      if (state.graph?.has(row)) state.unsaved++;
      state.graph?.remove(row);
      state.next?.remove(row);
    },
    // Saving writes the whole graph, so it waits until half of it is new.
    wake: () => loop.wake(Math.max(10_000, table.count / 2)),
    settle: loop.settle,
    stop: async () => {
      state.isStopped = true;
      await loop.settle();
      // A few changes are added faster than a graph is written.
      if (state.unsaved > Math.max(200, table.count / 50)) await steps.saveNow();
    },
  };
};
