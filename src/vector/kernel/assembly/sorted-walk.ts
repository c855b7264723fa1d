/**
 * The walk over level 0 where every row may be a result: what it found and what it may visit next are then the same rows. They
 * stand in one list, nearest first, and those that were visited carry a mark. Short lists cost less than two heaps.
 */
import { measureAll } from './distance';
import { distanceAt, movePair, putPair, rowAt } from './heap';
import { headerDeadCount } from './layout';
import { batch, candidates, distances, fetchList, nextEpoch, results, visit } from './state';
import { gatherUnseen, nearestDistance, nearestRow } from './walk';

/** Measured: longer lists cost more than heaps, since half of one is moved with every row that comes in. */
const longestList: u32 = 128;
/** The mark. Rows have fewer bits. */
const isVisited: u32 = 0x80000000;

/** Whether this walk finds what `walk` finds, and faster. */
export function canWalkSorted(ef: u32): bool {
  return ef <= longestList && atomic.load<u32>(headerDeadCount) === 0;
}

/** Puts a row where it belongs among the `count` that are there. Returns its place. */
function insert(count: u32, distance: f32, row: u32): u32 {
  let at = count;
  for (; at > 0 && distanceAt(candidates, at - 1) > distance; at--) movePair(candidates, at, at - 1);
  putPair(candidates, at, distance, row);
  return at;
}

/** The first place from `from` on whose row was not visited; `count` when there is none. */
function nextUnvisited(from: u32, count: u32): u32 {
  let at = from;
  while (at < count && (rowAt(candidates, at) & isVisited) !== 0) at++;
  return at;
}

/** Starts at `nearestRow` and the first `started` results. Collects the results, nearest first; returns how many. */
export function walkSorted(ef: u32, started: u32): u32 {
  const epoch = nextEpoch();
  let count: u32 = 0;
  for (let i: u32 = 0; i < started; i++) {
    visit(rowAt(results, i), epoch);
    insert(count++, distanceAt(results, i), rowAt(results, i));
  }
  if (visit(nearestRow, epoch)) insert(count++, nearestDistance, nearestRow);
  const width = max<u32>(count, ef);
  let next: u32 = 0;
  while (next < count) {
    const row = rowAt(candidates, next);
    putPair(candidates, next, distanceAt(candidates, next), row | isVisited);
    next = nextUnvisited(next + 1, count);
    if (next < count) fetchList(rowAt(candidates, next));
    const unseen = gatherUnseen(row, 0, epoch);
    measureAll(batch, unseen, distances);
    for (let i: u32 = 0; i < unseen; i++) {
      const distance = load<f32>(distances + ((<usize>i) << 2));
      if (count === width && distance >= distanceAt(candidates, width - 1)) continue;
      const neighbour = load<u32>(batch + ((<usize>i) << 2));
      const place = insert(count < width ? count++ : width - 1, distance, neighbour);
      next = min<u32>(next, place);
    }
  }
  for (let i: u32 = 0; i < count; i++) {
    putPair(results, i, distanceAt(candidates, i), rowAt(candidates, i) & ~isVisited);
  }
  return count;
}
