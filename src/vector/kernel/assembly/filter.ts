/** What a filter says of rows. The caller's bit sets hold labels; for a walk, which asks for thousands of rows, they are turned into rows. */
import { batchRows, headerLabels, noRow } from './layout';
import { endOf, flagsOf, isLiveAndLinked, listOf, nodeOf, put, rowOf, visit } from './state';

let filterBits: usize = 0;
let filterRows: u32 = 0;

/** Only rows in this bit set may be results; 0 for all. */
export function setFilter(bits: usize, rows: u32): void {
  filterBits = bits;
  filterRows = rows;
}

export function hasFilter(): bool {
  return filterBits !== 0;
}

/** Whether the bit of a row is set. */
export function passes(row: u32): bool {
  if (row >= filterRows) return false;
  return ((load<u32>(filterBits + ((<usize>(row >> 5)) << 2)) >> (row & 31)) & 1) !== 0;
}

/** How many rows pass. */
export function passingCount(): u32 {
  const end = filterBits + ((<usize>(filterRows >> 5)) << 2);
  let count: u32 = 0;
  for (let at = filterBits; at < end; at += 4) count += popcnt<u32>(load<u32>(at));
  return count;
}

/** The part of the neighbours' neighbours of a row that pass. */
export function passingPartAround(row: u32): f32 {
  let seen: u32 = 0;
  let passed: u32 = 0;
  const list = listOf(nodeOf(row), 0);
  const end = endOf(list, 0);
  for (let at = list + 4; at < end; at += 4) {
    const further = listOf(nodeOf(load<u32>(at)), 0);
    const furtherEnd = endOf(further, 0);
    for (let to = further + 4; to < furtherEnd; to += 4) {
      seen++;
      passed += <u32>passes(load<u32>(to));
    }
  }
  return seen === 0 ? 1 : <f32>passed / <f32>seen;
}

/** Every so many-th of the `passing` rows goes into the batch, half as many as it holds; returns how many. */
export function gatherSample(passing: u32, epoch: u32): u32 {
  const most: u32 = batchRows >> 1;
  const step = max<u32>(1, passing / most);
  let toSkip: u32 = 0;
  let count: u32 = 0;
  for (let first: u32 = 0; first < filterRows && count < most; first += 32) {
    let word = load<u32>(filterBits + ((<usize>(first >> 5)) << 2));
    const bits = popcnt<u32>(word);
    if (toSkip >= bits) {
      toSkip -= bits;
      continue;
    }
    for (; word !== 0; word &= word - 1) {
      if (toSkip-- > 0) continue;
      toSkip = step - 1;
      const row = first + ctz<u32>(word);
      if (isLiveAndLinked(flagsOf(row)) && visit(row, epoch)) count = put(row, count);
    }
  }
  return count;
}

/** Writes the rows of the labels in a bit set as one of `rowCount` rows, a multiple of 32. */
export function placeBits(bits: usize, labelCount: u32, out: usize, rowCount: u32): void {
  memory.fill(out, 0, rowCount >> 3);
  const end = min<u32>(load<u32>(headerLabels), labelCount);
  for (let first: u32 = 0; first < end; first += 32) {
    for (let word = load<u32>(bits + ((<usize>(first >> 5)) << 2)); word !== 0; word &= word - 1) {
      const row = rowOf(first + ctz<u32>(word));
      if (row === noRow || row >= rowCount) continue;
      const at = out + ((<usize>(row >> 5)) << 2);
      store<u32>(at, load<u32>(at) | (1 << (row & 31)));
    }
  }
}
