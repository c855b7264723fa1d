import {
  callStep,
  defineStep,
  type JsonSchema,
  type Part,
  type Run,
  type SchemaWithJson,
  type Step,
  type StepInfo,
  system,
  user,
  withoutText,
} from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { structured } from '../output/index.js';

export type Read<Out> = { readonly value: Out } | { readonly issues: readonly string[] };

/** A schema for answers of a model: what the model is shown, and how the answer is read and checked. */
export const answerSchema = <Out>(
  jsonSchema: JsonSchema,
  read: (value: unknown) => Read<Out>,
): SchemaWithJson<Out> => ({
  jsonSchema,
  '~standard': {
    version: 1,
    vendor: 'pipewright',
    validate: (value) => {
      const result = read(value);
      return 'value' in result ? result : { issues: result.issues.map((message) => ({ message })) };
    },
  },
});

/** The JSON Schema of an object that has all of these and nothing else. */
export const objectSchema = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

export const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
export const text: JsonSchema = { type: 'string' };
export const wholeNumber: JsonSchema = { type: 'integer' };

/** A member of an object that may be none. */
export const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;

export const isText = (value: unknown): value is string => typeof value === 'string';

/** The texts under a key, trimmed, without empty ones; undefined when there is no such list. */
export const textsIn = (value: unknown, key: string): readonly string[] | undefined => {
  const list = member(value, key);
  if (!Array.isArray(list) || !list.every(isText)) return undefined;
  return list.map((each) => each.trim()).filter((each) => each !== '');
};

export interface ModelStepParts<In, Out> {
  readonly info: StepInfo;
  /** What the model is to do. */
  readonly rules: string;
  /** What it is to do it with: passages as sources, so that they are data. */
  readonly content: (input: In, run: Run) => string | readonly Part[];
  readonly schema: SchemaWithJson<Out>;
}

/**
 * A step that asks a model for a checked value, and once more when the first does not fit. What the model writes is a note on the
 * way and not shown.
 */
export const modelStep = <In, Out>(model: ChatModel, parts: ModelStepParts<In, Out>): Step<In, Out> => {
  const { info, rules, content, schema } = parts;
  const ask = structured(model, schema, { maxRepairs: 1 });
  return defineStep({ ...info, children: [{ label: 'model', step: ask }] }, async (input, run) =>
    callStep(ask, [system(rules), user(content(input, run))], withoutText(run)),
  );
};

/** A schema for one text that is not empty. */
export const oneText = (key: string): SchemaWithJson<string> =>
  answerSchema(objectSchema({ [key]: text }), (value) => {
    const given = member(value, key);
    return isText(given) && given.trim() !== ''
      ? { value: given.trim() }
      : { issues: [`\`${key}\` must be a text that is not empty.`] };
  });
