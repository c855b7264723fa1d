import type { Message, Part } from '../../src/core/index.js';
import type { ChatRequest, ToolDefinition } from '../../src/model/index.js';
import { planMark } from '../../src/provider/cohere/messages.js';
import type { Recording } from './recordings.js';

export interface WirePart {
  readonly type: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly image_url?: { readonly url: string };
}

export interface WireCall {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

interface WireMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content?: string | readonly WirePart[];
  readonly tool_calls?: readonly WireCall[];
  readonly tool_plan?: string;
  readonly tool_call_id?: string;
}

interface WireTool {
  readonly function: { readonly name: string; readonly description: string; readonly parameters: object };
}

interface WireRequest {
  readonly model: string;
  readonly messages: readonly WireMessage[];
  readonly stream?: boolean;
  readonly tools?: readonly WireTool[];
  readonly stop_sequences?: readonly string[];
  readonly response_format?: { readonly json_schema: object };
}

interface WireRequestOne {
  readonly model: string;
  readonly message: string;
  readonly chat_history?: readonly { readonly role: string; readonly message: string }[];
}

export const isOld = ({ request }: Recording): boolean => request?.path.startsWith('/v1/') === true;

const partOf = ({ text, thinking, image_url }: WirePart): Part => {
  if (thinking !== undefined) return { type: 'reasoning', text: thinking };
  if (image_url === undefined) return { type: 'text', text: text ?? '' };
  const [, mediaType = '', base64 = ''] = /^data:(.+);base64,(.*)$/.exec(image_url.url) ?? [];
  return { type: 'image', mediaType, data: new Uint8Array(Buffer.from(base64, 'base64')) };
};

const messageOf = ({ role, content = [], tool_calls = [], tool_plan, tool_call_id = '' }: WireMessage): Message => {
  if (role === 'tool') {
    return { role, content: [{ type: 'tool-result', id: tool_call_id, name: '', output: content }] };
  }
  if (typeof content === 'string') return { role, content };
  const plan: readonly Part[] =
    tool_plan === undefined ? [] : [{ type: 'reasoning', text: tool_plan, opaque: planMark }];
  const calls = tool_calls.map(
    ({ id, function: { name, arguments: json } }): Part => ({ type: 'tool-call', id, name, input: JSON.parse(json) }),
  );
  return { role, content: [...content.map(partOf), ...plan, ...calls] };
};

export const requestOf = (body: WireRequest): ChatRequest => ({
  messages: body.messages.map(messageOf),
  ...(body.tools === undefined
    ? {}
    : {
        tools: body.tools.map(
          ({ function: { name, description, parameters } }): ToolDefinition => ({
            name,
            description,
            inputSchema: parameters as ToolDefinition['inputSchema'],
          }),
        ),
      }),
  ...(body.stop_sequences === undefined ? {} : { stop: body.stop_sequences }),
  ...(body.response_format === undefined
    ? {}
    : {
        output: {
          type: 'json-schema',
          name: 'answer',
          schema: body.response_format.json_schema as ToolDefinition['inputSchema'],
        },
      }),
});

export const oldRequestOf = ({ message, chat_history = [] }: WireRequestOne): ChatRequest => ({
  messages: [
    ...chat_history.map(
      (turn): Message => ({
        role: turn.role.toLowerCase() === 'chatbot' ? 'assistant' : (turn.role.toLowerCase() as Message['role']),
        content: turn.message,
      }),
    ),
    { role: 'user', content: message },
  ],
});

/** The recorder cut pictures off, also inside a group of base64. */
const wholeImages = (content: WireMessage['content']): unknown => {
  if (!Array.isArray(content)) return content;
  return (content as readonly WirePart[]).map((part) => {
    const [head, base64] = part.image_url?.url.split(';base64,') ?? [];
    return base64 === undefined
      ? part
      : { ...part, image_url: `${head} ${Buffer.from(base64, 'base64').toString('hex')}` };
  });
};

/** A text alone is written as a string or as one part; an empty text beside tool calls says nothing. */
const canonicalMessage = (message: WireMessage): object => {
  const { content, ...rest } = message;
  const [only, ...others] = typeof content === 'string' ? [] : (content ?? []);
  const text = only?.type === 'text' && others.length === 0 ? only.text : wholeImages(content);
  return text === '' || text === undefined ? rest : { ...rest, content: text };
};

/** The names of the roles are read in capitals and without; what is not streamed may say so. */
export const canonical = (body: unknown): unknown => {
  const { messages, chat_history, ...rest } = body as Partial<WireRequest & WireRequestOne>;
  return {
    stream: false,
    ...rest,
    ...(messages === undefined ? {} : { messages: messages.map(canonicalMessage) }),
    ...(chat_history === undefined
      ? {}
      : { chat_history: chat_history.map((turn) => ({ ...turn, role: turn.role.toUpperCase() })) }),
  };
};
