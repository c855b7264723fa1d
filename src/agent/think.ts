import {
  assistant,
  callStep,
  checkSchema,
  isPipewrightError,
  type Message,
  pairedMessages,
  partsOf,
  type Run,
  type Schema,
  system,
  toJsonSchema,
} from '../core/index.js';
import { type ChatModel, type ChatReply, fitMessages } from '../model/index.js';
import { answerForm, type AskedAnswer, parseJson } from '../output/index.js';
import type { Toolbox } from '../tool/index.js';
import { answerIn, withMessages } from './agent-state.js';
import type { AgentEnd, AgentState, StopReason } from './types.js';

/** Who thinks, and with what. */
export interface Thinker {
  readonly model: ChatModel;
  readonly toolbox: Toolbox;
  readonly system: string | undefined;
  readonly output: Schema | undefined;
}

export interface Thought {
  readonly state: AgentState;
  /** Why nothing comes behind it; undefined when tools are to be called, or the answer is to be corrected. */
  readonly end: StopReason | undefined;
}

/** Room that stays free for the reply, where the model does not say how long it may be. */
const replyTokens = 4_096;

/** The messages of a request: instructions, what is remembered, and of the conversation what fits the model's window. */
export const windowOf = async (
  thinker: Thinker,
  recalled: readonly Message[],
  messages: readonly Message[],
): Promise<readonly Message[]> => {
  const { model, toolbox } = thinker;
  const told = thinker.system === undefined ? [] : [system(thinker.system)];
  const all = [...told, ...recalled, ...pairedMessages(messages)];
  const { contextTokens, maxOutputTokens = replyTokens } = model.limits;
  if (contextTokens === undefined) return all;
  const reserveTokens = Math.min(maxOutputTokens, Math.floor(contextTokens / 4));
  const options = { maxTokens: contextTokens, reserveTokens, model: model.model, tools: toolbox.definitions };
  return (await fitMessages(all, options)).messages;
};

const limitOf: Partial<Record<ChatReply['finishReason'], StopReason>> = { length: 'cut', 'content-filter': 'refused' };

/** A reply that must not be acted on: of one that was cut, a call may be half of what was meant. */
const keptText = (state: AgentState, { text }: ChatReply): AgentState =>
  text === '' ? state : withMessages(state, assistant(text));

/** The answer of the schema that a reply holds, as a message; or what is wrong with it. */
const readAnswer = async (
  reply: ChatReply,
  asked: AskedAnswer,
  schema: Schema,
): Promise<{ readonly message: Message } | { readonly issues: readonly string[] }> => {
  try {
    const value = asked.read(reply);
    const checked = await checkSchema(schema, value);
    // The value as it was given: its checked form may be more than JSON can hold.
    return checked.isValid ? { message: assistant(JSON.stringify(value)) } : { issues: checked.issues };
  } catch (error) {
    if (!isPipewrightError(error)) throw error;
    return { issues: [error.message] };
  }
};

/** What the form of an answer calls the tool that takes it. */
const answerName = 'answer';

/** A reply that gives an answer and asks for tools in one breath does not know their results yet: the answer does not count. */
const withoutAnswer = (message: Message): Message => ({
  role: message.role,
  content: partsOf(message).filter((part) => part.type !== 'tool-call' || part.name !== answerName),
});

/** The value of the schema in a last word; the word itself where there is no schema, which is what `Out` is then. */
export const outputIn = async <Out>(text: string, schema: Schema<Out> | undefined): Promise<Out | undefined> => {
  if (schema === undefined) return text as Out;
  const checked = await checkSchema(schema, parseJson(text));
  return checked.isValid ? checked.value : undefined;
};

/** The answer that an end came to. */
export const outputOf = async <Out>(
  { state, stopReason }: AgentEnd,
  schema?: Schema<Out>,
): Promise<Out | undefined> => {
  const answer = stopReason === 'answered' ? answerIn(state) : undefined;
  return answer === undefined ? undefined : outputIn(answer, schema);
};

/** Asks the model once, and tells what comes of its reply. */
export const think = async (
  thinker: Thinker,
  state: AgentState,
  recalled: readonly Message[],
  run: Run,
): Promise<Thought> => {
  const { model, toolbox, output } = thinker;
  const messages = await windowOf(thinker, recalled, state.messages);
  const { definitions } = toolbox;
  const plain = { messages, ...(definitions.length === 0 ? {} : { tools: definitions }) };
  const asked = output === undefined ? undefined : answerForm(model, toJsonSchema(output), { name: answerName })(plain);
  const reply = await callStep(model, asked === undefined ? plain : { ...plain, ...asked.request }, run, 'think');
  const limit = limitOf[reply.finishReason];
  if (limit !== undefined) return { state: keptText(state, reply), end: limit };
  const isForTools = reply.toolCalls.some(({ name }) => definitions.some((each) => each.name === name));
  if (output === undefined || asked === undefined || isForTools) {
    const end = reply.toolCalls.length === 0 ? 'answered' : undefined;
    return { state: withMessages(state, output === undefined ? reply.message : withoutAnswer(reply.message)), end };
  }
  const answer = await readAnswer(reply, asked, output);
  if ('message' in answer) return { state: withMessages(state, answer.message), end: 'answered' };
  return { state: withMessages(state, ...asked.repair(reply, answer.issues)), end: undefined };
};
