import { type JsonSchema, loadOptional, type SchemaIssue, type SchemaWithJson } from '../core/index.js';

/** One thing that the validator found, as far as it is read here. */
interface OutputUnit {
  readonly keyword: string;
  readonly instanceLocation: string;
  readonly error: string;
}
type Validate = (value: unknown) => readonly OutputUnit[];

/** Keywords that only say that something inside them is wrong, and the schema `false`, whose parent says it better. */
const outer: ReadonlySet<string> = new Set([
  '$ref',
  'allOf',
  'dependentSchemas',
  'else',
  'false',
  'if',
  'items',
  'patternProperties',
  'prefixItems',
  'properties',
  'then',
]);

const pathOf = (location: string): readonly string[] =>
  location
    .split('/')
    .slice(1)
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'));

const issuesOf = (units: readonly OutputUnit[]): readonly SchemaIssue[] => {
  const inner = units.filter(({ keyword }) => !outer.has(keyword));
  return (inner.length > 0 ? inner : units).map(({ instanceLocation, error }) => ({
    message: error,
    path: pathOf(instanceLocation),
  }));
};

const loadValidator = async (schema: JsonSchema): Promise<Validate> => {
  const { Validator } = await loadOptional(
    '@cfworker/json-schema',
    'checking values against a JSON Schema',
    () => import('@cfworker/json-schema'),
  );
  const validator = new Validator(schema, '2020-12', false);
  return (value) => validator.validate(value).errors;
};

/**
 * A schema from a JSON Schema, for tools whose input is described that way, such as those of MCP servers. Values are checked by
 * `@cfworker/json-schema`, which is loaded with the first one and runs no code made from the schema.
 * @throws {PipewrightError} `dependency-missing` with the first value, when the package is not installed.
 * @example (await checkSchema(jsonSchema({ type: 'integer' }), 'four')).isValid // => false
 */
export const jsonSchema = <Out = unknown>(schema: JsonSchema): SchemaWithJson<Out> => {
  let validator: Promise<Validate> | undefined;
  return {
    jsonSchema: schema,
    '~standard': {
      version: 1,
      vendor: 'pipewright',
      validate: async (value) => {
        validator ??= loadValidator(schema);
        const units = (await validator)(value);
        return units.length === 0 ? { value: value as Out } : { issues: issuesOf(units) };
      },
    },
  };
};
