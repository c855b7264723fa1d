import type { CacheLifetime, Message, Part } from '../../src/core/index.js';
import type { ChatRequest, ReasoningEffort } from '../../src/model/index.js';

/*
 * Turns a recorded body into the request that asks for the same. What has an equivalent of ours goes through that; only what a
 * server has for itself goes through `providerOptions`.
 */

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON of many servers
type Json = any;

/** The message that a recorded assistant message comes out as, when the server answers with it. */
export type Replay = (message: Json) => Promise<Message>;

const efforts: readonly string[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];

/** Long data was cut when it was recorded, in the middle of a group of four characters. */
export const wholeGroups = (base64: string): string => base64.slice(0, base64.length - (base64.length % 4));

const dataOf = (url: string): { readonly data: Uint8Array | URL; readonly mediaType?: string } => {
  const [, mediaType, base64] = /^data:([^;,]+);base64,(.*)$/s.exec(url) ?? [];
  if (mediaType === undefined || base64 === undefined) return { data: new URL(url) };
  return { data: new Uint8Array(Buffer.from(wholeGroups(base64), 'base64')), mediaType };
};

const soundTypes: Record<string, string> = { mp3: 'audio/mpeg', wav: 'audio/wav' };

const partOf = (part: Json): Part => {
  const marked = part.cache_control ? { cache: (part.cache_control.ttl ?? '5m') as CacheLifetime } : {};
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text, ...marked };
    case 'image_url':
      return { type: 'image', ...dataOf(part.image_url.url ?? part.image_url), ...marked };
    case 'input_audio': {
      const { data, format } = part.input_audio;
      const mediaType = soundTypes[format] ?? `audio/${format}`;
      return { type: 'file', data: new Uint8Array(Buffer.from(data, 'base64')), mediaType, ...marked };
    }
    case 'file': {
      const { data, mediaType = 'application/pdf' } = dataOf(part.file.file_data);
      return { type: 'file', data, mediaType, name: part.file.filename, ...marked };
    }
    case 'document_url':
      return { type: 'file', mediaType: 'application/pdf', ...dataOf(part.document_url), ...marked };
    default:
      throw new Error(`There is no part of ours for ${part.type}.`);
  }
};

const partsOf = (content: Json): Message['content'] => (Array.isArray(content) ? content.map(partOf) : (content ?? ''));

const assistantOf = async (message: Json, replay: Replay): Promise<Message> => {
  const calls = message.tool_calls ?? [];
  // What only the server understands comes from a reply of its own.
  const hasOpaque =
    message.reasoning_details?.length || message.extra_content || calls.some((call: Json) => call.extra_content);
  if (hasOpaque) return replay(message);
  const chunks = Array.isArray(message.content) ? message.content : [{ type: 'text', text: message.content ?? '' }];
  const thought =
    message.reasoning ||
    message.reasoning_content ||
    chunks.flatMap((chunk: Json) => (chunk.thinking ?? []).map((piece: Json) => piece.text)).join('');
  const text = chunks.map((chunk: Json) => chunk.text ?? '').join('');
  const content: Part[] = [];
  if (thought) content.push({ type: 'reasoning', text: thought });
  if (text) content.push({ type: 'text', text });
  for (const { id, function: called } of calls) {
    content.push({ type: 'tool-call', id, name: called.name, input: JSON.parse(called.arguments) });
  }
  return { role: 'assistant', content };
};

const messagesOf = async (messages: readonly Json[], replay: Replay): Promise<readonly Message[]> => {
  const names = new Map<string, string>();
  const ours: Message[] = [];
  for (const message of messages) {
    for (const call of message.tool_calls ?? []) names.set(call.id, call.function.name);
    if (message.role === 'assistant') ours.push(await assistantOf(message, replay));
    else if (message.role === 'tool') {
      const { tool_call_id: id, content } = message;
      const name = names.get(id) ?? '';
      ours.push({ role: 'tool', content: [{ type: 'tool-result', id, name, output: content }] });
    } else ours.push({ role: message.role === 'user' ? 'user' : 'system', content: partsOf(message.content) });
  }
  return ours;
};

const isOurs = (tool: Json): boolean => tool.function !== undefined;

const toolsOf = ({ tools, tool_choice, parallel_tool_calls }: Json): Partial<ChatRequest> => {
  const own = (tools ?? []).filter(isOurs);
  const foreign = (tools ?? []).filter((tool: Json) => !isOurs(tool));
  return {
    ...(own.length > 0 && {
      tools: own.map(({ function: { name, description = '', parameters = {}, strict } }: Json) => ({
        name,
        description,
        inputSchema: parameters,
        ...(strict == null ? {} : { isStrict: strict }),
      })),
    }),
    ...(foreign.length > 0 && { providerTools: foreign }),
    ...(tool_choice != null && tools?.length > 0 && { toolChoice: choiceOf(tool_choice) }),
    ...(parallel_tool_calls != null && { parallelToolCalls: parallel_tool_calls }),
  };
};

const choiceOf = (choice: Json): NonNullable<ChatRequest['toolChoice']> => {
  if (typeof choice !== 'string') return { name: choice.function.name };
  return choice === 'any' ? 'required' : (choice as 'auto' | 'none' | 'required');
};

const outputOf = ({ response_format: format }: Json): Partial<ChatRequest> => {
  if (format == null) return {};
  if (format.type === 'text') return { output: { type: 'text' } };
  if (format.type === 'json_object') return { output: { type: 'json' } };
  const { name = 'answer', description, schema, strict = false } = format.json_schema;
  const about = description == null ? {} : { description };
  return { output: { type: 'json-schema', name, schema, isStrict: strict, ...about } };
};

/** The grade that is asked for, and the recorded fields that say no more than that. */
const reasoningOf = (body: Json): { readonly grade?: ReasoningEffort; readonly said: readonly string[] } => {
  const { reasoning_effort: effort, reasoning, thinking, enable_thinking } = body;
  const word = effort === 'max' ? 'xhigh' : (effort ?? reasoning?.effort);
  const isBare = (value: Json): boolean => value == null || Object.keys(value).length === 1;
  if (typeof enable_thinking === 'boolean')
    return { grade: enable_thinking ? 'high' : 'none', said: ['enable_thinking'] };
  if (word === undefined && thinking?.type === 'disabled' && isBare(thinking))
    return { grade: 'none', said: ['thinking'] };
  if (!efforts.includes(word)) return { said: [] };
  const said = [
    'reasoning_effort',
    ...(isBare(reasoning) ? ['reasoning'] : []),
    ...(isBare(thinking) ? ['thinking'] : []),
  ];
  return { grade: word, said };
};

const samplingOf = (body: Json): Partial<ChatRequest> => {
  const { temperature, top_p, stop, seed = body.random_seed, logprobs, top_logprobs } = body;
  const maxOutputTokens = body.max_completion_tokens ?? body.max_tokens;
  return {
    ...(maxOutputTokens != null && { maxOutputTokens }),
    ...(temperature != null && { temperature }),
    ...(top_p != null && { topP: top_p }),
    ...(stop != null && { stop: [stop].flat() }),
    ...(seed != null && { seed }),
    ...(logprobs === true && { logProbs: top_logprobs ?? 0 }),
  };
};

/** What the request above says, and what every call of ours says by itself. */
const told: ReadonlySet<string> = new Set([
  ...[
    'model',
    'messages',
    'tools',
    'tool_choice',
    'parallel_tool_calls',
    'response_format',
    'stream',
    'stream_options',
  ],
  ...[
    'max_completion_tokens',
    'max_tokens',
    'temperature',
    'top_p',
    'stop',
    'seed',
    'random_seed',
    'logprobs',
    'top_logprobs',
  ],
]);

export const requestOf = async (body: Json, replay: Replay): Promise<ChatRequest> => {
  const { grade, said } = reasoningOf(body);
  const foreign = Object.entries(body).filter(
    ([name, value]) => !told.has(name) && !said.includes(name) && value !== null && !(name === 'n' && value === 1),
  );
  return {
    messages: await messagesOf(body.messages, replay),
    ...toolsOf(body),
    ...outputOf(body),
    ...samplingOf(body),
    ...(grade === undefined ? {} : { reasoning: grade }),
    ...(foreign.length > 0 && { providerOptions: Object.fromEntries(foreign) }),
  };
};
