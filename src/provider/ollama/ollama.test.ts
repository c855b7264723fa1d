import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRun, type Message, system, user } from '../../core/index.js';
import type { ChatModel, ChatRequest } from '../../model/index.js';
import { badServer, type Behaviour, type RecordedRequest } from '../../testing/index.js';
import { describeEmbedder } from '../../testing/suites/index.js';
import { listOllamaModels, ollama, ollamaEmbedder, type OllamaOptions } from './index.js';

afterEach(() => vi.unstubAllEnvs());

const figures = { prompt_eval_count: 12, eval_count: 3, done_reason: 'stop', done: true };
const says = (message: object, more: object = {}): object => ({ model: 'm', message, ...figures, ...more });

const answering = async (
  body: unknown,
  options: OllamaOptions = {},
  model = 'm',
): Promise<{ readonly ask: ChatModel; readonly requests: readonly RecordedRequest[] }> => {
  const server = await badServer({ type: 'json', body });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { ask: ollama(model, { baseUrl: server.url, isStreaming: false, ...options }), requests: server.requests };
};

const bodyOf = async (request: ChatRequest, options: OllamaOptions = {}, model = 'm'): Promise<unknown> => {
  const { ask, requests } = await answering(says({ content: 'Yes.' }), options, model);
  await ask(request);
  return requests[0]?.body;
};

const tool = { name: 'add', description: 'Adds', inputSchema: { type: 'object', properties: {} } };

describe('ollama', () => {
  it('writes the request field by field; own options stand beside ours and win', async () => {
    const body = await bodyOf(
      {
        messages: [
          system('Be brief.'),
          user([
            { type: 'source', id: 's', text: 'Deep.' },
            { type: 'text', text: 'Hi' },
            { type: 'image', data: new Uint8Array([1, 2]) },
          ]),
        ],
        tools: [tool],
        output: { type: 'json' },
        maxOutputTokens: 10,
        temperature: 0,
        topP: 0.5,
        stop: ['END'],
        seed: 1,
        reasoning: 'low',
        logProbs: 2,
        providerOptions: { keep_alive: '10m', options: { num_gpu: 1, seed: 2 } },
      },
      { limits: { contextTokens: 8_192 } },
    );
    expect(body).toEqual({
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: '[1]\nDeep.\n\nHi', images: ['AQI='] },
      ],
      tools: [{ type: 'function', function: { name: 'add', description: 'Adds', parameters: tool.inputSchema } }],
      format: 'json',
      think: true,
      logprobs: true,
      top_logprobs: 2,
      stream: false,
      keep_alive: '10m',
      options: { num_ctx: 8_192, num_predict: 10, temperature: 0, top_p: 0.5, stop: ['END'], seed: 2, num_gpu: 1 },
    });
  });

  it('thinks as the model can: in grades, or at all', async () => {
    const ask = { messages: [user('Hi')] };
    expect(await bodyOf({ ...ask, reasoning: 'none' })).toMatchObject({ think: false });
    expect(await bodyOf({ ...ask, reasoning: 'xhigh' }, {}, 'gpt-oss:20b')).toMatchObject({ think: 'high' });
    expect(await bodyOf({ ...ask, reasoning: 'none' }, {}, 'gpt-oss:20b')).toMatchObject({ think: 'low' });
    expect(await bodyOf(ask)).toEqual({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: false });
  });

  it('takes its tool calls and thoughts back, with results by name', async () => {
    const calls = [
      { function: { index: 0, name: 'add', arguments: { a: 1 } } },
      { function: { index: 0, name: 'add', arguments: {} } },
    ];
    const { ask, requests } = await answering(says({ content: '', thinking: 'Add.', tool_calls: calls }));
    const { message, toolCalls, finishReason } = await ask({ messages: [user('Hi')], tools: [tool] });
    expect(finishReason).toBe('tool-call');
    expect(toolCalls.map(({ input }) => input)).toEqual([{ a: 1 }, {}]);
    expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(2);
    const results: Message = {
      role: 'tool',
      content: toolCalls.map(({ id, name }) => ({ type: 'tool-result', id, name, output: { sum: 2 } })),
    };
    await ask([user('Hi'), message, results]);
    const sent = requests[1]?.body as { readonly messages: readonly unknown[] };
    const [, assistant, first] = sent.messages;
    expect(assistant).toMatchObject({
      content: '',
      thinking: 'Add.',
      tool_calls: [{ function: { arguments: { a: 1 } } }, {}],
    });
    expect(first).toEqual({ role: 'tool', content: '{"sum":2}', tool_name: 'add', tool_call_id: toolCalls[0]?.id });
  });

  it('gives no tools where none may be called, and refuses what it cannot force', async () => {
    const request = { messages: [user('Hi')], tools: [tool] };
    expect(await bodyOf({ ...request, toolChoice: 'none' })).not.toHaveProperty('tools');
    const { ask, requests } = await answering(says({ content: 'Yes.' }));
    await expect(ask({ ...request, toolChoice: 'required' })).rejects.toMatchObject({ code: 'unsupported' });
    const link = user([{ type: 'image', data: new URL('https://host/a.png?key=1') }]);
    await expect(ask([link])).rejects.toThrow(/bytes.*https:\/\/host\/a\.png and/);
    expect(requests).toHaveLength(0);
  });

  it('keeps to one question with `generate`', async () => {
    const answer = { model: 'm', response: 'Yes.', thinking: 'Hm.', ...figures };
    const { ask, requests } = await answering(answer, { api: 'generate' });
    const reply = await ask([system('Be brief.'), user('Hi')]);
    expect(reply.message.content).toEqual([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'Yes.' },
    ]);
    expect(requests[0]).toMatchObject({ path: '/api/generate', body: { prompt: 'Hi', system: 'Be brief.' } });
    await expect(ask([user('Hi'), { role: 'assistant', content: 'Yes' }, user('Hi')])).rejects.toThrow(/api: 'chat'/);
    expect(() => ollama('m', { api: 'other' as 'chat' })).toThrow(/`api`/);
  });

  it('costs nothing, also under a budget of money', async () => {
    const { ask } = await answering(says({ content: 'Yes.' }));
    const run = createRun({ budget: { maxCostUsd: 0 } });
    expect(await ask('Hi', run)).toMatchObject({ costUsd: 0, usage: { inputTokens: 12, outputTokens: 3 } });
  });

  it('estimates the prompt where the server had it in its cache', async () => {
    const { ask } = await answering({ model: 'm', message: { content: 'Yes.' }, done: true, eval_count: 3 });
    const { usage, finishReason } = await ask('How deep is the lake?');
    expect(finishReason).toBe('stop');
    expect(usage).toMatchObject({ outputTokens: 3, isEstimated: true });
    expect(usage.inputTokens).toBeGreaterThan(3);
  });

  it('gives log-probabilities with the others at each place', async () => {
    const logprobs = [{ token: 'Yes', logprob: -0.1, top_logprobs: [{ token: 'No', logprob: -2 }] }];
    const { ask } = await answering(says({ content: 'Yes' }, { logprobs }));
    expect((await ask({ messages: [user('Hi')], logProbs: 1 })).logProbs).toEqual([
      { token: 'Yes', logProb: -0.1, alternatives: [{ token: 'No', logProb: -2 }] },
    ]);
  });

  it('says how to get a model that the server does not have', async () => {
    const body = { error: "model 'm' not found" };
    await using server = await badServer([
      { type: 'json', status: 404, body },
      { type: 'text', status: 404, text: 'x' },
    ]);
    const ask = ollama('m', { baseUrl: server.url });
    const wanted = { code: 'not-found', retryable: false, details: { status: 404 } };
    await expect(ask('Hi')).rejects.toMatchObject({
      ...wanted,
      message: expect.stringContaining('Run: ollama pull m.'),
    });
    await expect(ask('Hi')).rejects.toMatchObject({ ...wanted, message: expect.not.stringContaining('pull') });
  });

  it('needs no key, and finds the server as OLLAMA_HOST says it', async () => {
    const { ask, requests } = await answering(says({ content: 'Yes.' }));
    await ask('Hi');
    expect(requests[0]?.headers.authorization).toBeUndefined();
    vi.stubEnv('OLLAMA_API_KEY', 'from-env');
    await ask('Hi');
    expect(requests[1]?.headers.authorization).toBe('Bearer from-env');
    await using server = await badServer({
      type: 'json',
      body: { models: [{ name: 'm:latest', size: 5, details: { family: 'f', parameter_size: '8B' } }, { name: 'n' }] },
    });
    const { port } = new URL(server.url);
    for (const host of [server.url, `127.0.0.1:${port}`, `0.0.0.0:${port}`, `:${port}`, `${server.url}/`]) {
      vi.stubEnv('OLLAMA_HOST', host);
      expect(await listOllamaModels()).toEqual([
        { name: 'm:latest', sizeBytes: 5, family: 'f', parameterSize: '8B' },
        { name: 'n', sizeBytes: 0 },
      ]);
    }
    expect(server.requests.every(({ method, path }) => method === 'GET' && path === '/api/tags')).toBe(true);
  });
});

const vectorOf = (text: string): readonly number[] => {
  const vector = Array.from({ length: 768 }, () => 0);
  for (const char of text) vector[(char.codePointAt(0) ?? 0) % 768] = 3;
  return vector;
};
const embedding = ({ body }: RecordedRequest): Behaviour => {
  const { input } = body as { readonly input: readonly string[] };
  return { type: 'json', body: { embeddings: input.map(vectorOf), prompt_eval_count: input.length } };
};

describeEmbedder('ollamaEmbedder', {
  create: async () => {
    const server = await badServer(embedding);
    onTestFinished(() => server[Symbol.asyncDispose]());
    return ollamaEmbedder('nomic-embed-text', { baseUrl: server.url });
  },
});

describe('ollamaEmbedder', () => {
  it('sends many texts in several requests, counts them at no cost, and asks for shorter vectors', async () => {
    await using server = await badServer(embedding);
    const run = createRun();
    const embedder = ollamaEmbedder('nomic-embed-text:v1.5', { baseUrl: server.url, maxBatch: 2 });
    expect(await embedder(['a', 'b', 'c'], run)).toHaveLength(3);
    expect(run.meter.spent).toMatchObject({ calls: 2, costUsd: 0, usage: { inputTokens: 3 } });
    const short = ollamaEmbedder('nomic-embed-text', { baseUrl: server.url, dimensions: 256 });
    await expect(short(['a'])).rejects.toThrow(/768 numbers/);
    expect(server.requests[2]?.body).toEqual({ model: 'nomic-embed-text', input: ['a'], dimensions: 256 });
    expect(() => ollamaEmbedder('unheard-of')).toThrow(/dimensions/);
  });
});
