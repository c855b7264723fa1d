import { PipewrightError, type Run } from '../../../core/index.js';
import type { ChatRequest, OutputFormat, ReasoningEffort, ToolDefinition } from '../../../model/index.js';
import { isStrictSchema, reasoningFields, reasoningGrades } from '../../shared/index.js';
import type { OpenAIFamily } from '../models.js';
import { wireItems } from './items.js';
import type { ResponsesServer } from './servers.js';
import type { Wire } from './wire.js';

export interface WireSettings {
  readonly id: string;
  readonly model: string;
  readonly server: ResponsesServer;
  readonly family: OpenAIFamily | undefined;
  /** Whether reasoning can come, so that it must be asked for in a form that can go back. */
  readonly reasons: boolean;
  readonly isStreaming: boolean;
}

/**
 * The body of a Responses call, field by field. Fields that are undefined do not reach the wire. Nothing is stored on the server:
 * each request holds the whole conversation, so any server can answer the next turn and nothing has to be deleted.
 */
export const wireRequest = (settings: WireSettings, request: ChatRequest, run: Run): Wire => {
  const { id, model, server, family, isStreaming } = settings;
  checkUnknown(id, request, run);
  const { cacheMark, promptCache } = family?.caching ?? {};
  return {
    model,
    input: wireItems({ id, provider: server.provider, cacheMark }, request.messages),
    ...wireTools(request),
    max_output_tokens: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    top_logprobs: request.logProbs,
    store: false,
    include: includes(settings, request),
    stream: isStreaming,
    ...(request.promptCache === undefined ? {} : promptCache?.[request.promptCache]),
    ...request.providerOptions,
    text: merged(wireFormat(request.output), request.providerOptions?.text),
    reasoning: merged(wireReasoning(settings, request.reasoning), request.providerOptions?.reasoning),
  };
};

/** A stop text cannot be left out without changing the answer; a seed is a hint, so the call goes on without it. */
const checkUnknown = (id: string, { stop, seed }: ChatRequest, run: Run): void => {
  if (stop !== undefined && stop.length > 0) {
    throw new PipewrightError(
      'unsupported',
      `${id} takes no \`stop\` in the Responses API. Leave it out, or use \`openai()\`, which has it in Chat Completions.`,
    );
  }
  if (seed !== undefined) run.emit({ type: 'warning', message: `${id} takes no \`seed\`; it was left out.` });
};

/** Two fields hold several settings each: what only this provider has stands beside ours, and wins over it. */
const merged = (ours: Wire | undefined, own: unknown): unknown =>
  typeof own === 'object' && own !== null ? { ...ours, ...own } : (own ?? ours);

/**
 * Left to itself this API makes schemas strict by making every property required. So it is always told: strict where the schema
 * has that form already, else not.
 */
const wireTool = ({ name, description, inputSchema, isStrict }: ToolDefinition): Wire => ({
  type: 'function',
  name,
  description,
  parameters: inputSchema,
  strict: isStrict ?? isStrictSchema(inputSchema),
});

const wireTools = (request: ChatRequest): Wire => {
  const { tools = [], providerTools = [], parallelToolCalls } = request;
  if (tools.length + providerTools.length === 0) return {};
  return {
    tools: [...tools.map(wireTool), ...providerTools],
    tool_choice: wireToolChoice(request),
    parallel_tool_calls: parallelToolCalls,
  };
};

/** A tool that the provider runs is chosen by its type. */
const wireToolChoice = ({ toolChoice, providerTools = [] }: ChatRequest): unknown => {
  if (toolChoice === undefined || typeof toolChoice === 'string') return toolChoice;
  const { name } = toolChoice;
  return providerTools.some(({ type }) => type === name) ? { type: name } : { type: 'function', name };
};

const includes = ({ reasons, server }: WireSettings, { logProbs }: ChatRequest): readonly string[] | undefined => {
  const wanted = [
    ...(reasons && server.encryptsReasoning ? ['reasoning.encrypted_content'] : []),
    ...(logProbs === undefined ? [] : ['message.output_text.logprobs']),
  ];
  return wanted.length === 0 ? undefined : wanted;
};

const wireFormat = (output: OutputFormat | undefined): Wire | undefined => {
  if (output === undefined || output.type === 'text') return undefined;
  if (output.type === 'json') return { format: { type: 'json_object' } };
  const { name, description, schema, isStrict } = output;
  return { format: { type: 'json_schema', name, description, schema, strict: isStrict ?? isStrictSchema(schema) } };
};

/** A server that is not known is not told `none`: most would refuse the word. */
const unknownEfforts: readonly ReasoningEffort[] = ['minimal', 'low', 'medium', 'high', 'xhigh'];

const wireReasoning = ({ family, server }: WireSettings, effort: ReasoningEffort | undefined): Wire | undefined => {
  const efforts = family?.efforts ?? server.efforts;
  if (effort === undefined || (effort === 'none' && efforts === undefined)) return undefined;
  return reasoningFields(
    effort,
    reasoningGrades(efforts ?? unknownEfforts, (word) => ({ effort: word })),
  );
};
