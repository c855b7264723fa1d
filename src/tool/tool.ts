import {
  checkAtLeast,
  checkSchema,
  defineStepWith,
  type JsonSchema,
  PipewrightError,
  raceAbort,
  type Schema,
  type Step,
  type StepLike,
  toJsonSchema,
} from '../core/index.js';
import type { ToolDefinition } from '../model/index.js';

/** What a policy wants to know of a tool. */
export interface ToolTraits {
  /** Whether it changes nothing, so that it may be called again without harm. @default false */
  readonly isReadOnly?: boolean;
  /** Whether what it is given leaves the machine, as with a request over HTTP, a search on the web or a mail. @default false */
  readonly isOutward?: boolean;
  /** Whether its results come from outside, and may hold instructions of somebody else. @default false */
  readonly isUntrusted?: boolean;
}

export interface ToolOptions<In, Out> extends ToolTraits {
  /** What models call it: letters, digits, `_` and `-`, at most 64. */
  readonly name: string;
  /** When to use it and what comes back, for the model. */
  readonly description: string;
  /** What it takes: an object, by any Standard Schema, or by `jsonSchema`. */
  readonly input: Schema<In>;
  readonly run: StepLike<In, Out>;
  /** After this time a call fails. @default 60000 */
  readonly timeoutMs?: number;
  /** Characters of a result that a model is shown; the rest is left out, and it is told so. @default 50000 */
  readonly maxResultLength?: number;
}

/** Something that a model may ask to be done. It is a step: call it yourself with what it takes. */
export interface Tool<in In = never, out Out = unknown> extends Step<In, Out>, Required<ToolTraits> {
  readonly name: string;
  readonly description: string;
  /** What its arguments are checked with. */
  readonly input: Schema;
  readonly inputSchema: JsonSchema;
  readonly timeoutMs: number;
  readonly maxResultLength: number;
  /** How models are shown it. */
  readonly definition: ToolDefinition;
}

const checkName = (name: string): void => {
  if (/^[\w-]{1,64}$/u.test(name)) return;
  const message = `A tool's name must have 1 to 64 letters, digits, _ and -, got \`${name.slice(0, 80)}\`.`;
  throw new PipewrightError('bad-option', message);
};

const objectSchemaOf = (name: string, input: Schema): JsonSchema => {
  const schema = toJsonSchema(input);
  if (schema.type === 'object') return schema;
  const message = `The tool \`${name}\` must take an object, for models name every argument. Its schema says ${JSON.stringify(schema.type ?? 'no type')}. Wrap it: { value: … }.`;
  throw new PipewrightError('bad-schema', message);
};

/**
 * Makes a tool. What it is given is checked against its schema before it runs; `run` gets the checked value and the run, whose
 * signal aborts when the caller gives up. Calls of a model go through a `toolbox`, which turns failures into results.
 * The step throws `bad-input` that names the fields that are wrong.
 * @throws {PipewrightError} `bad-option` for a name that no provider takes; `bad-schema` when the schema cannot say its JSON
 * Schema, or is none of an object.
 * @example
 * const add = tool({ name: 'add', description: 'Adds two numbers.', input: z.object({ a: z.number(), b: z.number() }), run: ({ a, b }) => a + b });
 * await add({ a: 1, b: 2 }) // => 3
 */
export const tool = <In, Out>(options: ToolOptions<In, Out>): Tool<In, Out> => {
  const { name, description, input, run: body } = options;
  const { timeoutMs = 60_000, maxResultLength = 50_000 } = options;
  const { isReadOnly = false, isOutward = false, isUntrusted = false } = options;
  const traits = { isReadOnly, isOutward, isUntrusted };
  checkName(name);
  checkAtLeast('timeoutMs', timeoutMs, 1);
  checkAtLeast('maxResultLength', maxResultLength, 1);
  const inputSchema = objectSchemaOf(name, input);
  const definition: ToolDefinition = { name, description, inputSchema };
  const props = { name, description, input, inputSchema, timeoutMs, maxResultLength, ...traits, definition };
  const info = { kind: 'tool', name, details: { timeoutMs, ...traits } };
  return defineStepWith<In, Out, typeof props>(info, props, async (given, run) => {
    const checked = await checkSchema(input, given);
    if (!checked.isValid) {
      const message = `The arguments of \`${name}\` do not fit: ${checked.issues.join('; ')}.`;
      throw new PipewrightError('bad-input', message, { details: { where: name, issues: checked.issues } });
    }
    run.throwIfAborted();
    // A tool that is deaf to its signal must not hold up the caller who gave up.
    return raceAbort(Promise.resolve(body(checked.value, run)), run);
  });
};
