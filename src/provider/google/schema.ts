import { type JsonSchema, PipewrightError } from '../../core/index.js';

/*
 * What Gemini reads of JSON Schema: https://ai.google.dev/api/generate-content#FIELDS.response_json_schema. Keywords that it does
 * not know it passes over without a word. Those that only narrow a value (`pattern`, `minLength`, …) go out as they are, the
 * answer is checked here. Those that say of what shape it is have to be said in other words, or cannot be kept.
 */

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const inSchema = new Set(['items', 'additionalProperties']);
const inList = new Set(['anyOf', 'oneOf', 'prefixItems', 'allOf']);
const inNames = new Set(['properties', '$defs', 'definitions']);

/** Shapes that cannot be said in what Gemini knows. */
const untold = ['not', 'if', 'patternProperties', 'dependentSchemas', 'contains', 'unevaluatedProperties'];

export interface WireSchemaOptions {
  /** Throws for what Gemini would pass over though it says of what shape the value is. */
  readonly isWhole: boolean;
  /** For the error: `google:gemini-2.5-flash`. */
  readonly id: string;
}

/**
 * A schema in the words that Gemini knows, meaning the same.
 * @throws {PipewrightError} `bad-schema` when it cannot be said, where `isWhole`.
 */
export const wireSchema = (schema: JsonSchema, options: WireSchemaOptions): JsonSchema =>
  convert(schema, '', options) as JsonSchema;

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const convert = (schema: unknown, path: string, options: WireSchemaOptions): unknown => {
  if (!isObject(schema)) return schema;
  const found = untold.find((keyword) => schema[keyword] !== undefined);
  if (found !== undefined && options.isWhole) throw unsaid(options.id, `${path}/${found}`);
  const { $schema: _dialect, ...said } = limits(withoutConst(oneOfAll(schema, path, options)));
  return Object.fromEntries(
    Object.entries(said).map(([keyword, value]) => [keyword, inner(keyword, value, `${path}/${keyword}`, options)]),
  );
};

const inner = (keyword: string, value: unknown, path: string, options: WireSchemaOptions): unknown => {
  if (inSchema.has(keyword)) return convert(value, path, options);
  if (inList.has(keyword) && Array.isArray(value)) {
    return value.map((item, index) => convert(item, `${path}/${index}`, options));
  }
  if (!inNames.has(keyword) || !isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, convert(item, `${path}/${name}`, options)]),
  );
};

/** `allOf` is not known: schemas that say nothing twice are said in one. */
const oneOfAll = (schema: JsonSchema, path: string, options: WireSchemaOptions): JsonSchema => {
  const { allOf, ...rest } = schema;
  if (!Array.isArray(allOf)) return schema;
  let merged: JsonSchema = rest;
  for (const part of allOf as readonly unknown[]) {
    if (!isObject(part) || Object.keys(part).some((keyword) => isSaidTwice(keyword, part, merged))) {
      if (options.isWhole) throw unsaid(options.id, `${path}/allOf`);
      return schema;
    }
    merged = { ...merged, ...part, ...joined(merged, part) };
  }
  return merged;
};

/** Objects may be put together property by property, when their properties differ. */
const isSaidTwice = (keyword: string, part: JsonSchema, merged: JsonSchema): boolean => {
  const before = merged[keyword];
  const now = part[keyword];
  if (before === undefined || keyword === 'required' || before === now) return false;
  if (keyword !== 'properties' || !isObject(before) || !isObject(now)) return true;
  return Object.keys(now).some((name) => Object.hasOwn(before, name));
};

const joined = (merged: JsonSchema, part: JsonSchema): JsonSchema => {
  const properties =
    isObject(merged.properties) && isObject(part.properties)
      ? { properties: { ...merged.properties, ...part.properties } }
      : {};
  const required =
    Array.isArray(merged.required) && Array.isArray(part.required)
      ? { required: [...new Set([...(merged.required as string[]), ...(part.required as string[])])] }
      : {};
  return { ...properties, ...required };
};

/** A constant is the only member of an enumeration, which Gemini knows of texts and numbers. */
const withoutConst = (schema: JsonSchema): JsonSchema => {
  const { const: constant, ...rest } = schema;
  if (typeof constant !== 'string' && typeof constant !== 'number') return schema;
  return { type: typeof constant, ...rest, enum: [constant] };
};

/** The whole numbers above 0 are those from 1 on. */
const limits = (schema: JsonSchema): JsonSchema => {
  const { exclusiveMinimum: above, exclusiveMaximum: below, ...rest } = schema;
  if (schema.type !== 'integer' || (above === undefined && below === undefined)) return schema;
  return {
    ...rest,
    ...(isNumber(above) ? { minimum: Math.max(...numbers(rest.minimum, Math.floor(above) + 1)) } : {}),
    ...(isNumber(below) ? { maximum: Math.min(...numbers(rest.maximum, Math.ceil(below) - 1)) } : {}),
  };
};

const isNumber = (value: unknown): value is number => typeof value === 'number';
const numbers = (...values: readonly unknown[]): readonly number[] => values.filter(isNumber);

const unsaid = (id: string, path: string): PipewrightError =>
  new PipewrightError(
    'bad-schema',
    `${id} cannot be held to \`${path}\` of the schema. Say it in other words, or set \`isStrict\` to false and check the answer.`,
    { details: { where: path } },
  );
