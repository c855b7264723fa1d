import { PipewrightError } from './errors.js';
import type { FieldCondition, FieldFilter, Filter, FilterScalar, Metadata, MetadataValue } from './document.js';

type Test = (metadata: Metadata | undefined) => boolean;
type ValueTest = (value: MetadataValue | undefined) => boolean;

const fail = (message: string): never => {
  throw new PipewrightError('bad-option', `Bad filter: ${message}`);
};

const isScalar = (value: unknown): value is FilterScalar =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

const scalarOf = (operator: string, value: unknown): FilterScalar =>
  isScalar(value) ? value : fail(`\`${operator}\` takes a string, number, boolean or null.`);

const listOf = (operator: string, value: unknown): readonly FilterScalar[] =>
  Array.isArray(value) && value.every(isScalar) ? value : fail(`\`${operator}\` takes a list of plain values.`);

/** Whether a test holds for the value or, where that is a list, for some member. A missing field never matches. */
const some =
  (test: (value: FilterScalar) => boolean): ValueTest =>
  (value) => {
    if (value === undefined) return false;
    return Array.isArray(value) ? value.some(test) : test(value as FilterScalar);
  };

const not =
  (test: ValueTest): ValueTest =>
  (value) =>
    !test(value);

const ordered = (operator: string, limit: unknown, holds: (order: number) => boolean): ValueTest => {
  if (typeof limit !== 'number' && typeof limit !== 'string') {
    return fail(`\`${operator}\` takes a number or a string.`);
  }
  return some((value) => {
    if (typeof value !== typeof limit) return false;
    return holds(
      (value as typeof limit) < limit ? -1 : (value as typeof limit) > limit ? 1 : value === limit ? 0 : NaN,
    );
  });
};

const operators: Readonly<Record<keyof FieldCondition, (operand: unknown) => ValueTest>> = {
  $eq: (operand) => {
    const wanted = scalarOf('$eq', operand);
    return some((value) => value === wanted);
  },
  $ne: (operand) => {
    const wanted = scalarOf('$ne', operand);
    return not(some((value) => value === wanted));
  },
  $gt: (operand) => ordered('$gt', operand, (order) => order > 0),
  $gte: (operand) => ordered('$gte', operand, (order) => order >= 0),
  $lt: (operand) => ordered('$lt', operand, (order) => order < 0),
  $lte: (operand) => ordered('$lte', operand, (order) => order <= 0),
  $in: (operand) => {
    const wanted = new Set(listOf('$in', operand));
    return some((value) => wanted.has(value));
  },
  $nin: (operand) => {
    const wanted = new Set(listOf('$nin', operand));
    return not(some((value) => wanted.has(value)));
  },
  $exists: (operand) => {
    if (typeof operand !== 'boolean') return fail('`$exists` takes true or false.');
    return (value) => (value !== undefined) === operand;
  },
};

const compileField = (field: string, condition: FieldFilter): Test => {
  const read = (metadata: Metadata | undefined): MetadataValue | undefined =>
    metadata !== undefined && Object.hasOwn(metadata, field) ? metadata[field] : undefined;
  if (isScalar(condition)) {
    const test = operators.$eq(condition);
    return (metadata) => test(read(metadata));
  }
  if (typeof condition !== 'object' || Array.isArray(condition)) {
    return fail(`the condition on \`${field}\` must be a plain value or an object of operators.`);
  }
  const tests = Object.entries(condition).map(([name, operand]) => {
    if (!Object.hasOwn(operators, name)) {
      return fail(`\`${name}\` on \`${field}\` is no operator. There are: ${Object.keys(operators).join(' ')}.`);
    }
    return operators[name as keyof FieldCondition](operand);
  });
  if (tests.length === 0) return fail(`the condition on \`${field}\` is empty.`);
  return (metadata) => {
    const value = read(metadata);
    return tests.every((test) => test(value));
  };
};

const compileList = (operator: string, value: unknown): readonly Test[] =>
  Array.isArray(value) && value.length > 0
    ? value.map((part) => compileFilter(part))
    : fail(`\`${operator}\` takes a list of filters that is not empty.`);

/**
 * Turns a filter into a test on metadata.
 * @throws {PipewrightError} `bad-option` when the filter is malformed; the message names the operator and the field.
 * @example compileFilter({ year: { $gte: 2020 } })({ year: 2024 }) // => true
 */
export const compileFilter = (filter: Filter): Test => {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) return fail('it must be an object.');
  const tests = Object.entries(filter).map(([key, value]): Test => {
    if (key === '$and') {
      const parts = compileList(key, value);
      return (metadata) => parts.every((part) => part(metadata));
    }
    if (key === '$or') {
      const parts = compileList(key, value);
      return (metadata) => parts.some((part) => part(metadata));
    }
    if (key === '$not') {
      const part = compileFilter(value as Filter);
      return (metadata) => !part(metadata);
    }
    if (key.startsWith('$')) return fail(`\`${key}\` is no operator between conditions. There are: $and $or $not.`);
    return compileField(key, value as FieldFilter);
  });
  return (metadata) => tests.every((test) => test(metadata));
};
