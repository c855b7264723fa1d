/** Puts rows into the graph (algorithms 1 and 4 of the HNSW paper). Several threads may do so at once. */
import { measureAll, originIsRow } from './distance';
import { setFilter } from './filter';
import { distanceAt, heapify, putPair, rowAt, sortNearestFirst } from './heap';
import {
  headerDeadCount,
  headerEntry,
  headerEntryLock,
  headerLinkedCount,
  isCondemned,
  isLinked,
  isLive,
  nodeFlags,
  nodeLock,
  noRow,
} from './layout';
import {
  batch,
  capacityOf,
  distances,
  efConstruction,
  flagsOf,
  levelOf,
  listOf,
  m,
  nodeOf,
  plan,
  results,
} from './state';
import { descend, nearestRow, startAt, walk } from './walk';

/** Held for microseconds, so waiting is spinning. A thread holds one lock at a time: nobody waits for ever. */
export function lock(at: usize): void {
  while (atomic.cmpxchg<u32>(at, 0, 1) !== 0) {}
}

export function unlock(at: usize): void {
  atomic.store<u32>(at, 0);
}

/** Whether one of the chosen is nearer to a row than `distance`. */
function isCovered(row: u32, chosen: usize, count: u32, distance: f32): bool {
  originIsRow(row);
  for (let i: u32 = 0; i < count; i += 4) {
    const part = min<u32>(4, count - i);
    measureAll(chosen + ((<usize>i) << 2), part, distances);
    for (let j: u32 = 0; j < part; j++) {
      if (load<f32>(distances + ((<usize>j) << 2)) < distance) return true;
    }
  }
  return false;
}

/**
 * Chooses neighbours from the results, which are sorted: a row is passed over when it is nearer to one that was chosen than to
 * the origin. So links lead in different directions. Writes them at `chosen`, returns how many.
 */
export function choose(count: u32, most: u32, chosen: usize): u32 {
  let chosenCount: u32 = 0;
  for (let i: u32 = 0; i < count && chosenCount < most; i++) {
    const row = rowAt(results, i);
    if (isCovered(row, chosen, chosenCount, distanceAt(results, i))) continue;
    store<u32>(chosen + ((<usize>chosenCount) << 2), row);
    chosenCount++;
  }
  return chosenCount;
}

/** Where the plan for a level is: a count, then rows. */
function planOf(level: u32): usize {
  return plan + ((<usize>(level * (m + 1))) << 2);
}

/** Chooses the neighbours of a row on the levels from `top` down, without writing to the graph. */
function planLinks(row: u32, entry: u32, top: u32): void {
  const highest = levelOf(nodeOf(entry));
  originIsRow(row);
  startAt(entry);
  descend(highest, top + 1);
  for (let level = <i32>top; level >= 0; level--) {
    const list = planOf(level);
    const count = walk(level, efConstruction, row, 0);
    sortNearestFirst(results, count);
    if (count > 0) {
      store<u32>(list, choose(count, m, list + 4));
    } else {
      // Nothing but removed rows around: a link to one keeps the graph whole, unless it is on its way out.
      store<u32>(list, nearestRow === row || (flagsOf(nearestRow) & isCondemned) !== 0 ? 0 : 1);
      store<u32>(list, nearestRow, 4);
    }
    if (level === 0 || load<u32>(list) === 0) continue;
    originIsRow(row);
    startAt(load<u32>(list, 4));
  }
}

function has(rows: usize, count: u32, row: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    if (load<u32>(rows + ((<usize>i) << 2)) === row) return true;
  }
  return false;
}

function append(list: usize, count: u32, row: u32): void {
  store<u32>(list + ((<usize>(count + 1)) << 2), row);
  atomic.store<u32>(list, count + 1);
}

/** Fills up what was chosen with the nearest that were passed over. */
function fill(count: u32, least: u32, chosen: usize, chosenCount: u32): u32 {
  let filled = chosenCount;
  for (let i: u32 = 0; i < count && filled < least; i++) {
    const row = rowAt(results, i);
    if (has(chosen, filled, row)) continue;
    store<u32>(chosen + ((<usize>filled) << 2), row);
    filled++;
  }
  return filled;
}

/**
 * Replaces a list by the best of the batch: at most `most`, and at least `least` if there are so many. Readers meanwhile see
 * old and new rows mixed, all of them real.
 */
export function rewrite(owner: u32, list: usize, count: u32, least: u32, most: u32): void {
  originIsRow(owner);
  measureAll(batch, count, distances);
  for (let i: u32 = 0; i < count; i++) {
    putPair(results, i, load<f32>(distances + ((<usize>i) << 2)), load<u32>(batch + ((<usize>i) << 2)));
  }
  heapify(results, count);
  sortNearestFirst(results, count);
  const chosenCount = fill(count, least, batch, choose(count, most, batch));
  memory.copy(list + 4, batch, (<usize>chosenCount) << 2);
  atomic.store<u32>(list, chosenCount);
}

/** Adds a link; a full list then keeps the best. */
function addLink(from: u32, to: u32, level: u32): void {
  const node = nodeOf(from);
  if (from === to || levelOf(node) < level) return;
  lock(node + nodeLock);
  const list = listOf(node, level);
  const count = load<u32>(list);
  const most = capacityOf(level);
  if (!has(list + 4, count, to)) {
    if (count < most) {
      append(list, count, to);
    } else {
      memory.copy(batch, list + 4, (<usize>count) << 2);
      store<u32>(batch + ((<usize>count) << 2), to);
      rewrite(from, list, count + 1, 0, most);
    }
  }
  unlock(node + nodeLock);
}

/** Writes the plan into the graph, the lowest level first: who comes upon the row further up can go on from it. */
function writeLinks(row: u32, top: u32): void {
  for (let level: u32 = 0; level <= top; level++) {
    const list = planOf(level);
    const count = load<u32>(list);
    for (let i: u32 = 1; i <= count; i++) addLink(row, load<u32>(list + ((<usize>i) << 2)), level);
    for (let i: u32 = 1; i <= count; i++) addLink(load<u32>(list + ((<usize>i) << 2)), row, level);
  }
}

/** Finds neighbours for a row and joins them. */
export function join(row: u32, entry: u32): void {
  const top = min<u32>(levelOf(nodeOf(row)), levelOf(nodeOf(entry)));
  setFilter(0, 0);
  planLinks(row, entry, top);
  writeLinks(row, top);
}

/** Makes a row the entry when there is none, or when it reaches higher. Returns the entry before. */
function offerEntry(row: u32): u32 {
  lock(headerEntryLock);
  const entry = atomic.load<u32>(headerEntry);
  if (entry === noRow || levelOf(nodeOf(row)) > levelOf(nodeOf(entry))) atomic.store<u32>(headerEntry, row);
  unlock(headerEntryLock);
  return entry;
}

/** Puts a row into the graph, unless it is there. One that was removed before its turn is in it without links. */
export function link(row: u32): void {
  const node = nodeOf(row);
  const flags = flagsOf(row);
  if ((flags & isLinked) !== 0) return;
  if ((flags & isLive) !== 0) {
    let entry = atomic.load<u32>(headerEntry);
    if (entry === noRow) entry = offerEntry(row);
    if (entry !== noRow) {
      join(row, entry);
      if (levelOf(node) > levelOf(nodeOf(entry))) offerEntry(row);
    }
  }
  const before = atomic.or<u32>(node + nodeFlags, isLinked);
  atomic.add<u32>(headerLinkedCount, 1);
  if ((before & isLive) === 0) atomic.add<u32>(headerDeadCount, 1);
}

/** Takes a row out of all results. Returns its flags before. */
export function remove(row: u32): u32 {
  const before = atomic.and<u32>(nodeOf(row) + nodeFlags, ~isLive);
  if ((before & (isLive | isLinked)) === (isLive | isLinked)) atomic.add<u32>(headerDeadCount, 1);
  return before;
}
