import { type JsonSchema, PipewrightError, isRecord } from '../core/index.js';
import { isObjectRoot } from './object-root.js';
import { setOwn } from './own-property.js';

/** How a part of the strict schema stands for a part of the original; `strict-value.ts` reads it on the way back. */
export type Shape =
  | { readonly kind: 'scalar'; readonly schema: JsonSchema }
  | { readonly kind: 'list'; readonly items: Shape }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Member> }
  /** A record is written as a list of `{ key, value }`. */
  | { readonly kind: 'record'; readonly values: Shape }
  | { readonly kind: 'union'; readonly choices: readonly Shape[] }
  | { readonly kind: 'reference'; readonly target: () => Shape };

export interface Member {
  readonly shape: Shape;
  /** `null` stands for a member that is left out; `boxed` where the member itself may be null: then it is `{ value }`. */
  readonly presence: 'required' | 'optional' | 'boxed';
}

export interface Converted {
  readonly schema: JsonSchema;
  readonly shape: Shape;
}

interface Context {
  readonly root: JsonSchema;
  /** Shapes by reference; made once, so that a recursive schema ends. */
  readonly shapes: Map<string, Shape>;
  readonly definitions: Record<string, unknown>;
}

/** Keywords that the strict form of OpenAI's structured outputs allows for scalars and lists. */
const kept: readonly string[] = [
  'type',
  'title',
  'description',
  'enum',
  'const',
  'format',
  'pattern',
  'multipleOf',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minItems',
  'maxItems',
];
const keptFormats: ReadonlySet<unknown> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
]);

const refuse = (path: string, what: string): never => {
  throw new PipewrightError(
    'bad-schema',
    `The schema cannot be put into strict form: ${what} at ${path === '' ? 'its root' : path}.`,
    { details: { where: path } },
  );
};

/** The allowed keywords of a schema. The rest (defaults, lengths) is checked when the answer is there. */
const keywords = (schema: JsonSchema): Record<string, unknown> => {
  const result: Record<string, unknown> = {};
  for (const name of kept) {
    const value = schema[name];
    if (value === undefined) continue;
    if (name === 'format' && !keptFormats.has(value)) continue;
    // Look-around is not allowed in patterns.
    if (name === 'pattern' && /\(\?[=!<]/u.test(String(value))) continue;
    result[name] = value;
  }
  return result;
};

const asSchema = (value: unknown, path: string): JsonSchema =>
  isRecord(value) ? value : refuse(path, `\`${JSON.stringify(value)}\`, which allows any value or none,`);

/** What the root is called among the definitions when something refers to it. */
const rootName = 'pipewright-root';

const definitionName = (reference: string, path: string): string => {
  if (reference === '#') return rootName;
  const name = /^#\/(?:\$defs|definitions)\/([\w.-]+)$/u.exec(reference)?.[1];
  return name ?? refuse(path, `the reference \`${reference}\`, which does not point into the schema's own $defs,`);
};

const resolve = (context: Context, reference: string, path: string): JsonSchema => {
  if (reference === '#') return context.root;
  const name = definitionName(reference, path);
  for (const group of [context.root.$defs, context.root.definitions]) {
    if (isRecord(group) && Object.hasOwn(group, name)) return asSchema(group[name], path);
  }
  return refuse(path, `the reference \`${reference}\`, which leads nowhere,`);
};

const convertReference = (context: Context, reference: string, path: string): Converted => {
  const name = definitionName(reference, path);
  if (!context.shapes.has(reference)) {
    let shape: Shape | undefined;
    context.shapes.set(reference, { kind: 'reference', target: () => shape ?? refuse(path, 'an endless reference') });
    const converted = convert(context, resolve(context, reference, path), path);
    shape = converted.shape;
    setOwn(context.definitions, name, converted.schema);
  }
  const shape = context.shapes.get(reference) ?? refuse(path, 'a lost reference');
  return { schema: { $ref: `#/$defs/${name}` }, shape };
};

/** Whether null is a value of the schema. */
const allowsNull = (context: Context, schema: unknown, depth = 0): boolean => {
  if (!isRecord(schema) || depth > 20) return false;
  const { type, enum: choices, anyOf, oneOf, $ref } = schema;
  if (typeof $ref === 'string') return allowsNull(context, resolve(context, $ref, $ref), depth + 1);
  if (type === 'null' || (Array.isArray(type) && type.includes('null'))) return true;
  if (schema.const === null || (Array.isArray(choices) && choices.includes(null))) return true;
  const unions: readonly unknown[] = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : [];
  return unions.some((choice) => allowsNull(context, choice, depth + 1));
};

const strictObject = (properties: Record<string, unknown>, schema: JsonSchema = {}): JsonSchema => ({
  ...(schema.title === undefined ? {} : { title: schema.title }),
  ...(schema.description === undefined ? {} : { description: schema.description }),
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });

const convertMember = (context: Context, schema: JsonSchema, isRequired: boolean, path: string) => {
  const { schema: strict, shape } = convert(context, schema, path);
  if (isRequired) return { strict, member: { shape, presence: 'required' } satisfies Member };
  if (!allowsNull(context, schema))
    return { strict: orNull(strict), member: { shape, presence: 'optional' } satisfies Member };
  const boxed = orNull(strictObject({ value: strict }));
  return { strict: boxed, member: { shape, presence: 'boxed' } satisfies Member };
};

const convertObject = (context: Context, schema: JsonSchema, path: string): Converted => {
  const properties = isRecord(schema.properties) ? schema.properties : {};
  const { additionalProperties: rest } = schema;
  const isOpen = isRecord(rest) && Object.keys(rest).length > 0;
  if (isOpen && Object.keys(properties).length > 0) refuse(path, 'an object with both named and free keys');
  if (isOpen || schema.patternProperties !== undefined) return convertRecord(context, schema, path);
  // `properties: {}` is an object without members; no word of them leaves it open what there is.
  const isFree = schema.properties === undefined ? rest !== false : rest !== undefined && rest !== false;
  if (Object.keys(properties).length === 0 && isFree) refuse(path, 'an object of any values');
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const strict: Record<string, unknown> = {};
  const members = new Map<string, Member>();
  for (const [name, value] of Object.entries(properties)) {
    const at = path === '' ? name : `${path}.${name}`;
    const converted = convertMember(context, asSchema(value, at), required.has(name), at);
    setOwn(strict, name, converted.strict);
    members.set(name, converted.member);
  }
  return { schema: strictObject(strict, schema), shape: { kind: 'object', members } };
};

const convertRecord = (context: Context, schema: JsonSchema, path: string): Converted => {
  if (schema.patternProperties !== undefined) refuse(path, '`patternProperties`');
  const values = convert(context, asSchema(schema.additionalProperties, path), `${path}[key]`);
  const key = { type: 'string', ...(isRecord(schema.propertyNames) ? keywords(schema.propertyNames) : {}) };
  const items = strictObject({ key, value: values.schema });
  const description = schema.description === undefined ? {} : { description: schema.description };
  return { schema: { ...description, type: 'array', items }, shape: { kind: 'record', values: values.shape } };
};

const convertList = (context: Context, schema: JsonSchema, path: string): Converted => {
  if (schema.prefixItems !== undefined || Array.isArray(schema.items)) refuse(path, 'a tuple');
  const items = convert(context, asSchema(schema.items ?? true, `${path}[]`), `${path}[]`);
  return { schema: { ...keywords(schema), items: items.schema }, shape: { kind: 'list', items: items.shape } };
};

const convertUnion = (context: Context, schema: JsonSchema, choices: readonly unknown[], path: string): Converted => {
  const converted = choices.map((choice, index) => convert(context, asSchema(choice, path), `${path}|${index + 1}`));
  const description = schema.description === undefined ? {} : { description: schema.description };
  return {
    schema: { ...description, anyOf: converted.map((choice) => choice.schema) },
    shape: { kind: 'union', choices: converted.map((choice) => choice.shape) },
  };
};

const convert = (context: Context, schema: JsonSchema, path: string): Converted => {
  const { type, anyOf, oneOf, $ref } = schema;
  if (typeof $ref === 'string') return convertReference(context, $ref, path);
  for (const keyword of ['allOf', 'not', 'if', 'dependentRequired', 'dependentSchemas']) {
    if (schema[keyword] !== undefined) refuse(path, `\`${keyword}\``);
  }
  if (Array.isArray(anyOf)) return convertUnion(context, schema, anyOf, path);
  if (Array.isArray(oneOf)) return convertUnion(context, schema, oneOf, path);
  if (Array.isArray(type)) {
    return convertUnion(
      context,
      schema,
      type.map((one) => ({ ...schema, description: undefined, type: one })),
      path,
    );
  }
  if (type === 'object') return convertObject(context, schema, path);
  if (type === 'array') return convertList(context, schema, path);
  if (type === undefined && schema.enum === undefined && schema.const === undefined) refuse(path, 'any value');
  return { schema: keywords(schema), shape: { kind: 'scalar', schema } };
};

/** Converts a schema whose root may be anything; the strict form wants an object there. */
export const convertRoot = (root: JsonSchema): Converted & { readonly isWrapped: boolean } => {
  const context: Context = { root, shapes: new Map(), definitions: {} };
  const isObject = isObjectRoot(root);
  const converted = convert(context, root, '');
  const schema = isObject ? converted.schema : strictObject({ value: converted.schema });
  const hasDefinitions = Object.keys(context.definitions).length > 0;
  return {
    schema: hasDefinitions ? { ...schema, $defs: context.definitions } : schema,
    shape: converted.shape,
    isWrapped: !isObject,
  };
};
