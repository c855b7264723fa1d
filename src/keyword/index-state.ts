import { crc32 } from 'node:zlib';
import {
  createLock,
  type Document,
  type Lock,
  PipewrightError,
  type Run,
  sliceTimer,
  type Store,
  yieldToEventLoop,
} from '../core/index.js';
import type { Analyzer } from '../text/index.js';
import { type DocumentAnalyzer, documentAnalyzer } from './analysis.js';
import { type DocumentLog, missing, openLog } from './document-log.js';
import { compact, moveFullTail, shouldCompact } from './merge.js';
import {
  addDocument,
  type AnalyzedDocument,
  emptyPostings,
  type Postings,
  removeDocument,
  type Saturation,
  storedDocument,
  termNumber,
} from './postings.js';
import { maxRows } from './segment.js';
import { hasSnapshot, readSnapshot, writeSnapshot } from './snapshot.js';

/** Where an index keeps its documents. */
export interface Persistence {
  readonly store: Store;
  readonly log: DocumentLog;
  /** What the terms are made with, as a snapshot notes it. */
  readonly analysis: string;
  hasSnapshot: boolean;
  /** Documents that came or went since the snapshot. */
  changeCount: number;
}

/** What one index holds. */
export interface IndexState {
  /** Replaced as a whole by a compaction. */
  postings: Postings;
  readonly analyze: DocumentAnalyzer;
  /** Undefined for an index in memory. */
  readonly persistence: Persistence | undefined;
  /** Held by whoever writes. */
  readonly lock: Lock;
  lastChangedMs: number | undefined;
  isClosed: boolean;
  /** Says when the event loop is due a turn, over all calls: a loop of small ones that waits for nothing else must not hold it. */
  readonly isTimeUp: () => boolean;
}

export interface IndexSettings extends Saturation {
  readonly titleWeight: number;
  readonly analyzer: Analyzer;
}

export const checkOpen = (state: IndexState): void => {
  if (state.isClosed) {
    throw new PipewrightError('store-closed', 'The keyword index is closed. Open it again with `bm25(…)`.');
  }
};

/** Words of many kinds: analyzers that make the same terms of them are taken for the same. */
const probe =
  "The refunds weren't paid: maxRetries_2, fs.promises, Crème BRÛLÉE, Häuser, 東京都 e-mail a@b.org 3.14 running";

const analysisOf = ({ analyzer, titleWeight }: IndexSettings): string =>
  JSON.stringify([analyzer.id ?? crc32(JSON.stringify(analyzer(probe))), titleWeight]);

/** An empty index, or what is in the store: from its snapshot as far as that goes, the rest analysed anew. */
export const openState = async (settings: IndexSettings, store: Store | undefined): Promise<IndexState> => {
  const analyze = documentAnalyzer(settings.analyzer, settings.titleWeight);
  const state: IndexState = {
    postings: emptyPostings(settings),
    analyze,
    persistence: undefined,
    lock: createLock(),
    lastChangedMs: undefined,
    isClosed: false,
    isTimeUp: sliceTimer(),
  };
  if (store === undefined) return state;
  const log = await openLog(store);
  const analysis = analysisOf(settings);
  const restored = await readSnapshot(store, settings, analysis);
  const postings = restored?.postings ?? state.postings;
  const persistence: Persistence = { store, log, analysis, hasSnapshot: await hasSnapshot(store), changeCount: 0 };
  const isTimeUp = sliceTimer();
  for await (const [sequence, document] of log.documents(restored?.next ?? 0)) {
    const analyzed = await analyze(document, (term) => termNumber(postings, term));
    addDocument(postings, storedDocument(sequence, document), analyzed);
    await moveFullTail(postings);
    persistence.changeCount++;
    if (isTimeUp()) await yieldToEventLoop();
  }
  return { ...state, postings, persistence, lastChangedMs: log.lastChangedMs };
};

/** A change of the index, ready to be made: documents to take out, and documents to put in. */
interface Change {
  readonly removed: readonly AnalyzedDocument[];
  readonly added: readonly AnalyzedDocument[];
}

/**
 * Puts documents in, replacing those with the same ids, and takes out others. Until the store has the change nothing is
 * visible, and an abort leaves everything as it was; from then on the change is made to its end.
 */
export const changeDocuments = async (
  state: IndexState,
  put: ReadonlyMap<string, Document>,
  deleted: readonly string[],
  run: Run,
): Promise<void> => {
  const { postings, persistence } = state;
  checkRoom(postings, put.size);
  const change = await prepare(state, put, deleted, run);
  const atMs = run.clock.now();
  const next = persistence?.log.next ?? 0;
  const gone = change.removed.flatMap(({ document }): readonly number[] => {
    const kept = postings.documents[postings.rows.get(document.id) ?? -1];
    return kept !== undefined && 'sequence' in kept ? [kept.sequence] : [];
  });
  await persistence?.log.write({ put: put.values(), gone, atMs, isNoted: persistence.hasSnapshot });
  await apply(state, change, persistence && next);
  state.lastChangedMs = atMs;
  if (persistence === undefined) return;
  persistence.changeCount += change.added.length + change.removed.length;
  if (persistence.changeCount > Math.max(20_000, state.postings.liveCount)) await saveSnapshot(state);
};

const checkRoom = ({ documents }: Postings, putCount: number): void => {
  if (documents.length + putCount <= maxRows) return;
  throw new PipewrightError(
    'bad-input',
    `A keyword index holds up to ${maxRows} documents, counting replaced ones. Spread them over two indexes.`,
  );
};

const prepare = async (
  state: IndexState,
  put: ReadonlyMap<string, Document>,
  deleted: readonly string[],
  run: Run,
): Promise<Change> => {
  const { postings, analyze } = state;
  const added: AnalyzedDocument[] = [];
  const removed: AnalyzedDocument[] = [];
  const numberOf = (term: string): number => termNumber(postings, term);
  for (const id of [...deleted, ...put.keys()]) {
    run.throwIfAborted();
    const row = postings.rows.get(id);
    if (row !== undefined) removed.push(await analyze(await presentDocument(state, postings, row), numberOf));
  }
  for (const document of put.values()) {
    run.throwIfAborted();
    added.push(await analyze(document, numberOf));
  }
  run.throwIfAborted();
  return { removed, added };
};

const apply = async (state: IndexState, { removed, added }: Change, next: number | undefined): Promise<void> => {
  const { postings, isTimeUp } = state;
  const replaced = new Map(removed.map((analyzed) => [analyzed.document.id, analyzed]));
  for (const [at, analyzed] of added.entries()) {
    // In one go, so that no search misses a document that is being replaced.
    const old = replaced.get(analyzed.document.id);
    if (old !== undefined) removeDocument(postings, old);
    const { document } = analyzed;
    addDocument(postings, next === undefined ? document : storedDocument(next + at, document), analyzed);
    replaced.delete(analyzed.document.id);
    await moveFullTail(postings);
    if (isTimeUp()) await yieldToEventLoop();
  }
  for (const analyzed of replaced.values()) {
    removeDocument(postings, analyzed);
    if (isTimeUp()) await yieldToEventLoop();
  }
  if (shouldCompact(postings)) state.postings = await compact(postings);
};

export type ReadDocument = (
  state: IndexState,
  postings: Postings,
  row: number,
) => Document | undefined | Promise<Document | undefined>;

/** The document of a row; undefined where it has gone, or the store has it no longer because it is about to go. */
export const documentAt: ReadDocument = ({ persistence }, { documents }, row) => {
  const kept = documents[row];
  return kept !== undefined && 'sequence' in kept ? persistence?.log.read(kept.sequence) : kept;
};

/** The document of a row while nobody else writes, so that it must be there. */
export const presentDocument = async (state: IndexState, postings: Postings, row: number): Promise<Document> => {
  const document = await documentAt(state, postings, row);
  if (document !== undefined) return document;
  const kept = postings.documents[row];
  throw missing(kept !== undefined && 'sequence' in kept ? kept.sequence : row);
};

const saveSnapshot = async (state: IndexState): Promise<void> => {
  const { persistence } = state;
  if (persistence === undefined) return;
  state.postings = await compact(state.postings);
  const { store, log, analysis } = persistence;
  try {
    await writeSnapshot(store, state.postings, { analysis, next: log.next });
    persistence.hasSnapshot = true;
    persistence.changeCount = 0;
  } catch {
    // The documents are safe; without a snapshot the next opening takes longer. It is tried again when as much has changed.
    persistence.changeCount = 0;
  }
};

/** Makes the next opening quick, where much has changed since the snapshot. */
export const saveBeforeClosing = async (state: IndexState): Promise<void> => {
  const { persistence, postings } = state;
  if (persistence === undefined) return;
  if (persistence.changeCount > Math.max(100, postings.liveCount / 20)) await saveSnapshot(state);
};
