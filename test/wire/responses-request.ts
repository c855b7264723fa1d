import { createRun, type Message, type Part } from '../../src/core/index.js';
import type { ChatModel, ChatReply, ChatRequest, OutputFormat, ToolDefinition } from '../../src/model/index.js';
import { openaiResponses, type OpenAIResponsesOptions } from '../../src/provider/openai/index.js';
import { replayServer } from '../../src/testing/index.js';
import type { Recording } from './recordings.js';

type Json = Readonly<Record<string, unknown>>;

interface WireBody {
  readonly model: string;
  readonly input: string | readonly Json[];
  readonly instructions?: string;
  readonly tools?: readonly Json[];
  readonly tool_choice?: 'auto';
  readonly max_output_tokens?: number;
  readonly temperature?: number;
  readonly stream?: boolean;
  readonly store?: boolean;
  readonly include?: readonly string[];
  readonly reasoning?: Json;
  readonly text?: { readonly format: Json };
}

const servers: Readonly<Record<string, NonNullable<OpenAIResponsesOptions['server']>>> = {
  openai: 'openai',
  'azure-openai': 'azure-openai',
  xai: 'xai',
  deepseek: 'deepseek',
  'open-responses': 'other',
};

const baseUrlAt = (url: string, path: string): string => url + path.replace(/\/responses$/, '');

export const modelOf = (recording: Recording, url: string): ChatModel => {
  const { provider, request, response } = recording;
  const body = request?.body as WireBody | undefined;
  return openaiResponses(body?.model ?? 'gpt-5-mini', {
    server: servers[provider] ?? 'other',
    baseUrl: baseUrlAt(url, request?.path ?? '/v1/responses'),
    isStreaming: response.text !== undefined,
  });
};

const bytesOf = (dataUrl: string): { readonly data: Uint8Array; readonly mediaType: string } => {
  const [, mediaType = '', base64 = ''] = /^data:([^;]+);base64,(.*)$/s.exec(dataUrl) ?? [];
  return { data: new Uint8Array(Buffer.from(base64, 'base64')), mediaType };
};

const partOf = (part: Json): Part => {
  const { type, text, image_url, file_url, file_data, filename } = part as Readonly<Record<string, string | undefined>>;
  if (type === 'input_text') return { type: 'text', text: text ?? '' };
  if (type === 'input_image') {
    if (image_url?.startsWith('http')) return { type: 'image', data: new URL(image_url) };
    return { type: 'image', ...bytesOf(image_url ?? '') };
  }
  if (file_url !== undefined) return { type: 'file', data: new URL(file_url), mediaType: 'application/octet-stream' };
  return { type: 'file', ...bytesOf(file_data ?? ''), name: filename ?? '' };
};

const inputMessage = ({ role, content }: Json): Message => ({
  role: role === 'user' ? 'user' : 'system',
  content: typeof content === 'string' ? content : (content as readonly Json[]).map(partOf),
});

/** The reply that the server must have sent when these items came from it: a real turn of the conversation, read by our own code. */
const replyOf = async (recording: Recording, items: readonly Json[]): Promise<ChatReply> => {
  const output = items.map((item) =>
    typeof item.content === 'string' ? { ...item, content: [{ type: 'output_text', text: item.content }] } : item,
  );
  const typed = output.map((item) => ('type' in item ? item : { type: 'message', ...item }));
  const response = { status: 200, headers: {}, body: { status: 'completed', output: typed } };
  await using server = await replayServer([{ request: null, response }]);
  return await modelOf({ ...recording, response }, server.url)('Hi', createRun());
};

const isFromServer = ({ role, type }: Json): boolean =>
  role === 'assistant' || (role === undefined && type !== 'function_call_output');

const toolMessage = ({ call_id, output }: Json, names: ReadonlyMap<unknown, string>): Message => {
  const result = typeof output === 'string' ? output : (output as readonly Json[]).map(partOf);
  const id = String(call_id);
  return { role: 'tool', content: [{ type: 'tool-result', id, name: names.get(id) ?? '', output: result }] };
};

const messagesOf = async (recording: Recording, { input, instructions }: WireBody): Promise<readonly Message[]> => {
  const messages: Message[] = instructions ? [{ role: 'system', content: instructions }] : [];
  if (typeof input === 'string') return [...messages, { role: 'user', content: input }];
  const names = new Map<unknown, string>();
  let turn: Json[] = [];
  for (const item of [...input, undefined]) {
    if (item !== undefined && isFromServer(item)) {
      if (item.type === 'function_call') names.set(item.call_id, String(item.name));
      turn.push(item);
      continue;
    }
    if (turn.length > 0) messages.push((await replyOf(recording, turn)).message);
    turn = [];
    if (item === undefined) break;
    messages.push('role' in item ? inputMessage(item) : toolMessage(item, names));
  }
  return messages;
};

const isPlainFunction = (tool: Json): boolean => tool.type === 'function' && tool.defer_loading === undefined;

const toolOf = (tool: Json): ToolDefinition => {
  const { name, description, parameters, strict } = tool as unknown as {
    readonly name: string;
    readonly description: string | null;
    readonly parameters: Json;
    readonly strict: boolean;
  };
  return { name, description: description ?? '', inputSchema: parameters, isStrict: strict };
};

const outputOf = (format: Json): OutputFormat => {
  if (format.type === 'json_object') return { type: 'json' };
  const { name, schema, strict, description } = format as {
    name: string;
    schema: Json;
    strict: boolean;
    description?: string;
  };
  const words = description === undefined ? {} : { description };
  return { type: 'json-schema', name, schema, isStrict: strict, ...words };
};

/** The request of ours that stands for the recorded one. */
export const requestOf = async (recording: Recording): Promise<ChatRequest> => {
  const body = recording.request?.body as WireBody | undefined;
  if (body === undefined) return { messages: [{ role: 'user', content: 'Hi' }] };
  const { tools = [], text, tool_choice, max_output_tokens, temperature, store, include } = body;
  const { effort, ...reasoning } = body.reasoning ?? {};
  // Our tools come first on the wire, so from the first tool of another kind on all are given in the provider's own form.
  const firstOther = tools.findIndex((tool) => !isPlainFunction(tool));
  const ours = firstOther === -1 ? tools : tools.slice(0, firstOther);
  return {
    messages: await messagesOf(recording, body),
    ...(ours.length === 0 ? {} : { tools: ours.map(toolOf) }),
    ...(ours.length === tools.length ? {} : { providerTools: tools.slice(ours.length) }),
    ...(tool_choice === undefined ? {} : { toolChoice: tool_choice }),
    ...(text === undefined ? {} : { output: outputOf(text.format) }),
    ...(max_output_tokens === undefined ? {} : { maxOutputTokens: max_output_tokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(effort === undefined ? {} : { reasoning: effort as 'medium' }),
    // Whether the server stores the response, and what it adds to it, is no matter of a chat request.
    providerOptions: { store, include, ...(Object.keys(reasoning).length === 0 ? {} : { reasoning }) },
  };
};
