import type { JsonSchema, SchemaWithJson } from '../core/index.js';

/** What was read of a model's answer, or what is wrong with it. */
export type Read<Out> = { readonly value: Out } | { readonly issues: readonly string[] };

/** A schema for answers of a model: what the model is shown, and how the answer is read and checked. */
export const answerSchema = <Out>(
  jsonSchema: JsonSchema,
  read: (value: unknown) => Read<Out>,
): SchemaWithJson<Out> => ({
  jsonSchema,
  '~standard': {
    version: 1,
    vendor: 'pipewright',
    validate: (value) => {
      const result = read(value);
      return 'value' in result ? result : { issues: result.issues.map((message) => ({ message })) };
    },
  },
});

/** The JSON Schema of an object that has all of these and nothing else. */
export const objectSchema = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

export const listSchema = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
export const textSchema: JsonSchema = { type: 'string' };
export const integerSchema: JsonSchema = { type: 'integer' };
export const numberSchema: JsonSchema = { type: 'number' };
export const booleanSchema: JsonSchema = { type: 'boolean' };
/** One of these texts. */
export const choiceSchema = (choices: readonly string[]): JsonSchema => ({ type: 'string', enum: [...choices] });

/** A member of an object; undefined where there is none, whatever the value is. */
export const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;

export const isText = (value: unknown): value is string => typeof value === 'string';

/** The text under a key, trimmed; empty where there is none. */
export const textIn = (value: unknown, key: string): string => {
  const text = member(value, key);
  return isText(text) ? text.trim() : '';
};

export const listIn = (value: unknown, key: string): readonly unknown[] | undefined => {
  const list = member(value, key);
  return Array.isArray(list) ? list : undefined;
};

/** The texts under a key, trimmed, without empty ones; undefined when there is no such list. */
export const textsIn = (value: unknown, key: string): readonly string[] | undefined => {
  const list = listIn(value, key);
  if (list === undefined || !list.every(isText)) return undefined;
  return list.map((each) => each.trim()).filter((each) => each !== '');
};

/** The number under a key; undefined where there is none, or one that is not finite. */
export const numberIn = (value: unknown, key: string): number | undefined => {
  const number = member(value, key);
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
};

/** A schema for one text that is not empty. */
export const oneText = (key: string): SchemaWithJson<string> =>
  answerSchema(objectSchema({ [key]: textSchema }), (value) => {
    const text = textIn(value, key);
    return text === '' ? { issues: [`\`${key}\` must be a text that is not empty.`] } : { value: text };
  });
