import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../../core/index.js';
import { wireSchema } from './schema.js';

const whole = (schema: JsonSchema): JsonSchema => wireSchema(schema, { id: 'google:x', isWhole: true });
const loose = (schema: JsonSchema): JsonSchema => wireSchema(schema, { id: 'google:x', isWhole: false });

describe('wireSchema', () => {
  it('leaves what Gemini knows, and what only narrows a value, as it is', () => {
    const schema = {
      type: 'object',
      $defs: { Tree: { type: 'object', properties: { children: { type: 'array', items: { $ref: '#/$defs/Tree' } } } } },
      properties: {
        tree: { $ref: '#/$defs/Tree' },
        pair: { prefixItems: [{ type: 'string' }, { type: 'integer', minimum: 1 }] },
        either: { anyOf: [{ type: 'null' }, { type: 'string', pattern: '^a', minLength: 2, format: 'date' }] },
        one: { oneOf: [{ type: 'boolean', const: true }] },
      },
      required: ['tree'],
      additionalProperties: false,
    };
    expect(whole(schema)).toEqual(schema);
  });

  it('says constants as enumerations, and whole numbers beyond a limit as those from the next one on', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        kind: { const: 'a' },
        level: { type: 'number', const: 3 },
        count: { type: 'integer', exclusiveMinimum: 0, minimum: -5, exclusiveMaximum: 10.5 },
        ratio: { type: 'number', exclusiveMinimum: 0 },
        const: { type: 'string' },
      },
    };
    expect(whole(schema)).toEqual({
      type: 'object',
      properties: {
        kind: { type: 'string', enum: ['a'] },
        level: { type: 'number', enum: [3] },
        count: { type: 'integer', minimum: 1, maximum: 10 },
        ratio: { type: 'number', exclusiveMinimum: 0 },
        const: { type: 'string' },
      },
    });
  });

  it('says in one what several say without contradiction', () => {
    const a = { type: 'object', properties: { a: { const: 'x' } }, required: ['a'] };
    const b = { type: 'object', properties: { b: { type: 'string' } }, required: ['a', 'b'] };
    expect(whole({ description: 'Both', allOf: [a, b] })).toEqual({
      description: 'Both',
      type: 'object',
      properties: { a: { type: 'string', enum: ['x'] }, b: { type: 'string' } },
      required: ['a', 'b'],
    });
  });

  it.each<readonly [string, JsonSchema]>([
    ['/not', { not: { type: 'string' } }],
    ['/properties/a/items/if', { properties: { a: { items: { if: {} } } } }],
    ['/anyOf/1/patternProperties', { anyOf: [{}, { patternProperties: {} }] }],
    ['/allOf', { allOf: [{ type: 'string' }, { type: 'number' }] }],
    ['/allOf', { allOf: [{ properties: { a: { type: 'string' } } }, { properties: { a: { type: 'number' } } }] }],
    ['/allOf', { allOf: [true] }],
  ])('refuses %s for an answer, and lets it pass for a tool', (where, schema) => {
    expect(() => whole(schema)).toThrow(expect.objectContaining({ code: 'bad-schema', details: { where } }));
    expect(loose(schema)).toEqual(schema);
  });

  it('does not write to the schema', () => {
    const schema = Object.freeze({ allOf: Object.freeze([Object.freeze({ const: 'a' })]) });
    expect(whole(schema)).toEqual({ type: 'string', enum: ['a'] });
  });
});
