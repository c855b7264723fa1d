import {
  checkAtLeast,
  createLock,
  createRun,
  type Document,
  type Filter,
  PipewrightError,
  type Retriever,
  type Run,
  sliceTimer,
  type Store,
  yieldToEventLoop,
} from '../core/index.js';
import { diskStore } from '../store/index.js';
import { findCommunities } from './communities.js';
import { giveWayOf } from './give-way.js';
import { type GraphStats, graphStats } from './graph-stats.js';
import { addRecord, emptyGraph, type GraphState } from './graph-state.js';
import { checkOpen, type GraphChange, graphWriters, type OpenGraph } from './graph-writes.js';
import { lexicalExtractor } from './lexical-extractor.js';
import { type GraphRetrieverOptions, localRetriever } from './local-search.js';
import { findKeys, namedIn } from './lookup.js';
import { graphData, recordsOf, type GraphData } from './node-link.js';
import { openGraphLog } from './records.js';
import { type CommunityOptions, openShelf, type ReportOptions, writeReports } from './reports.js';
import { entityOf } from './resolve.js';
import type { Community, CommunityReport, Entity, EntityPath, Extractor, Neighbour } from './types.js';
import { neighboursOf, pathsBetween } from './walk.js';

export interface KnowledgeGraphOptions {
  /** Finds entities and relations. @default `lexicalExtractor()`, which needs no model */
  readonly extractor?: Extractor;
  /**
   * Other names of entities, each with the name that it stands for, also where documents use it for others; where a document itself
   * says whom it means, the mentions in it stay with those. `similarEntities` finds what may belong here. They are not kept in the
   * store: the graph follows from them each time it is opened. @default none
   */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Documents that are read at once. @default 4 */
  readonly concurrency?: number;
  /** Folder where documents, extractions and reports are kept; the graph closes it. @default in memory */
  readonly path?: string;
  /** A store for them instead of a `path`, of this graph alone; it stays yours to close. */
  readonly store?: Store;
}

export interface NeighbourOptions {
  /** How many relations to go. @default 1 */
  readonly hops?: number;
  /** How many at most, nearest and strongest first. @default 50 */
  readonly limit?: number;
}

export interface PathOptions {
  /** How many relations one path has at most. @default 4 */
  readonly maxHops?: number;
  /** How many paths at most, shortest first. @default 5 */
  readonly limit?: number;
}

/**
 * Entities and relations of documents, and what follows from them. It is a function of the documents that are in it: the order
 * in which they came and went does not matter.
 */
export interface KnowledgeGraph extends AsyncDisposable {
  /**
   * Reads documents and puts them in, each as soon as it is read.
   * @throws {PipewrightError} `duplicate-id`; then nothing of the call is added.
   */
  readonly add: (documents: readonly Document[], run?: Run) => Promise<GraphChange>;
  /** Adds or replaces. Documents that have not changed are not read again: an interrupted build goes on where it was. */
  readonly upsert: (documents: readonly Document[], run?: Run) => Promise<GraphChange>;
  /** Deletes documents with all that only they said, and returns how many there were. */
  readonly delete: (which: readonly string[] | Filter, run?: Run) => Promise<number>;
  /** Entities by name or alias: exactly that name first, then those that hold all its words; 10 at most unless `limit` says so. */
  readonly find: (name: string, limit?: number) => readonly Entity[];
  /** The entities that a text names, the surest first. */
  readonly entitiesIn: (text: string) => readonly Entity[];
  /** The entities around the one of this name; none when there is no such entity. */
  readonly neighbours: (name: string, options?: NeighbourOptions, run?: Run) => Promise<readonly Neighbour[]>;
  /** Ways from one entity to another, the shortest first. */
  readonly paths: (from: string, to: string, options?: PathOptions, run?: Run) => Promise<readonly EntityPath[]>;
  /** Finds the documents around the entities of a question. Its hits are the documents that were added. */
  readonly retriever: (options?: GraphRetrieverOptions) => Retriever;
  /**
   * Groups of entities, finest level first, the largest first in each. They are found anew when the graph has changed.
   * @throws {PipewrightError} `dependency-missing` without graphology.
   */
  readonly communities: (options?: CommunityOptions, run?: Run) => Promise<readonly Community[]>;
  /** What the communities are about, in their order. */
  readonly reports: (options?: ReportOptions, run?: Run) => Promise<readonly CommunityReport[]>;
  /** All of it as plain data, to be kept, shown or handed to `import`. */
  readonly export: (run?: Run) => Promise<GraphData>;
  /**
   * Puts in what another graph exported; documents with the same ids are replaced. Nothing is read anew.
   * @throws {PipewrightError} `bad-input` when the data is no export; then nothing is put in.
   */
  readonly import: (data: GraphData, run?: Run) => Promise<void>;
  readonly stats: (run?: Run) => Promise<GraphStats>;
  readonly close: () => Promise<void>;
}

/**
 * Opens a knowledge graph. With a `path` or `store` every document that was read is safe there with its extraction; opening
 * makes the graph from them without reading anything anew.
 * @throws {PipewrightError} `bad-option`; `store-newer` or `store-damaged` when the store cannot be read.
 * @example
 * const graph = await knowledgeGraph();
 * await graph.add([{ id: 'a', text: 'Then Ada Lovelace met Charles Babbage.' }]);
 * (await graph.neighbours('Ada Lovelace'))[0]?.entity.name // => 'Charles Babbage'
 */
export const knowledgeGraph = async (options: KnowledgeGraphOptions = {}): Promise<KnowledgeGraph> => {
  const { extractor = lexicalExtractor(), aliases, concurrency = 4, path, store } = options;
  checkAtLeast('concurrency', concurrency, 1);
  if (path !== undefined && store !== undefined) {
    throw new PipewrightError('bad-option', 'Give `path` or `store`, not both: the graph is kept in one place.');
  }
  const ownStore = path === undefined ? undefined : await diskStore(path);
  try {
    const graph = await openGraph(emptyGraph(aliases), extractor, concurrency, ownStore ?? store);
    const groups = await groupReaders(graph, ownStore ?? store);
    const close = async (): Promise<void> => {
      await graph.lock.run(async () => {
        graph.isClosed = true;
        await ownStore?.close();
      });
    };
    return { ...writersOf(graph), ...readersOf(graph), ...groups, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await ownStore?.close();
    throw error;
  }
};

const openGraph = async (
  state: GraphState,
  extractor: Extractor,
  concurrency: number,
  store: Store | undefined,
): Promise<OpenGraph> => {
  const log = store === undefined ? undefined : await openGraphLog(store);
  const isTimeUp = sliceTimer();
  for await (const record of log?.records() ?? []) {
    addRecord(state, record);
    if (isTimeUp()) await yieldToEventLoop();
  }
  return {
    state,
    log,
    extractor,
    concurrency,
    lock: createLock(),
    lastChangedMs: log?.lastChangedMs,
    isClosed: false,
  };
};

const writersOf = (graph: OpenGraph): Pick<KnowledgeGraph, 'add' | 'upsert' | 'delete' | 'import'> => {
  const writers = graphWriters(graph);
  return {
    add: (documents, run = createRun()) => writers.add(documents, run),
    upsert: (documents, run = createRun()) => writers.upsert(documents, run),
    delete: (which, run = createRun()) => writers.delete(which, run),
    import: async (data, run = createRun()) => writers.putRecords(recordsOf(data), run),
  };
};

type Readers = Pick<KnowledgeGraph, 'find' | 'entitiesIn' | 'neighbours' | 'paths' | 'retriever' | 'export' | 'stats'>;

const readersOf = (graph: OpenGraph): Readers => {
  const oneOf = (name: string): string | undefined => findKeys(checkOpen(graph), name, 1)[0];
  return {
    find: (name, limit = 10) => {
      const state = checkOpen(graph);
      return findKeys(state, name, limit).map((key) => entityOf(state, key));
    },
    entitiesIn: (text) => {
      const state = checkOpen(graph);
      return namedIn(state, text).map(({ key }) => entityOf(state, key));
    },
    neighbours: async (name, { hops = 1, limit = 50 } = {}, run = createRun()) => {
      checkAtLeast('hops', hops, 1);
      checkAtLeast('limit', limit, 1);
      const key = oneOf(name);
      return key === undefined ? [] : neighboursOf(checkOpen(graph), key, hops, limit, run);
    },
    paths: async (from, to, { maxHops = 4, limit = 5 } = {}, run = createRun()) => {
      checkAtLeast('maxHops', maxHops, 1);
      checkAtLeast('limit', limit, 1);
      const [start, end] = [oneOf(from), oneOf(to)];
      if (start === undefined || end === undefined) return [];
      return pathsBetween(checkOpen(graph), start, end, maxHops, limit, run);
    },
    retriever: (options) => localRetriever(() => checkOpen(graph), options),
    // Behind the lock: nothing may change between its parts.
    export: (run = createRun()) => graph.lock.run(async () => graphData(checkOpen(graph), giveWayOf(run)), run.signal),
    stats: (run = createRun()) =>
      graph.lock.run(async () => graphStats(checkOpen(graph), graph.lastChangedMs, giveWayOf(run)), run.signal),
  };
};

/** Communities are kept until the graph changes or others are asked for. */
const groupReaders = async (
  graph: OpenGraph,
  store: Store | undefined,
): Promise<Pick<KnowledgeGraph, 'communities' | 'reports'>> => {
  const shelf = await openShelf(store);
  let found: { readonly of: string; readonly communities: readonly Community[] } | undefined;
  const communities: KnowledgeGraph['communities'] = async (options = {}, run = createRun()) => {
    const { resolution = 1, minEntities = 3 } = options;
    const state = checkOpen(graph);
    if (!(resolution > 0))
      throw new PipewrightError('bad-option', `\`resolution\` must be above 0, got ${resolution}.`);
    checkAtLeast('minEntities', minEntities, 1);
    const nowOf = (): string => `${state.revision} ${resolution} ${minEntities}`;
    if (found?.of === nowOf()) return found.communities;
    // Behind the lock: nothing may change under it.
    found = await graph.lock.run(async () => {
      const of = nowOf();
      return { of, communities: await findCommunities(state, { resolution, minEntities }, run) };
    }, run.signal);
    return found.communities;
  };
  return {
    communities,
    reports: async (options = {}, run = createRun()) =>
      writeReports(await communities(options, run), options, shelf, run),
  };
};
