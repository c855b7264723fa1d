import type { Run } from '../../core/index.js';
import type { ChatRequest, ModelLimits, OutputFormat, ToolChoice } from '../../model/index.js';
import { betasOf, interleavedThinking } from './betas.js';
import { cacheControl, limitMarks, markPrompt } from './cache.js';
import { hasPart, wireConversation } from './messages.js';
import type { AnthropicFamily } from './models.js';
import { sampling } from './sampling.js';
import { type Block, wireThinking } from './thinking.js';

export interface WireSettings {
  readonly id: string;
  readonly model: string;
  readonly family: AnthropicFamily;
  readonly limits: ModelLimits;
  /** Whether files can be cited, as sources can. */
  readonly citesFiles: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

export interface WireRequest {
  readonly body: Block;
  readonly headers: Readonly<Record<string, string>>;
  /** What each document block is, in order: the id of its source, or the name of its file. */
  readonly documentIds: readonly string[];
}

/** The API insists on a limit; for a model whose own is not known, this one. */
const fallbackMaxTokens = 8_192;

/** The body of a Messages call, field by field, and its headers. Fields that are undefined do not reach the wire. */
export const wireRequest = (settings: WireSettings, request: ChatRequest, run: Run): WireRequest => {
  const { model, family, limits } = settings;
  const maxTokens = request.maxOutputTokens ?? limits.maxOutputTokens ?? fallbackMaxTokens;
  const { thinking, effort } = wireThinking(family, request.reasoning, maxTokens);
  const isThinking = thinking !== undefined && thinking.type !== 'disabled';
  const sampled = sampling(settings, request, isThinking, run);
  const { tools, system, messages, documentIds, container } = wirePrompt(settings, request, run);
  const hasTools = tools.length > 0;
  const body: Block = {
    model,
    max_tokens: maxTokens,
    system: system.length === 0 ? undefined : system,
    messages,
    tools: hasTools ? tools : undefined,
    tool_choice: hasTools ? wireToolChoice(request) : undefined,
    thinking,
    output_config: outputConfig(effort, request.output),
    temperature: sampled.temperature,
    top_p: sampled.topP,
    stop_sequences: request.stop,
    container,
    ...request.providerOptions,
  };
  const isInterleaving = isThinking && hasTools && family.interleaving === 'asked';
  return { body, headers: wireHeaders(settings, body, isInterleaving), documentIds };
};

/** The fields that stand for the prompt alone: what the server counts tokens of. */
const promptFields = ['model', 'system', 'messages', 'tools', 'tool_choice', 'thinking', 'output_config'] as const;

/** The same request for the endpoint that counts its tokens. */
export const wireCount = (settings: WireSettings, request: ChatRequest, run: Run): WireRequest => {
  const { body, headers, documentIds } = wireRequest(settings, request, run);
  const prompt = Object.fromEntries(promptFields.map((field) => [field, body[field]]));
  return { body: { ...prompt, ...request.providerOptions }, headers, documentIds };
};

interface WirePrompt {
  readonly tools: readonly Block[];
  readonly system: readonly Block[];
  readonly messages: readonly unknown[];
  readonly documentIds: readonly string[];
  readonly container: string | undefined;
}

const wirePrompt = (settings: WireSettings, request: ChatRequest, run: Run): WirePrompt => {
  const { id, family, citesFiles } = settings;
  const { output, promptCache, tools = [], providerTools = [] } = request;
  const isCitable = hasPart(request.messages, ({ type }) => type === 'source' || (citesFiles && type === 'file'));
  // The API refuses citations together with a schema.
  const isCiting = isCitable && output?.type !== 'json-schema';
  if (isCitable && !isCiting) {
    run.emit({ type: 'warning', message: `${id} cannot cite in an answer of a JSON schema; it was asked not to.` });
  }
  const { system, messages, documentIds, container } = wireConversation({ id, family, isCiting }, request.messages);
  const prompt = {
    tools: [...tools.map(wireTool), ...providerTools],
    system: output?.type === 'json' ? [...system, jsonOrder] : system,
    messages,
  };
  const { dropped, ...limited } = limitMarks(markPrompt(prompt, promptCache));
  if (dropped > 0) {
    run.emit({ type: 'warning', message: `${id} caches up to 4 places of a prompt; ${dropped} more were left out.` });
  }
  return { ...limited, documentIds, container: containerId(container, run) };
};

/** A container that has expired would fail the call; without one the server makes a new one. */
const containerId = (container: Block | undefined, run: Run): string | undefined => {
  const { id, expires_at: expires } = container ?? {};
  const hasExpired = typeof expires === 'string' && Date.parse(expires) <= run.clock.now();
  return typeof id === 'string' && !hasExpired ? id : undefined;
};

/** There is no mode for JSON without a schema, so the model is told in words. */
const jsonOrder: Block = { type: 'text', text: 'Answer with one JSON value and nothing else.' };

const outputConfig = (effort: string | undefined, output: OutputFormat | undefined): Block | undefined => {
  const format = output?.type === 'json-schema' ? { type: 'json_schema', schema: output.schema } : undefined;
  return effort === undefined && format === undefined ? undefined : { effort, format };
};

const wireTool = (tool: NonNullable<ChatRequest['tools']>[number]): Block => ({
  name: tool.name,
  description: tool.description,
  input_schema: tool.inputSchema,
  strict: tool.isStrict,
  cache_control: tool.cache === undefined ? undefined : cacheControl(tool.cache),
});

const wireToolChoice = ({ toolChoice, parallelToolCalls }: ChatRequest): Block | undefined => {
  if (toolChoice === undefined && parallelToolCalls === undefined) return undefined;
  if (toolChoice === 'none') return { type: 'none' };
  const only = parallelToolCalls === undefined ? undefined : !parallelToolCalls;
  return { ...choiceOf(toolChoice ?? 'auto'), disable_parallel_tool_use: only };
};

const choiceOf = (choice: ToolChoice): Block => {
  if (typeof choice !== 'string') return { type: 'tool', name: choice.name };
  return { type: choice === 'required' ? 'any' : choice };
};

/** The last version of the API that takes these fields, from the models that had them. */
const samplingVersion = '2023-06-01';

const isSampled = ({ temperature, top_p, top_k }: Block): boolean =>
  temperature !== undefined || top_p !== undefined || top_k !== undefined;

const wireHeaders = (
  { headers: own }: WireSettings,
  body: Block,
  isInterleaving: boolean,
): Readonly<Record<string, string>> => {
  const given = new Headers(own);
  const asked = given.get('anthropic-beta')?.split(/\s*,\s*/) ?? [];
  const needed = [...betasOf(body), ...(isInterleaving ? [interleavedThinking] : [])];
  const betas = [...new Set([...asked, ...needed])];
  return {
    ...(betas.length === 0 ? {} : { 'anthropic-beta': betas.join(',') }),
    ...(isSampled(body) && !given.has('anthropic-version') ? { 'anthropic-version': samplingVersion } : {}),
  };
};
