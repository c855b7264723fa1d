import {
  checkDocument,
  compileFilter,
  createLock,
  type Document,
  type Filter,
  type Lock,
  map,
  messageOf,
  PipewrightError,
  type Run,
  sliceTimer,
  yieldToEventLoop,
} from '../core/index.js';
import { callsOff } from './calls-off.js';
import { checkedExtraction } from './check-extraction.js';
import { type GiveWay, giveWayOf } from './give-way.js';
import { addRecord, type GraphRecord, type GraphState, removeRecord } from './graph-state.js';
import type { GraphLog } from './records.js';
import type { Extractor } from './types.js';

/** What became of documents that were handed to a graph. */
export interface GraphChange {
  /** Documents that are in the graph now and were not, or not in this form. */
  readonly added: number;
  /** Documents that were there already in this form, found by the same extractor. */
  readonly unchanged: number;
  /** Documents, or parts of them, that could not be read; a document of which nothing could is not in the graph. */
  readonly failures: readonly GraphFailure[];
}

export interface GraphFailure {
  readonly documentId: string;
  readonly message: string;
}

/** An open graph. */
export interface OpenGraph {
  readonly state: GraphState;
  /** Undefined in memory. */
  readonly log: GraphLog | undefined;
  readonly extractor: Extractor;
  readonly concurrency: number;
  readonly lock: Lock;
  lastChangedMs: number | undefined;
  isClosed: boolean;
}

export const checkOpen = (graph: OpenGraph): GraphState => {
  if (graph.isClosed) {
    throw new PipewrightError('store-closed', 'The knowledge graph is closed. Open it again with `knowledgeGraph(…)`.');
  }
  return graph.state;
};

/** Puts records in, replacing those of the same documents: first into the store, then into memory in one go. */
const commit = async (
  graph: OpenGraph,
  put: readonly GraphRecord[],
  deleted: readonly string[],
  run: Run,
): Promise<void> => {
  const atMs = run.clock.now();
  await graph.log?.write(put, deleted, atMs);
  const isTimeUp = sliceTimer();
  for (const id of deleted) {
    removeRecord(graph.state, id);
    if (isTimeUp()) await yieldToEventLoop();
  }
  for (const record of put) {
    removeRecord(graph.state, record.document.id);
    addRecord(graph.state, record);
    if (isTimeUp()) await yieldToEventLoop();
  }
  graph.lastChangedMs = atMs;
};

const areSame = (a: Document, b: Document): boolean => canonical(a) === canonical(b);

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))
      : inner,
  );

/** The documents, checked and copied, each id once: the last one given counts. */
const checkedDocuments = async (
  documents: readonly Document[],
  isTaken: (id: string, before: ReadonlyMap<string, Document>) => boolean,
  giveWay: GiveWay,
): Promise<readonly Document[]> => {
  const byId = new Map<string, Document>();
  for (const [position, document] of documents.entries()) {
    checkDocument(document, position);
    if (isTaken(document.id, byId)) throw duplicate(document.id);
    byId.set(document.id, structuredClone(document));
    await giveWay();
  }
  return [...byId.values()];
};

const duplicate = (id: string): PipewrightError =>
  new PipewrightError(
    'duplicate-id',
    `A document with the id \`${id}\` is in the knowledge graph already, or twice in this call. Use \`upsert\` to replace it.`,
  );

/**
 * Reads documents and puts each into the graph as soon as it is read, so that what an abort leaves is whole and can be gone on
 * with.
 */
const readAll = async (graph: OpenGraph, documents: readonly Document[], run: Run): Promise<GraphChange> => {
  const { extractor, concurrency, state } = graph;
  const giveWay = giveWayOf(run);
  const changed: Document[] = [];
  for (const document of documents) {
    const known = state.records.get(document.id);
    const isKnown = known !== undefined && known.extractorId === extractor.id && areSame(known.document, document);
    if (!isKnown) changed.push(document);
    await giveWay();
  }
  const failures: GraphFailure[] = [];
  const report = (documentId: string, message: string): void => {
    failures.push({ documentId, message });
    run.emit({ type: 'warning', message: `The document ${documentId}: ${message}` });
  };
  let pending: GraphRecord[] = [];
  let done = 0;
  let added = 0;
  const writes = createLock();
  // Whoever comes first writes all that is waiting.
  const flush = async (): Promise<void> => {
    const batch = pending;
    pending = [];
    if (batch.length === 0) return;
    await commit(graph, batch, [], run);
    added += batch.length;
  };
  const readOne = async (document: Document, inner: Run): Promise<void> => {
    const record = await extracted(document, extractor, inner, report);
    if (record !== undefined) {
      pending.push(record);
      await writes.run(flush);
    }
    done++;
    run.emit({ type: 'progress', label: 'graph', done, total: changed.length });
  };
  try {
    await map(readOne, { concurrency })(changed, run);
  } finally {
    await writes.run(flush);
  }
  return { added, unchanged: documents.length - changed.length, failures };
};

const extracted = async (
  document: Document,
  extractor: Extractor,
  run: Run,
  report: (documentId: string, message: string) => void,
): Promise<GraphRecord | undefined> => {
  try {
    const extraction = await extractor(document, run);
    // What is deaf to its signal comes late: the graph may have gone on to other writes.
    run.throwIfAborted();
    for (const failure of extraction.failures ?? []) report(document.id, failure);
    return { document, extraction: checkedExtraction(extraction, document), extractorId: extractor.id };
  } catch (error) {
    run.throwIfAborted();
    if (callsOff(error)) throw error;
    report(document.id, messageOf(error));
    return undefined;
  }
};

export interface GraphWriters {
  readonly add: (documents: readonly Document[], run: Run) => Promise<GraphChange>;
  readonly upsert: (documents: readonly Document[], run: Run) => Promise<GraphChange>;
  readonly delete: (which: readonly string[] | Filter, run: Run) => Promise<number>;
  /** Puts in what was read elsewhere. */
  readonly putRecords: (records: readonly GraphRecord[], run: Run) => Promise<void>;
}

export const graphWriters = (graph: OpenGraph): GraphWriters => {
  const locked = <T>(run: Run, work: (state: GraphState) => Promise<T>): Promise<T> =>
    graph.lock.run(async () => {
      run.throwIfAborted();
      return await work(checkOpen(graph));
    }, run.signal);
  return {
    add: (documents, run) =>
      locked(run, async ({ records }) => {
        const isTaken = (id: string, before: ReadonlyMap<string, Document>): boolean =>
          records.has(id) || before.has(id);
        return readAll(graph, await checkedDocuments(documents, isTaken, giveWayOf(run)), run);
      }),
    upsert: (documents, run) =>
      locked(run, async () => readAll(graph, await checkedDocuments(documents, () => false, giveWayOf(run)), run)),
    delete: (which, run) =>
      locked(run, async (state) => {
        const ids = idsOf(state, which);
        if (ids.length > 0) await commit(graph, [], ids, run);
        return ids.length;
      }),
    putRecords: (records, run) => locked(run, () => commit(graph, records, [], run)),
  };
};

const isList = (which: readonly string[] | Filter): which is readonly string[] => Array.isArray(which);

const idsOf = ({ records }: GraphState, which: readonly string[] | Filter): readonly string[] => {
  if (isList(which)) return [...new Set(which)].filter((id) => records.has(id));
  const matches = compileFilter(which);
  return [...records.values()].filter(({ document }) => matches(document.metadata)).map(({ document }) => document.id);
};
