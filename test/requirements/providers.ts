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
import type { Behaviour } from '../../src/testing/index.js';
import {
  anthropicWire,
  chatWire,
  cohereOneWire,
  cohereWire,
  completionWire,
  googleWire,
  ollamaWire,
  responsesWire,
  type Wire,
} from './wires.js';

export const secretKey = 'sk-proj-abcdefghijklmnop1234567890';
const apiKey = secretKey;

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
