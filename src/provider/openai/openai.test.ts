import { describe, expect, it } from 'vitest';
import { assistant, system, user } from '../../core/index.js';
import type { ChatRequest, ReasoningEffort } from '../../model/index.js';
import { badServer, sseText } from '../../testing/index.js';
import { openai, type OpenAIOptions } from './index.js';

const chunk = (delta: object, finish: string | null = null): object => ({
  model: 'gpt-5-mini',
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const reply = `${sseText([chunk({ content: 'Yes' }), chunk({}, 'stop')])}data: [DONE]\n\n`;

type Fields = Readonly<Record<string, unknown>>;

/** The body that a request becomes. */
const bodyOf = async (request: ChatRequest, model = 'gpt-5-mini', options: OpenAIOptions = {}): Promise<unknown> => {
  await using server = await badServer({ type: 'sse', chunks: [reply] });
  await openai(model, { ...options, baseUrl: `${server.url}/v1` })(request);
  expect(server.requests[0]).toMatchObject({ method: 'POST', path: '/v1/chat/completions' });
  return server.requests[0]?.body;
};

describe('openai', () => {
  it('says who it is and what it can do before anything is loaded', () => {
    const model = openai('gpt-5-mini', { limits: { maxOutputTokens: 5 } });
    expect({ ...model }).toMatchObject({ id: 'openai:gpt-5-mini', model: 'gpt-5-mini', provider: 'openai' });
    expect(model.features).toEqual({
      audio: false,
      jsonSchemaWithTools: true,
      logProbs: false,
      tools: true,
      jsonSchema: true,
      images: true,
      files: true,
      reasoning: true,
      citations: false,
    });
    expect(model.limits).toEqual({ contextTokens: 400_000, maxOutputTokens: 5 });
    expect(openai('gpt-4o').features.reasoning).toBe(false);
    expect(openai('gpt-3.5-turbo').features.images).toBe(false);
    expect(openai('o1-mini').features.tools).toBe(false);
    expect(openai('llama3.3', { features: { tools: false } }).features).toMatchObject({
      tools: false,
      jsonSchema: true,
    });
    expect(() => openai('x', { baseUrl: 'nope' })).toThrow(/baseUrl/);
  });

  it('writes the smallest body for a question', async () => {
    expect(await bodyOf({ messages: [user('Hi')] })).toEqual({
      model: 'gpt-5-mini',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('writes every field of a request', async () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
      additionalProperties: false,
    };
    const body = await bodyOf({
      messages: [user('Hi')],
      tools: [{ name: 'add', description: 'Adds', inputSchema: schema }],
      toolChoice: { name: 'add' },
      output: { type: 'json-schema', name: 'answer', schema },
      maxOutputTokens: 50,
      temperature: 0,
      topP: 0.5,
      stop: ['END'],
      seed: 7,
      reasoning: 'none',
      providerOptions: { service_tier: 'flex', top_p: 0.6 },
    });
    expect(body).toEqual({
      model: 'gpt-5-mini',
      messages: [{ role: 'user', content: 'Hi' }],
      tools: [{ type: 'function', function: { name: 'add', description: 'Adds', parameters: schema } }],
      tool_choice: { type: 'function', function: { name: 'add' } },
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } },
      max_completion_tokens: 50,
      temperature: 0,
      top_p: 0.6,
      stop: ['END'],
      seed: 7,
      reasoning_effort: 'minimal',
      stream: true,
      stream_options: { include_usage: true },
      service_tier: 'flex',
    });
  });

  it('writes tools, forms and log-probabilities as they are asked for', async () => {
    const schema = { type: 'object', properties: {}, required: [], additionalProperties: false };
    const body = await bodyOf(
      {
        messages: [user('Hi')],
        tools: [{ name: 'add', description: 'Adds', inputSchema: schema, isStrict: true }],
        providerTools: [{ type: 'custom', custom: { name: 'write' } }],
        parallelToolCalls: false,
        output: { type: 'json-schema', name: 'answer', description: 'An answer.', schema, isStrict: false },
        logProbs: 3,
      },
      'gpt-4.1',
    );
    expect(body).toMatchObject({
      tools: [
        { type: 'function', function: { name: 'add', description: 'Adds', parameters: schema, strict: true } },
        { type: 'custom', custom: { name: 'write' } },
      ],
      parallel_tool_calls: false,
      response_format: { json_schema: { name: 'answer', description: 'An answer.', schema, strict: false } },
      logprobs: true,
      top_logprobs: 3,
    });
    const bare = await bodyOf({ messages: [user('Hi')], parallelToolCalls: false, logProbs: 0 }, 'gpt-4.1');
    expect(bare).toMatchObject({ logprobs: true });
    for (const field of ['tools', 'parallel_tool_calls', 'top_logprobs']) expect(bare).not.toHaveProperty(field);
  });

  it('asks for reasoning in the grades of the model', async () => {
    const grades: readonly (readonly [string, ReasoningEffort, string | undefined])[] = [
      ['gpt-5-mini', 'xhigh', 'high'],
      ['gpt-5.1', 'minimal', 'low'],
      ['gpt-5.1', 'xhigh', 'high'],
      ['gpt-5.2', 'xhigh', 'xhigh'],
      ['gpt-5.6-mini', 'none', 'none'],
      ['gpt-5-pro', 'low', 'high'],
      ['o3', 'none', 'low'],
      ['o4-mini', 'minimal', 'low'],
      ['gpt-4.1', 'none', undefined],
      ['house-model', 'minimal', 'minimal'],
      ['house-model', 'none', undefined],
    ];
    for (const [model, reasoning, word] of grades) {
      const { reasoning_effort } = (await bodyOf({ messages: [user('Hi')], reasoning }, model)) as Fields;
      expect([model, reasoning, reasoning_effort]).toEqual([model, reasoning, word]);
    }
  });

  it('asks for a prompt cache in the way of the model', async () => {
    const messages = [user([{ type: 'text', text: 'Long', cache: '1h' }])];
    const request = { messages, promptCache: '1h' } as const;
    expect(await bodyOf(request, 'gpt-5.1')).toMatchObject({
      messages: [{ role: 'user', content: 'Long' }],
      prompt_cache_retention: '24h',
    });
    expect(await bodyOf({ ...request, promptCache: '5m' }, 'gpt-5.1')).toMatchObject({
      prompt_cache_retention: 'in_memory',
    });
    expect(await bodyOf(request, 'gpt-5.6')).toMatchObject({
      messages: [{ content: [{ type: 'text', text: 'Long', prompt_cache_breakpoint: { mode: 'explicit' } }] }],
      prompt_cache_options: { ttl: '30m' },
    });
    expect(await bodyOf(request, 'gpt-4o')).not.toHaveProperty('prompt_cache_retention');
  });

  it('hears and says sound where the model can', async () => {
    const sound = { type: 'file', data: new Uint8Array([1, 2, 3]), mediaType: 'audio/x-wav' } as const;
    const body = await bodyOf({ messages: [user([sound])] }, 'gpt-4o-audio-preview');
    const audio = { type: 'input_audio', input_audio: { data: 'AQID', format: 'wav' } };
    expect(body).toMatchObject({ messages: [{ role: 'user', content: [audio] }] });
    await expect(bodyOf({ messages: [user([sound])] }, 'gpt-5')).rejects.toMatchObject({ code: 'unsupported' });
    const far = { ...sound, data: new URL('https://host/a.wav') };
    await expect(bodyOf({ messages: [user([far])] }, 'gpt-audio')).rejects.toThrow('takes sound as bytes');

    const message = { content: null, audio: { id: 'a', data: 'AQID', transcript: 'Hello' } };
    const said = { model: 'gpt-audio', choices: [{ message, finish_reason: 'stop' }] };
    await using server = await badServer({ type: 'json', body: said });
    const ask = openai('gpt-audio', { baseUrl: server.url, isStreaming: false });
    const request = { messages: [user('Hi')], providerOptions: { modalities: ['audio'], audio: { format: 'mp3' } } };
    const reply = await ask(request);
    expect(reply.text).toBe('Hello');
    expect(reply.message.content).toEqual([
      { type: 'text', text: 'Hello' },
      { type: 'file', data: new Uint8Array([1, 2, 3]), mediaType: 'audio/mpeg' },
    ]);
    await ask([user('Hi'), reply.message, user('And?')]);
    expect(server.requests[1]?.body).toMatchObject({ messages: [{}, { role: 'assistant', content: 'Hello' }, {}] });
  });

  it('tells citations of the web, request id and rate limits', async () => {
    const cited = { url: 'https://a.example', title: 'A', start_index: 0, end_index: 3 };
    const told = chunk({ content: 'Yes', annotations: [{ type: 'url_citation', url_citation: cited }] }, 'stop');
    await using server = await badServer({
      type: 'sse',
      chunks: [sseText([told])],
      headers: { 'x-request-id': 'req_1', 'x-ratelimit-remaining-tokens': '99', 'set-cookie': 'a=b' },
    });
    const { citations, headers } = await openai('gpt-4o-search-preview', { baseUrl: server.url })('Hi');
    expect(citations).toEqual([{ sourceId: 'https://a.example', title: 'A', quote: '', start: 0, end: 3 }]);
    expect(headers).toEqual({ 'x-request-id': 'req_1', 'x-ratelimit-remaining-tokens': '99' });
  });

  it('writes what older and other servers want', async () => {
    const request: ChatRequest = {
      messages: [user('Hi')],
      maxOutputTokens: 9,
      output: { type: 'json' },
      reasoning: 'high',
    };
    expect(await bodyOf(request, 'llama3.3', { maxTokensField: 'max_tokens' })).toMatchObject({
      max_tokens: 9,
      response_format: { type: 'json_object' },
      reasoning_effort: 'high',
    });
    expect(await bodyOf({ messages: [user('Hi')], output: { type: 'text' }, toolChoice: 'auto' })).not.toHaveProperty(
      'tool_choice',
    );
  });

  it('sends own headers with every request', async () => {
    await using server = await badServer({ type: 'sse', chunks: [reply] });
    await openai('m', { baseUrl: server.url, headers: { 'x-team': 'blue' } })('Hi');
    expect(server.requests[0]?.headers).toMatchObject({ 'x-team': 'blue', authorization: 'Bearer no-key' });
  });

  it('writes a conversation with tools, sources, pictures and files', async () => {
    const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47]);
    const body = await bodyOf({
      messages: [
        system('Be brief.'),
        user([
          { type: 'text', text: 'What is refunded?' },
          { type: 'source', id: 'doc-7', title: 'Refunds', text: 'All of it.' },
          { type: 'source', id: 'doc-9', text: 'Within 30 days.' },
        ]),
        assistant([
          { type: 'reasoning', text: 'Hm.' },
          { type: 'text', text: 'Let me look.' },
          { type: 'tool-call', id: 'c1', name: 'look', input: { at: 1 } },
          { type: 'tool-call', id: 'c2', name: 'look', input: '{"at":' },
        ]),
        { role: 'tool', content: [{ type: 'tool-result', id: 'c1', name: 'look', output: { found: true } }] },
        { role: 'tool', content: [{ type: 'tool-result', id: 'c2', name: 'look', output: 'Bad JSON', isError: true }] },
        user([
          { type: 'text', text: 'And this?' },
          { type: 'source', id: 'doc-7', title: 'Refunds', text: 'All of it.' },
          { type: 'image', data: png },
          { type: 'image', data: new URL('https://host/a.png') },
          { type: 'file', data: png, mediaType: 'application/pdf', name: 'a.pdf' },
        ]),
        assistant([{ type: 'tool-call', id: 'c3', name: 'look', input: {} }]),
        { role: 'tool', content: [{ type: 'tool-result', id: 'c3', name: 'look', output: undefined }] },
      ],
    });
    const call = (id: string, args: string): object => ({
      id,
      type: 'function',
      function: { name: 'look', arguments: args },
    });
    expect((body as { messages: unknown }).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: '[1] Refunds\nAll of it.\n\n[2]\nWithin 30 days.\n\nWhat is refunded?' },
      { role: 'assistant', content: 'Let me look.', tool_calls: [call('c1', '{"at":1}'), call('c2', '{"at":')] },
      { role: 'tool', tool_call_id: 'c1', content: '{"found":true}' },
      { role: 'tool', tool_call_id: 'c2', content: 'Error: Bad JSON' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '[1] Refunds\nAll of it.' },
          { type: 'text', text: 'And this?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw==' } },
          { type: 'image_url', image_url: { url: 'https://host/a.png' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,iVBORw==' } },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [call('c3', '{}')] },
      { role: 'tool', tool_call_id: 'c3', content: 'null' },
    ]);
  });

  it('refuses parts where they cannot stand, before the network', async () => {
    const ask = openai('m', { baseUrl: 'http://127.0.0.1:1' });
    const source = { type: 'source', id: 'a', text: 'b' } as const;
    const badInput = expect.objectContaining({ code: 'bad-input' });
    await expect(ask([assistant([source])])).rejects.toEqual(badInput);
    await expect(ask([{ role: 'tool', content: 'text' }])).rejects.toEqual(badInput);
    await expect(ask([user([{ type: 'tool-call', id: 'a', name: 'b', input: 1 }])])).rejects.toEqual(badInput);
    const file = {
      type: 'file',
      data: new URL('https://me:pw@host/a.pdf?key=1'),
      mediaType: 'application/pdf',
    } as const;
    await expect(ask([user([file])])).rejects.toThrow('https://host/a.pdf and');
  });

  it('Q24 treats __proto__ and constructor in arguments as data', async () => {
    const json = '{"__proto__":{"polluted":true},"constructor":1}';
    const events = [
      chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: json } }] }),
      chunk({}, 'tool_calls'),
    ];
    await using server = await badServer({ type: 'sse', chunks: [sseText(events)] });
    const { toolCalls, message } = await openai('m', { baseUrl: server.url })('Hi');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(JSON.stringify(toolCalls[0]?.input)).toBe(json);
    await openai('m', { baseUrl: server.url })([
      user('Hi'),
      message,
      { role: 'tool', content: [{ type: 'tool-result', id: 'a', name: 'f', output: 1 }] },
    ]);
    expect(JSON.stringify(server.requests[1]?.body)).toContain(JSON.stringify(json));
  });

  it('passes reasoning of compatible servers on, and tells a refusal from an answer', async () => {
    const thinking = [
      chunk({ reasoning_content: 'Hm' }),
      chunk({ reasoning: ', yes' }),
      chunk({ content: 'Yes' }),
      chunk({}, 'stop'),
    ];
    await using server = await badServer([
      { type: 'sse', chunks: [sseText(thinking)] },
      { type: 'sse', chunks: [sseText([chunk({ refusal: 'I cannot.' }), chunk({}, 'stop')])] },
      { type: 'sse', chunks: [sseText([chunk({ content: 'x' }), chunk({}, 'eos_token')])] },
    ]);
    const ask = openai('m', { baseUrl: server.url });
    const { message } = await ask('Hi');
    expect(message.content).toEqual([
      { type: 'reasoning', text: 'Hm, yes' },
      { type: 'text', text: 'Yes' },
    ]);
    expect(await ask('Hi')).toMatchObject({ text: 'I cannot.', finishReason: 'content-filter' });
    expect((await ask('Hi')).finishReason).toBe('other');
  });

  it('maps a failure that a server put into a reply of status 200', async () => {
    await using server = await badServer({ type: 'json', body: { error: { code: 503, message: 'No provider' } } });
    const ask = openai('m', { baseUrl: server.url, isStreaming: false });
    await expect(ask('Hi')).rejects.toMatchObject({ code: 'model-failed', retryable: true, details: { status: 503 } });
  });

  it('keeps a whole reply whose connection broke behind the finish reason, with estimated figures', async () => {
    await using server = await badServer({
      type: 'sse',
      chunks: [sseText([chunk({ content: 'Yes' }), chunk({}, 'stop')])],
      ending: 'reset',
    });
    const answer = await openai('m', { baseUrl: server.url })('Hi');
    expect(answer).toMatchObject({ text: 'Yes', finishReason: 'stop', usage: { isEstimated: true } });
  });
});
