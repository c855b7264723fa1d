import { type Document, PipewrightError, type Run, sliceTimer, yieldToEventLoop } from '../core/index.js';
import type { DocumentAnalyzer } from './analysis.js';
import type { DocumentLog } from './document-log.js';
import { merge } from './merge.js';
import {
  addDocument,
  type AnalyzedDocument,
  type Postings,
  removeDocument,
  shouldMerge,
  termNumber,
} from './postings.js';

/** What one index holds. */
export interface IndexState {
  /** Replaced as a whole by a merge. */
  postings: Postings;
  readonly analyze: DocumentAnalyzer;
  /** Undefined for an index in memory. */
  readonly log: DocumentLog | undefined;
  lastChangedMs: number | undefined;
  isClosed: boolean;
}

export const checkOpen = (state: IndexState): void => {
  if (state.isClosed) {
    throw new PipewrightError('store-closed', 'The keyword index is closed. Open it again with `bm25(…)`.');
  }
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
  const change = await prepare(state, put, deleted, run);
  const atMs = run.clock.now();
  await state.log?.write({ put: put.values(), deleted, atMs });
  await apply(state, change);
  state.lastChangedMs = atMs;
};

const prepare = async (
  { postings, analyze }: IndexState,
  put: ReadonlyMap<string, Document>,
  deleted: readonly string[],
  run: Run,
): Promise<Change> => {
  const analyzeAll = async (documents: Iterable<Document>): Promise<readonly AnalyzedDocument[]> => {
    const analyzed: AnalyzedDocument[] = [];
    for (const document of documents) {
      run.throwIfAborted();
      analyzed.push(await analyze(document, (term) => termNumber(postings, term)));
    }
    run.throwIfAborted();
    return analyzed;
  };
  const present = (ids: Iterable<string>): readonly Document[] =>
    Array.from(ids, (id) => documentWith(postings, id)).filter((document) => document !== undefined);
  return { removed: await analyzeAll(present([...deleted, ...put.keys()])), added: await analyzeAll(put.values()) };
};

const apply = async (state: IndexState, { removed, added }: Change): Promise<void> => {
  const isTimeUp = sliceTimer();
  const replaced = new Map(removed.map((analyzed) => [analyzed.document.id, analyzed]));
  for (const analyzed of added) {
    // In one go, so that no search misses a document that is being replaced.
    const old = replaced.get(analyzed.document.id);
    if (old !== undefined) removeDocument(state.postings, old);
    addDocument(state.postings, analyzed);
    replaced.delete(analyzed.document.id);
    if (isTimeUp()) await yieldToEventLoop();
  }
  for (const analyzed of replaced.values()) {
    removeDocument(state.postings, analyzed);
    if (isTimeUp()) await yieldToEventLoop();
  }
  if (shouldMerge(state.postings)) state.postings = await merge(state.postings);
};

export const documentWith = (postings: Postings, id: string): Document | undefined => {
  const number = postings.numbers.get(id);
  return number === undefined ? undefined : postings.documents[number];
};

/** The documents as they stand, in the order in which they came. */
export const livingDocuments = (postings: Postings): Document[] =>
  postings.documents.filter((document) => document !== undefined);

/** Fills an index that was just made with the documents of its log. */
export const readLog = async (state: IndexState, log: DocumentLog): Promise<void> => {
  const isTimeUp = sliceTimer();
  const numberOf = (term: string): number => termNumber(state.postings, term);
  for await (const document of log.documents()) {
    addDocument(state.postings, await state.analyze(document, numberOf));
    if (isTimeUp()) await yieldToEventLoop();
  }
  state.lastChangedMs = log.lastChangedMs;
  if (shouldMerge(state.postings)) state.postings = await merge(state.postings);
};
