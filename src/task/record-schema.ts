import { booleanSchema, isText, numberSchema, objectSchema, textSchema } from '../ask/index.js';
import type { JsonSchema, SchemaIssue, SchemaWithJson } from '../core/index.js';

/** What stands in a field: `date` as `2026-05-03`, `email` with an @, `phone` with at least six digits. */
export type FieldKind = 'text' | 'number' | 'boolean' | 'date' | 'email' | 'phone';

export interface RecordField {
  readonly kind: FieldKind;
  /** What the field means; the model reads it. */
  readonly description?: string;
  /** @default false: it may be missing */
  readonly isRequired?: boolean;
}

export type RecordFields = Readonly<Record<string, FieldKind | RecordField>>;

type ValueOf<F extends FieldKind | RecordField> = (F extends RecordField ? F['kind'] : F) extends infer K
  ? K extends 'number'
    ? number
    : K extends 'boolean'
      ? boolean
      : string
  : never;

type IsRequired<F> = F extends { readonly isRequired: true } ? true : false;

/** The record that fields describe. */
export type RecordOf<Fields extends RecordFields> = {
  readonly [K in keyof Fields as IsRequired<Fields[K]> extends true ? K : never]: ValueOf<Fields[K]>;
} & { readonly [K in keyof Fields as IsRequired<Fields[K]> extends true ? never : K]?: ValueOf<Fields[K]> };

const forms: Readonly<Record<FieldKind, JsonSchema>> = {
  text: textSchema,
  number: numberSchema,
  boolean: booleanSchema,
  date: { type: 'string', description: 'A date as YYYY-MM-DD.' },
  email: { type: 'string', description: 'An e-mail address.' },
  phone: { type: 'string', description: 'A telephone number.' },
};

const isDate = (text: string): boolean => {
  if (!/^\d{4}-\d{2}-\d{2}$/u.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
};

const fits: Readonly<Record<FieldKind, (value: unknown) => boolean>> = {
  text: isText,
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  date: (value) => isText(value) && isDate(value),
  email: (value) => isText(value) && /^[^\s@]+@[^\s@]+\.[^\s@]+$/u.test(value),
  phone: (value) => isText(value) && (value.match(/\d/gu)?.length ?? 0) >= 6,
};

const fieldOf = (field: FieldKind | RecordField): RecordField => (typeof field === 'string' ? { kind: field } : field);

/**
 * A schema of a flat record, for data entry without a schema library.
 * @example recordSchema({ name: 'text', born: 'date' }).jsonSchema.required // => []
 */
export const recordSchema = <const Fields extends RecordFields>(fields: Fields): SchemaWithJson<RecordOf<Fields>> => {
  const entries = Object.entries(fields).map(([name, field]) => [name, fieldOf(field)] as const);
  const properties = entries.map(([name, { kind, description }]) => [
    name,
    {
      ...forms[kind],
      ...(description === undefined
        ? {}
        : { description: [description, forms[kind].description].filter(isText).join(' ') }),
    },
  ]);
  const required = entries.filter(([, { isRequired = false }]) => isRequired).map(([name]) => name);
  const issuesOf = (value: unknown): readonly SchemaIssue[] => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [{ message: 'must be an object.' }];
    return entries.flatMap(([name, { kind }]): SchemaIssue[] => {
      const inner: unknown = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
      if (inner === undefined) return required.includes(name) ? [{ message: 'is missing.', path: [name] }] : [];
      return fits[kind](inner) ? [] : [{ message: `is no ${kind}.`, path: [name] }];
    });
  };
  return {
    jsonSchema: { ...objectSchema(Object.fromEntries(properties)), required },
    '~standard': {
      version: 1,
      vendor: 'pipewright',
      validate: (value) => {
        const issues = issuesOf(value);
        return issues.length > 0 ? { issues } : { value: value as RecordOf<Fields> };
      },
    },
  };
};
