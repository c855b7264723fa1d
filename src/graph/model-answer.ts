import type { JsonSchema, SchemaWithJson } from '../core/index.js';

/** The JSON Schema of an object that has all of these and nothing else. */
export const objectSchema = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

/** A schema for answers of a model; `read` gives the value, or undefined for what does not have the form. */
export const answerSchema = <Out>(
  jsonSchema: JsonSchema,
  read: (value: unknown) => Out | undefined,
  form: string,
): SchemaWithJson<Out> => ({
  jsonSchema,
  '~standard': {
    version: 1,
    vendor: 'pipewright',
    validate: (value) => {
      const out = read(value);
      return out === undefined ? { issues: [{ message: `The answer must be ${form}.` }] } : { value: out };
    },
  },
});

/** A member of an object; undefined where there is none, whatever the value is. */
export const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;

export const textIn = (value: unknown, key: string): string => {
  const text = member(value, key);
  return typeof text === 'string' ? text.trim() : '';
};

export const listIn = (value: unknown, key: string): readonly unknown[] | undefined => {
  const list = member(value, key);
  return Array.isArray(list) ? list : undefined;
};
