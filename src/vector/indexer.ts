import { messageOf } from '../core/index.js';
import { type Builder, createBuilder, type VectorKernel } from './kernel/index.js';
import type { Table } from './table.js';
import type { VectorSpace } from './vector-space.js';

export interface IndexerParts {
  readonly space: VectorSpace;
  readonly table: Table;
  /** Worker threads that build; 0 builds in this thread, in slices. */
  readonly threads: number;
  /** Smaller collections have no graph. */
  readonly minCount: number;
  /** Whether there is a graph at all. */
  readonly hasGraph: boolean;
  /** Changes that no snapshot has. */
  readonly unsavedCount: () => number;
  /** Makes a snapshot; left out where there is no folder for it. */
  readonly save?: (kernel: VectorKernel) => Promise<void>;
}

/**
 * Keeps the graph up with the vectors in the background: links what is pending, takes out what was deleted, brings neighbours
 * together, and saves. One of them at a time, so the graph never changes while it is written to its file.
 */
export interface Indexer {
  /** False once the graph has failed: then every search compares with all. */
  readonly isSound: () => boolean;
  /** Starts the background work where there is some. */
  readonly wake: () => void;
  /** Resolves when every vector is in the graph, what was deleted is out of it, and all is saved. */
  readonly settle: () => Promise<void>;
  /** Ends the background work, and saves when it is worth it. */
  readonly stop: () => Promise<void>;
}

/** So many rows are handed to the threads at once: a search compares with those one by one until they are all linked. */
const rowsPerJob = 2_048;
/** Fewer are linked in this thread: about half a second of work, in slices, and faster than starting a thread. */
const rowsWorthThreads = 500;
/** Changes that are not saved in the background while there are fewer: a snapshot is written as a whole. */
const minChanges = 10_000;

/** Fewer rows lie near enough to each other wherever they are. */
const leastArranged = 5_000;

const warn = (what: string, error: unknown): void =>
  process.emitWarning(`${what}: ${messageOf(error)}`, { type: 'PipewrightWarning' });

/** A builder while there is work, with threads when there is much of it. */
const createBuilders = (
  threads: number,
): { readonly for: (kernel: VectorKernel, rows: number) => Promise<Builder>; readonly end: () => Promise<void> } => {
  let builder: Builder | undefined;
  let own = 0;
  const end = async (): Promise<void> => {
    await builder?.dispose();
    builder = undefined;
  };
  return {
    for: async (kernel, rows) => {
      const wanted = rows >= rowsWorthThreads ? threads : 0;
      if (builder !== undefined && own < wanted) await end();
      if (builder !== undefined) return builder;
      own = wanted;
      builder = createBuilder(kernel, { threads: wanted });
      return builder;
    },
    end,
  };
};

/** Many dead rows: they cost every search time. */
const isWorn = ({ deadCount, linkedCount }: VectorKernel, isThorough: boolean): boolean =>
  deadCount > (isThorough ? 0 : Math.max(100, linkedCount / 10));

/** Whether many rows were linked since neighbours were brought together: they lie where they came in. */
const isScattered = ({ linkedCount }: VectorKernel, linkedSince: number, isThorough: boolean): boolean =>
  linkedSince > Math.max(leastArranged, linkedCount / (isThorough ? 10 : 3));

interface Steps {
  /** Does one step of the work; false when there is none left. */
  readonly step: (kernel: VectorKernel, isThorough: boolean) => Promise<boolean>;
  readonly save: (kernel: VectorKernel) => Promise<void>;
  /** Ends the threads. */
  readonly rest: () => Promise<void>;
}

const createSteps = (parts: IndexerParts, signal: AbortSignal): Steps => {
  const { space, table, threads, minCount, unsavedCount, save: saveSnapshot } = parts;
  const builders = createBuilders(threads);
  let hasFailedToSave = false;
  /** Rows linked since neighbours were brought together. */
  let linkedSince = 0;

  const link = async (kernel: VectorKernel): Promise<void> => {
    const rows = space.somePending(rowsPerJob);
    const builder = await builders.for(kernel, space.pendingCount);
    try {
      await builder.link(rows, signal);
    } finally {
      space.noteLinked(rows.filter((row) => kernel.isLinked(row)));
      linkedSince += rows.length;
    }
  };
  const arrange = async (kernel: VectorKernel): Promise<void> => {
    linkedSince = 0;
    const builder = await builders.for(kernel, 0);
    try {
      await builder.arrange(signal);
    } catch (error) {
      signal.throwIfAborted();
      // Whatever was moved until then is where it should be.
      warn('A vector collection could not bring neighbours together; its searches are somewhat slower', error);
    }
  };
  const consolidate = async (kernel: VectorKernel): Promise<void> => {
    const builder = await builders.for(kernel, kernel.deadCount);
    for (const row of await builder.consolidate(signal)) table.release(row);
  };
  const save = async (kernel: VectorKernel): Promise<void> => {
    try {
      await saveSnapshot?.(kernel);
    } catch (error) {
      warn('A vector collection could not save its snapshot; it will open slower, from the stored vectors', error);
      hasFailedToSave = true;
    }
  };
  return {
    step: async (kernel, isThorough) => {
      const isSmall = kernel.linkedCount === 0 && table.count < minCount;
      const minUnsaved = isThorough ? 1 : Math.max(minChanges, table.count / 2);
      if (space.pendingCount > 0 && !isSmall) await link(kernel);
      else if (isWorn(kernel, isThorough)) await consolidate(kernel);
      else if (isScattered(kernel, linkedSince, isThorough)) await arrange(kernel);
      else if (saveSnapshot !== undefined && !hasFailedToSave && !isSmall && unsavedCount() >= minUnsaved)
        await save(kernel);
      else return false;
      return true;
    },
    save,
    rest: async () => {
      hasFailedToSave = false;
      await builders.end();
    },
  };
};

export const createIndexer = (parts: IndexerParts): Indexer => {
  const { space, table, hasGraph, unsavedCount } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  const steps = createSteps(parts, signal);
  let isSound = hasGraph;
  let running: Promise<void> | undefined;
  let isWoken = false;

  const stepOnce = async (isThorough: boolean): Promise<boolean> =>
    space.kernel !== undefined && isSound && !signal.aborted && (await steps.step(space.kernel, isThorough));
  const work = async (isThorough: boolean): Promise<void> => {
    try {
      do {
        isWoken = false;
        while (await stepOnce(isThorough));
      } while (isWoken && !signal.aborted);
    } catch (error) {
      if (!signal.aborted) {
        isSound = false;
        warn('The graph of a vector collection failed; searches compare with every vector from now on', error);
      }
    }
    await steps.rest();
    running = isWoken && !signal.aborted ? work(false) : undefined;
  };

  return {
    isSound: () => isSound,
    wake: () => {
      if (!hasGraph || space.kernel === undefined) return;
      isWoken = true;
      running ??= work(false);
    },
    settle: async () => {
      while (running !== undefined) await running;
      running = work(true);
      await running;
    },
    stop: async () => {
      stopping.abort();
      while (running !== undefined) await running;
      // A few changes are made anew faster than a snapshot is written.
      const { kernel } = space;
      const isWorthIt = unsavedCount() > Math.max(200, table.count / 50);
      if (kernel !== undefined && isSound && kernel.linkedCount > 0 && isWorthIt) await steps.save(kernel);
    },
  };
};
