import type { Document } from '../core/index.js';
import { type FilterIndex, filterIndex, type PartitionedMap, partitionedMap } from '../filter/index.js';
import { grown } from './arrays.js';
import {
  addToTail,
  emptyTail,
  isPlainCount,
  type OddCounts,
  type Segment,
  segmentBytes,
  type Tail,
  tailBytes,
} from './segment.js';

/** How BM25 counts: `k1` and `b` of an index. */
export interface Saturation {
  readonly k1: number;
  readonly b: number;
}

/** A document whose text is in the store. */
export interface StoredDocument extends Pick<Document, 'id' | 'metadata'> {
  /** Its number in the log. */
  readonly sequence: number;
}

/** What memory keeps of a document: all of it, or what finds it in the store. */
export type KeptDocument = Document | StoredDocument;

export const storedDocument = (
  sequence: number,
  { id, metadata }: Pick<Document, 'id' | 'metadata'>,
): StoredDocument => (metadata === undefined ? { sequence, id } : { sequence, id, metadata });

/**
 * Which documents hold which term, in typed arrays. Documents have rows, in the order in which they came; the row of a deleted
 * one stays empty until the next compaction. Postings stand in segments, older ones first, and the newest in the tail.
 */
export interface Postings {
  readonly saturation: Saturation;
  /** Term to its number. */
  readonly terms: PartitionedMap<number>;
  /** By number. */
  readonly names: string[];
  /** By term: documents that hold it, deleted ones not counted. */
  documentFrequency: Int32Array;
  /** Id of a document to its row. */
  readonly rows: PartitionedMap<number>;
  /** By row; undefined where deleted. */
  readonly documents: (KeptDocument | undefined)[];
  /** By row: its weighted count of words; Infinity where deleted, which makes every score 0. */
  lengths: Float32Array;
  liveCount: number;
  totalLength: number;
  readonly filters: FilterIndex;
  readonly oddCounts: OddCounts;
  segments: readonly Segment[];
  tail: Tail;
}

/** A document as the analyzer read it; `frequencies[i]` is the weighted count of the term with the number `terms[i]`. */
export interface AnalyzedDocument {
  readonly document: Document;
  readonly length: number;
  readonly terms: Int32Array;
  readonly frequencies: Float32Array;
}

export const emptyPostings = (saturation: Saturation): Postings => ({
  saturation,
  terms: partitionedMap(),
  names: [],
  documentFrequency: new Int32Array(64),
  rows: partitionedMap(),
  documents: [],
  lengths: new Float32Array(64),
  liveCount: 0,
  totalLength: 0,
  filters: filterIndex(),
  oddCounts: new Map(),
  segments: [],
  tail: emptyTail(0, 0),
});

export const averageLength = ({ totalLength, liveCount }: Postings): number =>
  liveCount > 0 ? totalLength / liveCount : 0;

/** A piece of a long string keeps the whole of it in memory; a term lives longer than its text, so it gets its own bytes. */
const ownCopy = (term: string): string => (term.length < 13 ? term : Buffer.from(term, 'utf16le').toString('utf16le'));

/** The number of a term, which it gets here if it has none. */
export const termNumber = (postings: Postings, term: string): number => {
  const known = postings.terms.get(term);
  if (known !== undefined) return known;
  const own = ownCopy(term);
  const made = postings.names.push(own) - 1;
  postings.terms.set(own, made);
  postings.documentFrequency = grown(postings.documentFrequency, made + 1);
  return made;
};

/** Takes in all of a document but its postings, and returns its row. */
export const addRow = (postings: Postings, kept: KeptDocument, length: number): number => {
  const row = postings.documents.push(kept) - 1;
  postings.rows.set(kept.id, row);
  postings.lengths = grown(postings.lengths, row + 1);
  postings.lengths[row] = length;
  postings.totalLength += length;
  postings.liveCount++;
  postings.filters.add(row, kept.metadata);
  return row;
};

export const addDocument = (postings: Postings, kept: KeptDocument, analyzed: AnalyzedDocument): void => {
  const { length, terms, frequencies } = analyzed;
  const row = addRow(postings, kept, length);
  const { k1, b } = postings.saturation;
  if (postings.tail.count === 0) postings.tail = emptyTail(postings.names.length, averageLength(postings));
  const norm = k1 * (1 - b + (b * length) / (postings.tail.averageLength || 1));
  const odd = new Map<number, number>();
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as number;
    const frequency = frequencies[i] as number;
    if (!isPlainCount(frequency)) odd.set(term, frequency);
    addToTail(postings.tail, term, row, frequency, norm);
    postings.documentFrequency[term] = (postings.documentFrequency[term] as number) + 1;
  }
  if (odd.size > 0) postings.oddCounts.set(row, odd);
};

/** Takes out all of a document but the counts of its terms. Its postings stay until they are merged, and score 0. */
export const removeRow = (postings: Postings, row: number): void => {
  postings.rows.delete(postings.documents[row]?.id ?? '');
  postings.totalLength -= postings.lengths[row] as number;
  postings.lengths[row] = Number.POSITIVE_INFINITY;
  postings.documents[row] = undefined;
  postings.filters.remove(row);
  postings.oddCounts.delete(row);
  postings.liveCount--;
};

export const removeDocument = (postings: Postings, { document, terms }: AnalyzedDocument): void => {
  const row = postings.rows.get(document.id);
  if (row === undefined) return;
  removeRow(postings, row);
  for (const term of terms) {
    postings.documentFrequency[term] = (postings.documentFrequency[term] as number) - 1;
  }
};

/** Bytes held, as near as can be told: Latin text takes one byte a character, an entry of a map some 40, an object some 100. */
export const postingsBytes = (postings: Postings): number => {
  const { segments, tail, names, documentFrequency, lengths, documents, filters, oddCounts } = postings;
  let bytes = documentFrequency.byteLength + lengths.byteLength + tailBytes(tail) + filters.bytes;
  for (const segment of segments) bytes += segmentBytes(segment);
  for (const name of names) bytes += name.length + 64;
  for (const { size } of oddCounts.values()) bytes += 200 + size * 40;
  bytes += documents.length * 8;
  for (const document of documents) {
    if (document === undefined) continue;
    bytes += document.id.length + 100 + (document.metadata === undefined ? 0 : 100);
    if ('text' in document) bytes += document.text.length + (document.title?.length ?? 0);
  }
  return bytes;
};
