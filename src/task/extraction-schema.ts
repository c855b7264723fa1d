import { listIn, listSchema, member, textIn, textSchema } from '../ask/index.js';
import {
  checkSchema,
  type JsonSchema,
  PipewrightError,
  type Schema,
  type SchemaIssue,
  type SchemaWithJson,
  toJsonSchema,
} from '../core/index.js';

/** A value that a model read, and the words that it says it is in. */
export interface ReadValue {
  readonly value: unknown;
  readonly quote: string;
}

/** What a model read in one window: under each field one value, or those of a list. */
export type ReadFields = ReadonlyMap<string, readonly ReadValue[]>;

/** A field of the schema: lists are read item by item, so that each item has its own words. */
export interface Field {
  readonly name: string;
  readonly isList: boolean;
}

export interface ExtractionSchema {
  readonly fields: readonly Field[];
  readonly answer: SchemaWithJson<ReadFields>;
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};

/** Leaves are wrapped: each value stands beside its quote. No field is required: what the text does not say is left out. */
const wrapped = (value: JsonSchema): JsonSchema => ({
  type: 'object',
  properties: { value, quote: textSchema },
  required: ['value', 'quote'],
  additionalProperties: false,
});

const readOne = (value: unknown): ReadValue | undefined => {
  const inner = member(value, 'value');
  const isEmpty = inner === undefined || inner === null || inner === '';
  return isEmpty ? undefined : { value: inner, quote: textIn(value, 'quote') };
};

const readField = (value: unknown, { name, isList }: Field): readonly ReadValue[] => {
  const list = isList ? (listIn(value, name) ?? []) : [member(value, name)];
  return list.flatMap((each) => readOne(each) ?? []);
};

/** The object that the values make: what was found, and nothing else. */
export const objectOf = (
  fields: readonly Field[],
  values: ReadonlyMap<string, readonly { readonly value: unknown }[]>,
): Record<string, unknown> => {
  const object: Record<string, unknown> = {};
  for (const { name, isList } of fields) {
    const found = values.get(name) ?? [];
    const [first] = found;
    if (first === undefined) continue;
    const value = isList ? found.map((each) => each.value) : first.value;
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
};

const fieldOf = ({ path = [] }: SchemaIssue): string => {
  const [first] = path;
  return String(typeof first === 'object' ? first.key : (first ?? ''));
};

/** What is wrong with the values that are there; that others are missing is no fault of the answer. */
const issuesWith = async (schema: Schema, object: Record<string, unknown>): Promise<readonly string[]> => {
  const result = await schema['~standard'].validate(object);
  const wrong = (result.issues ?? []).filter((issue) => Object.hasOwn(object, fieldOf(issue)));
  return wrong.map((issue) => `${fieldOf(issue)}: ${issue.message}`);
};

/**
 * The schema that a model is asked for in place of one of an object: each field with the words that say it.
 * @throws {PipewrightError} `bad-schema` when it is not one of an object with properties.
 */
export const extractionSchema = (schema: Schema): ExtractionSchema => {
  const { properties, type, $defs, definitions } = toJsonSchema(schema);
  const entries = Object.entries(record(properties));
  if (type !== 'object' || entries.length === 0) {
    throw new PipewrightError('bad-schema', 'Give a schema of an object with properties: each is a value to look for.');
  }
  const fields = entries.map(([name, property]) => ({ name, isList: record(property).type === 'array' }));
  const jsonSchema: JsonSchema = {
    type: 'object',
    properties: Object.fromEntries(
      entries.map(([name, property]) => {
        const { type: kind, items, description } = record(property);
        if (kind !== 'array') return [name, wrapped(record(property))];
        return [name, { ...listSchema(wrapped(record(items))), ...(description === undefined ? {} : { description }) }];
      }),
    ),
    additionalProperties: false,
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
  };
  const validate = async (raw: unknown) => {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
      return { issues: [{ message: 'The answer must be an object.' }] };
    }
    const read = new Map(fields.map((field) => [field.name, readField(raw, field)]));
    const issues = await issuesWith(schema, objectOf(fields, read));
    return issues.length === 0 ? { value: read } : { issues: issues.map((message) => ({ message })) };
  };
  return { fields, answer: { jsonSchema, '~standard': { version: 1, vendor: 'pipewright', validate } } };
};

/** The checked value of all that was found, or what is missing or wrong. */
export const checkedObject = async <Out>(
  schema: Schema<Out>,
  object: Record<string, unknown>,
): Promise<{ readonly value?: Out; readonly issues: readonly string[] }> => {
  const checked = await checkSchema(schema, object);
  return checked.isValid ? { value: checked.value, issues: [] } : { issues: checked.issues };
};
