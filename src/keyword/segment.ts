import { grown, placeOf } from './arrays.js';

/** Rows of an index at most: a posting has 24 bits for its row, and a `Map` has room for as many ids. */
export const maxRows: number = 1 << 24;
/** Counts that a posting holds itself: whole numbers up to 255. 0 says that it stands among the odd ones. */
const countBits = 0xff;
export const isPlainCount = (frequency: number): boolean =>
  frequency > 0 && frequency <= countBits && Number.isInteger(frequency);

/** Counts that are no whole number up to 255, by row and then by term. */
export type OddCounts = Map<number, ReadonlyMap<number, number>>;

/** A row and how often it holds the term, in 32 bits, in the order of the rows. */
export const packed = (row: number, frequency: number): number =>
  row * (countBits + 1) + (isPlainCount(frequency) ? frequency : 0);
/** The smallest posting that a row can have. */
export const firstOf = (row: number): number => row * (countBits + 1);
export const rowOf = (posting: number): number => posting >>> 8;
/** 0 where the row has gone. */
export const frequencyOf = (posting: number, term: number, odd: OddCounts): number =>
  posting & countBits || (odd.get(rowOf(posting))?.get(term) ?? 0);

/**
 * Postings that stand still: those of one term side by side, ascending by row. `maxima` holds for each term the largest of its
 * f / (f + norm) at the average length of that time, which bounds what it can add to a score.
 */
export interface Segment {
  /** Numbers of the terms in it, ascending. */
  readonly terms: Int32Array;
  /** The postings of the term at place `i` are those from `offsets[i]` to `offsets[i + 1]`. */
  readonly offsets: Int32Array;
  readonly maxima: Float32Array;
  /** See `packed`. */
  readonly packed: Uint32Array;
  readonly averageLength: number;
}

/** Postings as they come: each points to the one before it of the same term. 0 stands for none, so places count from 1. */
export interface Tail {
  count: number;
  /** By term: its newest posting. */
  heads: Int32Array;
  maxima: Float32Array;
  /** By posting. */
  previous: Int32Array;
  rows: Int32Array;
  frequencies: Float32Array;
  readonly averageLength: number;
}

export const emptyTail = (termCount: number, averageLength: number): Tail => ({
  count: 0,
  heads: new Int32Array(termCount + 64),
  maxima: new Float32Array(termCount + 64),
  previous: new Int32Array(256),
  rows: new Int32Array(256),
  frequencies: new Float32Array(256),
  averageLength,
});

export const addToTail = (tail: Tail, term: number, row: number, frequency: number, norm: number): void => {
  const at = ++tail.count;
  tail.heads = grown(tail.heads, term + 1);
  tail.maxima = grown(tail.maxima, term + 1);
  tail.previous = grown(tail.previous, at + 1);
  tail.rows = grown(tail.rows, at + 1);
  tail.frequencies = grown(tail.frequencies, at + 1);
  tail.previous[at] = tail.heads[term] as number;
  tail.rows[at] = row;
  tail.frequencies[at] = frequency;
  tail.heads[term] = at;
  const impact = frequency / (frequency + norm);
  if (impact > (tail.maxima[term] as number)) tail.maxima[term] = impact;
};

/** So many postings are kept in a tail; moving them takes a millisecond. */
export const maxTail: number = 1 << 14;

/** The postings of a tail, in order. */
export const segmentOf = (tail: Tail): Segment => {
  let termCount = 0;
  for (const head of tail.heads) if (head > 0) termCount++;
  const segment = {
    terms: new Int32Array(termCount),
    offsets: new Int32Array(termCount + 1),
    maxima: new Float32Array(termCount),
    packed: new Uint32Array(tail.count),
    averageLength: tail.averageLength,
  };
  let place = 0;
  let end = 0;
  for (let term = 0; term < tail.heads.length; term++) {
    const head = tail.heads[term] as number;
    if (head === 0) continue;
    const start = end;
    for (let at = head; at > 0; at = tail.previous[at] as number) {
      segment.packed[end++] = packed(tail.rows[at] as number, tail.frequencies[at] as number);
    }
    // The chain runs from the newest to the oldest.
    segment.packed.subarray(start, end).reverse();
    segment.terms[place] = term;
    segment.maxima[place++] = tail.maxima[term] as number;
    segment.offsets[place] = end;
  }
  return segment;
};

/** The place of a term among those of a segment, or -1. */
export const termPlace = ({ terms }: Segment, term: number): number => {
  const place = placeOf(terms, term, 0, terms.length);
  return terms[place] === term ? place : -1;
};

export const segmentBytes = (segment: Segment): number =>
  [segment.terms, segment.offsets, segment.maxima, segment.packed].reduce((sum, { byteLength }) => sum + byteLength, 0);

export const tailBytes = ({ heads, maxima, previous, rows, frequencies }: Tail): number =>
  [heads, maxima, previous, rows, frequencies].reduce((sum, { byteLength }) => sum + byteLength, 0);
