import { isRecord } from '../core/index.js';
import { setOwn } from './own-property.js';
import type { Shape } from './strict-schema.js';
import { typeOf } from './strict-value.js';

/** How many unions inside each other may leave open which choice is meant before a draft waits for more. */
const maxOpenUnions = 3;

/** What a member or item becomes that cannot be shown yet. */
const notYet: unique symbol = Symbol('not yet');

/** A copy of plain JSON. */
export const copyOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isRecord(value)) return value;
  const copy = {};
  for (const [name, member] of Object.entries(value)) setOwn(copy, name, copyOf(member));
  return copy;
};

/** Whether the value is, or may still become, a value of the shape. */
const mayFit = (shape: Shape, value: unknown): boolean => {
  switch (shape.kind) {
    case 'scalar':
      return mayFitScalar(shape.schema, value);
    case 'reference':
      return mayFit(shape.target(), value);
    case 'union':
      return shape.choices.some((choice) => mayFit(choice, value));
    case 'list':
      return Array.isArray(value) && value.every((item) => mayFit(shape.items, item));
    case 'record':
      return Array.isArray(value)
        ? value.every((pair) => isRecord(pair) && (!('value' in pair) || mayFit(shape.values, pair.value)))
        : isRecord(value);
    case 'object':
      return (
        isRecord(value) &&
        Object.entries(value).every(([name, member]) => {
          const known = shape.members.get(name);
          if (known === undefined) return false;
          if (known.presence === 'required') return mayFit(known.shape, member);
          if (member === null) return true;
          if (known.presence === 'optional') return mayFit(known.shape, member);
          return isRecord(member) && (!('value' in member) || mayFit(known.shape, member.value));
        })
      );
  }
};

const mayFitScalar = (schema: Readonly<Record<string, unknown>>, value: unknown): boolean => {
  const choices = 'const' in schema ? [schema.const] : schema.enum;
  if (Array.isArray(choices)) {
    return choices.some(
      (choice) =>
        choice === value || (typeof choice === 'string' && typeof value === 'string' && choice.startsWith(value)),
    );
  }
  const type = typeOf(value);
  return schema.type === type || (schema.type === 'number' && type === 'integer');
};

/** What two drafts have in common. */
const common = (a: unknown, b: unknown): unknown => {
  if (typeof a !== 'object' || a === null) return Object.is(a, b) ? a : notYet;
  if (typeof b !== 'object' || b === null || Array.isArray(a) !== Array.isArray(b)) return notYet;
  const result = Array.isArray(a) ? [] : {};
  for (const [name, value] of Object.entries(a)) {
    const both = Object.hasOwn(b, name) ? common(value, (b as Record<string, unknown>)[name]) : notYet;
    if (both !== notYet) setOwn(result, name, both);
    else if (Array.isArray(result)) break;
  }
  return result;
};

const shown = (shape: Shape, value: unknown, openUnions: number): unknown => {
  switch (shape.kind) {
    case 'scalar':
      return copyOf(value);
    case 'reference':
      return shown(shape.target(), value, openUnions);
    case 'union':
      return shownChoice(shape.choices, value, openUnions);
    case 'list':
      return Array.isArray(value) ? shownItems(value, shape.items, openUnions) : copyOf(value);
    case 'record':
      return Array.isArray(value) ? shownRecord(value, shape.values, openUnions) : copyOf(value);
    case 'object':
      return isRecord(value) ? shownMembers(shape.members, value, openUnions) : copyOf(value);
  }
};

/** While several choices are possible, what they agree on. */
const shownChoice = (choices: readonly Shape[], value: unknown, openUnions: number): unknown => {
  const possible = choices.filter((choice) => mayFit(choice, value));
  const [first, ...others] = possible;
  if (first === undefined) return copyOf(value);
  if (others.length === 0) return shown(first, value, openUnions);
  if (openUnions >= maxOpenUnions) return notYet;
  return others.reduce<unknown>(
    (draft, other) => common(draft, shown(other, value, openUnions + 1)),
    shown(first, value, openUnions + 1),
  );
};

/** A list stops before the first item that cannot be shown yet, so that no item changes its place. */
const shownItems = (items: readonly unknown[], shape: Shape, openUnions: number): unknown => {
  const result: unknown[] = [];
  for (const item of items) {
    const draft = shown(shape, item, openUnions);
    if (draft === notYet) break;
    result.push(draft);
  }
  return result;
};

/** A key is whole once something follows it. */
const shownRecord = (pairs: readonly unknown[], shape: Shape, openUnions: number): unknown => {
  const result = {};
  for (const pair of pairs) {
    if (!isRecord(pair)) return copyOf(pairs);
    const [first] = Object.keys(pair);
    if (first !== 'key' || typeof pair.key !== 'string' || !('value' in pair)) continue;
    const draft = shown(shape, pair.value, openUnions);
    if (draft !== notYet) setOwn(result, pair.key, draft);
  }
  return result;
};

const shownMembers = (
  members: (Shape & { readonly kind: 'object' })['members'],
  value: Readonly<Record<string, unknown>>,
  openUnions: number,
): unknown => {
  const result = {};
  for (const [name, member] of Object.entries(value)) {
    const known = members.get(name);
    const isLeftOut = known !== undefined && known.presence !== 'required' && member === null;
    if (isLeftOut) continue;
    const isBoxed = known?.presence === 'boxed' && isRecord(member);
    if (isBoxed && !('value' in member)) continue;
    const inner = isBoxed ? member.value : member;
    const draft = known === undefined ? copyOf(inner) : shown(known.shape, inner, openUnions);
    if (draft !== notYet) setOwn(result, name, draft);
  }
  return result;
};

/**
 * What is certain of a value of the strict form that is still being written, in the form of the original schema; a copy.
 * Undefined while nothing is.
 */
export const draftOf = (shape: Shape, value: unknown): unknown => {
  if (value === undefined) return undefined;
  const draft = shown(shape, value, 0);
  return draft === notYet ? undefined : draft;
};

/** Whether the value that was read so far is put into `{ value }`, for a shape that is wrapped on the wire. */
export const isBox = (shape: Shape | undefined, value: unknown): value is { readonly value: unknown } =>
  isRecord(value) &&
  'value' in value &&
  Object.keys(value).length === 1 &&
  (shape === undefined || mayFit(shape, value.value));
