import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../core/index.js';
import { repairInput } from './index.js';

const ofOne = (schema: JsonSchema, isRequired = true): JsonSchema => ({
  type: 'object',
  properties: { x: schema },
  ...(isRequired ? { required: ['x'] } : {}),
});

describe('repairInput', () => {
  it.each<[string, JsonSchema, unknown, unknown]>([
    ['a number in quotes', { type: 'integer' }, ' 12 ', 12],
    ['a truth value in quotes', { type: 'boolean' }, 'True', true],
    ['a list in quotes', { type: 'array', items: { type: 'integer' } }, '["1", 2]', [1, 2]],
    ['an object in quotes', { type: 'object', properties: { y: { type: 'integer' } } }, "{'y': '3'}", { y: 3 }],
    ['a number for a text', { type: 'string' }, 12, '12'],
    ['one value for a list', { type: 'array', items: { type: 'string' } }, 'a', ['a']],
    ['a choice in another case', { type: 'string', enum: ['Celsius', 'Kelvin'] }, 'celsius ', 'Celsius'],
    ['null in quotes where it may be null', { type: ['integer', 'null'] }, 'null', null],
  ])('mends %s', (_, schema, given, meant) => {
    expect(repairInput(ofOne(schema), { x: given })).toEqual({ x: meant });
  });

  it('leaves out null where the argument may be left out, and keeps it where it must be there', () => {
    expect(repairInput(ofOne({ type: 'integer' }, false), { x: null })).toEqual({});
    expect(repairInput(ofOne({ type: 'integer' }), { x: null })).toEqual({ x: null });
  });

  it('takes arguments out of one more object, unless the tool has an argument of that name', () => {
    expect(repairInput(ofOne({ type: 'integer' }), { arguments: { x: 1 } })).toEqual({ x: 1 });
    const own: JsonSchema = { type: 'object', properties: { input: { type: 'object' } } };
    expect(repairInput(own, { input: { x: 1 } })).toEqual({ input: { x: 1 } });
  });

  it('leaves alone what may mean anything', () => {
    expect(repairInput(ofOne({ type: 'integer' }), { x: 'twelve' })).toEqual({ x: 'twelve' });
    expect(repairInput(ofOne({ enum: ['a', 'A'] }), { x: ' a ' })).toEqual({ x: ' a ' });
    expect(repairInput(ofOne({}), { x: '12' })).toEqual({ x: '12' });
  });

  it('never throws, and changes nothing a second time', () => {
    const types = fc.constantFrom('integer', 'number', 'string', 'boolean', 'array', 'object', 'null');
    const schema = fc.record({ type: fc.oneof(types, fc.array(types, { maxLength: 2 })) }).map((inner) => ofOne(inner));
    fc.assert(
      fc.property(schema, fc.oneof(fc.jsonValue(), fc.record({ x: fc.jsonValue() })), (shape, value) => {
        const once = repairInput(shape, value);
        expect(repairInput(shape, once)).toEqual(once);
      }),
    );
  });
});
