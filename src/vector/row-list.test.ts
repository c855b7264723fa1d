import { expect, it } from 'vitest';
import { seededRandom } from '../core/index.js';
import { createRowList } from './row-list.js';

const sorted = (rows: Iterable<number>): readonly number[] => [...rows].sort((a, b) => a - b);

it('a list of rows holds what a set would, whatever comes and goes', () => {
  const random = seededRandom(5);
  const list = createRowList([7, 3, 7]);
  const set = new Set([7, 3]);
  for (let i = 0; i < 5_000; i++) {
    const row = Math.floor(random() * 300);
    if (random() < 0.5) {
      list.add(row);
      set.add(row);
    } else expect(list.remove(row)).toBe(set.delete(row));
    expect(list.count).toBe(set.size);
  }
  expect(sorted(list.first())).toEqual(sorted(set));
  expect(sorted(list.first(5)).every((row) => set.has(row))).toBe(true);
  expect(list.first(5)).toHaveLength(5);
});
