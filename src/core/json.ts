import { PipewrightError } from './errors.js';
import { scrubFields } from './secret-fields.js';
import { hidden, isSecretName } from './secrets.js';

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface ToJsonOptions {
  /** Leaves secrets out: fields named like headers that hold one, texts shaped like a key. @default false */
  readonly hidesSecrets?: boolean;
  /** Refuses what `fromJson` cannot give back: functions, symbols, instances of classes. @default false, functions are left out */
  readonly isExact?: boolean;
}

/** The field that marks a value that JSON has no form for. */
const mark = '$type';

const maxDepth = 200;

/** Defined, not assigned: `__proto__` is a field like any other. */
const setField = <T>(object: Record<string, T>, key: string, value: T): void => {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
};

const typedArrays = {
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
};
type TypedArrayName = keyof typeof typedArrays;

const bytesOf = (view: ArrayBufferView): string =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64');

/** A `Buffer` is kept as the `Uint8Array` that it is. */
const typedArrayName = (value: ArrayBufferView): TypedArrayName | undefined =>
  (Object.keys(typedArrays) as TypedArrayName[]).find((name) => value instanceof typedArrays[name]);

const marked = (type: string, value: Json): Json => ({ [mark]: type, value });

/**
 * A value as JSON: keys in order, fields that are undefined left out, and bytes, vectors, dates, URLs, maps and sets in a form
 * that `fromJson` reads back. Equal values give equal JSON.
 * @throws {PipewrightError} `bad-input` for a value that is nested deeper than 200, or holds itself; with `isExact` also for
 * functions and instances of classes.
 * @example toJson({ b: new Uint8Array([1]), a: undefined }) // => { b: { $type: 'Uint8Array', value: 'AQ==' } }
 */
export const toJson = (value: unknown, options: ToJsonOptions = {}): Json => encode(value, options, 0);

const encode = (value: unknown, options: ToJsonOptions, depth: number): Json => {
  if (depth > maxDepth) {
    throw new PipewrightError(
      'bad-input',
      `A value nested deeper than ${maxDepth}, or inside itself, has no JSON form.`,
    );
  }
  switch (typeof value) {
    case 'string':
      return options.hidesSecrets === true ? scrubFields(value) : value;
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : marked('number', String(value));
    case 'bigint':
      return marked('bigint', String(value));
    case 'object':
      return value === null ? null : encodeObject(value, options, depth);
    case 'undefined':
      return { [mark]: 'undefined' };
    default:
      if (options.isExact === true) throw notPlain(`a ${typeof value}`);
      return { [mark]: 'undefined' };
  }
};

const notPlain = (what: string): PipewrightError =>
  new PipewrightError('bad-input', `The value holds ${what}, which has no JSON form. Give plain data.`);

const encodeObject = (value: object, options: ToJsonOptions, depth: number): Json => {
  if (Array.isArray(value)) return value.map((inner) => encode(inner, options, depth + 1));
  if (ArrayBuffer.isView(value)) {
    const name = typedArrayName(value);
    if (name !== undefined) return marked(name, bytesOf(value));
  }
  if (value instanceof URL) return marked('URL', encode(value.href, options, depth));
  if (value instanceof Date) return marked('Date', value.getTime());
  if (value instanceof Map) return marked('Map', encode([...value], options, depth + 1));
  if (value instanceof Set) return marked('Set', encode([...value], options, depth + 1));
  if (options.isExact === true && !isPlain(value))
    throw notPlain(`an instance of ${value.constructor?.name ?? 'a class'}`);
  return encodeFields(value, options, depth);
};

/** An object of another realm has a prototype of its own that ends in nothing after one step. */
const isPlain = (value: object): boolean => {
  const above: unknown = Object.getPrototypeOf(value);
  return above === null || Object.getPrototypeOf(above) === null;
};

/** A secret is a text, or a list of them: the values of a header that came twice. */
const withoutTexts = (value: unknown): unknown => {
  if (typeof value === 'string') return hidden;
  return Array.isArray(value) ? value.map(withoutTexts) : value;
};

const encodeFields = (value: object, options: ToJsonOptions, depth: number): Json => {
  const object: Record<string, Json> = {};
  for (const key of Object.keys(value).sort()) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner === undefined || (typeof inner === 'function' && options.isExact !== true)) continue;
    const isSecret = options.hidesSecrets === true && isSecretName(key);
    setField(object, key, encode(isSecret ? withoutTexts(inner) : inner, options, depth + 1));
  }
  // An object that has the mark by itself must not be taken for one of ours.
  return Object.hasOwn(object, mark) ? marked('Object', object) : object;
};

/**
 * The value that `toJson` was given.
 * @example fromJson(toJson(new Float32Array([1, 2]))) // => new Float32Array([1, 2])
 */
export const fromJson = (json: Json): unknown => {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(fromJson);
  const object = json as { readonly [key: string]: Json };
  return Object.hasOwn(object, mark) ? decodeMarked(object) : decodeFields(object);
};

const decodeFields = (object: { readonly [key: string]: Json }): unknown => {
  const value: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(object)) setField(value, key, fromJson(inner));
  return value;
};

const decodeMarked = ({ [mark]: type, value = null }: { readonly [key: string]: Json }): unknown => {
  if (typeof type === 'string' && Object.hasOwn(typedArrays, type)) {
    // Copied into a buffer of its own, whose start suits every width.
    return new typedArrays[type as TypedArrayName](new Uint8Array(Buffer.from(String(value), 'base64')).buffer);
  }
  switch (type) {
    case 'Object':
      return decodeFields(value as { readonly [key: string]: Json });
    case 'number':
      return Number(value);
    case 'bigint':
      return BigInt(String(value));
    case 'URL':
      return new URL(String(value));
    case 'Date':
      // JSON writes the time of an invalid date as null.
      return new Date(value === null ? Number.NaN : Number(value));
    case 'Map':
      return new Map(fromJson(value) as [unknown, unknown][]);
    case 'Set':
      return new Set(fromJson(value) as unknown[]);
    default:
      return undefined;
  }
};
