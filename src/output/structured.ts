import {
  type AnyStep,
  callStep,
  checkAtLeast,
  checkSchema,
  defineStep,
  isPipewrightError,
  PipewrightError,
  type Schema,
  type Step,
  type StepInput,
  stepName,
  toJsonSchema,
  user,
} from '../core/index.js';
import { type AnswerFormOptions, type AskedAnswer, answerForm } from './answer-form.js';
import type { TextModel, TextReply, TextRequest } from './text-model.js';

export interface StructuredOptions extends AnswerFormOptions {
  /** How often the model is shown what is wrong with its answer and asked again. @default 2 */
  readonly maxRepairs?: number;
}

const requestOf = (input: unknown): TextRequest => {
  if (typeof input === 'string') return { messages: [user(input)] };
  return Array.isArray(input) ? { messages: input } : (input as TextRequest);
};

type Checked<Out> = { readonly value: Out } | { readonly issues: readonly string[] };

const check = async <Out>(reply: TextReply, asked: AskedAnswer, schema: Schema<Out>): Promise<Checked<Out>> => {
  let raw: unknown;
  try {
    raw = asked.read(reply);
  } catch (error) {
    if (!isPipewrightError(error)) throw error;
    return { issues: [error.message] };
  }
  const checked = await checkSchema(schema, raw);
  return checked.isValid ? { value: checked.value } : { issues: checked.issues };
};

const failed = (
  code: 'output-invalid' | 'content-refused',
  reply: TextReply,
  message: string,
  issues?: readonly string[],
) =>
  new PipewrightError(code, message, {
    details: { partialText: reply.text, ...(issues === undefined ? {} : { issues }) },
  });

/** Why asking again would not help: the reply was cut, refused, or asks for a tool. */
const hopeless = (name: string, reply: TextReply, answerName: string): PipewrightError | undefined => {
  const { finishReason, toolCalls = [] } = reply;
  if (finishReason === 'length') {
    const message = `The answer of ${name} was cut at its limit of output tokens. Raise maxOutputTokens, or ask for less.`;
    return failed('output-invalid', reply, message, [message]);
  }
  if (finishReason === 'content-filter') {
    return failed('content-refused', reply, `${name} refuses to answer this. Change the prompt, or ask another model.`);
  }
  if (toolCalls.length > 0 && !toolCalls.some((call) => call.name === answerName)) {
    const called = toolCalls.map((call) => `\`${call.name}\``).join(', ');
    const message = `${name} called ${called} instead of answering, and \`structured\` runs no tools. Give it a step that does, or use \`answerForm\`.`;
    return failed('output-invalid', reply, message, [message]);
  }
  return undefined;
};

/**
 * Makes a step that asks a model for an answer of a schema and resolves to the checked, typed value. A model with JSON schemas
 * of its own gets the schema in strict form (and optional members back as such); one with tools gets a tool that takes the
 * answer; any other is told the schema in words. An answer that does not fit is shown to the model with what is wrong, at most
 * `maxRepairs` times, each an ordinary call that counts against the run's budget; its text is retracted.
 * The step throws `output-invalid` with the issues and the last text in its details, at once when the answer was cut at its
 * limit of tokens or the model called a tool of the request instead; `content-refused` when the model refuses.
 * @throws {PipewrightError} `bad-schema` at once, when the schema cannot say its JSON Schema; `unsupported` when the model
 * cannot do the `mode`.
 * @example await structured(scripted(['{"total": 12}']), z.object({ total: z.number() }))('Ham 5, eggs 7') // => { total: 12 }
 */
export const structured = <M extends TextModel, Out>(
  model: M,
  schema: Schema<Out>,
  options: StructuredOptions = {},
): Step<StepInput<M>, Out> => {
  const { maxRepairs = 2, name: answerName = 'answer' } = options;
  checkAtLeast('maxRepairs', maxRepairs, 0);
  const form = answerForm(model, toJsonSchema(schema), options);
  const name = stepName(model as AnyStep);
  const info = { kind: 'structured', details: { maxRepairs }, children: [{ step: model as AnyStep }] };
  return defineStep(info, async (input, run) => {
    const asked = form(requestOf(input));
    let { request } = asked;
    for (let round = 0; ; round++) {
      run.throwIfAborted();
      const attempt = run.isWatched ? run.child(round === 0 ? 'ask' : `repair ${round}`) : run;
      const reply = await callStep<TextRequest, TextReply>(model, request, attempt);
      const end = hopeless(name, reply, answerName);
      if (end !== undefined) throw end;
      const checked = await check(reply, asked, schema);
      if ('value' in checked) return checked.value;
      const issues = checked.issues.join('; ');
      if (round >= maxRepairs) {
        const message = `The answer of ${name} does not fit the schema: ${issues}.`;
        throw failed('output-invalid', reply, message, checked.issues);
      }
      attempt.emit({ type: 'retract', reason: `The answer does not fit the schema: ${issues}` });
      request = { ...request, messages: [...request.messages, ...asked.repair(reply, checked.issues)] };
    }
  });
};
