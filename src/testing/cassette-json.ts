import { type Json, toJson as plainJson } from '../core/index.js';

export { fromJson, type Json } from '../core/index.js';

/** A value as a cassette holds it: without secrets. */
export const toJson = (value: unknown): Json => plainJson(value, { hidesSecrets: true });

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

/** How many characters two texts do not share at their beginning and end. */
const textDistance = (a: string, b: string): number => {
  const most = Math.min(a.length, b.length);
  let start = 0;
  while (start < most && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < most - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  return a.length + b.length - 2 * (start + end);
};

/** How far two values are from each other, in characters of JSON; 0 when they are equal. */
export const distance = (recorded: Json | undefined, got: Json | undefined): number => {
  if (typeof recorded === 'string' && typeof got === 'string') return textDistance(recorded, got);
  if (!isBranch(recorded) || !isBranch(got) || Array.isArray(recorded) !== Array.isArray(got)) {
    const [a = '', b = ''] = [JSON.stringify(recorded), JSON.stringify(got)];
    return a === b ? 0 : a.length + b.length;
  }
  const keys = new Set([...Object.keys(recorded), ...Object.keys(got)]);
  return [...keys].reduce((sum, key) => sum + distance(fieldOf(recorded, key), fieldOf(got, key)), 0);
};
