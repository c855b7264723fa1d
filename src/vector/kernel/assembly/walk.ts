/** Walks through the graph (algorithms 2 and 5 of the HNSW paper, Malkov and Yashunin 2016). */
import { distanceAt, popNearest, pushFarthest, pushNearest, replaceFarthest, rowAt } from './heap';
import { measure, measureAll } from './distance';
import { gatherSample, hasFilter, passes } from './filter';
import { batchRows, candidateCapacity, headerDeadCount, isLive, noRow } from './layout';
import {
  batch,
  candidates,
  capacityOf,
  countIn,
  distances,
  endOf,
  fetchList,
  fetchVector,
  flagsOf,
  levelOf,
  listOf,
  nextEpoch,
  nodeOf,
  put,
  results,
  visit,
} from './state';

/** Where the walk is: the nearest row so far. */
export let nearestRow: u32 = 0;
export let nearestDistance: f32 = 0;

/** Whether a row may be a result. */
function isWanted(row: u32): bool {
  return (!hasFilter() || passes(row)) && (flagsOf(row) & isLive) !== 0;
}

export function startAt(row: u32): void {
  nearestRow = row;
  nearestDistance = measure(row);
}

/** Goes on to nearer rows on the levels from `top` down to `bottom`, until there are none. */
export function descend(top: u32, bottom: u32): void {
  for (let level = top + 1; level > bottom; ) {
    level--;
    let isNearer = true;
    while (isNearer) {
      isNearer = false;
      const node = nodeOf(nearestRow);
      // Of a list that is being written a row may come that does not reach up to here.
      if (levelOf(node) < level) break;
      const list = listOf(node, level);
      const count = countIn(list, level);
      memory.copy(batch, list + 4, (<usize>count) << 2);
      measureAll(batch, count, distances);
      for (let i: u32 = 0; i < count; i++) {
        const distance = load<f32>(distances + ((<usize>i) << 2));
        if (distance >= nearestDistance) continue;
        nearestDistance = distance;
        nearestRow = load<u32>(batch + ((<usize>i) << 2));
        isNearer = true;
      }
    }
  }
}

/**
 * The neighbours of a row that this walk has not seen yet go into the batch; returns how many. Without branches, of which half
 * would be guessed wrong; only then is memory asked for, for all at once.
 */
export function gatherUnseen(row: u32, level: u32, epoch: u32): u32 {
  const node = nodeOf(row);
  if (levelOf(node) < level) return 0;
  const list = listOf(node, level);
  const end = endOf(list, level);
  let unseen: u32 = 0;
  for (let at = list + 4; at < end; at += 4) {
    const neighbour = load<u32>(at);
    store<u32>(batch + ((<usize>unseen) << 2), neighbour);
    unseen += <u32>visit(neighbour, epoch);
  }
  for (let i: u32 = 0; i < unseen; i++) fetchVector(load<u32>(batch + ((<usize>i) << 2)));
  return unseen;
}

/**
 * The same for a filter: only rows that pass it. In the place of others come their neighbours, as in ACORN-1 (Patel et al. 2024),
 * until there are as many as a list holds. So a walk measures what may be a result and little else.
 */
function gatherWanted(row: u32, epoch: u32): u32 {
  const list = listOf(nodeOf(row), 0);
  const end = endOf(list, 0);
  const most = capacityOf(0);
  let unseen: u32 = 0;
  for (let at = list + 4; at < end; at += 4) {
    const neighbour = load<u32>(at);
    if (passes(neighbour) && visit(neighbour, epoch)) unseen = put(neighbour, unseen);
  }
  for (let at = list + 4; at < end && unseen < most; at += 4) {
    const between = load<u32>(at);
    if (passes(between) || !visit(between, epoch)) continue;
    const further = listOf(nodeOf(between), 0);
    const furtherEnd = endOf(further, 0);
    for (let to = further + 4; to < furtherEnd; to += 4) {
      const neighbour = load<u32>(to);
      if (passes(neighbour) && visit(neighbour, epoch)) unseen = put(neighbour, unseen);
    }
  }
  return unseen;
}

/**
 * Collects about the `ef` nearest wanted rows of a level into the heap of results, starting at `nearestRow`; returns how many.
 * `except` is never a result and not walked to: the row that is being linked. Where `sampled` is above 0, a part of so many rows
 * that pass the filter are starts as well, and so are the first `started` results.
 */
export function walk(level: u32, ef: u32, except: u32, sampled: u32, started: u32 = 0): u32 {
  const epoch = nextEpoch();
  visit(except, epoch);
  // Whether a row may be a result is known without a look at it when all may.
  const areAllWanted = !hasFilter() && atomic.load<u32>(headerDeadCount) === 0;
  const toVisit = candidates;
  const found = results;
  let candidateCount: u32 = 0;
  let count: u32 = started;
  for (let i: u32 = 0; i < started; i++) {
    visit(rowAt(found, i), epoch);
    pushNearest(toVisit, candidateCount++, distanceAt(found, i), rowAt(found, i));
  }
  if (visit(nearestRow, epoch) || nearestRow === except) {
    pushNearest(toVisit, candidateCount++, nearestDistance, nearestRow);
    if (nearestRow !== except && isWanted(nearestRow)) pushFarthest(found, count++, nearestDistance, nearestRow);
  }
  let bound: f32 = count > 0 ? distanceAt(found, 0) : f32.MAX_VALUE;
  let unseen: u32 = sampled === 0 ? 0 : gatherSample(sampled, epoch);
  for (;;) {
    measureAll(batch, unseen, distances);
    for (let i: u32 = 0; i < unseen; i++) {
      const distance = load<f32>(distances + ((<usize>i) << 2));
      if (count >= ef && distance >= bound) continue;
      const neighbour = load<u32>(batch + ((<usize>i) << 2));
      // A full heap gives up its last leaf, which is one of the farther ones.
      if (candidateCount === candidateCapacity) candidateCount--;
      pushNearest(toVisit, candidateCount++, distance, neighbour);
      if (!areAllWanted && !isWanted(neighbour)) continue;
      if (count < ef) pushFarthest(found, count++, distance, neighbour);
      else replaceFarthest(found, count, distance, neighbour);
      bound = distanceAt(found, 0);
    }
    if (candidateCount === 0 || (count >= ef && distanceAt(toVisit, 0) > bound)) break;
    const row = rowAt(toVisit, 0);
    popNearest(toVisit, candidateCount--);
    // The next to be visited, unless this one leads to nearer ones.
    if (candidateCount > 0) fetchList(rowAt(toVisit, 0));
    unseen = hasFilter() ? gatherWanted(row, epoch) : gatherUnseen(row, level, epoch);
  }
  return count;
}

/** So many rows are followed on the upper levels: costs some three parts in a hundred more than one. */
const approachWidth: u32 = 3;

/**
 * Goes from the highest level down to level 1, several rows at a time: where vectors lie in clusters, few links lead from one to
 * another, and who follows the nearest row alone may end in the wrong one. Returns how many results there are to start from below.
 */
export function approach(top: u32): u32 {
  let count: u32 = 0;
  for (let level = top; level > 0; level--) {
    count = walk(level, approachWidth, noRow, 0, count);
    for (let i: u32 = 0; i < count; i++) {
      const distance = distanceAt(results, i);
      if (distance >= nearestDistance) continue;
      nearestDistance = distance;
      nearestRow = rowAt(results, i);
    }
  }
  return count;
}

/** Rows to compare with each of: collected one by one, measured when the batch is full. */
let batched: u32 = 0;
let kept: u32 = 0;
let keptAtMost: u32 = 0;

export function startScan(k: u32): void {
  batched = 0;
  kept = 0;
  keptAtMost = k;
}

/** Measures what is in the batch and keeps the nearest. Returns how many are kept. */
export function endScan(): u32 {
  measureAll(batch, batched, distances);
  for (let i: u32 = 0; i < batched; i++) {
    const distance = load<f32>(distances + ((<usize>i) << 2));
    if (kept === keptAtMost && distance >= distanceAt(results, 0)) continue;
    const row = load<u32>(batch + ((<usize>i) << 2));
    if ((flagsOf(row) & isLive) === 0) continue;
    if (kept < keptAtMost) pushFarthest(results, kept++, distance, row);
    else replaceFarthest(results, kept, distance, row);
  }
  batched = 0;
  return kept;
}

export function compare(row: u32): void {
  store<u32>(batch + ((<usize>batched) << 2), row);
  if (++batched === batchRows) endScan();
}
