import type { Document } from '../core/index.js';

/**
 * Which documents hold which term, in typed arrays. Documents have numbers in the order in which they came; the number of a
 * deleted one stays empty until the next merge. Postings are in two places: a sorted part, the postings of a term side by side,
 * and a recent part, where each points to the one before it of the same term. A merge moves all into a new sorted part.
 */
export interface Postings {
  /** Term to its number. */
  readonly terms: Map<string, number>;
  /** By term: documents that hold it, deleted ones not counted. */
  documentFrequency: Int32Array;
  /** Id of a document to its number. */
  readonly numbers: Map<string, number>;
  /** By document number; undefined where deleted. */
  readonly documents: (Document | undefined)[];
  /** By document number: its weighted count of words; Infinity where deleted, which makes every score 0. */
  lengths: Float64Array;
  liveCount: number;
  totalLength: number;
  readonly sorted: SortedPostings;
  readonly recent: RecentPostings;
}

export interface SortedPostings {
  /** The postings of term `t` are those from `offsets[t]` to `offsets[t + 1]`. */
  readonly offsets: Int32Array;
  readonly documents: Int32Array;
  readonly frequencies: Float32Array;
}

export interface RecentPostings {
  count: number;
  /** By term: its newest recent posting, or -1. */
  heads: Int32Array;
  /** By posting: the one before it of the same term, or -1. */
  previous: Int32Array;
  documents: Int32Array;
  frequencies: Float32Array;
}

/** A document as the analyzer read it; `frequencies[i]` is the weighted count of the term with the number `terms[i]`. */
export interface AnalyzedDocument {
  readonly document: Document;
  readonly length: number;
  readonly terms: Int32Array;
  readonly frequencies: Float32Array;
}

const noSorted: SortedPostings = {
  offsets: new Int32Array(1),
  documents: new Int32Array(0),
  frequencies: new Float32Array(0),
};

export const emptyPostings = (sorted: SortedPostings = noSorted): Postings => ({
  terms: new Map(),
  documentFrequency: new Int32Array(64),
  numbers: new Map(),
  documents: [],
  lengths: new Float64Array(64),
  liveCount: 0,
  totalLength: 0,
  sorted,
  recent: {
    count: 0,
    heads: new Int32Array(64).fill(-1),
    previous: new Int32Array(256),
    documents: new Int32Array(256),
    frequencies: new Float32Array(256),
  },
});

type Numbers = Int32Array | Float32Array | Float64Array;

/** The array itself or, where it is too short, a copy of at least twice its length. */
const grown = <A extends Numbers>(array: A, needed: number, fill = 0): A => {
  if (needed <= array.length) return array;
  const Constructor = array.constructor as new (length: number) => A;
  const larger = new Constructor(Math.max(needed, array.length * 2));
  larger.set(array);
  if (fill !== 0) larger.fill(fill, array.length);
  return larger;
};

/** A piece of a long string keeps the whole of it in memory; a term lives longer than its text, so it gets its own bytes. */
const ownCopy = (term: string): string => (term.length < 13 ? term : Buffer.from(term, 'utf16le').toString('utf16le'));

/** The number of a term, which it gets here if it has none. */
export const termNumber = (postings: Postings, term: string): number => {
  const known = postings.terms.get(term);
  if (known !== undefined) return known;
  const made = postings.terms.size;
  postings.terms.set(ownCopy(term), made);
  postings.documentFrequency = grown(postings.documentFrequency, made + 1);
  postings.recent.heads = grown(postings.recent.heads, made + 1, -1);
  return made;
};

const addPosting = (recent: RecentPostings, term: number, document: number, frequency: number): void => {
  const at = recent.count++;
  recent.previous = grown(recent.previous, recent.count);
  recent.documents = grown(recent.documents, recent.count);
  recent.frequencies = grown(recent.frequencies, recent.count);
  recent.previous[at] = recent.heads[term] as number;
  recent.documents[at] = document;
  recent.frequencies[at] = frequency;
  recent.heads[term] = at;
};

export const addDocument = (postings: Postings, { document, length, terms, frequencies }: AnalyzedDocument): void => {
  const number = postings.documents.push(document) - 1;
  postings.numbers.set(document.id, number);
  postings.lengths = grown(postings.lengths, number + 1);
  postings.lengths[number] = length;
  postings.totalLength += length;
  postings.liveCount++;
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as number;
    addPosting(postings.recent, term, number, frequencies[i] as number);
    postings.documentFrequency[term] = (postings.documentFrequency[term] as number) + 1;
  }
};

/** Takes a document out of all counts. Its postings stay until the next merge, and score 0. */
export const removeDocument = (postings: Postings, { document, length, terms }: AnalyzedDocument): void => {
  const number = postings.numbers.get(document.id);
  if (number === undefined) return;
  for (const term of terms) {
    postings.documentFrequency[term] = (postings.documentFrequency[term] as number) - 1;
  }
  postings.totalLength -= length;
  postings.lengths[number] = Number.POSITIVE_INFINITY;
  postings.documents[number] = undefined;
  postings.numbers.delete(document.id);
  postings.liveCount--;
};

const smallestMerge = 1 << 16;

/** Whether a merge pays: much is recent, or much is deleted. The work of all merges stays proportional to what was written. */
export const shouldMerge = ({ recent, sorted, documents, liveCount }: Postings): boolean =>
  recent.count > Math.max(smallestMerge, sorted.documents.length / 4) ||
  documents.length - liveCount > Math.max(1024, liveCount / 2);

/** Bytes held, as near as can be told: Latin text takes one byte a character, and an object some 200. */
export const postingsBytes = (postings: Postings): number => {
  const { sorted, recent, terms, documentFrequency, lengths, documents } = postings;
  const arrays = [documentFrequency, lengths, ...Object.values(sorted), recent.heads, recent.previous];
  let bytes = terms.size * 64 + recent.documents.byteLength + recent.frequencies.byteLength;
  for (const array of arrays) bytes += array.byteLength;
  for (const document of documents) {
    if (document !== undefined) bytes += document.text.length + (document.title?.length ?? 0) + 200;
  }
  return bytes;
};
