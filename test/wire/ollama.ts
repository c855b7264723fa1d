import type { Message } from '../../src/core/index.js';
import type { ChatRequest, ToolDefinition } from '../../src/model/index.js';
import { ollama } from '../../src/provider/ollama/index.js';
import type { Expected, WireApi } from './describe-wire.js';
import { requestBody } from './plain-json.js';
import type { Recording } from './recordings.js';

interface WireTool {
  readonly function: { readonly name: string; readonly description: string; readonly parameters: object };
}

interface WireRequest {
  readonly model: string;
  readonly prompt?: string;
  readonly messages?: readonly { readonly role: Message['role']; readonly content: string }[];
  readonly tools?: readonly WireTool[];
  readonly options?: { readonly temperature?: number; readonly seed?: number };
}

const requestOf = ({ prompt = '', messages, tools = [], options }: WireRequest): ChatRequest => ({
  messages: messages ?? [{ role: 'user', content: prompt }],
  tools: tools.map(
    ({ function: { name, description, parameters } }): ToolDefinition => ({
      name,
      description,
      inputSchema: parameters as ToolDefinition['inputSchema'],
    }),
  ),
  ...options,
});

interface WireLine {
  readonly message?: {
    readonly content: string;
    readonly thinking?: string;
    readonly tool_calls?: readonly {
      readonly id: string;
      readonly function: { readonly name: string; readonly arguments: object };
    }[];
  };
  readonly response?: string;
  readonly prompt_eval_count?: number;
  readonly eval_count?: number;
  readonly model: string;
}

const expectedReply = (lines: readonly WireLine[]): Expected => {
  const calls = lines.flatMap(({ message }) => message?.tool_calls ?? []);
  const { prompt_eval_count, eval_count = 0, model } = lines.at(-1) ?? { model: '' };
  return {
    reply: {
      text: lines.map(({ message, response }) => message?.content ?? response ?? '').join(''),
      reasoning: lines.map(({ message }) => message?.thinking ?? '').join(''),
      finishReason: calls.length > 0 ? 'tool-call' : 'stop',
      toolCalls: calls.map(({ id, function: { name, arguments: input } }) => ({ id, name, input })),
      // Without the count of the prompt the figures are ours in part.
      usage: prompt_eval_count === undefined ? undefined : { inputTokens: prompt_eval_count, outputTokens: eval_count },
      also: { model, costUsd: 0, usage: { outputTokens: eval_count } },
    },
  };
};

const linesOf = ({ response }: Recording): readonly WireLine[] =>
  response.text === undefined
    ? [response.body as WireLine]
    : response.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as WireLine);

const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || value === false || (typeof value === 'object' && Object.keys(value).length === 0);

/** Ollama's own API. */
export const ollamaNative: WireApi = {
  covers: ({ api }) => api === 'ollama-native',
  call: (recording, url, run) => {
    const api = recording.request?.path === '/api/generate' ? 'generate' : 'chat';
    const isStreaming = recording.response.text !== undefined;
    const body = requestBody<WireRequest>(recording);
    return ollama(body.model, { baseUrl: url, api, isStreaming })(requestOf(body), run);
  },
  expected: (recording) => {
    const { status, body } = recording.response;
    if (status !== 404) return expectedReply(linesOf(recording));
    const says = `${(body as { readonly error: string }).error}. Run: ollama pull ${recording.model}`;
    return { failure: { code: 'not-found', status, says } };
  },
  // What is null, empty or false is not there; only `stream` is on unless it is said to be off.
  canonical: (body) => {
    const { stream = true, ...rest } = body as { readonly stream?: boolean };
    return { stream, ...Object.fromEntries(Object.entries(rest).filter(([, value]) => !isEmpty(value))) };
  },
  streamed: (recording) => {
    const { status, body } = recording.response;
    if (status !== 200) return undefined;
    const { message, response, done_reason, model, ...figures } = body as WireLine & { readonly done_reason: string };
    const { content = response ?? '', thinking = '', tool_calls } = message ?? {};
    const half = (text: string, part: 0 | 1): string =>
      part === 0 ? text.slice(0, text.length >> 1) : text.slice(text.length >> 1);
    const inner = (fields: object, text: string): object =>
      response === undefined ? { message: { role: 'assistant', content: text, ...fields } } : { response: text };
    const lines = [
      { model, ...inner({ thinking: half(thinking, 0) }, ''), done: false },
      { model, ...inner({ thinking: half(thinking, 1) }, ''), done: false },
      { model, ...inner({}, half(content, 0)), done: false },
      { model, ...inner({}, half(content, 1)), done: false },
      ...(tool_calls === undefined ? [] : [{ model, ...inner({ tool_calls }, ''), done: false }]),
      { model, ...inner({}, ''), ...figures, done: true, done_reason },
    ];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    return { ...recording, response: { status, headers: { 'content-type': 'application/x-ndjson' }, text } };
  },
};
