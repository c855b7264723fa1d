import { grown, placeOf } from './arrays.js';

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
  readonly rows: Int32Array;
  readonly frequencies: Float32Array;
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
    rows: new Int32Array(tail.count),
    frequencies: new Float32Array(tail.count),
    averageLength: tail.averageLength,
  };
  let place = 0;
  let end = 0;
  for (let term = 0; term < tail.heads.length; term++) {
    const head = tail.heads[term] as number;
    if (head === 0) continue;
    const start = end;
    for (let at = head; at > 0; at = tail.previous[at] as number) {
      segment.rows[end] = tail.rows[at] as number;
      segment.frequencies[end++] = tail.frequencies[at] as number;
    }
    // The chain runs from the newest to the oldest.
    segment.rows.subarray(start, end).reverse();
    segment.frequencies.subarray(start, end).reverse();
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

export const segmentBytes = ({ terms, offsets, maxima, rows, frequencies }: Segment): number =>
  [terms, offsets, maxima, rows, frequencies].reduce((sum, { byteLength }) => sum + byteLength, 0);

export const tailBytes = ({ heads, maxima, previous, rows, frequencies }: Tail): number =>
  [heads, maxima, previous, rows, frequencies].reduce((sum, { byteLength }) => sum + byteLength, 0);
