import type { CacheLifetime, Message, Part, ToolResultPart } from '../../src/core/index.js';
import type { ChatRequest, OutputFormat, ReasoningEffort, ToolChoice, ToolDefinition } from '../../src/model/index.js';

type Json = Readonly<Record<string, unknown>>;

/** Makes the request of ours that a recorded body stands for; what has no field with us goes through `providerOptions`. */
export const chatRequestOf = (body: Json): ChatRequest => {
  const { system, messages, tools, tool_choice, thinking, output_config, output_format, container, ...rest } = body;
  const { max_tokens, stop_sequences, temperature, top_p, cache_control, model: _model, stream: _s, ...foreign } = rest;
  const asked = thinkingOf(String(body.model), thinking as Json | undefined, (output_config ?? {}) as Json);
  const conversation = messagesOf(messages as readonly WireMessage[], systemOf(system));
  return clean({
    messages: withContainer(withCache(conversation, cache_control as Json | undefined), container),
    ...toolsOf((tools ?? []) as readonly Json[]),
    ...choiceOf(tool_choice as Json | undefined),
    output: formatOf(output_format ?? (output_config as Json | undefined)?.format),
    maxOutputTokens: max_tokens,
    stop: stop_sequences,
    temperature,
    topP: top_p,
    reasoning: asked.reasoning,
    providerOptions: { ...asked.options, ...foreign },
  }) as unknown as ChatRequest;
};

/** Whether files are to be cited, which is an option of the model with us. */
export const citesFiles = ({ messages = [] }: Json): boolean =>
  (messages as readonly WireMessage[]).some(
    ({ content }) =>
      typeof content !== 'string' &&
      content.some((block) => block.type === 'document' && isCitable(block) && !isSource(block)),
  );

interface WireMessage {
  readonly role: 'user' | 'assistant' | 'system';
  readonly content: string | readonly Json[];
}

const isCitable = ({ citations }: Json): boolean => (citations as Json | null | undefined)?.enabled === true;

/** A text with a name that is there to be cited. */
const isSource = (block: Json): boolean =>
  isCitable(block) && (block.source as Json).type === 'text' && typeof block.title === 'string';

const clean = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined));

const blocksOf = (content: unknown): readonly Json[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : (content as readonly Json[]);

const systemOf = (system: unknown): readonly Message[] =>
  system === undefined ? [] : [{ role: 'system', content: blocksOf(system).map((block) => partOf(block, new Map())) }];

const messagesOf = (messages: readonly WireMessage[], system: readonly Message[]): readonly Message[] => {
  const names = new Map<string, string>();
  const all: Message[] = [...system];
  for (const { role, content } of messages) {
    for (const block of blocksOf(content)) {
      if (block.type === 'tool_use') names.set(String(block.id), String(block.name));
      const part = partOf(block, names);
      const own = part.type === 'tool-result' ? 'tool' : role;
      const last = all.at(-1);
      // Results stand in messages of their own with us.
      if (last?.role === own && Array.isArray(last.content)) (last.content as Part[]).push(part);
      else all.push({ role: own, content: [part] });
    }
  }
  return all;
};

const lifetimeOf = (cache: unknown): { readonly cache?: CacheLifetime } =>
  cache === undefined || cache === null ? {} : { cache: ((cache as Json).ttl as CacheLifetime | undefined) ?? '5m' };

const partOf = (block: Json, names: ReadonlyMap<string, string>): Part => {
  const cache = lifetimeOf(block.cache_control);
  const id = String(block.id ?? block.tool_use_id ?? '');
  const part = equivalentOf(block, id, names);
  return part === undefined
    ? { type: 'provider', provider: 'anthropic', data: block }
    : ({ ...part, ...cache } as Part);
};

/** The part of ours that says the same; undefined where there is none. */
const equivalentOf = (block: Json, id: string, names: ReadonlyMap<string, string>): Part | undefined => {
  switch (block.type) {
    case 'text':
      return hasCitations(block) ? undefined : { type: 'text', text: String(block.text) };
    case 'thinking':
      return { type: 'reasoning', text: String(block.thinking), opaque: `anthropic-signature:${block.signature}` };
    case 'redacted_thinking':
      return { type: 'reasoning', text: '', opaque: `anthropic-redacted:${block.data}` };
    case 'image':
      return hasOwnData(block) ? { type: 'image', ...dataOf(block.source as Json) } : undefined;
    case 'document':
      return hasOwnData(block) && block.context === undefined ? documentOf(block) : undefined;
    case 'tool_use':
      return { type: 'tool-call', id, name: String(block.name), input: block.input, ...callerOf(block) };
    case 'tool_result':
      return resultOf(block, id, names.get(id) ?? '');
    default:
      return undefined;
  }
};

const hasCitations = ({ citations }: Json): boolean => Array.isArray(citations) && citations.length > 0;

/** Not a file that was uploaded before. */
const hasOwnData = ({ source }: Json): boolean => /^(?:text|base64|url)$/.test(String((source as Json).type));

const callerOf = ({ caller }: Json): { readonly opaque?: string } =>
  caller === undefined || (caller as Json).type === 'direct'
    ? {}
    : { opaque: `anthropic-caller:${JSON.stringify(caller)}` };

const dataOf = ({ type, url, data, media_type }: Json): { data: URL | Uint8Array; mediaType: string } => ({
  data: type === 'url' ? new URL(String(url)) : Buffer.from(String(data), 'base64'),
  mediaType: String(media_type ?? ''),
});

const documentOf = (block: Json): Part => {
  const { source, title } = block;
  const { type, data, media_type } = source as Json;
  const name = typeof title === 'string' ? { name: title } : {};
  if (isSource(block)) return { type: 'source', id: String(title), title: String(title), text: String(data) };
  if (type === 'text') {
    return { type: 'file', data: new TextEncoder().encode(String(data)), mediaType: String(media_type), ...name };
  }
  return { type: 'file', ...dataOf(source as Json), ...name };
};

const resultOf = (block: Json, id: string, name: string): ToolResultPart => {
  const { content = '' } = block;
  const output = Array.isArray(content) ? content.map(outputOf) : content;
  return {
    type: 'tool-result',
    id,
    name,
    output,
    ...(block.is_error === undefined ? {} : { isError: block.is_error as boolean }),
  };
};

const outputOf = (block: Json): Part => {
  const texts = (block.type === 'search_result' ? block.content : []) as readonly Json[];
  if (texts.length !== 1 || !isCitable(block)) return partOf(block, new Map());
  return { type: 'source', id: String(block.source), title: String(block.title), text: String(texts[0]?.text) };
};

/** A mark for the whole prompt is one on its last part. */
const withCache = (messages: readonly Message[], cache: Json | undefined): readonly Message[] => {
  if (cache === undefined) return messages;
  return messages.map((message, at) => {
    if (at !== messages.length - 1) return message;
    const parts = message.content as readonly Part[];
    return {
      ...message,
      content: parts.map((part, place) => (place === parts.length - 1 ? { ...part, ...lifetimeOf(cache) } : part)),
    } as Message;
  });
};

/** The container of a conversation stands behind the reply that came from it. */
const withContainer = (messages: readonly Message[], container: unknown): readonly Message[] => {
  if (container === undefined) return messages;
  const last = messages.findLastIndex(({ role }) => role === 'assistant');
  const part: Part = { type: 'provider', provider: 'anthropic', data: { type: 'container', id: container } };
  return messages.map((message, at) =>
    at === last ? { ...message, content: [...(message.content as readonly Part[]), part] } : message,
  );
};

/** Fields of a tool that we know. A tool with others is one of the provider's own form. */
const known = new Set(['name', 'description', 'input_schema', 'strict', 'cache_control', 'type']);

const toolsOf = (tools: readonly Json[]): Pick<ChatRequest, 'tools' | 'providerTools'> => {
  const isOurs = (tool: Json): boolean =>
    tool.input_schema !== undefined && Object.keys(tool).every((k) => known.has(k));
  const ours = tools.filter(isOurs);
  const theirs = tools.filter((tool) => !isOurs(tool));
  return {
    ...(ours.length === 0 ? {} : { tools: ours.map(toolOf) }),
    ...(theirs.length === 0 ? {} : { providerTools: theirs }),
  };
};

const toolOf = ({ name, description, input_schema, strict, cache_control }: Json): ToolDefinition => ({
  name: String(name),
  description: String(description),
  inputSchema: input_schema as ToolDefinition['inputSchema'],
  ...(strict === undefined ? {} : { isStrict: strict as boolean }),
  ...lifetimeOf(cache_control),
});

const choiceOf = (choice: Json | undefined): Pick<ChatRequest, 'toolChoice' | 'parallelToolCalls'> => {
  if (choice === undefined) return {};
  const { type, name, disable_parallel_tool_use: isSingle } = choice;
  const toolChoice: ToolChoice =
    type === 'tool' ? { name: String(name) } : type === 'any' ? 'required' : (type as 'auto' | 'none');
  return { toolChoice, ...(isSingle === undefined ? {} : { parallelToolCalls: isSingle !== true }) };
};

const formatOf = (format: unknown): OutputFormat | undefined =>
  format === undefined || format === null
    ? undefined
    : { type: 'json-schema', name: 'answer', schema: (format as Json).schema as ToolDefinition['inputSchema'] };

/** The grades that stand for these budgets. */
const grades: Readonly<Record<number, ReasoningEffort>> = {
  1024: 'minimal',
  2048: 'low',
  8192: 'medium',
  24576: 'high',
  49152: 'xhigh',
};

interface Thinking {
  readonly reasoning?: ReasoningEffort;
  /** What has no grade of ours: other budgets, and effort without thinking. */
  readonly options: Json;
}

const thinkingOf = (model: string, thinking: Json | undefined, { effort, format: _f, ...config }: Json): Thinking => {
  const isGraded = /^(?:low|medium|high|xhigh)$/.test(String(effort));
  if (thinking === undefined) return { options: effort === undefined ? {} : { output_config: { effort, ...config } } };
  const { type, budget_tokens: budget, ...others } = thinking;
  const isPlain = Object.keys(others).length === 0;
  const grade = grades[Number(budget)];
  const takesBudget = /claude-(?:3-7|(?:opus|sonnet|haiku)-4(?:-[015]|-20|$))/.test(model);
  if (type === 'enabled' && isPlain && grade !== undefined && takesBudget) return { reasoning: grade, options: {} };
  // Without an effort it is `high`.
  if (type === 'adaptive' && isPlain && (effort === undefined || isGraded) && !takesBudget) {
    return { reasoning: (effort ?? 'high') as ReasoningEffort, options: {} };
  }
  return { options: { thinking, ...(effort === undefined ? {} : { output_config: { effort, ...config } }) } };
};
