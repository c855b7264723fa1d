import type { Run } from '../../core/index.js';
import { rowsAtOnce, turns } from './table.js';
import type { CellValue } from './table-cells.js';

export interface SortKey {
  readonly values: readonly CellValue[];
  readonly isDescending: boolean;
}

/** What is missing comes last, in either direction. */
const compareBy =
  (keys: readonly SortKey[]) =>
  (a: number, b: number): number => {
    for (const { values, isDescending } of keys) {
      const [left, right] = [values[a] ?? null, values[b] ?? null];
      if (left === right) continue;
      if (left === null) return 1;
      if (right === null) return -1;
      const order = left < right ? -1 : 1;
      return isDescending ? -order : order;
    }
    return 0;
  };

/** The numbers of the rows in the order of the keys; equal ones stay as they were. A merge sort that gives the event loop its turns. */
export const sortedRows = async (rowCount: number, keys: readonly SortKey[], run: Run): Promise<readonly number[]> => {
  const compare = compareBy(keys);
  const turn = turns(run);
  let parts: number[][] = [];
  for (let start = 0; start < rowCount; start += rowsAtOnce) {
    await turn();
    const length = Math.min(rowsAtOnce, rowCount - start);
    parts.push(Array.from({ length }, (_, index) => start + index).sort(compare));
  }
  while (parts.length > 1) {
    const merged: number[][] = [];
    for (let index = 0; index < parts.length; index += 2) {
      merged.push(await merge(parts[index] ?? [], parts[index + 1] ?? [], compare, turn));
    }
    parts = merged;
  }
  return parts[0] ?? [];
};

const merge = async (
  left: readonly number[],
  right: readonly number[],
  compare: (a: number, b: number) => number,
  turn: () => Promise<void> | undefined,
): Promise<number[]> => {
  const merged: number[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (merged.length % rowsAtOnce === 0) await turn();
    const isLeft = j >= right.length || (i < left.length && compare(left[i] as number, right[j] as number) <= 0);
    merged.push((isLeft ? left[i++] : right[j++]) as number);
  }
  return merged;
};
