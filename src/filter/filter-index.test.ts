import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileFilter, type Filter, type Metadata, seededRandom } from '../core/index.js';
import { filterIndex } from './index.js';

const scalar = fc.oneof(
  fc.constantFrom('a', 'b', 'C', '1', '', '__proto__'),
  fc.integer({ min: -2, max: 3 }),
  fc.constantFrom(1.5, -0, 1e300),
  fc.boolean(),
);
const value = fc.oneof(scalar, fc.constant(null), fc.array(scalar, { maxLength: 3 }));
const fieldName = fc.constantFrom('x', 'y', 'tags', '__proto__', 'constructor');
const metadata = fc.option(
  fc.array(fc.tuple(fieldName, value), { maxLength: 4 }).map((pairs): Metadata => Object.fromEntries(pairs)),
  { nil: undefined },
);

const operand = fc.oneof(scalar, fc.constant(null));
const limit = fc.oneof(fc.constantFrom('a', 'b', '', '2'), fc.constantFrom(-1, 0, 1, 1.5, Number.NaN));
const condition = fc.oneof(
  operand,
  fc
    .record(
      {
        $eq: operand,
        $ne: operand,
        $gt: limit,
        $gte: limit,
        $lt: limit,
        $lte: limit,
        $in: fc.array(operand, { maxLength: 3 }),
        $nin: fc.array(operand, { maxLength: 3 }),
        $exists: fc.boolean(),
      },
      { requiredKeys: [] },
    )
    .filter((operators) => Object.keys(operators).length > 0),
);
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.array(fc.tuple(fieldName, condition), { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs) as Filter),
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((all): Filter => ({ $and: all })),
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((all): Filter => ({ $or: all })),
    tie('filter').map((not): Filter => ({ $not: not })),
  ),
}));

type Change = { readonly row: number; readonly metadata: Metadata | undefined; readonly isRemoved: boolean };
const changes = fc.array(
  fc.record<Change>({
    // Rows of three pages, so that pages come and go.
    row: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(255, 256, 700)),
    metadata,
    isRemoved: fc.boolean(),
  }),
  { maxLength: 60 },
);

describe('filterIndex', () => {
  it('finds exactly the rows that pass the test of compileFilter, whatever is added and removed', () => {
    fc.assert(
      fc.property(changes, fc.array(filter, { minLength: 1, maxLength: 4 }), (all, filters) => {
        const index = filterIndex();
        const rows = new Map<number, Metadata | undefined>();
        const check = (): void => {
          for (const one of filters) {
            const test = compileFilter(one);
            const expected = [...rows].filter(([, data]) => test(data)).map(([row]) => row);
            const found = index.select(one);
            expect([...found.rows()]).toEqual(expected.sort((a, b) => a - b));
            expect(found.count).toBe(expected.length);
          }
          expect([...index.all().rows()]).toEqual([...rows.keys()].sort((a, b) => a - b));
        };
        for (const [i, { row, metadata: data, isRemoved }] of all.entries()) {
          if (rows.has(row)) index.remove(row);
          rows.delete(row);
          if (!isRemoved) {
            index.add(row, data);
            rows.set(row, data);
          }
          if (i % 20 === 0) check();
        }
        check();
      }),
      { numRuns: 300 },
    );
  });

  it('goes on being exact over thousands of changes, with values that come, go and come back', () => {
    const random = seededRandom(5);
    const below = (n: number): number => Math.floor(random() * n);
    const index = filterIndex();
    const rows = new Map<number, Metadata>();
    const filters: readonly Filter[] = [{ n: { $lt: 40 } }, { n: 7 }, { tags: 'a' }, { tags: { $nin: ['b'] } }];
    for (let i = 0; i < 6_000; i++) {
      const row = below(800);
      if (rows.has(row)) index.remove(row);
      const metadata = { n: below(100) + Math.floor(i / 1_000), tags: ['a', 'b', 'c'].slice(below(3)) };
      index.add(row, metadata);
      rows.set(row, metadata);
      const filter = filters[i % filters.length];
      if (filter === undefined || i % 37 > 1) continue;
      const test = compileFilter(filter);
      const expected = [...rows].filter(([, data]) => test(data)).map(([at]) => at);
      expect([...index.select(filter).rows()]).toEqual(expected.sort((a, b) => a - b));
    }
  });

  it('gives the same set again while nothing changes, and leaves it as it was when something does', () => {
    const index = filterIndex();
    index.add(3, { n: 1 });
    const before = index.select({ n: 1 });
    expect(index.select({ n: 1 })).toBe(before);
    index.add(5, { n: 1 });
    expect([...before.rows()]).toEqual([3]);
    expect([...index.select({ n: 1 }).rows()]).toEqual([3, 5]);
    expect(before.bits[0]).toBe(8);
  });

  it('refuses what is no filter, as every store does', () => {
    for (const bad of [{ n: { $near: 1 } }, { $and: [] }, { n: {} }, null, { $maybe: [] }]) {
      expect(() => filterIndex().select(bad as unknown as Filter)).toThrow(
        expect.objectContaining({ code: 'bad-option' }),
      );
    }
  });

  it('Q27 stays small while values and fields come and go', () => {
    const index = filterIndex();
    for (let i = 0; i < 5_000; i++) {
      index.add(i % 300, { at: i, [`field ${i}`]: [`value ${i}`, 'all'] });
      index.remove(i % 300);
      if (i % 100 === 0) index.select({ at: { $gt: i } });
    }
    index.add(0, { at: 1 });
    expect(index.bytes).toBeLessThan(10_000);
    expect(index.select({ at: 1 }).count).toBe(1);
  });

  it('Q27 remembers a few filters only', () => {
    const index = filterIndex();
    index.add(0, { n: 1 });
    const first = index.select({ n: 0 });
    for (let i = 1; i < 100; i++) index.select({ n: i });
    expect(index.select({ n: 0 })).not.toBe(first);
    expect(index.select({ n: 99 })).toBe(index.select({ n: 99 }));
  });
});
