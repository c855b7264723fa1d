/**
 * Binary heaps of pairs: a distance (f32) and a row (u32), 8 bytes each. Candidates have the nearest at the root, results the
 * farthest. A push is told how many pairs there are before it.
 */

function pairAt(heap: usize, index: u32): usize {
  return heap + ((<usize>index) << 3);
}

export function distanceAt(heap: usize, index: u32): f32 {
  return load<f32>(pairAt(heap, index));
}

export function rowAt(heap: usize, index: u32): u32 {
  return load<u32>(pairAt(heap, index), 4);
}

export function setDistance(heap: usize, index: u32, distance: f32): void {
  store<f32>(pairAt(heap, index), distance);
}

export function putPair(heap: usize, index: u32, distance: f32, row: u32): void {
  const pair = pairAt(heap, index);
  store<f32>(pair, distance);
  store<u32>(pair, row, 4);
}

export function movePair(heap: usize, to: u32, from: u32): void {
  store<u64>(pairAt(heap, to), load<u64>(pairAt(heap, from)));
}

export function pushNearest(heap: usize, count: u32, distance: f32, row: u32): void {
  let at = count;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (distanceAt(heap, parent) <= distance) break;
    movePair(heap, at, parent);
    at = parent;
  }
  putPair(heap, at, distance, row);
}

/** Takes the root away; the caller has read it. */
export function popNearest(heap: usize, count: u32): void {
  const last = count - 1;
  const distance = distanceAt(heap, last);
  const row = rowAt(heap, last);
  let at: u32 = 0;
  for (;;) {
    let child: u32 = 2 * at + 1;
    if (child >= last) break;
    if (child + 1 < last && distanceAt(heap, child + 1) < distanceAt(heap, child)) child++;
    if (distanceAt(heap, child) >= distance) break;
    movePair(heap, at, child);
    at = child;
  }
  putPair(heap, at, distance, row);
}

export function pushFarthest(heap: usize, count: u32, distance: f32, row: u32): void {
  let at = count;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (distanceAt(heap, parent) >= distance) break;
    movePair(heap, at, parent);
    at = parent;
  }
  putPair(heap, at, distance, row);
}

/** Puts a pair in the place of the root. */
export function replaceFarthest(heap: usize, count: u32, distance: f32, row: u32): void {
  let at: u32 = 0;
  for (;;) {
    let child: u32 = 2 * at + 1;
    if (child >= count) break;
    if (child + 1 < count && distanceAt(heap, child + 1) > distanceAt(heap, child)) child++;
    if (distanceAt(heap, child) <= distance) break;
    movePair(heap, at, child);
    at = child;
  }
  putPair(heap, at, distance, row);
}

/** Turns a heap with the farthest at the root into a list, nearest first. */
export function sortNearestFirst(heap: usize, count: u32): void {
  for (let last = count; last > 1; ) {
    last--;
    const distance = distanceAt(heap, last);
    const row = rowAt(heap, last);
    movePair(heap, last, 0);
    replaceFarthest(heap, last, distance, row);
  }
}

/** Makes any pairs a heap with the farthest at the root. */
export function heapify(heap: usize, count: u32): void {
  for (let i: u32 = 1; i < count; i++) pushFarthest(heap, i, distanceAt(heap, i), rowAt(heap, i));
}
