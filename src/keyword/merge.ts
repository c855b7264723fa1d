import { sliceTimer, yieldToEventLoop } from '../core/index.js';
import { addRow, averageLength, emptyPostings, type Postings } from './postings.js';
import { emptyTail, firstOf, frequencyOf, maxTail, rowOf, type Segment, segmentOf, termPlace } from './segment.js';

const sizeOf = ({ packed }: Segment): number => packed.length;

/**
 * Makes a full tail a segment, and merges segments with newer ones of half their size or more, so that there are few, and a
 * posting is moved a number of times that grows with the logarithm of all. Searches under way go on with the old parts, but
 * nothing may be written meanwhile.
 */
export const moveFullTail = async (postings: Postings): Promise<void> => {
  if (postings.tail.count < maxTail) return;
  moveTail(postings);
  const last = postings.segments.length - 1;
  let first = last;
  let size = sizeOf(postings.segments[last] as Segment);
  for (; first > 0; first--) {
    const before = sizeOf(postings.segments[first - 1] as Segment);
    if (before >= 2 * size) break;
    size += before;
  }
  if (first < last) await mergeFrom(postings, first);
};

/** Puts all postings in one segment. */
export const mergeAll = async (postings: Postings): Promise<void> => {
  if (postings.tail.count > 0) moveTail(postings);
  if (postings.segments.length > 0) await mergeFrom(postings, 0);
};

const moveTail = (postings: Postings): void => {
  postings.segments = [...postings.segments, segmentOf(postings.tail)];
  postings.tail = emptyTail(0, 0);
};

const mergeFrom = async (postings: Postings, first: number): Promise<void> => {
  const merged = await mergeSegments(postings, postings.segments.slice(first));
  postings.segments = [...postings.segments.slice(0, first), merged];
};

/** Much is deleted: the work of writing all anew stays in proportion to what was written and deleted. */
export const shouldCompact = ({ documents, liveCount }: Postings): boolean =>
  documents.length - liveCount > Math.max(1024, liveCount / 2);

/** Neighbouring segments as one, without what is deleted. */
const mergeSegments = async (postings: Postings, segments: readonly Segment[]): Promise<Segment> => {
  const isTimeUp = sliceTimer();
  const average = averageLength(postings);
  const capacity = segments.reduce((sum, segment) => sum + sizeOf(segment), 0);
  const termCapacity = segments.reduce((sum, { terms }) => sum + terms.length, 0);
  const into: MergeTarget = {
    terms: new Int32Array(termCapacity),
    offsets: new Int32Array(termCapacity + 1),
    maxima: new Float32Array(termCapacity),
    packed: new Uint32Array(capacity),
    averageLength: average,
    termCount: 0,
    count: 0,
  };
  const places = new Int32Array(segments.length);
  let untilLook = 1 << 14;
  for (;;) {
    const term = smallestTerm(segments, places);
    if (term === undefined) break;
    const before = into.count;
    mergeTerm(postings, segments, places, term, into);
    untilLook -= into.count - before + segments.length;
    if (untilLook < 0) {
      untilLook = 1 << 14;
      if (isTimeUp()) await yieldToEventLoop();
    }
  }
  const { termCount, count } = into;
  return {
    terms: into.terms.slice(0, termCount),
    offsets: into.offsets.slice(0, termCount + 1),
    maxima: into.maxima.slice(0, termCount),
    packed: count === capacity ? into.packed : into.packed.slice(0, count),
    averageLength: average,
  };
};

interface MergeTarget extends Segment {
  termCount: number;
  count: number;
}

const smallestTerm = (segments: readonly Segment[], places: Int32Array): number | undefined => {
  let smallest: number | undefined;
  for (let i = 0; i < segments.length; i++) {
    const term = (segments[i] as Segment).terms[places[i] as number];
    if (term !== undefined && (smallest === undefined || term < smallest)) smallest = term;
  }
  return smallest;
};

const mergeTerm = (
  { saturation: { k1, b }, lengths, oddCounts }: Postings,
  segments: readonly Segment[],
  places: Int32Array,
  term: number,
  into: MergeTarget,
): void => {
  const fixed = k1 * (1 - b);
  const perWord = (k1 * b) / (into.averageLength || 1);
  const start = into.count;
  let end = start;
  let max = 0;
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] as Segment;
    const place = places[i] as number;
    if (segment.terms[place] !== term) continue;
    places[i] = place + 1;
    const to = segment.offsets[place + 1] as number;
    for (let at = segment.offsets[place] as number; at < to; at++) {
      const posting = segment.packed[at] as number;
      const length = lengths[rowOf(posting)] as number;
      if (length === Number.POSITIVE_INFINITY) continue;
      const frequency = frequencyOf(posting, term, oddCounts);
      into.packed[end++] = posting;
      const impact = frequency / (frequency + fixed + perWord * length);
      if (impact > max) max = impact;
    }
  }
  if (end === start) return;
  into.terms[into.termCount] = term;
  into.maxima[into.termCount++] = max;
  into.offsets[into.termCount] = end;
  into.count = end;
};

/**
 * New postings in which documents and terms that are gone take no room: rows and terms get new numbers. Searches under way go on
 * with the old ones, but nothing may be written meanwhile.
 */
export const compact = async (old: Postings): Promise<Postings> => {
  await mergeAll(old);
  const isTimeUp = sliceTimer();
  const made = emptyPostings(old.saturation);
  const newRows = new Int32Array(old.documents.length);
  for (let row = 0; row < old.documents.length; row++) {
    const kept = old.documents[row];
    if (kept !== undefined) newRows[row] = addRow(made, kept, old.lengths[row] as number);
    if (row % 1024 === 0 && isTimeUp()) await yieldToEventLoop();
  }
  const [segment] = old.segments;
  if (segment === undefined) return made;
  made.documentFrequency = new Int32Array(segment.terms.length);
  for (let place = 0; place < segment.terms.length; place++) {
    const name = old.names[segment.terms[place] as number] as string;
    made.names.push(name);
    made.terms.set(name, place);
    made.documentFrequency[place] = (segment.offsets[place + 1] as number) - (segment.offsets[place] as number);
    if (place % 1024 === 0 && isTimeUp()) await yieldToEventLoop();
  }
  const packed = new Uint32Array(segment.packed.length);
  for (let at = 0; at < packed.length; at++) {
    const posting = segment.packed[at] as number;
    const row = rowOf(posting);
    packed[at] = posting - firstOf(row) + firstOf(newRows[row] as number);
    if (at % 65_536 === 0 && isTimeUp()) await yieldToEventLoop();
  }
  made.segments = [{ ...segment, terms: Int32Array.from(made.names.keys()), packed }];
  for (const [row, counts] of old.oddCounts) {
    const renumbered = Array.from(counts, ([term, count]) => [termPlace(segment, term), count] as const);
    made.oddCounts.set(newRows[row] as number, new Map(renumbered));
    if (isTimeUp()) await yieldToEventLoop();
  }
  return made;
};
