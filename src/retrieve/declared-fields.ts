import type { FieldCondition, Filter, FilterScalar } from '../core/index.js';

export type FilterOperator = Exclude<keyof FieldCondition, '$exists'>;

/** A metadata field that questions may narrow a search by. */
export interface DeclaredField {
  /** `date` is a text that begins with `2024-05-31`, so that texts in order are dates in order. */
  readonly type: 'string' | 'number' | 'boolean' | 'date';
  /** What it tells, for the model. */
  readonly description?: string;
  /** The only values that there are. */
  readonly values?: readonly (string | number)[];
  /** What may be asked of it. @default all that fit its type */
  readonly operators?: readonly FilterOperator[];
}

export type DeclaredFields = Readonly<Record<string, DeclaredField>>;

/** A query as a reader understands it: what to search for, and among which documents. */
export interface FilteredQuery {
  readonly text: string;
  readonly filter?: Filter;
}

/** One condition as a model writes it: every value as a text. */
export interface WrittenCondition {
  readonly field: string;
  readonly operator: string;
  readonly values: readonly string[];
}

const equality: readonly FilterOperator[] = ['$eq', '$ne', '$in', '$nin'];
const order: readonly FilterOperator[] = ['$gt', '$gte', '$lt', '$lte'];

/** What may be asked of a field. */
export const operatorsOf = ({ type, operators }: DeclaredField): readonly FilterOperator[] => {
  if (operators !== undefined) return operators;
  if (type === 'boolean') return ['$eq', '$ne'];
  return type === 'string' ? equality : [...equality, ...order];
};

/** A year, a month, a day, or a time of it. */
const isoDate = /^\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])(?:T\S+)?)?)?$/u;

const scalarOf = (written: string, { type }: DeclaredField): FilterScalar | undefined => {
  if (type === 'string') return written;
  if (type === 'boolean') return written === 'true' ? true : written === 'false' ? false : undefined;
  if (type === 'date') return isoDate.test(written) && !Number.isNaN(Date.parse(written)) ? written : undefined;
  return written.trim() === '' || !Number.isFinite(Number(written)) ? undefined : Number(written);
};

/** The value as the field has it; letter case does not matter where the values are declared. */
const fieldValue = (written: string, field: DeclaredField): FilterScalar | undefined => {
  const { values } = field;
  if (values === undefined) return scalarOf(written, field);
  return values.find((value) => String(value).toLowerCase() === written.trim().toLowerCase());
};

type CheckedCondition = { readonly filter: Filter } | { readonly issue: string };

const checkCondition = ({ field, operator, values }: WrittenCondition, fields: DeclaredFields): CheckedCondition => {
  const declared = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (declared === undefined)
    return { issue: `There is no field \`${field}\`. There are: ${Object.keys(fields).join(', ')}.` };
  const known = operatorsOf(declared).find((each) => each === operator);
  if (known === undefined)
    return { issue: `\`${field}\` takes no \`${operator}\`, but ${operatorsOf(declared).join(' ')}.` };
  const read = values.map((written) => fieldValue(written, declared));
  const wrong = values.find((_, at) => read[at] === undefined);
  if (wrong !== undefined || values.length === 0) {
    const allowed = declared.values === undefined ? `a ${declared.type}` : `one of ${declared.values.join(', ')}`;
    return { issue: `\`${field}\` must be ${allowed}, got ${JSON.stringify(wrong ?? '')}.` };
  }
  const isList = known === '$in' || known === '$nin';
  if (!isList && values.length > 1)
    return { issue: `\`${field}\` with \`${operator}\` takes one value; use \`$in\` for several.` };
  return { filter: { [field]: { [known]: isList ? read : read[0] } as FieldCondition } };
};

export type CheckedConditions = { readonly filter: Filter | undefined } | { readonly issues: readonly string[] };

/** The filter that all of these conditions make together, or what is wrong with them. */
export const checkConditions = (conditions: readonly WrittenCondition[], fields: DeclaredFields): CheckedConditions => {
  const checked = conditions.map((condition) => checkCondition(condition, fields));
  const issues = checked.flatMap((each) => ('issue' in each ? [each.issue] : []));
  if (issues.length > 0) return { issues };
  const filters = checked.flatMap((each) => ('filter' in each ? [each.filter] : []));
  return { filter: filters.length > 1 ? { $and: filters } : filters[0] };
};
