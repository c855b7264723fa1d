import {
  type AnyStep,
  assistant,
  type JsonSchema,
  type Message,
  PipewrightError,
  stepName,
  system,
  type ToolCallPart,
  user,
} from '../core/index.js';
import { objectRoot } from './object-root.js';
import { parseJson } from './parse-json.js';
import { ifExpressible, type StrictSchema, strictSchema } from './strict-value.js';
import type { TextModel, TextReply, TextRequest } from './text-model.js';

/**
 * How a model is asked for an answer of a schema. `native`: by the JSON schema of its API; `tool`: by a tool that takes the
 * answer; `prompt`: in words.
 */
export type AnswerMode = 'native' | 'tool' | 'prompt';

/** A request for an answer of a schema, and how the replies to it are read. */
export interface AskedAnswer {
  readonly mode: AnswerMode;
  readonly request: TextRequest;
  /**
   * The value that a reply holds, in the form of the schema, not yet checked against it.
   * @throws {PipewrightError} `output-invalid` when there is none.
   */
  readonly read: (reply: TextReply) => unknown;
  /** The messages that show a model what is wrong with its reply. */
  readonly repair: (reply: TextReply, issues: readonly string[]) => readonly Message[];
}

export interface AnswerFormOptions {
  /** @default 'native' where the model can, else 'tool', else 'prompt' */
  readonly mode?: AnswerMode;
  /** What the answer is called on the wire: letters, digits, `_` and `-`. @default 'answer' */
  readonly name?: string;
}

const listed = (issues: readonly string[]): string => `That does not fit:\n${issues.map((i) => `- ${i}`).join('\n')}`;

const repairOfText = (reply: TextReply, issues: readonly string[]): readonly Message[] => [
  ...(reply.text === '' ? [] : [assistant(reply.text)]),
  user(`${listed(issues)}\nAnswer with the corrected JSON alone.`),
];

const nativeForm = (request: TextRequest, name: string, strict: StrictSchema): AskedAnswer => ({
  mode: 'native',
  request: { ...request, output: { type: 'json-schema', name, schema: strict.schema } },
  read: ({ text }) => strict.fromStrict(parseJson(text)),
  repair: repairOfText,
});

const promptForm = (request: TextRequest, schema: JsonSchema): AskedAnswer => {
  const instruction = system(
    `Answer with JSON alone, without any other words. It must fit this JSON Schema:\n${JSON.stringify(schema)}`,
  );
  const { messages } = request;
  const firstOther = messages.findIndex(({ role }) => role !== 'system');
  const at = firstOther < 0 ? messages.length : firstOther;
  return {
    mode: 'prompt',
    request: { ...request, messages: [...messages.slice(0, at), instruction, ...messages.slice(at)] },
    read: ({ text }) => parseJson(text),
    repair: repairOfText,
  };
};

/** Which tool must be called: the answer; with other tools beside it, any. A tool that the caller asked for comes first. */
const choiceOf = ({ tools = [], toolChoice }: TextRequest, name: string): 'required' | { readonly name: string } => {
  if (typeof toolChoice === 'object') return toolChoice;
  return tools.length === 0 || toolChoice === 'none' ? { name } : 'required';
};

/** Every call gets a result, as servers ask for; the answer's says what is wrong. */
const repairOfCall = (
  reply: TextReply,
  calls: readonly ToolCallPart[],
  call: ToolCallPart,
  issues: readonly string[],
): readonly Message[] => [
  reply.message ?? { role: 'assistant', content: calls },
  {
    role: 'tool',
    content: calls.map((each) => ({
      type: 'tool-result',
      id: each.id,
      name: each.name,
      output: each === call ? `${listed(issues)}\nCall \`${call.name}\` again with the corrected answer.` : 'Not run.',
      isError: true,
    })),
  },
];

const toolForm = (request: TextRequest, name: string, schema: JsonSchema): AskedAnswer => {
  const { tools = [] } = request;
  if (tools.some((tool) => tool.name === name)) {
    throw new PipewrightError(
      'bad-input',
      `The request has a tool \`${name}\`, which is also what the answer is called. Set another \`name\` for the answer.`,
    );
  }
  const root = objectRoot(schema);
  const description = 'Takes the answer. Call it once, with the whole answer.';
  const answerCall = ({ toolCalls = [] }: TextReply): ToolCallPart | undefined =>
    toolCalls.find((call) => call.name === name);
  return {
    mode: 'tool',
    request: {
      ...request,
      tools: [...tools, { name, description, inputSchema: root.schema }],
      toolChoice: choiceOf(request, name),
    },
    // Some models write the answer as text all the same, or arguments that are no JSON.
    read: (reply) => {
      const input = answerCall(reply)?.input ?? reply.text;
      return root.unwrap(typeof input === 'string' ? parseJson(input) : input);
    },
    repair: (reply, issues) => {
      const call = answerCall(reply);
      return call === undefined
        ? repairOfText(reply, issues)
        : repairOfCall(reply, reply.toolCalls ?? [], call, issues);
    },
  };
};

const modeFor = (model: TextModel, hasStrict: boolean, hasTools: boolean): AnswerMode => {
  const { jsonSchema = false, jsonSchemaWithTools = false, tools = false } = model.features ?? {};
  if (!hasStrict) return 'prompt';
  if (jsonSchema && (!hasTools || jsonSchemaWithTools)) return 'native';
  return tools ? 'tool' : 'prompt';
};

const needed = { native: 'jsonSchema', tool: 'tools' } as const;

const checkMode = (model: TextModel, mode: AnswerMode): void => {
  if (mode === 'prompt' || model.features === undefined || model.features[needed[mode]] === true) return;
  const able = model.features.tools === true ? "'tool' or 'prompt'" : "'prompt'";
  throw new PipewrightError(
    'unsupported',
    `${stepName(model as AnyStep)} cannot answer in the mode '${mode}'. Choose ${able}, or leave \`mode\` out.`,
  );
};

/**
 * How this model is asked for an answer of a JSON schema: a function from a request to what is sent and how replies are read.
 * `structured` is made of it; use it yourself where a reply may also call tools of yours. The mode is chosen for each request:
 * a model that takes no JSON schema beside tools gets the answer's form as one more tool.
 * @throws {PipewrightError} `unsupported` when the model cannot do the `mode`; `bad-schema` when `native` cannot express the
 * schema; the returned function throws `bad-input` when a tool of the request has the name of the answer.
 * @example answerForm(scripted([]), { type: 'boolean' })({ messages: [] }).mode // => 'native'
 */
export const answerForm = (
  model: TextModel,
  schema: JsonSchema,
  options: AnswerFormOptions = {},
): ((request: TextRequest) => AskedAnswer) => {
  const { mode, name = 'answer' } = options;
  if (!/^[\w-]{1,64}$/u.test(name)) {
    throw new PipewrightError('bad-option', `\`name\` must be 1 to 64 letters, digits, _ and -, got '${name}'.`);
  }
  if (mode !== undefined) checkMode(model, mode);
  const strict = mode === 'native' ? strictSchema(schema) : ifExpressible(() => strictSchema(schema));
  return (request) => {
    const chosen = mode ?? modeFor(model, strict !== undefined, (request.tools?.length ?? 0) > 0);
    if (chosen === 'native' && strict !== undefined) return nativeForm(request, name, strict);
    return chosen === 'tool' ? toolForm(request, name, schema) : promptForm(request, schema);
  };
};
