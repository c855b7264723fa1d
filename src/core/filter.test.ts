import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileFilter, type Filter, type Metadata } from './index.js';

const year = (value: Metadata[string]): Metadata => ({ year: value });

describe('compileFilter', () => {
  it.each<[Filter, Metadata | undefined, boolean]>([
    [{}, undefined, true],
    [{ year: 2024 }, year(2024), true],
    [{ year: 2024 }, year('2024'), false],
    [{ year: null }, year(null), true],
    [{ year: null }, {}, false],
    [{ a: 1, b: 2 }, { a: 1, b: 2 }, true],
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, false],
    [{ year: { $eq: 1 } }, year(1), true],
    [{ year: { $ne: 1 } }, year(1), false],
    [{ year: { $ne: 1 } }, {}, true],
    [{ year: { $ne: 1 } }, undefined, true],
    [{ year: { $gt: 1 } }, year(1), false],
    [{ year: { $gte: 1 } }, year(1), true],
    [{ year: { $lt: 1 } }, year(0), true],
    [{ year: { $lte: 1 } }, year(2), false],
    [{ year: { $gt: 1 } }, year('2'), false],
    [{ year: { $gt: 1 } }, year(Number.NaN), false],
    [{ year: { $gte: Number.NaN } }, year(1), false],
    [{ day: { $gte: '2024-01-01', $lt: '2025-01-01' } }, { day: '2024-06-30' }, true],
    [{ day: { $gte: '2024-01-01', $lt: '2025-01-01' } }, { day: '2025-06-30' }, false],
    [{ year: { $in: [1, 'x', null] } }, year(null), true],
    [{ year: { $in: [] } }, year(1), false],
    [{ year: { $nin: [1] } }, year(1), false],
    [{ year: { $nin: [1] } }, {}, true],
    [{ year: { $exists: true } }, year(null), true],
    [{ year: { $exists: true } }, {}, false],
    [{ year: { $exists: false } }, undefined, true],
    [{ tags: 'a' }, { tags: ['a', 'b'] }, true],
    [{ tags: { $ne: 'a' } }, { tags: ['a', 'b'] }, false],
    [{ tags: { $in: ['z', 'b'] } }, { tags: ['a', 'b'] }, true],
    [{ tags: { $gt: 5 } }, { tags: [1, 9] }, true],
    [{ tags: 'a' }, { tags: [] }, false],
    [{ $and: [{ a: 1 }, { b: 2 }] }, { a: 1, b: 2 }, true],
    [{ $and: [{ a: 1 }, { b: 2 }] }, { a: 1 }, false],
    [{ $or: [{ a: 1 }, { b: 2 }] }, { b: 2 }, true],
    [{ $or: [{ a: 1 }, { b: 2 }] }, {}, false],
    [{ $not: { a: 1 } }, { a: 2 }, true],
    [{ $not: { $or: [{ a: 1 }, { a: 2 }] } }, { a: 2 }, false],
    [{ kind: 'x', $or: [{ a: 1 }, { a: 2 }] } as Filter, { kind: 'x', a: 2 }, true],
  ])('%j on %j is %s', (filter, metadata, expected) => {
    expect(compileFilter(filter)(metadata)).toBe(expected);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('treats `%s` as a plain field', (field) => {
    const metadata = JSON.parse(`{"${field}":"x"}`);
    const filter = JSON.parse(`{"${field}":"x"}`);
    expect(compileFilter(filter)(metadata)).toBe(true);
    expect(compileFilter(filter)({})).toBe(false);
    expect(compileFilter(JSON.parse(`{"${field}":{"$exists":false}}`))({})).toBe(true);
  });

  it.each<[unknown, RegExp]>([
    [null, /must be an object/],
    [[], /must be an object/],
    ['a', /must be an object/],
    [{ $nor: [] }, /`\$nor` is no operator between conditions/],
    [{ $and: [] }, /`\$and` takes a list of filters/],
    [{ $or: { a: 1 } }, /`\$or` takes a list/],
    [{ $not: [] }, /must be an object/],
    [{ a: {} }, /condition on `a` is empty/],
    [{ a: [1] }, /condition on `a` must be/],
    [{ a: undefined }, /condition on `a` must be/],
    [{ a: { $like: 'x' } }, /`\$like` on `a` is no operator. There are: \$eq/],
    [{ a: { constructor: 1 } }, /`constructor` on `a` is no operator/],
    [{ a: { $eq: {} } }, /`\$eq` takes/],
    [{ a: { $gt: true } }, /`\$gt` takes a number or a string/],
    [{ a: { $in: 'x' } }, /`\$in` takes a list/],
    [{ a: { $nin: [{}] } }, /`\$nin` takes a list/],
    [{ a: { $exists: 1 } }, /`\$exists` takes true or false/],
  ])('refuses %j', (filter, text) => {
    expect(() => compileFilter(filter as Filter)).toThrow(
      expect.objectContaining({ code: 'bad-option', message: expect.stringMatching(text) }),
    );
  });

  it('keeps the laws of logic', () => {
    const scalar = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('a', 'b'), fc.boolean(), fc.constant(null));
    const metadata = fc.dictionary(fc.constantFrom('x', 'y'), fc.oneof(scalar, fc.array(fc.constantFrom('a', 'b', 1))));
    const condition = fc.oneof(
      scalar,
      fc.record({ $ne: scalar }),
      fc.record({ $gte: fc.nat(3) }),
      fc.record({ $in: fc.array(scalar) }),
      fc.record({ $exists: fc.boolean() }),
    );
    const filter = fc.dictionary(fc.constantFrom('x', 'y'), condition, { minKeys: 1 }) as fc.Arbitrary<Filter>;
    fc.assert(
      fc.property(filter, filter, metadata, (a, b, data) => {
        const test = (each: Filter): boolean => compileFilter(each)(data as Metadata);
        expect(test({ $not: a })).toBe(!test(a));
        expect(test({ $and: [a, b] })).toBe(test(a) && test(b));
        expect(test({ $or: [a, b] })).toBe(test(a) || test(b));
      }),
    );
  });
});
