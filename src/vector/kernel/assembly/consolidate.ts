/**
 * Takes removed rows out of the graph as FreshDiskANN does (Singh et al. 2021, algorithm 4): who had a link to one gets the
 * neighbours of that one to choose from. In three rounds over all rows: condemn, repair, release.
 */
import {
  headerDeadCount,
  headerEntry,
  headerLength,
  headerLinkedCount,
  isCondemned,
  isLinked,
  isLive,
  nodeFlags,
  nodeLock,
  noRow,
} from './layout';
import { join, lock, rewrite, unlock } from './link';
import { batch, capacityOf, flagsOf, levelOf, listOf, nextEpoch, nodeOf, visit } from './state';

/** With fewer links than this left, a row looks for new neighbours by a walk. */
const fewLinks = 2;
/** Neighbours of removed rows that a row chooses from, its own among them. */
const maxChoice: u32 = 512;

export function condemn(row: u32): void {
  if ((flagsOf(row) & (isLive | isLinked)) === isLinked) atomic.or<u32>(nodeOf(row) + nodeFlags, isCondemned);
}

export function pardon(row: u32): void {
  atomic.and<u32>(nodeOf(row) + nodeFlags, ~isCondemned);
}

function isOut(row: u32): bool {
  return (flagsOf(row) & isCondemned) !== 0;
}

function hasCondemned(list: usize): bool {
  const count = load<u32>(list);
  for (let i: u32 = 1; i <= count; i++) {
    if (isOut(load<u32>(list + ((<usize>i) << 2)))) return true;
  }
  return false;
}

/** Appends the rows of a list that were not seen yet to the batch. */
function collect(list: usize, count: u32, epoch: u32): u32 {
  const length = load<u32>(list);
  for (let i: u32 = 1; i <= length && count < maxChoice; i++) {
    const row = load<u32>(list + ((<usize>i) << 2));
    if (!visit(row, epoch)) continue;
    store<u32>(batch + ((<usize>count) << 2), row);
    count++;
  }
  return count;
}

/** The neighbours of a row, with those of condemned ones in their places, go into the batch. Returns how many. */
function gatherChoice(row: u32, list: usize, level: u32): u32 {
  const epoch = nextEpoch();
  visit(row, epoch);
  let collected = collect(list, 0, epoch);
  let kept: u32 = 0;
  // A condemned one whose neighbours are condemned too leads on to theirs: the batch grows while it is read.
  for (let i: u32 = 0; i < collected; i++) {
    const neighbour = load<u32>(batch + ((<usize>i) << 2));
    if (isOut(neighbour)) {
      const node = nodeOf(neighbour);
      if (levelOf(node) >= level) collected = collect(listOf(node, level), collected, epoch);
    } else {
      store<u32>(batch + ((<usize>kept) << 2), neighbour);
      kept++;
    }
  }
  return kept;
}

function repairList(row: u32, level: u32): void {
  const node = nodeOf(row);
  const list = listOf(node, level);
  if (!hasCondemned(list)) return;
  lock(node + nodeLock);
  const before = load<u32>(list);
  const count = gatherChoice(row, list, level);
  rewrite(row, list, count, before, capacityOf(level));
  unlock(node + nodeLock);
}

/** Replaces the links of a row to condemned ones. */
export function repair(row: u32): void {
  const flags = flagsOf(row);
  if ((flags & isLinked) === 0 || (flags & isCondemned) !== 0) return;
  const node = nodeOf(row);
  const list = listOf(node, 0);
  const before = load<u32>(list);
  for (let level: u32 = 0; level <= levelOf(node); level++) repairList(row, level);
  const entry = atomic.load<u32>(headerEntry);
  const isLonely = load<u32>(list) < min<u32>(before, fewLinks);
  if (isLonely && (flags & isLive) !== 0 && entry !== row && entry !== noRow) join(row, entry);
}

/** Before the condemned are released: a walk starts at the highest row that stays. */
export function replaceEntry(): void {
  const entry = atomic.load<u32>(headerEntry);
  if (entry === noRow || !isOut(entry)) return;
  const length = load<u32>(headerLength);
  let highest: u32 = noRow;
  for (let row: u32 = 0; row < length; row++) {
    const flags = flagsOf(row);
    if ((flags & isLinked) === 0 || (flags & isCondemned) !== 0) continue;
    if (highest === noRow || levelOf(nodeOf(row)) > levelOf(nodeOf(highest))) highest = row;
  }
  atomic.store<u32>(headerEntry, highest);
}

/** Empties the lists of a row, and takes it for one that is in no graph. */
function unlink(row: u32): void {
  const node = nodeOf(row);
  for (let level: u32 = 0; level <= levelOf(node); level++) atomic.store<u32>(listOf(node, level), 0);
  const before = atomic.and<u32>(node + nodeFlags, isLive);
  if ((before & isLinked) === 0) return;
  atomic.sub<u32>(headerLinkedCount, 1);
  if ((before & isLive) === 0) atomic.sub<u32>(headerDeadCount, 1);
}

export function release(row: u32): void {
  if (isOut(row)) unlink(row);
}
