import { PipewrightError } from './errors.js';

/**
 * The part of Standard Schema (https://standardschema.dev, version 1) that we read. zod, valibot, arktype and others
 * implement it, so any of them, in any version, can be given wherever a schema is asked for.
 */
export interface Schema<out Out = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Out> | Promise<SchemaResult<Out>>;
    readonly types?: { readonly input: unknown; readonly output: Out } | undefined;
  };
}

export type SchemaResult<Out> =
  | { readonly value: Out; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A JSON Schema document (draft 2020-12 unless it says otherwise). */
export type JsonSchema = { readonly [key: string]: unknown };

export type Checked<Out> =
  | { readonly isValid: true; readonly value: Out }
  | { readonly isValid: false; readonly issues: readonly string[] };

const pathOf = (issue: SchemaIssue): string =>
  (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');

/** One readable line per issue: `price: expected number, received string`. */
export const describeIssues = (issues: readonly SchemaIssue[]): readonly string[] =>
  issues.map((issue) => (pathOf(issue) === '' ? issue.message : `${pathOf(issue)}: ${issue.message}`));

/** Checks a value against any Standard Schema. Wrong data is an answer here, not an exception. */
export const checkSchema = async <Out>(schema: Schema<Out>, value: unknown): Promise<Checked<Out>> => {
  const result = await schema['~standard'].validate(value);
  return result.issues === undefined
    ? { isValid: true, value: result.value }
    : { isValid: false, issues: describeIssues(result.issues) };
};

/** Gives any Standard Schema a JSON Schema by hand, for libraries that cannot write their own. */
export interface SchemaWithJson<Out> extends Schema<Out> {
  readonly jsonSchema: JsonSchema;
}

/**
 * Attaches a JSON Schema to a schema whose library cannot produce one.
 * @example withJsonSchema(valibotSchema, { type: 'object', properties: { name: { type: 'string' } } })
 */
export const withJsonSchema = <Out>(schema: Schema<Out>, jsonSchema: JsonSchema): SchemaWithJson<Out> => ({
  '~standard': schema['~standard'],
  jsonSchema,
});

interface JsonSchemaSource {
  readonly jsonSchema?: JsonSchema;
  readonly '~standard': { readonly jsonSchema?: { input: (o: { target: string }) => Record<string, unknown> } };
}

/**
 * The JSON Schema of a schema: its own `jsonSchema`, else what the library offers through `~standard.jsonSchema`
 * (zod from 4.2, arktype).
 * @throws {PipewrightError} `bad-schema` when neither exists or the library cannot express the schema.
 */
export const toJsonSchema = (schema: Schema): JsonSchema => {
  const source = schema as unknown as JsonSchemaSource;
  if (source.jsonSchema !== undefined) return source.jsonSchema;
  const { vendor } = schema['~standard'];
  const convert = source['~standard'].jsonSchema;
  if (convert === undefined) {
    throw new PipewrightError(
      'bad-schema',
      `The ${vendor} schema cannot say its JSON Schema. Wrap it: withJsonSchema(schema, { type: 'object', … }).`,
    );
  }
  try {
    return convert.input({ target: 'draft-2020-12' });
  } catch (cause) {
    throw new PipewrightError(
      'bad-schema',
      `The ${vendor} schema has a part that JSON Schema cannot express: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
};
