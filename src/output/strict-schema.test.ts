import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type JsonSchema, toJsonSchema } from '../core/index.js';
import { strictSchema } from './index.js';

/** A schema and a value of it. */
interface Sample {
  readonly schema: JsonSchema;
  readonly value: unknown;
}

const scalar: fc.Arbitrary<Sample> = fc.oneof(
  fc.string().map((value) => ({ schema: { type: 'string' }, value })),
  fc.integer().map((value) => ({ schema: { type: 'integer' }, value })),
  fc.boolean().map((value) => ({ schema: { type: 'boolean' }, value })),
  fc.constantFrom('red', 'green').map((value) => ({ schema: { type: 'string', enum: ['red', 'green'] }, value })),
  fc.constant({ schema: { const: 7 }, value: 7 }),
);

const own = (entries: readonly (readonly [string, unknown])[]): Record<string, unknown> => Object.fromEntries(entries);

const tagged = ({ schema, value }: Sample, tag: string): Sample => ({
  schema: {
    ...schema,
    properties: { ...(schema.properties as object), kind: { const: tag } },
    required: [...(schema.required as string[]), 'kind'],
  },
  value: { ...(value as object), kind: tag },
});

const objectOf = (inner: fc.Arbitrary<Sample>): fc.Arbitrary<Sample> =>
  fc
    .uniqueArray(
      fc.record({
        name: fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'constructor'),
        sample: inner,
        isRequired: fc.boolean(),
        isThere: fc.boolean(),
      }),
      { selector: ({ name }) => name, maxLength: 4 },
    )
    .map((members) => {
      const there = members.filter(({ isRequired, isThere }) => isRequired || isThere);
      return {
        schema: {
          type: 'object',
          properties: own(members.map((member) => [member.name, member.sample.schema])),
          required: members.filter((member) => member.isRequired).map(({ name }) => name),
        },
        value: own(there.map((member) => [member.name, member.sample.value])),
      };
    });

const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    objectOf(tie('sample')),
    fc.tuple(tie('sample'), fc.nat(3)).map(([{ schema, value }, length]) => ({
      schema: { type: 'array', items: schema },
      value: new Array(length).fill(value),
    })),
    fc.tuple(tie('sample'), fc.uniqueArray(fc.string(), { maxLength: 3 })).map(([{ schema, value }, keys]) => ({
      schema: { type: 'object', additionalProperties: schema },
      value: JSON.parse(`{${keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`),
    })),
    fc.tuple(tie('sample'), fc.boolean()).map(([{ schema, value }, isNull]) => ({
      schema: { anyOf: [schema, { type: 'null' }] },
      value: isNull ? null : value,
    })),
    fc.tuple(objectOf(tie('sample')), objectOf(tie('sample')), fc.boolean()).map(([a, b, isFirst]) => ({
      schema: { oneOf: [tagged(a, 'a').schema, tagged(b, 'b').schema] },
      value: isFirst ? tagged(a, 'a').value : tagged(b, 'b').value,
    })),
  ),
}));

/** Whether every object has all its members required and none beside them. */
const isStrict = (schema: unknown): boolean => {
  if (Array.isArray(schema)) return schema.every(isStrict);
  if (typeof schema !== 'object' || schema === null) return true;
  const { type, properties, required, additionalProperties } = schema as Record<string, unknown>;
  const isFit =
    type !== 'object' ||
    (additionalProperties === false && JSON.stringify(required) === JSON.stringify(Object.keys(properties as object)));
  return isFit && Object.values(schema).every(isStrict);
};

const roundTrip = (schema: z.ZodType, value: unknown): unknown => {
  const strict = strictSchema(toJsonSchema(schema));
  expect(isStrict(strict.schema)).toBe(true);
  const onWire = JSON.parse(JSON.stringify(strict.toStrict(value)));
  expect(z.fromJSONSchema(strict.schema as never).safeParse(onWire)).toMatchObject({ success: true });
  return strict.fromStrict(onWire);
};

describe('strictSchema', () => {
  it('Q16 takes any value of any schema to the strict form and back without loss', () => {
    fc.assert(
      fc.property(sample, ({ schema, value }) => {
        const strict = strictSchema(schema);
        expect(strict.schema.type).toBe('object');
        expect(isStrict(strict.schema)).toBe(true);
        const onWire: unknown = JSON.parse(JSON.stringify(strict.toStrict(value)));
        expect(strict.fromStrict(onWire)).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it('Q16 tells a member that is left out from one that is null', () => {
    const schema = z.object({ note: z.string().nullable().optional(), tag: z.string().optional() });
    for (const value of [{}, { note: null }, { note: 'x' }, { tag: 't', note: null }]) {
      expect(roundTrip(schema, value)).toEqual(value);
    }
  });

  it('Q16 leaves defaults to the schema', () => {
    const schema = z.object({ count: z.number().default(3), name: z.string() });
    const back = strictSchema(toJsonSchema(schema)).fromStrict({ count: null, name: 'a' });
    expect(back).toEqual({ name: 'a' });
    expect(schema.parse(back)).toEqual({ count: 3, name: 'a' });
  });

  it('Q16 keeps records, unions, lists and roots that are no objects', () => {
    expect(roundTrip(z.record(z.string(), z.number()), { a: 1, b: 2 })).toEqual({ a: 1, b: 2 });
    expect(roundTrip(z.array(z.object({ x: z.number().optional() })), [{ x: 1 }, {}])).toEqual([{ x: 1 }, {}]);
    expect(roundTrip(z.union([z.string(), z.number()]), 4)).toBe(4);
    const shape = z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('circle'), radius: z.number() }),
      z.object({ kind: z.literal('box'), size: z.object({ width: z.number(), depth: z.number().optional() }) }),
    ]);
    expect(roundTrip(shape, { kind: 'box', size: { width: 1 } })).toEqual({ kind: 'box', size: { width: 1 } });
  });

  it('Q16 follows recursive references, from the root and from definitions', () => {
    const tree = z.object({
      name: z.string(),
      get children() {
        return z.array(tree).optional();
      },
    });
    const value = { name: 'a', children: [{ name: 'b' }, { name: 'c', children: [{ name: 'd' }] }] };
    expect(roundTrip(tree, value)).toEqual(value);
    expect(roundTrip(z.object({ left: tree, right: tree.nullable() }), { left: value, right: null })).toEqual({
      left: value,
      right: null,
    });
    expect(roundTrip(z.array(tree), [value])).toEqual([value]);
  });

  it('keeps descriptions and limits, and drops what the strict form does not know', () => {
    const schema = z.object({
      age: z.int().min(0).max(150).describe('In years.'),
      name: z.string().min(2).max(9),
      mail: z.email(),
    });
    const { properties } = strictSchema(toJsonSchema(schema)).schema as { properties: Record<string, object> };
    expect(properties.age).toEqual({ type: 'integer', minimum: 0, maximum: 150, description: 'In years.' });
    expect(properties.name).toEqual({ type: 'string' });
    expect(properties.mail).toMatchObject({ type: 'string', format: 'email' });
  });

  it.each<[string, JsonSchema, string]>([
    ['any value', { type: 'object', properties: { a: {} } }, 'a'],
    ['a free object', { type: 'object', additionalProperties: true }, ''],
    ['an object whose members are not told', { type: 'object', properties: { a: { type: 'object' } } }, 'a'],
    ['a tuple', { type: 'object', properties: { a: { type: 'array', prefixItems: [] } } }, 'a'],
    ['allOf', { allOf: [{ type: 'object' }] }, ''],
    [
      'named and free keys',
      { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } },
      '',
    ],
    ['pattern properties', { type: 'object', patternProperties: { '^a': { type: 'string' } } }, ''],
    ['a reference out of the schema', { $ref: 'https://example.com/other.json' }, ''],
    ['a reference that leads nowhere', { $ref: '#/$defs/gone' }, ''],
  ])('refuses %s and names the place', (_, schema, where) => {
    expect(() => strictSchema(schema)).toThrow(expect.objectContaining({ code: 'bad-schema', details: { where } }));
  });

  it('hands on a value that is not in strict form', () => {
    const strict = strictSchema(
      toJsonSchema(z.object({ tags: z.record(z.string(), z.string()), n: z.array(z.string()) })),
    );
    for (const value of ['text', null, { tags: 3, n: 4 }, { tags: [{ wrong: 1 }], other: 1 }]) {
      expect(strict.fromStrict(value)).toEqual(value);
    }
  });
});
