import { decorate, type Message, type Part, partsOf, PipewrightError, type ToolCallPart } from '../core/index.js';
import { type ChatInput, type ChatModel, type ChatReply, type ChatRequest, requestOf } from '../model/index.js';
import { holdText } from './held-text.js';
import { readCalls } from './text-calls.js';
import { type TextProtocol, textRequest } from './text-request.js';

export interface WithToolsOptions {
  /** How a model that cannot call tools writes its calls: JSON in tags, or the thoughts and actions of ReAct. @default 'json' */
  readonly protocol?: TextProtocol;
  /** Whether calls are told in text even where the model could do it natively. @default false */
  readonly isForced?: boolean;
}

const callsSoFar = (messages: readonly Message[]): number =>
  messages.reduce((sum, message) => sum + partsOf(message).filter(({ type }) => type === 'tool-call').length, 0);

/** Reasoning and whatever else the reply has stays; its text becomes what was said and what is called. */
const withCalls = (reply: ChatReply, request: ChatRequest, names: ReadonlySet<string>): ChatReply => {
  // A reply that was cut may hold half a call: nothing of it may run.
  if (reply.finishReason !== 'stop' && reply.finishReason !== 'other') return reply;
  const { text, calls } = readCalls(reply.text, names);
  if (calls.length === 0) return reply;
  const before = callsSoFar(request.messages);
  const toolCalls = calls.map(
    ({ name, input }, at): ToolCallPart => ({ type: 'tool-call', id: `call_${before + at + 1}`, name, input }),
  );
  const said: readonly Part[] = text === '' ? [] : [{ type: 'text', text }];
  const others = partsOf(reply.message).filter(({ type }) => type !== 'text');
  const message: Message = { role: 'assistant', content: [...others, ...said, ...toolCalls] };
  return { ...reply, text, message, toolCalls, finishReason: 'tool-call' };
};

/** A model that must write JSON of a schema cannot write calls. `structured` asks for the answer by a tool then. */
const checkForm = (id: string, { tools = [], output }: ChatRequest): void => {
  if (tools.length === 0 || output === undefined || output.type === 'text') return;
  const message = `${id} calls tools in its text and cannot answer in JSON in one request. Use \`structured\`, or leave the tools out.`;
  throw new PipewrightError('unsupported', message);
};

/**
 * Lets any model call tools. A model that can do it by itself comes back as it is; for any other the tools are told in its
 * instructions, it writes its calls as text, and they are read from there, in whichever of the usual forms it writes them. Calls
 * that are broken come back with their raw text as input, so that a toolbox tells the model what is wrong. Text streams as always,
 * but from where a call may begin it waits. Costs the tokens of the tool list in each request.
 * @example withTools(scripted(['Hi'], { features: { tools: false } })).features.tools // => true
 */
export const withTools = (model: ChatModel, options: WithToolsOptions = {}): ChatModel => {
  const { protocol = 'json', isForced = false } = options;
  if (model.features.tools && !isForced) return model;
  const decorated = decorate(
    model,
    { kind: 'text-tools', details: { protocol } },
    async (input: ChatInput, run, inner) => {
      const request = requestOf(input);
      const { tools = [], toolChoice } = request;
      checkForm(model.id, request);
      const told = textRequest(request, protocol);
      if (tools.length === 0 || toolChoice === 'none') return inner(told, run);
      const stop = protocol === 'react' ? { stop: [...(told.stop ?? []), '\nObservation:'] } : {};
      const held = holdText(run);
      const reply = withCalls(
        await inner({ ...told, ...stop }, held.run),
        request,
        new Set(tools.map(({ name }) => name)),
      );
      held.release(reply.text);
      if (run.isWatched) {
        for (const { id, name, input: given } of reply.toolCalls)
          run.emit({ type: 'tool-call', id, name, input: given });
      }
      return reply;
    },
  );
  const features = { ...model.features, tools: true, jsonSchemaWithTools: false };
  return Object.defineProperty(decorated, 'features', { value: features, enumerable: true, configurable: true });
};
