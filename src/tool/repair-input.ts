import { type JsonSchema, isRecord } from '../core/index.js';
import { parseJson } from '../output/index.js';

type Fields = Readonly<Record<string, unknown>>;

const typesOf = ({ type }: JsonSchema): readonly string[] =>
  typeof type === 'string' ? [type] : Array.isArray(type) ? type.map(String) : [];

/** Deeper values are left as they are. */
const maxDepth = 50;
const numeral = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/iu;

const readJson = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch {
    // No JSON: the text stays, and the check says what is wrong with it.
    return text;
  }
};

/** A text where something else was asked for. */
const fromText = (text: string, types: readonly string[]): unknown => {
  const trimmed = text.trim();
  const isAsked = (...names: readonly string[]): boolean => names.some((name) => types.includes(name));
  if (isAsked('number', 'integer') && numeral.test(trimmed)) return Number(trimmed);
  if (isAsked('boolean') && /^(?:true|false)$/iu.test(trimmed)) return trimmed.toLowerCase() === 'true';
  if (isAsked('null') && /^(?:null|none)$/iu.test(trimmed)) return null;
  if (isAsked('object') && trimmed.startsWith('{')) return readJson(trimmed);
  if (isAsked('array') && trimmed.startsWith('[')) return readJson(trimmed);
  return text;
};

const ofType = (value: unknown, types: readonly string[]): unknown => {
  if (types.length === 0) return value;
  if (typeof value === 'string') {
    const read = types.includes('string') ? value : fromText(value, types);
    return read === value && types.length === 1 && types[0] === 'array' ? [value] : read;
  }
  if ((typeof value === 'number' || typeof value === 'boolean') && types.length === 1) {
    if (types[0] === 'string') return String(value);
    if (types[0] === 'array') return [value];
  }
  return isRecord(value) && types.length === 1 && types[0] === 'array' ? [value] : value;
};

/** A choice in another case, or with spaces around it. */
const ofChoices = (value: unknown, choices: unknown): unknown => {
  if (typeof value !== 'string' || !Array.isArray(choices) || choices.includes(value)) return value;
  const plain = value.trim().toLowerCase();
  const same = choices.filter((choice) => typeof choice === 'string' && choice.trim().toLowerCase() === plain);
  return same.length === 1 ? same[0] : value;
};

const ofMembers = (value: Fields, schema: JsonSchema, depth: number): Fields => {
  const properties = isRecord(schema.properties) ? schema.properties : {};
  const required: readonly unknown[] = Array.isArray(schema.required) ? schema.required : [];
  const members = Object.entries(value).flatMap(([name, member]): readonly (readonly [string, unknown])[] => {
    const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (!isRecord(own)) return [[name, member]];
    const types = typesOf(own);
    const isLeftOut = member === null && !required.includes(name) && types.length > 0 && !types.includes('null');
    return isLeftOut ? [] : [[name, repaired(own, member, depth + 1)]];
  });
  return Object.fromEntries(members);
};

const repaired = (schema: JsonSchema, value: unknown, depth: number): unknown => {
  if (depth > maxDepth) return value;
  const typed = ofChoices(ofType(value, typesOf(schema)), schema.enum);
  if (Array.isArray(typed)) {
    const { items } = schema;
    return isRecord(items) ? typed.map((item) => repaired(items, item, depth + 1)) : typed;
  }
  return isRecord(typed) ? ofMembers(typed, schema, depth) : typed;
};

/** Models now and then put the arguments into one more object of these names. */
const wrappers: ReadonlySet<string> = new Set(['args', 'arguments', 'input', 'parameters', 'params']);

const unwrapped = (schema: JsonSchema, value: unknown): unknown => {
  if (!isRecord(value)) return value;
  const [name, ...others] = Object.keys(value);
  if (name === undefined || others.length > 0 || !wrappers.has(name)) return value;
  const properties = isRecord(schema.properties) ? schema.properties : {};
  const inner = value[name];
  return Object.hasOwn(properties, name) || !isRecord(inner) ? value : inner;
};

/**
 * Arguments of a model brought nearer to what a JSON Schema asks for, where there is no doubt about what is meant: a number or a
 * list in quotes, one value where a list is asked for, null for what may be left out, a choice in another case, arguments in one
 * more object. For arguments that do not fit as they are; check the result again.
 * @example repairInput({ type: 'object', properties: { days: { type: 'integer' } } }, { days: '3' }) // => { days: 3 }
 */
export const repairInput = (schema: JsonSchema, value: unknown): unknown =>
  repaired(schema, unwrapped(schema, value), 0);
