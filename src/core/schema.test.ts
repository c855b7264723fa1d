import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkSchema, describeIssues, type Schema, toJsonSchema, withJsonSchema } from './index.js';

const offer = { name: 'Tea', price: 3, tags: ['hot'] };
const schemas: readonly (readonly [string, Schema<typeof offer>])[] = [
  ['zod', z.object({ name: z.string(), price: z.number(), tags: z.array(z.string()) })],
  ['valibot', v.object({ name: v.string(), price: v.number(), tags: v.array(v.string()) })],
];

describe.each(schemas)('a %s schema', (_, schema) => {
  it('hands a good value on', async () => {
    expect(await checkSchema(schema, offer)).toEqual({ isValid: true, value: offer });
  });

  it('tells in one line each what is wrong where', async () => {
    const checked = await checkSchema(schema, { name: 'Tea', price: 'much', tags: ['hot', 7] });
    expect(checked.isValid).toBe(false);
    const issues = checked.isValid ? [] : checked.issues;
    expect(issues).toHaveLength(2);
    expect(issues[0]).toMatch(/^price: .*number/);
    expect(issues[1]).toMatch(/^tags\.1: .*string/);
  });

  it('tells what is wrong with the whole value without a place', async () => {
    const checked = await checkSchema(schema, null);
    expect(checked.isValid ? '' : checked.issues[0]).not.toMatch(/^:/);
  });
});

describe('checkSchema', () => {
  it('waits for a check that is asynchronous, and applies transformations', async () => {
    const schema = z.string().transform(async (text) => text.length);
    expect(await checkSchema(schema, 'four')).toEqual({ isValid: true, value: 4 });
  });

  it('rejects with what a broken schema throws', async () => {
    const bug = new Error('bug');
    const broken: Schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => {
          throw bug;
        },
      },
    };
    await expect(checkSchema(broken, 1)).rejects.toBe(bug);
  });
});

describe('describeIssues', () => {
  it('writes paths of keys and of objects with keys', () => {
    expect(describeIssues([{ message: 'bad', path: ['a', { key: 0 }, 'b'] }, { message: 'whole' }])).toEqual([
      'a.0.b: bad',
      'whole',
    ]);
  });
});

describe('toJsonSchema', () => {
  it('asks zod', () => {
    expect(toJsonSchema(z.object({ n: z.number().describe('How many.') }))).toMatchObject({
      type: 'object',
      properties: { n: { type: 'number', description: 'How many.' } },
      required: ['n'],
    });
  });

  it('takes the one given by hand, and the schema still checks', async () => {
    const jsonSchema = { type: 'object', properties: { n: { type: 'number' } } };
    const schema = withJsonSchema(v.object({ n: v.number() }), jsonSchema);
    expect(toJsonSchema(schema)).toBe(jsonSchema);
    expect(await checkSchema(schema, { n: 1 })).toEqual({ isValid: true, value: { n: 1 } });
  });

  it('says what to do where the library offers none', () => {
    expect(() => toJsonSchema(v.string())).toThrow(
      expect.objectContaining({ code: 'bad-schema', message: expect.stringMatching(/valibot.*withJsonSchema/) }),
    );
  });

  it('says so where JSON Schema cannot express it', () => {
    expect(() => toJsonSchema(z.bigint())).toThrow(
      expect.objectContaining({ code: 'bad-schema', message: expect.stringContaining('zod') }),
    );
  });
});
