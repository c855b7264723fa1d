/** Answers to one query, which lies in the query's place of the scratch memory. */
import { exactDistance, exactDistances, measure, originIsQuery, originIsRow } from './distance';
import { passingCount, passingPartAround, setFilter } from './filter';
import { distanceAt, heapify, rowAt, setDistance, sortNearestFirst } from './heap';
import { farFactor, headerEntry, headerLength, isLive, noRow } from './layout';
import { canWalkSorted, walkSorted } from './sorted-walk';
import {
  dimensions,
  flagsOf,
  floatsOf,
  hasOriginals,
  isInt8,
  labelOf,
  levelOf,
  nodeOf,
  query,
  results,
  rowOf,
} from './state';
import { approach, compare, descend, endScan, nearestRow, startAt, startScan, walk } from './walk';

/** Codes are good enough to name somewhat more rows than are wanted, of which the exact distances then decide. */
export function reserveFor(k: u32): u32 {
  return k + (k >> 2) + 4;
}

/** Measures the first results again, with the floats: four at a time, so that memory is waited for together. */
function measureAgain(count: u32): void {
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) {
    const a = floatsOf(rowAt(results, i));
    const b = floatsOf(rowAt(results, i + 1));
    const c = floatsOf(rowAt(results, i + 2));
    const d = floatsOf(rowAt(results, i + 3));
    const four = exactDistances(query, a, b, c, d);
    setDistance(results, i, f32x4.extract_lane(four, 0));
    setDistance(results, i + 1, f32x4.extract_lane(four, 1));
    setDistance(results, i + 2, f32x4.extract_lane(four, 2));
    setDistance(results, i + 3, f32x4.extract_lane(four, 3));
  }
  for (; i < count; i++) setDistance(results, i, exactDistance(query, floatsOf(rowAt(results, i))));
}

/** Gives the labels of a heap of results. */
function finish(count: u32, k: u32, labels: usize, distances: usize): u32 {
  sortNearestFirst(results, count);
  return give(count, k, labels, distances);
}

/** Gives the labels of sorted results; those of codes are measured again with the floats, as many as may matter. */
function give(count: u32, k: u32, labels: usize, distances: usize): u32 {
  let sorted = count;
  if (isInt8 && hasOriginals) {
    sorted = min<u32>(count, reserveFor(k));
    measureAgain(sorted);
    heapify(results, sorted);
    sortNearestFirst(results, sorted);
  }
  let given: u32 = 0;
  for (let i: u32 = 0; i < sorted && given < k; i++) {
    const row = rowAt(results, i);
    // Removed while it was being linked: the walk could not know.
    if ((flagsOf(row) & isLive) === 0) continue;
    store<u32>(labels + ((<usize>given) << 2), labelOf(row));
    store<f32>(distances + ((<usize>given) << 2), distanceAt(results, i));
    given++;
  }
  return given;
}

/**
 * About the `k` nearest linked rows; returns how many there are: their labels at `labels`, and `distances`. `ef` is at least `k`.
 */
export function search(k: u32, ef: u32, bits: usize, bitRows: u32, labels: usize, distances: usize): u32 {
  const entry = atomic.load<u32>(headerEntry);
  if (entry === noRow) return 0;
  originIsQuery();
  setFilter(0, 0);
  startAt(entry);
  const started = approach(levelOf(nodeOf(entry)));
  if (bits === 0) {
    if (canWalkSorted(ef)) return give(walkSorted(ef, started), k, labels, distances);
    return finish(walk(0, ef, noRow, 0, started), k, labels, distances);
  }
  descend(0, 0);
  setFilter(bits, bitRows);
  return searchPassing(k, ef, bits, bitRows, labels, distances);
}

/**
 * Where few of the rows around pass the filter, a walk sees the neighbours of many for each that it keeps, and finds as much with
 * a smaller `ef`: at most by this factor.
 */
const leastPart: f32 = 0.4;
/**
 * Where what passes lies far from the query, all of it is about equally far, and hardly a link leads from the nearest to the next
 * nearest. Up to so many rows for each of `ef` are then compared one by one, at the cost of the wider walk that more need.
 */
const comparedPerEf: u32 = 512;
/** But not more than so many bytes of them: the caller waits. */
const comparedBytes: u32 = 64 << 20;

/** The same among the rows of a bit set, from the row on that is nearest of all. */
function searchPassing(k: u32, ef: u32, bits: usize, bitRows: u32, labels: usize, distances: usize): u32 {
  const part = passingPartAround(nearestRow);
  const passing = passingCount();
  let width = max<u32>(k, <u32>(<f32>ef * max<f32>(leastPart, part)));
  let sampled: u32 = 0;
  // Fewer than half as many as on the whole: what is wanted lies elsewhere.
  if (part * <f32>load<u32>(headerLength) < <f32>passing * <f32>0.5) {
    const vectorBytes = isInt8 ? dimensions : dimensions << 2;
    if (passing <= min<u32>(comparedPerEf * ef, comparedBytes / vectorBytes)) {
      return scanBits(k, bits, bitRows, labels, distances);
    }
    width = ef * farFactor;
    sampled = passing;
  }
  const count = walk(0, width, noRow, sampled);
  // A walk that runs dry may have missed rows that lie apart.
  if (count < width) return scanBits(k, bits, bitRows, labels, distances);
  return finish(count, k, labels, distances);
}

/** The same by comparing with all rows of a bit set. */
export function scanBits(k: u32, bits: usize, bitRows: u32, labels: usize, distances: usize): u32 {
  startComparing(k);
  const length = min<u32>(load<u32>(headerLength), bitRows);
  for (let first: u32 = 0; first < length; first += 32) {
    for (let word = load<u32>(bits + ((<usize>(first >> 5)) << 2)); word !== 0; word &= word - 1) {
      const row = first + ctz<u32>(word);
      if (row < length) compare(row);
    }
  }
  return finish(endScan(), k, labels, distances);
}

/** The same by comparing with all rows. */
export function scan(k: u32, labels: usize, distances: usize): u32 {
  startComparing(k);
  const length = load<u32>(headerLength);
  for (let row: u32 = 0; row < length; row++) compare(row);
  return finish(endScan(), k, labels, distances);
}

/** The same by comparing with the rows of these labels. */
export function scanList(k: u32, list: usize, count: u32, labels: usize, distances: usize): u32 {
  startComparing(k);
  for (let i: u32 = 0; i < count; i++) {
    const row = rowOf(load<u32>(list + ((<usize>i) << 2)));
    if (row !== noRow) compare(row);
  }
  return finish(endScan(), k, labels, distances);
}

function startComparing(k: u32): void {
  originIsQuery();
  startScan(isInt8 && hasOriginals ? reserveFor(k) : k);
}

/** The distance between two rows, as exact as it is known. */
export function distance(rowA: u32, rowB: u32): f32 {
  if (!isInt8 || hasOriginals) return exactDistance(floatsOf(rowA), floatsOf(rowB));
  originIsRow(rowA);
  return measure(rowB);
}
