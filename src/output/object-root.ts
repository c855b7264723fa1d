import { type JsonSchema, isRecord } from '../core/index.js';
import { setOwn } from './own-property.js';

/** A schema whose root is an object, as APIs want it, and the way back to the value that was meant. */
export interface ObjectRoot {
  readonly schema: JsonSchema;
  readonly unwrap: (value: unknown) => unknown;
}

/** Whether the root is an object with named members. A root of free keys is put into an object too. */
export const isObjectRoot = ({ type, additionalProperties: rest }: JsonSchema): boolean =>
  type === 'object' && rest !== true && !isRecord(rest);

/** The value that was put into `{ value }`; any other as it is. */
export const unwrapped = (value: unknown): unknown =>
  isRecord(value) && Object.hasOwn(value, 'value') && Object.keys(value).length === 1 ? value.value : value;

const rootName = 'pipewright-root';

/** The same schema with what refers to its root referring to a definition. */
const withRootRenamed = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(withRootRenamed);
  if (!isRecord(schema)) return schema;
  const renamed = {};
  for (const [name, value] of Object.entries(schema)) {
    setOwn(renamed, name, name === '$ref' && value === '#' ? `#/$defs/${rootName}` : withRootRenamed(value));
  }
  return renamed;
};

/** Puts a root that is no object into `{ value }`; its definitions stay at the root. */
export const objectRoot = (schema: JsonSchema): ObjectRoot => {
  if (isObjectRoot(schema)) return { schema, unwrap: (value) => value };
  const { $schema: _, $defs, definitions, ...root } = withRootRenamed(schema) as Record<string, unknown>;
  const isRecursive = JSON.stringify(root).includes(rootName);
  const wrapped: JsonSchema = {
    type: 'object',
    properties: { value: isRecursive ? { $ref: `#/$defs/${rootName}` } : root },
    required: ['value'],
    additionalProperties: false,
    ...(isRecursive || $defs !== undefined
      ? { $defs: { ...(isRecord($defs) ? $defs : {}), ...(isRecursive ? { [rootName]: root } : {}) } }
      : {}),
    ...(definitions === undefined ? {} : { definitions }),
  };
  return { schema: wrapped, unwrap: unwrapped };
};
