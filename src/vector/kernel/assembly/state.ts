/** What an instance knows: the settings of its kernel, read from the header once, and the scratch memory that is its own. */
import {
  blockMask,
  blockRows,
  blockShift,
  headerDimensions,
  headerEfConstruction,
  headerHasOriginals,
  headerLabels,
  headerM,
  headerMetric,
  headerNodeStride,
  headerPrecision,
  headerVectorOffset,
  isLinked,
  isLive,
  labelTable,
  lineBytes,
  nodeFlags,
  nodeLevel,
  nodeLinks,
  nodeTable,
  nodeUpper,
  noRow,
  originalTable,
  scratchBatch,
  scratchCandidates,
  scratchCodes,
  scratchDistances,
  scratchEpoch,
  scratchPlan,
  scratchQuery,
  scratchResults,
  scratchVisited,
  scratchVisitedRows,
} from './layout';

export let dimensions: u32 = 0;
export let isEuclidean: bool = false;
export let isInt8: bool = false;
export let hasOriginals: bool = false;
export let m: u32 = 0;
export let efConstruction: u32 = 0;
export let nodeStride: u32 = 0;
export let vectorOffset: u32 = 0;
/** So much of a vector is asked for early, and so far apart. */
let fetchBytes: u32 = 0;
let fetchStep: u32 = 0;

/** Reads the settings. The first call of an instance. */
export function attach(): void {
  dimensions = load<u32>(headerDimensions);
  isEuclidean = load<u32>(headerMetric) !== 0;
  isInt8 = load<u32>(headerPrecision) !== 0;
  hasOriginals = load<u32>(headerHasOriginals) !== 0;
  m = load<u32>(headerM);
  efConstruction = load<u32>(headerEfConstruction);
  nodeStride = load<u32>(headerNodeStride);
  vectorOffset = load<u32>(headerVectorOffset);
  const vectorBytes = isInt8 ? dimensions : dimensions << 2;
  fetchBytes = min<u32>(6 * lineBytes, vectorBytes);
  fetchStep = vectorBytes <= 8 * lineBytes ? lineBytes : 2 * lineBytes;
}

let scratch: usize = 0;
export let visited: usize = 0;
export let visitedRows: u32 = 0;
export let candidates: usize = 0;
export let results: usize = 0;
export let query: usize = 0;
export let codes: usize = 0;
export let batch: usize = 0;
export let distances: usize = 0;
export let plan: usize = 0;

/** Takes the scratch memory at this address. Again after any of its pointers changed. */
export function useScratch(at: usize): void {
  scratch = at;
  visited = load<usize>(at, scratchVisited);
  visitedRows = load<u32>(at, scratchVisitedRows);
  candidates = load<usize>(at, scratchCandidates);
  results = load<usize>(at, scratchResults);
  query = load<usize>(at, scratchQuery);
  codes = load<usize>(at, scratchCodes);
  batch = load<usize>(at, scratchBatch);
  distances = load<usize>(at, scratchDistances);
  plan = load<usize>(at, scratchPlan);
}

/** A number for a new walk: rows that it has seen carry it in `visited`. */
export function nextEpoch(): u32 {
  let epoch = load<u32>(scratch, scratchEpoch) + 1;
  if (epoch > 0xffff) {
    memory.fill(visited, 0, (<usize>visitedRows) << 1);
    epoch = 1;
  }
  store<u32>(scratch, epoch, scratchEpoch);
  return epoch;
}

/** Marks a row as seen; false when it was. Rows that are too new to have a place count as seen. */
export function visit(row: u32, epoch: u32): bool {
  if (row >= visitedRows) return false;
  const place = visited + ((<usize>row) << 1);
  const isUnseen = load<u16>(place) !== <u16>epoch;
  store<u16>(place, <u16>epoch);
  return isUnseen;
}

export function nodeOf(row: u32): usize {
  return load<usize>(nodeTable + ((row >> blockShift) << 2)) + <usize>(row & blockMask) * nodeStride;
}

/** Where the label of a row stands: behind the nodes of its block. */
function labelAt(row: u32): usize {
  const nodes = load<usize>(nodeTable + ((row >> blockShift) << 2));
  return nodes + <usize>blockRows * nodeStride + ((<usize>(row & blockMask)) << 2);
}

export function labelOf(row: u32): u32 {
  return load<u32>(labelAt(row));
}

function rowAtLabel(label: u32): usize {
  return load<usize>(labelTable + ((label >> blockShift) << 2)) + ((<usize>(label & blockMask)) << 2);
}

/** The row of a label, or `noRow`. */
export function rowOf(label: u32): u32 {
  return label < load<u32>(headerLabels) ? load<u32>(rowAtLabel(label)) : noRow;
}

export function setLabel(row: u32, label: u32): void {
  store<u32>(labelAt(row), label);
  if (label !== noRow) store<u32>(rowAtLabel(label), row);
}

export function vectorOf(row: u32): usize {
  return nodeOf(row) + vectorOffset;
}

/*
 * Memory is asked for before it is needed, so that it comes while other rows are measured: a tenth of the time of a walk was
 * waiting. The machine goes on behind a load, and no compiler leaves out one that is atomic.
 */

/** Asks for a short vector, or for the beginning of a long one: what follows comes by itself, and each second line too. */
export function fetchVector(row: u32): void {
  const vector = vectorOf(row);
  const end = vector + fetchBytes;
  for (let at = vector; at < end; at += fetchStep) atomic.load<u32>(at);
}

/** Asks for the list of level 0. */
export function fetchList(row: u32): void {
  atomic.load<u32>(nodeOf(row) + nodeLinks);
}

/** The float32 vector of a row, where there is one: its vector, or its original beside the codes. */
export function floatsOf(row: u32): usize {
  if (!isInt8) return vectorOf(row);
  return load<usize>(originalTable + ((row >> blockShift) << 2)) + ((<usize>(row & blockMask) * dimensions) << 2);
}

export function flagsOf(row: u32): u32 {
  return atomic.load<u32>(nodeOf(row) + nodeFlags);
}

export function isLiveAndLinked(flags: u32): bool {
  return (flags & (isLive | isLinked)) === (isLive | isLinked);
}

export function levelOf(node: usize): u32 {
  return load<u32>(node, nodeLevel);
}

/** The list of a node on a level that it has: a count, then row numbers. */
export function listOf(node: usize, level: u32): usize {
  if (level === 0) return node + nodeLinks;
  return load<usize>(node, nodeUpper) + ((<usize>((level - 1) * (m + 1))) << 2);
}

/** The most neighbours that a list of this level holds. */
export function capacityOf(level: u32): u32 {
  return level === 0 ? m << 1 : m;
}

/** A count read while it is written may belong to another moment, but never leads out of the list. */
export function countIn(list: usize, level: u32): u32 {
  return min<u32>(atomic.load<u32>(list), capacityOf(level));
}

/** Where the neighbours of a row on a level end; they begin behind the count at `list`. */
export function endOf(list: usize, level: u32): usize {
  return list + 4 + ((<usize>countIn(list, level)) << 2);
}

/** Puts a row into the batch, which holds `count`. Returns how many it holds then. */
export function put(row: u32, count: u32): u32 {
  store<u32>(batch + ((<usize>count) << 2), row);
  return count + 1;
}
