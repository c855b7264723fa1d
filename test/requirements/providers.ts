import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { Run } from '../../src/core/index.js';
import type { ChatModel } from '../../src/model/index.js';
import { fromAiSdk, fromAiSdkEmbedder } from '../../src/provider/ai-sdk/index.js';
import { anthropic, anthropicBatch, anthropicTokenCount } from '../../src/provider/anthropic/index.js';
import { cohere, cohereEmbedder, cohereReranker } from '../../src/provider/cohere/index.js';
import { compatible } from '../../src/provider/compatible/index.js';
import { google, googleEmbedder } from '../../src/provider/google/index.js';
import { listOllamaModels, ollama, ollamaEmbedder } from '../../src/provider/ollama/index.js';
import {
  listModels,
  openai,
  openaiBatch,
  openaiCompletion,
  openaiEmbedder,
  openaiModeration,
  openaiResponses,
} from '../../src/provider/openai/index.js';
import { voyageEmbedder, voyageReranker } from '../../src/provider/voyage/index.js';
import { type Behaviour, sseText } from '../../src/testing/index.js';

export const secretKey = 'sk-proj-abcdefghijklmnop1234567890';
const apiKey = secretKey;

/** A reply "Hello world" with figures 12 and 3, in the wire of one API. */
interface Wire {
  readonly contentType: string;
  readonly stream: string;
  /** What the stream holds only once the reply is over. */
  readonly finishMark: string;
  readonly json: unknown;
  readonly errorBody: (message: string) => unknown;
}

/** A chat model and what its server says. */
export interface ChatApi extends Wire {
  readonly name: string;
  readonly model: (baseUrl: string, isStreaming?: boolean) => ChatModel;
}

/** A call that is no chat: what is asked, and an answer to it. */
export interface PlainApi {
  readonly name: string;
  readonly call: (baseUrl: string) => (run?: Run) => Promise<unknown>;
  readonly json: unknown;
  /** Whether the call is paid for, and so leaves a usage record. */
  readonly isPaid: boolean;
}

const json = JSON.stringify;
const line = (fields: object): string => `${json(fields)}\n`;
const eventStream = 'text/event-stream';
const sameMessage = (message: string): unknown => ({ error: { message } });

const chunk = (delta: object, finish: string | null = null): object => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const chatUsage = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 };
const chatWire: Wire = {
  contentType: eventStream,
  stream: `${sseText([
    chunk({ role: 'assistant', content: 'Hello' }),
    chunk({ content: ' world' }),
    chunk({}, 'stop'),
    { ...chunk({}), choices: [], usage: chatUsage },
  ])}data: [DONE]\n\n`,
  finishMark: '"finish_reason":"stop"',
  json: {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello world' }, finish_reason: 'stop' }],
    usage: chatUsage,
  },
  errorBody: sameMessage,
};

const written = (text: string, finish_reason: string | null = null): object => ({
  model: 'm',
  choices: [{ index: 0, text, finish_reason }],
});
const completionWire: Wire = {
  ...chatWire,
  stream: sseText([written('Hello'), written(' world'), written('', 'stop'), { choices: [], usage: chatUsage }]),
  json: { ...written('Hello world', 'stop'), usage: chatUsage },
};

const message = {
  id: 'm1',
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text: 'Hello world' }],
};
const response = {
  id: 'r1',
  model: 'm',
  status: 'completed',
  output: [message],
  usage: { input_tokens: 12, output_tokens: 3 },
};
const said = (delta: string): object => ({
  type: 'response.output_text.delta',
  item_id: 'm1',
  output_index: 0,
  content_index: 0,
  delta,
});
const responsesWire: Wire = {
  contentType: eventStream,
  stream: sseText(
    [
      { type: 'response.created', response: { ...response, status: 'in_progress', output: [], usage: null } },
      { type: 'response.output_item.added', output_index: 0, item: { ...message, content: [] } },
      said('Hello'),
      said(' world'),
      { type: 'response.output_item.done', output_index: 0, item: message },
      { type: 'response.completed', response },
    ],
    true,
  ),
  finishMark: '"type":"response.completed"',
  json: response,
  errorBody: sameMessage,
};

const anthropicUsage = { input_tokens: 12, output_tokens: 3 };
const block = (text: string): object => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text },
});
const anthropicWire: Wire = {
  contentType: eventStream,
  stream: sseText(
    [
      { type: 'message_start', message: { model: 'm', usage: { ...anthropicUsage, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      block('Hello'),
      block(' world'),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } },
      { type: 'message_stop' },
    ],
    true,
  ),
  finishMark: 'end_turn',
  json: {
    model: 'm',
    content: [{ type: 'text', text: 'Hello world' }],
    stop_reason: 'end_turn',
    usage: anthropicUsage,
  },
  errorBody: (text) => ({ type: 'error', error: { type: 'x', message: text } }),
};

const candidate = (text: string, more: object = {}): object => ({
  candidates: [{ content: { role: 'model', parts: [{ text }] }, ...more }],
  usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 3 },
});
const googleWire: Wire = {
  contentType: eventStream,
  stream: sseText([candidate('Hello'), candidate(' world'), candidate('', { finishReason: 'STOP' })]),
  finishMark: '"finishReason":"STOP"',
  json: candidate('Hello world', { finishReason: 'STOP' }),
  errorBody: sameMessage,
};

const cohereUsage = { tokens: { input_tokens: 12, output_tokens: 3 } };
const piece = (type: string, text: string): object => ({
  type,
  index: 0,
  delta: { message: { content: { type: 'text', text } } },
});
const cohereWire: Wire = {
  contentType: eventStream,
  stream: sseText([
    { type: 'message-start', id: 'x', delta: { message: { role: 'assistant', content: [], tool_calls: [] } } },
    piece('content-start', ''),
    piece('content-delta', 'Hello'),
    piece('content-delta', ' world'),
    { type: 'content-end', index: 0 },
    { type: 'message-end', delta: { usage: cohereUsage, finish_reason: 'COMPLETE' } },
  ]),
  finishMark: 'COMPLETE',
  json: {
    message: { role: 'assistant', content: [{ type: 'text', text: 'Hello world' }] },
    usage: cohereUsage,
    finish_reason: 'COMPLETE',
  },
  errorBody: (text) => ({ message: text }),
};

const cohereOneWire: Wire = {
  contentType: 'application/stream+json',
  stream: [
    line({ event_type: 'stream-start' }),
    line({ event_type: 'text-generation', text: 'Hello' }),
    line({ event_type: 'text-generation', text: ' world' }),
    line({ event_type: 'stream-end', response: { meta: cohereUsage }, finish_reason: 'COMPLETE' }),
  ].join(''),
  finishMark: 'COMPLETE',
  json: { text: 'Hello world', meta: cohereUsage, finish_reason: 'COMPLETE' },
  errorBody: (text) => ({ message: text }),
};

const told = (content: string): object => ({ model: 'm', message: { role: 'assistant', content }, done: false });
const ollamaEnd = { prompt_eval_count: 12, eval_count: 3, done_reason: 'stop', done: true };
const ollamaWire: Wire = {
  contentType: 'application/x-ndjson',
  stream: line(told('Hello')) + line(told(' world')) + line({ ...told(''), ...ollamaEnd }),
  finishMark: '"done":true',
  json: { ...told('Hello world'), ...ollamaEnd },
  errorBody: (error) => ({ error }),
};

const bridge = (baseURL: string): ReturnType<typeof createOpenAICompatible> =>
  createOpenAICompatible({ name: 'bridge', baseURL, apiKey, includeUsage: true });

/** Every chat model that is reached over HTTP. A new provider is one line here. */
export const chatApis: readonly ChatApi[] = [
  {
    name: 'openai',
    ...chatWire,
    model: (baseUrl, isStreaming = true) => openai('gpt-5-mini', { baseUrl, apiKey, isStreaming }),
  },
  {
    name: 'compatible',
    ...chatWire,
    model: (baseUrl, isStreaming = true) => compatible('groq', 'm', { baseUrl, apiKey, isStreaming }),
  },
  {
    name: 'openaiCompletion',
    ...completionWire,
    model: (baseUrl, isStreaming = true) => openaiCompletion('m', { baseUrl, apiKey, isStreaming }),
  },
  {
    name: 'openaiResponses',
    ...responsesWire,
    model: (baseUrl, isStreaming = true) => openaiResponses('m', { baseUrl, apiKey, isStreaming }),
  },
  {
    name: 'anthropic',
    ...anthropicWire,
    model: (baseUrl, isStreaming = true) => anthropic('claude-sonnet-4-5', { baseUrl, apiKey, isStreaming }),
  },
  {
    name: 'google',
    ...googleWire,
    model: (baseUrl, isStreaming = true) => google('gemini-2.5-flash', { baseUrl, apiKey, isStreaming }),
  },
  {
    name: 'cohere',
    ...cohereWire,
    model: (baseUrl, isStreaming = true) => cohere('command-a-03-2025', { baseUrl, apiKey, isStreaming }),
  },
  {
    name: 'cohere, version 1',
    ...cohereOneWire,
    model: (baseUrl, isStreaming = true) => cohere('command', { baseUrl, apiKey, isStreaming, apiVersion: 1 }),
  },
  {
    name: 'ollama',
    ...ollamaWire,
    model: (baseUrl, isStreaming = true) => ollama('m', { baseUrl, apiKey, isStreaming }),
  },
  {
    name: 'fromAiSdk',
    ...chatWire,
    model: (baseUrl, isStreaming = true) => fromAiSdk(bridge(baseUrl)('m'), { isStreaming }),
  },
];

const query = { query: 'a', texts: ['a', 'b'] };
const ranked = {
  results: [
    { index: 0, relevance_score: 0.5 },
    { index: 1, relevance_score: 0.2 },
  ],
};
const vectors = [
  [1, 0, 0],
  [0, 1, 0],
];
const listed = vectors.map((embedding, index) => ({ index, embedding }));
const texts = ['a', 'b'];
const batchLimits = { pollMs: 1, maxPollMs: 1 };

/** Every other call over HTTP. A new one is one line here. */
export const plainApis: readonly PlainApi[] = [
  {
    name: 'openaiEmbedder',
    isPaid: true,
    json: { data: listed, usage: { prompt_tokens: 2 } },
    call: (baseUrl) => (run) => openaiEmbedder('m', { baseUrl, apiKey, dimensions: 3 })(texts, run),
  },
  {
    name: 'googleEmbedder',
    isPaid: true,
    json: { embeddings: vectors.map((values) => ({ values })) },
    call: (baseUrl) => (run) => googleEmbedder('m', { baseUrl, apiKey, dimensions: 3 })(texts, run),
  },
  {
    name: 'cohereEmbedder',
    isPaid: true,
    json: { embeddings: { float: vectors, base64: vectors } },
    call: (baseUrl) => (run) => cohereEmbedder('m', { baseUrl, apiKey, dimensions: 3 })(texts, run),
  },
  {
    name: 'voyageEmbedder',
    isPaid: true,
    json: { data: listed, usage: { total_tokens: 2 } },
    call: (baseUrl) => (run) => voyageEmbedder('m', { baseUrl, apiKey, dimensions: 3 })(texts, run),
  },
  {
    name: 'ollamaEmbedder',
    isPaid: true,
    json: { embeddings: vectors, prompt_eval_count: 2 },
    call: (baseUrl) => (run) => ollamaEmbedder('m', { baseUrl, apiKey, dimensions: 3 })(texts, run),
  },
  {
    name: 'fromAiSdkEmbedder',
    isPaid: true,
    json: { data: listed, usage: { prompt_tokens: 2 } },
    call: (baseUrl) => (run) => fromAiSdkEmbedder(bridge(baseUrl).embeddingModel('m'), { dimensions: 3 })(texts, run),
  },
  {
    name: 'cohereReranker',
    isPaid: true,
    json: ranked,
    call: (baseUrl) => (run) => cohereReranker('m', { baseUrl, apiKey })(query, run),
  },
  {
    name: 'voyageReranker',
    isPaid: true,
    json: { data: ranked.results, usage: { total_tokens: 2 } },
    call: (baseUrl) => (run) => voyageReranker('m', { baseUrl, apiKey })(query, run),
  },
  {
    name: 'openaiModeration',
    isPaid: false,
    json: { results: [{ flagged: false, categories: {}, category_scores: {} }] },
    call: (baseUrl) => (run) => openaiModeration({ baseUrl, apiKey })('a', run),
  },
  {
    name: 'anthropicTokenCount',
    isPaid: false,
    json: { input_tokens: 2 },
    call: (baseUrl) => (run) => anthropicTokenCount('m', { baseUrl, apiKey })('a', run),
  },
  {
    name: 'listModels',
    isPaid: false,
    json: { data: [{ id: 'm' }] },
    call: (baseUrl) => (run) => listModels({ baseUrl, apiKey }, run),
  },
  {
    name: 'listOllamaModels',
    isPaid: false,
    json: { models: [{ name: 'm' }] },
    call: (baseUrl) => (run) => listOllamaModels({ baseUrl, apiKey }, run),
  },
  {
    name: 'openaiBatch',
    isPaid: false,
    json: { id: 'b' },
    call: (baseUrl) => (run) => openaiBatch('gpt-5-mini', { baseUrl, apiKey, ...batchLimits }).submit(['a'], run),
  },
  {
    name: 'anthropicBatch',
    isPaid: false,
    json: { id: 'b' },
    call: (baseUrl) => (run) => anthropicBatch('m', { baseUrl, apiKey, ...batchLimits }).submit(['a'], run),
  },
];

/** The first half of the reply, up to the second word. */
export const half = (text: string): string => text.slice(0, text.indexOf('world'));

/** An answer in the wire of this API: of the whole stream, or of another text. */
export const sending = ({ stream, contentType }: Wire, more: object = {}, text: string = stream): Behaviour => ({
  type: 'sse',
  chunks: [text],
  headers: { 'content-type': contentType },
  ...more,
});
