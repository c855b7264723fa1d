import type { FieldCondition, FieldFilter, FilterScalar } from '../core/index.js';
import { allBits, type Bits, intersect, invert, setBit } from './bits.js';
import { createField, type Field } from './field.js';
import type { Postings } from './postings.js';

type Limit = string | number;
type Operator = (field: Field, operand: never, wordCount: number) => Bits;

const addRows = (bits: Bits, { starts, rows }: Postings, code: number): void => {
  const end = starts[code + 1] ?? 0;
  for (let i = starts[code] ?? 0; i < end; i++) setBit(bits, rows[i] as number);
};

const oneOf = (field: Field, wanted: readonly FilterScalar[], wordCount: number): Bits => {
  const bits = new Uint32Array(wordCount);
  const postings = field.postings();
  for (const value of wanted) {
    const code = field.dictionary.codeOf(value);
    if (code !== undefined) addRows(bits, postings, code);
  }
  return field.withChanges(bits, (value) => wanted.includes(value));
};

const ordered = (field: Field, limit: Limit, holds: (value: Limit) => boolean, wordCount: number): Bits => {
  const bits = new Uint32Array(wordCount);
  const postings = field.postings();
  const isMet = (value: FilterScalar | undefined): boolean => typeof value === typeof limit && holds(value as Limit);
  const { numbers, size } = postings;
  const { scalarOf } = field.dictionary;
  for (let code = 1; code < size; code++) {
    // Numbers stand side by side, and none compares with the NaN of what is no number.
    if (typeof limit === 'number' ? holds(numbers[code] as number) : isMet(scalarOf(code)))
      addRows(bits, postings, code);
  }
  return field.withChanges(bits, isMet);
};

const present = ({ column }: Field, wordCount: number): Bits => {
  const bits = new Uint32Array(wordCount);
  column.forEach((row) => {
    setBit(bits, row);
  });
  return bits;
};

const operators: Readonly<Record<keyof FieldCondition, Operator>> = {
  $eq: (field, wanted: FilterScalar, words) => oneOf(field, [wanted], words),
  $ne: (field, wanted: FilterScalar, words) => invert(oneOf(field, [wanted], words)),
  $in: (field, wanted: readonly FilterScalar[], words) => oneOf(field, wanted, words),
  $nin: (field, wanted: readonly FilterScalar[], words) => invert(oneOf(field, wanted, words)),
  $gt: (field, limit: Limit, words) => ordered(field, limit, (value) => value > limit, words),
  $gte: (field, limit: Limit, words) => ordered(field, limit, (value) => value >= limit, words),
  $lt: (field, limit: Limit, words) => ordered(field, limit, (value) => value < limit, words),
  $lte: (field, limit: Limit, words) => ordered(field, limit, (value) => value <= limit, words),
  $exists: (field, wanted: boolean, words) => (wanted ? present(field, words) : invert(present(field, words))),
};

const isCondition = (filter: FieldFilter): filter is FieldCondition => typeof filter === 'object' && filter !== null;

/**
 * The rows that meet a well-formed condition on a field, which may be one that no row has. Where the condition is one that rows
 * without the field meet, rows that are not there meet it too.
 */
export const rowsWhere = (known: Field | undefined, condition: FieldFilter, wordCount: number): Bits => {
  const field = known ?? createField();
  if (!isCondition(condition)) return oneOf(field, [condition], wordCount);
  const parts = Object.entries(condition).map(([name, operand]) =>
    operators[name as keyof FieldCondition](field, operand as never, wordCount),
  );
  return parts.length === 0 ? allBits(wordCount) : intersect(parts, wordCount);
};
