import { hidden, isSecretName, PipewrightError, scrubText } from '../core/index.js';

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The field that marks a value that JSON has no form for. */
const mark = '$type';

const maxDepth = 200;

const entry = (object: Record<string, Json>, key: string, value: Json): void => {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
};

const objectOf = (value: object, depth: number): Json => {
  const object: Record<string, Json> = {};
  for (const key of Object.keys(value).sort()) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner === undefined || typeof inner === 'function') continue;
    entry(object, key, isSecretName(key) && typeof inner === 'string' ? hidden : toJson(inner, depth + 1));
  }
  // An object that has the mark by itself must not be taken for one of ours.
  return Object.hasOwn(object, mark) ? { [mark]: 'Object', value: object } : object;
};

const bytesOf = (view: ArrayBufferView): string =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64');

/**
 * A value as JSON: keys in order, without secrets (fields named like headers that hold one, texts shaped like a key), and with
 * bytes, vectors, dates, URLs, maps and sets in a form that `fromJson` reads back.
 */
export const toJson = (value: unknown, depth = 0): Json => {
  if (depth > maxDepth) {
    throw new PipewrightError(
      'bad-input',
      `A cassette cannot hold a value nested deeper than ${maxDepth}, or one inside itself.`,
    );
  }
  if (typeof value === 'string') return scrubText(value);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : { [mark]: 'number', value: String(value) };
  if (typeof value === 'bigint') return { [mark]: 'bigint', value: String(value) };
  if (typeof value !== 'object') return { [mark]: 'undefined' };
  if (Array.isArray(value)) return value.map((inner) => toJson(inner, depth + 1));
  if (value instanceof Float32Array) return { [mark]: 'Float32Array', value: bytesOf(value) };
  if (value instanceof Uint8Array) return { [mark]: 'Uint8Array', value: bytesOf(value) };
  if (value instanceof URL) return { [mark]: 'URL', value: scrubText(value.href) };
  if (value instanceof Date) return { [mark]: 'Date', value: value.getTime() };
  if (value instanceof Map) return { [mark]: 'Map', value: toJson([...value], depth + 1) };
  if (value instanceof Set) return { [mark]: 'Set', value: toJson([...value], depth + 1) };
  return objectOf(value, depth);
};

/** The value that `toJson` was given, as far as it was no secret. */
export const fromJson = (json: Json): unknown => {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(fromJson);
  const object = json as { readonly [key: string]: Json };
  return Object.hasOwn(object, mark) ? marked(object) : plain(object);
};

const plain = (object: { readonly [key: string]: Json }): unknown => {
  const value: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(object)) entry(value as Record<string, Json>, key, fromJson(inner) as Json);
  return value;
};

const marked = ({ [mark]: type, value = null }: { readonly [key: string]: Json }): unknown => {
  switch (type) {
    case 'Object':
      return plain(value as { readonly [key: string]: Json });
    case 'number':
      return Number(value);
    case 'bigint':
      return BigInt(String(value));
    case 'Float32Array':
      return new Float32Array(new Uint8Array(Buffer.from(String(value), 'base64')).buffer);
    case 'Uint8Array':
      return new Uint8Array(Buffer.from(String(value), 'base64'));
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

const shown = (json: Json | undefined): string => {
  const text = json === undefined ? 'nothing' : JSON.stringify(json);
  return text.length <= 120 ? text : `${text.slice(0, 120)}…`;
};

const fieldOf = (json: Json, key: string): Json | undefined =>
  typeof json === 'object' && json !== null && Object.hasOwn(json, key)
    ? (json as { readonly [key: string]: Json })[key]
    : undefined;

const isBranch = (json: Json | undefined): json is readonly Json[] | { readonly [key: string]: Json } =>
  typeof json === 'object' && json !== null;

/** Where two values differ, one line each: `messages.0.content: recorded "a", got "b"`. */
export const differences = (recorded: Json | undefined, got: Json | undefined, path = ''): readonly string[] => {
  if (!isBranch(recorded) || !isBranch(got) || Array.isArray(recorded) !== Array.isArray(got)) {
    if (shown(recorded) === shown(got) && JSON.stringify(recorded) === JSON.stringify(got)) return [];
    return [`${path === '' ? 'the input' : path}: recorded ${shown(recorded)}, got ${shown(got)}`];
  }
  const keys = new Set([...Object.keys(recorded), ...Object.keys(got)]);
  return [...keys].flatMap((key) =>
    differences(fieldOf(recorded, key), fieldOf(got, key), path === '' ? key : `${path}.${key}`),
  );
};
