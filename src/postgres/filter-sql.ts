import { compileFilter, type FieldCondition, type FieldFilter, type Filter } from '../core/index.js';
import type { SqlValue } from './session.js';
import { jsonOf, toSqlText } from './sql-text.js';

/** Collects the values of a statement; `add` returns the placeholder. */
export interface Parameters {
  readonly values: readonly SqlValue[];
  readonly add: (value: SqlValue) => string;
}

export const parameters = (...first: readonly SqlValue[]): Parameters => {
  const values = [...first];
  return { values, add: (value) => `$${values.push(value)}` };
};

const comparisons: Readonly<Record<string, string>> = { $gt: '>', $gte: '>=', $lt: '<', $lte: '<=' };

/** Writes conditions on one field of the column `metadata`. */
const fieldSql = (field: string, { add }: Parameters): ((operator: string, operand: unknown) => string) => {
  const name = toSqlText(field);
  /** As JSON, the field with this value, and the field with a list that holds it. An index can look up both. */
  const withValue = (value: unknown): readonly string[] => {
    // NaN equals nothing, and would become null in JSON.
    if (typeof value === 'number' && !Number.isFinite(value)) return [];
    return [`{${JSON.stringify(name)}:${jsonOf(value)}}`, `{${JSON.stringify(name)}:[${jsonOf(value)}]}`];
  };
  const equals = (value: unknown): string => {
    const forms = withValue(value).map((form) => `metadata @> ${add(form)}::jsonb`);
    return forms.length === 0 ? 'FALSE' : `(${forms.join(' OR ')})`;
  };
  const isIn = (values: readonly unknown[]): string =>
    `metadata @> ANY(${add(values.flatMap(withValue))}::text[]::jsonb[])`;
  // In jsonpath, texts compare with texts and numbers with numbers only; `$[*]` is each member of a list, or the value itself.
  const isOrdered = (operator: string, limit: unknown): string =>
    Number.isNaN(limit)
      ? 'FALSE'
      : `COALESCE(jsonb_path_exists(metadata -> ${add(name)}::text, '$[*] ? (@ ${comparisons[operator]} $limit)', ${add(`{"limit":${jsonOf(limit)}}`)}::jsonb), FALSE)`;
  return (operator, operand) => {
    switch (operator as keyof FieldCondition) {
      case '$eq':
        return equals(operand);
      case '$ne':
        return `NOT ${equals(operand)}`;
      case '$in':
        return isIn(operand as readonly unknown[]);
      case '$nin':
        return `NOT ${isIn(operand as readonly unknown[])}`;
      case '$exists':
        return `${operand === true ? '' : 'NOT '}jsonb_exists(metadata, ${add(name)}::text)`;
      default:
        return isOrdered(operator, operand);
    }
  };
};

const join = (parts: readonly string[], word: 'AND' | 'OR'): string =>
  parts.length === 0 ? 'TRUE' : `(${parts.join(` ${word} `)})`;

const conditionSql = (filter: Filter, values: Parameters): string =>
  join(
    Object.entries(filter).map(([key, value]) => {
      if (key === '$and')
        return join(
          (value as readonly Filter[]).map((part) => conditionSql(part, values)),
          'AND',
        );
      if (key === '$or')
        return join(
          (value as readonly Filter[]).map((part) => conditionSql(part, values)),
          'OR',
        );
      if (key === '$not') return `NOT ${conditionSql(value as Filter, values)}`;
      const write = fieldSql(key, values);
      const condition = value as FieldFilter;
      if (typeof condition !== 'object' || condition === null) return write('$eq', condition);
      return join(
        Object.entries(condition).map(([operator, operand]) => write(operator, operand)),
        'AND',
      );
    }),
    'AND',
  );

/**
 * A condition on the column `metadata` that holds exactly where `compileFilter` says so. Every name and value of the filter is
 * a parameter.
 * @throws {PipewrightError} `bad-option` when the filter is malformed.
 */
export const filterSql = (filter: Filter | undefined, values: Parameters): string => {
  if (filter === undefined) return 'TRUE';
  compileFilter(filter);
  return conditionSql(filter, values);
};
