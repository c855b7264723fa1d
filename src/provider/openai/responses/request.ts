import { PipewrightError, type Run } from '../../../core/index.js';
import type { ChatRequest, OutputFormat, ReasoningEffort, ToolDefinition } from '../../../model/index.js';
import type { OpenAIFamily } from '../models.js';
import { isStrictSchema } from '../request.js';
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
  const { id, model, server, isStreaming } = settings;
  const { tools = [], providerTools = [] } = request;
  checkUnknown(id, request, run);
  const wireTools = [...tools.map(wireTool), ...providerTools];
  const cacheMarks = { id, provider: server.provider, hasCacheMarks: hasCacheMarks(settings) };
  return {
    model,
    input: wireItems(cacheMarks, request.messages),
    tools: wireTools.length === 0 ? undefined : wireTools,
    tool_choice: wireTools.length === 0 ? undefined : wireToolChoice(request),
    parallel_tool_calls: request.parallelToolCalls,
    max_output_tokens: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    top_logprobs: request.logProbs,
    store: false,
    include: includes(settings, request),
    stream: isStreaming,
    ...wireCache(settings, request),
    ...request.providerOptions,
    text: merged(wireFormat(request.output), request.providerOptions?.text),
    reasoning: merged(wireReasoningEffort(settings, request.reasoning), request.providerOptions?.reasoning),
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

const wireReasoningEffort = ({ family }: WireSettings, effort: ReasoningEffort | undefined): Wire | undefined => {
  const word = effort === 'none' ? family?.leastEffort : effort;
  return word === undefined ? undefined : { effort: word };
};

/** From GPT-5.6 on a prompt can be marked where it will come again, and its cache lives for 30 minutes at least. */
const hasCacheMarks = ({ server, model }: WireSettings): boolean =>
  server.hasOpenAIModels && /^gpt-(?:5\.[6-9]|[6-9])/.test(model);

/** Before that, models that know it keep a cache for a day when they are asked to; all cache for some minutes by themselves. */
const hasLongCache = ({ server, model }: WireSettings): boolean =>
  server.hasOpenAIModels && /^gpt-(?:4\.1|5)/.test(model);

const wireCache = (settings: WireSettings, { promptCache }: ChatRequest): Wire => {
  if (promptCache === undefined) return {};
  if (hasCacheMarks(settings)) return { prompt_cache_options: { mode: 'implicit', ttl: '30m' } };
  return promptCache === '1h' && hasLongCache(settings) ? { prompt_cache_retention: '24h' } : {};
};
