import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { startPostgres } from '../../test/servers/postgres.js';
import { compileFilter, type Filter, type Metadata } from '../core/index.js';
import { type Postgres, postgres, postgresVectors } from './index.js';
import { toSqlText } from './sql-text.js';

const server = await startPostgres('filters on a Postgres server: they are tested on the embedded one');
const db: Postgres = await postgres(
  server === undefined
    ? { pglite: 'memory://' }
    : { connectionString: server.connectionString, schema: `filters_${process.pid}` },
);
afterAll(async () => {
  await db.close();
  await server?.[Symbol.asyncDispose]();
});

const fields = ['a', 'b', '__proto__', 'constructor', "it's", '"', 'x$1', 'é\u0000', '{x}'];
const texts = [
  '',
  'a',
  'b',
  'B',
  'ab',
  'a\u0000',
  '\u0001',
  '\ud800',
  '\ue000',
  '\uffff',
  '😀',
  "'; DROP TABLE x; --",
  '1',
  'true',
];
const numbers = [0, 1, -1, 1.5, 0.1, 1e21, 5e-324, 1.7976931348623157e308, -1e-7, 2 ** 53];
const scalar = fc.oneof(fc.constantFrom(...texts), fc.constantFrom(...numbers), fc.boolean());
const metadataValue = fc.oneof(scalar, fc.constant(null), fc.array(scalar, { maxLength: 3 }));
const metadataArbitrary: fc.Arbitrary<Metadata | undefined> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(undefined) },
  {
    weight: 9,
    arbitrary: fc
      .array(fc.tuple(fc.constantFrom(...fields), metadataValue), { maxLength: 4 })
      // As `JSON.parse` does it: `__proto__` becomes a field.
      .map((pairs) => JSON.parse(`{${pairs.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`)),
  },
);
const operand = fc.oneof(scalar, fc.constant(null), fc.constantFrom(Number.NaN, Infinity, -Infinity));
const limit = fc.oneof(fc.constantFrom(...texts), fc.constantFrom(...numbers, Number.NaN, Infinity, -Infinity));
const operators = fc.oneof(
  fc.tuple(fc.constantFrom('$eq', '$ne'), operand),
  fc.tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte'), limit),
  fc.tuple(fc.constantFrom('$in', '$nin'), fc.array(operand, { maxLength: 3 })),
  fc.tuple(fc.constant('$exists'), fc.boolean()),
);
const objectOf = (pairs: readonly (readonly [string, unknown])[]): object => {
  const made = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of pairs) made[key] = value;
  return made;
};
const condition = fc.oneof(operand, fc.array(operators, { minLength: 1, maxLength: 2 }).map(objectOf));
const filterArbitrary = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3 },
    fc.array(fc.tuple(fc.constantFrom(...fields), condition), { maxLength: 2 }).map(objectOf) as fc.Arbitrary<Filter>,
    fc.record({ $not: tie('filter') }) as fc.Arbitrary<Filter>,
    fc.record({ $and: fc.array(tie('filter'), { minLength: 1, maxLength: 2 }) }) as fc.Arbitrary<Filter>,
    fc.record({ $or: fc.array(tie('filter'), { minLength: 1, maxLength: 2 }) }) as fc.Arbitrary<Filter>,
  ),
})).filter;

describe('filters in SQL', () => {
  it('hold exactly where compileFilter says so, whatever the metadata and the filter', async () => {
    await using store = await postgresVectors(db, { name: 'any', dimensions: 1 });
    const metadatas = fc.sample(metadataArbitrary, { numRuns: 250, seed: 7 });
    await store.add(
      metadatas.map((metadata, i) => ({
        id: `e${i}`,
        text: '',
        vector: [1],
        ...(metadata !== undefined && { metadata }),
      })),
    );
    let matched = 0;
    await fc.assert(
      fc.asyncProperty(filterArbitrary, async (filter) => {
        const test = compileFilter(filter);
        const expected = metadatas.flatMap((metadata, i) => (test(metadata) ? [`e${i}`] : [])).sort();
        const found: string[] = [];
        for await (const { id } of store.entries({ filter })) found.push(id);
        expect(found).toEqual(expected);
        if (found.length > 0 && found.length < metadatas.length) matched++;
      }),
      { numRuns: 300 },
    );
    expect(matched).toBeGreaterThan(50);
  });

  it('orders texts as JavaScript does, also halves of pairs and NUL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const [x, y] = [toSqlText(a), toSqlText(b)];
        expect(Math.sign(Buffer.compare(Buffer.from(x), Buffer.from(y)))).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(x).not.toContain('\0');
        expect(x).not.toMatch(/\p{Surrogate}/u);
      }),
    );
    for (const [i, a] of texts.entries()) {
      for (const b of texts.slice(i + 1)) {
        expect(Buffer.compare(Buffer.from(toSqlText(a)), Buffer.from(toSqlText(b)))).toBe(a < b ? -1 : 1);
      }
    }
  });

  it('take names, ids and texts that look like statements as they are', async () => {
    const evil = `x'); DROP SCHEMA ${db.schema} CASCADE; --`;
    await using store = await postgresVectors(db, { name: 'evil', dimensions: 1 });
    await store.add([{ id: evil, text: evil, vector: [1], metadata: { [evil]: evil, list: [evil, '{"a"}', '\\'] } }]);
    for (const filter of [{ [evil]: evil }, { list: evil }, { list: { $in: ['\\'] } }, { list: { $gte: '{"a"}' } }]) {
      expect((await store.search([1], { filter })).map(({ id }) => id)).toEqual([evil]);
    }
    expect(await store.search([1], { filter: { [`${evil}x`]: { $exists: true } } })).toEqual([]);
    expect(await store.delete([`${evil}x`])).toBe(0);
    expect((await store.get([evil]))[0]?.text).toBe(evil);
    for (const name of [evil, 'a"b', 'A', '', 'x'.repeat(41), '__proto__']) {
      await expect(postgresVectors(db, { name, dimensions: 1 })).rejects.toMatchObject({ code: 'bad-option' });
      await expect(postgres({ pglite: 'memory://', schema: name })).rejects.toMatchObject({ code: 'bad-option' });
    }
  });
});
