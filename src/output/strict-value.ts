import { isPipewrightError, type JsonSchema, isRecord } from '../core/index.js';
import { setOwn } from './own-property.js';
import { convertRoot, type Shape } from './strict-schema.js';

/** A schema in the strict form, and the ways between its values and those of the schema it was made from. */
export interface StrictSchema {
  readonly schema: JsonSchema;
  /** A value of the strict form as a value of the original schema. What does not fit the strict form is handed on as it is. */
  readonly fromStrict: (value: unknown) => unknown;
  /** A value of the original schema as a value of the strict form: for examples shown to a model. */
  readonly toStrict: (value: unknown) => unknown;
}

export const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
};

const fitsScalar = (schema: JsonSchema, value: unknown): boolean => {
  if (schema.const !== undefined) return schema.const === value;
  if (Array.isArray(schema.enum)) return schema.enum.includes(value);
  const type = typeOf(value);
  return schema.type === type || (schema.type === 'number' && type === 'integer');
};

/** Whether a value has the form that a shape describes; `isStrict` says in which of the two forms it is. */
const fits = (shape: Shape, value: unknown, isStrict: boolean): boolean => {
  switch (shape.kind) {
    case 'scalar':
      return fitsScalar(shape.schema, value);
    case 'reference':
      return fits(shape.target(), value, isStrict);
    case 'union':
      return shape.choices.some((choice) => fits(choice, value, isStrict));
    case 'list':
      return Array.isArray(value) && value.every((item) => fits(shape.items, item, isStrict));
    case 'record':
      return isStrict
        ? Array.isArray(value) && value.every((pair) => isRecord(pair) && fits(shape.values, pair.value, true))
        : isRecord(value) && Object.values(value).every((item) => fits(shape.values, item, false));
    case 'object':
      return isRecord(value) && fitsMembers(shape, value, isStrict);
  }
};

const fitsMembers = (
  shape: Shape & { readonly kind: 'object' },
  value: Readonly<Record<string, unknown>>,
  isStrict: boolean,
): boolean => {
  if (!Object.keys(value).every((name) => shape.members.has(name))) return false;
  return [...shape.members].every(([name, { shape: inner, presence }]) => {
    if (!Object.hasOwn(value, name)) return presence !== 'required' && !isStrict;
    const member = value[name];
    if (!isStrict || presence === 'required') return fits(inner, member, isStrict);
    if (member === null) return true;
    if (presence === 'boxed') return isRecord(member) && fits(inner, member.value, true);
    return fits(inner, member, true);
  });
};

const choiceFor = (choices: readonly Shape[], value: unknown, isStrict: boolean): Shape | undefined =>
  choices.find((choice) => fits(choice, value, isStrict));

/** A value of the strict form as one of the schema that the shape stands for. */
export const fromStrict = (shape: Shape, value: unknown): unknown => {
  switch (shape.kind) {
    case 'scalar':
      return value;
    case 'reference':
      return fromStrict(shape.target(), value);
    case 'union': {
      const choice = choiceFor(shape.choices, value, true);
      return choice === undefined ? value : fromStrict(choice, value);
    }
    case 'list':
      return Array.isArray(value) ? value.map((item) => fromStrict(shape.items, item)) : value;
    case 'record':
      return Array.isArray(value) ? recordOf(value, shape.values) : value;
    case 'object':
      return isRecord(value) ? membersFromStrict(shape, value) : value;
  }
};

const recordOf = (pairs: readonly unknown[], values: Shape): unknown => {
  const result = {};
  for (const pair of pairs) {
    if (!isRecord(pair) || typeof pair.key !== 'string') return pairs;
    setOwn(result, pair.key, fromStrict(values, pair.value));
  }
  return result;
};

const membersFromStrict = (
  shape: Shape & { readonly kind: 'object' },
  value: Readonly<Record<string, unknown>>,
): unknown => {
  const result = {};
  for (const [name, member] of Object.entries(value)) {
    const known = shape.members.get(name);
    if (known === undefined) setOwn(result, name, member);
    else if (known.presence === 'required') setOwn(result, name, fromStrict(known.shape, member));
    else if (member !== null) {
      const inner = known.presence === 'boxed' && isRecord(member) ? member.value : member;
      setOwn(result, name, fromStrict(known.shape, inner));
    }
  }
  return result;
};

const toStrict = (shape: Shape, value: unknown): unknown => {
  switch (shape.kind) {
    case 'scalar':
      return value;
    case 'reference':
      return toStrict(shape.target(), value);
    case 'union': {
      const choice = choiceFor(shape.choices, value, false);
      return choice === undefined ? value : toStrict(choice, value);
    }
    case 'list':
      return Array.isArray(value) ? value.map((item) => toStrict(shape.items, item)) : value;
    case 'record':
      return isRecord(value)
        ? Object.entries(value).map(([key, item]) => ({ key, value: toStrict(shape.values, item) }))
        : value;
    case 'object':
      return isRecord(value) ? membersToStrict(shape, value) : value;
  }
};

const membersToStrict = (
  shape: Shape & { readonly kind: 'object' },
  value: Readonly<Record<string, unknown>>,
): unknown => {
  const result = {};
  for (const [name, { shape: inner, presence }] of shape.members) {
    if (!Object.hasOwn(value, name)) setOwn(result, name, null);
    else {
      const member = toStrict(inner, value[name]);
      setOwn(result, name, presence === 'boxed' ? { value: member } : member);
    }
  }
  return result;
};

/** The result of a conversion to the strict form; undefined where that cannot express the schema. */
export const ifExpressible = <T>(convert: () => T): T | undefined => {
  try {
    return convert();
  } catch (error) {
    if (isPipewrightError(error) && error.code === 'bad-schema') return undefined;
    throw error;
  }
};

/**
 * Puts a JSON Schema into the strict form that structured outputs ask for: every member required, none beside them. Nothing
 * is lost: a member that may be left out becomes nullable, one that may be null as well is put into `{ value }`, a record
 * becomes a list of `{ key, value }`, a root that is no object is put into `{ value }`; defaults are applied by your schema
 * when the answer is checked. Of the choices of a union the first that fits is taken.
 * Source of the rules: https://platform.openai.com/docs/guides/structured-outputs (supported schemas).
 * @throws {PipewrightError} `bad-schema` that names the place, for what the strict form cannot express: any value, tuples,
 * `allOf`, `not`, objects with both named and free keys, references out of the schema.
 * @example strictSchema({ type: 'object', properties: { note: { type: 'string' } } }).fromStrict({ note: null }) // => {}
 */
export const strictSchema = (jsonSchema: JsonSchema): StrictSchema => {
  const { schema, shape, isWrapped } = convertRoot(jsonSchema);
  return {
    schema,
    fromStrict: (value) => fromStrict(shape, isWrapped && isRecord(value) && 'value' in value ? value.value : value),
    toStrict: (value) => (isWrapped ? { value: toStrict(shape, value) } : toStrict(shape, value)),
  };
};
