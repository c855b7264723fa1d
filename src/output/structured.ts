import {
  type AnyStep,
  assistant,
  callStep,
  checkAtLeast,
  checkSchema,
  defineStep,
  isPipewrightError,
  type JsonSchema,
  type Message,
  PipewrightError,
  type Run,
  type Schema,
  type Step,
  type StepInput,
  stepName,
  system,
  toJsonSchema,
  user,
} from '../core/index.js';
import { parseJson } from './parse-json.js';
import { type StrictSchema, strictSchema } from './strict-value.js';

/** What is asked of a model. Every `ChatRequest` is one. */
export interface TextRequest {
  readonly messages: readonly Message[];
  readonly output?: { readonly type: 'json-schema'; readonly name: string; readonly schema: JsonSchema };
}

/** What a model answers. Every `ChatReply` is one. */
export interface TextReply {
  readonly text: string;
  readonly finishReason?: string;
}

/** The least that `structured` needs of a model. Every `ChatModel` is one, and so is any step that answers with text. */
export interface TextModel {
  (request: TextRequest, run?: Run): Promise<TextReply>;
  readonly features?: { readonly jsonSchema: boolean };
}

export interface StructuredOptions {
  /** How often the model is shown what is wrong with its answer and asked again. @default 2 */
  readonly maxRepairs?: number;
  /** What the answer is called on the wire: letters, digits, `_` and `-`. @default 'answer' */
  readonly name?: string;
}

/** How the answer is asked for and read. */
interface Form {
  readonly request: (request: TextRequest) => TextRequest;
  readonly read: (text: string) => unknown;
}

const nativeForm = (name: string, strict: StrictSchema): Form => ({
  request: (request) => ({ ...request, output: { type: 'json-schema', name, schema: strict.schema } }),
  read: (text) => strict.fromStrict(parseJson(text)),
});

const promptForm = (schema: JsonSchema): Form => {
  const instruction = system(
    `Answer with JSON alone, without any other words. It must fit this JSON Schema:\n${JSON.stringify(schema)}`,
  );
  return {
    request: (request) => {
      const firstOther = request.messages.findIndex(({ role }) => role !== 'system');
      const at = firstOther < 0 ? request.messages.length : firstOther;
      const { messages } = request;
      return { ...request, messages: [...messages.slice(0, at), instruction, ...messages.slice(at)] };
    },
    read: parseJson,
  };
};

/** The schema in strict form; undefined where that cannot express it. */
const strictOf = (schema: JsonSchema): StrictSchema | undefined => {
  try {
    return strictSchema(schema);
  } catch (error) {
    if (isPipewrightError(error) && error.code === 'bad-schema') return undefined;
    throw error;
  }
};

const formFor = (model: TextModel, schema: JsonSchema, name: string): Form => {
  const strict = model.features?.jsonSchema === true ? strictOf(schema) : undefined;
  return strict === undefined ? promptForm(schema) : nativeForm(name, strict);
};

const requestOf = (input: unknown): TextRequest => {
  if (typeof input === 'string') return { messages: [user(input)] };
  return Array.isArray(input) ? { messages: input } : (input as TextRequest);
};

type Checked<Out> = { readonly value: Out } | { readonly issues: readonly string[] };

const check = async <Out>(text: string, form: Form, schema: Schema<Out>): Promise<Checked<Out>> => {
  let raw: unknown;
  try {
    raw = form.read(text);
  } catch (error) {
    if (!isPipewrightError(error)) throw error;
    return { issues: [error.message] };
  }
  const checked = await checkSchema(schema, raw);
  return checked.isValid ? { value: checked.value } : { issues: checked.issues };
};

const repairOf = (text: string, issues: readonly string[]): readonly Message[] => [
  assistant(text),
  user(`That does not fit:\n${issues.map((issue) => `- ${issue}`).join('\n')}\nAnswer with the corrected JSON alone.`),
];

const failed = (model: TextModel, reply: TextReply, issues: readonly string[]): PipewrightError => {
  const name = stepName(model as AnyStep);
  const message =
    reply.finishReason === 'length'
      ? `The answer of ${name} was cut at its limit of output tokens. Raise maxOutputTokens, or ask for less.`
      : `The answer of ${name} does not fit the schema: ${issues.join('; ')}.`;
  return new PipewrightError('output-invalid', message, { details: { partialText: reply.text, issues } });
};

/**
 * Makes a step that asks a model for an answer of a schema and resolves to the checked, typed value. A model with JSON schemas
 * of its own gets the schema in strict form (and optional members back as such); any other is told the schema in words. An
 * answer that does not fit is shown to the model with what is wrong, at most `maxRepairs` times; its text is retracted.
 * The step throws `output-invalid` with the issues and the last text in its details.
 * @throws {PipewrightError} `bad-schema` at once, when the schema cannot say its JSON Schema.
 * @example await structured(scripted(['{"total": 12}']), z.object({ total: z.number() }))('Ham 5, eggs 7') // => { total: 12 }
 */
export const structured = <M extends TextModel, Out>(
  model: M,
  schema: Schema<Out>,
  options: StructuredOptions = {},
): Step<StepInput<M>, Out> => {
  const { maxRepairs = 2, name = 'answer' } = options;
  checkAtLeast('maxRepairs', maxRepairs, 0);
  const form = formFor(model, toJsonSchema(schema), name);
  const info = { kind: 'structured', details: { maxRepairs }, children: [{ step: model as AnyStep }] };
  return defineStep(info, async (input, run) => {
    let request = form.request(requestOf(input));
    for (let round = 0; ; round++) {
      run.throwIfAborted();
      const attempt = run.isWatched ? run.child(round === 0 ? 'ask' : `repair ${round}`) : run;
      const reply = await callStep<TextRequest, TextReply>(model, request, attempt);
      const checked = await check(reply.text, form, schema);
      if ('value' in checked) return checked.value;
      if (round >= maxRepairs || reply.finishReason === 'length') throw failed(model, reply, checked.issues);
      attempt.emit({ type: 'retract', reason: `The answer does not fit the schema: ${checked.issues.join('; ')}` });
      request = { ...request, messages: [...request.messages, ...repairOf(reply.text, checked.issues)] };
    }
  });
};
