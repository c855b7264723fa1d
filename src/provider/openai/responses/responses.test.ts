import { describe, expect, it } from 'vitest';
import { createRun, type Message, user } from '../../../core/index.js';
import type { ChatReply, ChatRequest } from '../../../model/index.js';
import { badServer, testRun } from '../../../testing/index.js';
import { openaiResponses, type OpenAIResponsesOptions } from '../index.js';
import { citationsOf } from './citations.js';

type Json = Readonly<Record<string, unknown>>;

const answering = (output: readonly object[] = []): object => ({
  model: 'm',
  status: 'completed',
  output,
  usage: { input_tokens: 1, output_tokens: 1 },
});

/** The body that goes out for a request. */
const sentFor = async (
  request: Partial<ChatRequest>,
  { model = 'gpt-5-mini', ...options }: OpenAIResponsesOptions & { readonly model?: string } = {},
): Promise<Json> => {
  await using server = await badServer({ type: 'json', body: answering() });
  const ask = openaiResponses(model, { baseUrl: server.url, isStreaming: false, ...options });
  await ask({ messages: [user('Hi')], ...request });
  return server.requests[0]?.body as Json;
};

const replyWith = async (output: readonly object[], options: OpenAIResponsesOptions = {}): Promise<ChatReply> => {
  await using server = await badServer({ type: 'json', body: answering(output) });
  return await openaiResponses('gpt-5-mini', { baseUrl: server.url, isStreaming: false, ...options })('Hi');
};

const text = (value: string, more: object = {}): object => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text: value, ...more }],
});

describe('requests of openaiResponses', () => {
  it('store nothing, and ask for reasoning in a form that can go back, where the model reasons', async () => {
    expect(await sentFor({})).toEqual({
      model: 'gpt-5-mini',
      input: [{ role: 'user', content: 'Hi' }],
      store: false,
      include: ['reasoning.encrypted_content'],
      stream: false,
    });
    expect(await sentFor({}, { model: 'gpt-4o' })).not.toHaveProperty('include');
    expect(await sentFor({}, { server: 'deepseek', model: 'deepseek-v4' })).not.toHaveProperty('include');
    const kept = await sentFor({ providerOptions: { store: true, include: undefined } });
    expect(kept).toMatchObject({ store: true });
    expect(kept).not.toHaveProperty('include');
  });

  it('put all of a conversation into items', async () => {
    const messages: readonly Message[] = [
      { role: 'system', content: 'Be brief.' },
      user([
        { type: 'source', id: 'a', title: 'Refunds', text: 'Within 30 days.' },
        { type: 'text', text: 'What is this?' },
        { type: 'image', data: new URL('https://example.com/a.png') },
        { type: 'image', data: new Uint8Array([0xff, 0xd8, 0xff]) },
        { type: 'file', data: new Uint8Array([1]), mediaType: 'application/pdf', name: 'a.pdf' },
        { type: 'file', data: new URL('https://example.com/b.pdf'), mediaType: 'application/pdf' },
      ]),
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm.', opaque: 'anthropic:abc' },
          { type: 'text', text: 'Let me ' },
          { type: 'text', text: 'look.' },
          { type: 'provider', provider: 'google', data: { type: 'search' } },
          { type: 'tool-call', id: 'call_1', name: 'look', input: { at: 1 } },
          { type: 'tool-call', id: 'call_2', name: 'look', input: 'no JSON' },
        ],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', id: 'call_1', name: 'look', output: { seen: true } },
          { type: 'tool-result', id: 'call_2', name: 'look', output: 'broken', isError: true },
          {
            type: 'tool-result',
            id: 'call_3',
            name: 'look',
            output: [
              { type: 'text', text: 'Here:' },
              { type: 'image', data: new URL('https://example.com/c.png') },
            ],
          },
        ],
      },
    ];
    expect((await sentFor({ messages })).input).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: '[1] Refunds\nWithin 30 days.' },
          { type: 'input_text', text: 'What is this?' },
          { type: 'input_image', image_url: 'https://example.com/a.png' },
          { type: 'input_image', image_url: 'data:image/jpeg;base64,/9j/' },
          { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AQ==' },
          { type: 'input_file', file_url: 'https://example.com/b.pdf' },
        ],
      },
      { role: 'assistant', content: 'Let me look.' },
      { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"at":1}' },
      { type: 'function_call', call_id: 'call_2', name: 'look', arguments: 'no JSON' },
      { type: 'function_call_output', call_id: 'call_1', output: '{"seen":true}' },
      { type: 'function_call_output', call_id: 'call_2', output: 'Error: broken' },
      {
        type: 'function_call_output',
        call_id: 'call_3',
        output: [
          { type: 'input_text', text: 'Here:' },
          { type: 'input_image', image_url: 'https://example.com/c.png' },
        ],
      },
    ]);
  });

  it('carry tools, choices and formats, strict only where the schema has that form', async () => {
    const strict = {
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
      additionalProperties: false,
    };
    const loose = { type: 'object', properties: { a: { type: 'string' } } };
    const request: Partial<ChatRequest> = {
      tools: [
        { name: 'one', description: 'One.', inputSchema: strict },
        { name: 'two', description: 'Two.', inputSchema: loose },
        { name: 'three', description: 'Three.', inputSchema: strict, isStrict: false },
      ],
      providerTools: [{ type: 'web_search' }],
      parallelToolCalls: false,
      output: { type: 'json-schema', name: 'answer', description: 'It.', schema: loose },
      maxOutputTokens: 99,
      temperature: 0.5,
      topP: 0.9,
      providerOptions: { text: { verbosity: 'low' }, reasoning: { summary: 'auto' }, metadata: { a: 'b' } },
      reasoning: 'high',
    };
    expect(await sentFor({ ...request, toolChoice: { name: 'two' } })).toMatchObject({
      tools: [
        { type: 'function', name: 'one', description: 'One.', parameters: strict, strict: true },
        { name: 'two', strict: false },
        { name: 'three', strict: false },
        { type: 'web_search' },
      ],
      tool_choice: { type: 'function', name: 'two' },
      parallel_tool_calls: false,
      text: {
        format: { type: 'json_schema', name: 'answer', description: 'It.', schema: loose, strict: false },
        verbosity: 'low',
      },
      max_output_tokens: 99,
      temperature: 0.5,
      top_p: 0.9,
      reasoning: { effort: 'high', summary: 'auto' },
      metadata: { a: 'b' },
    });
    expect(await sentFor({ ...request, toolChoice: { name: 'web_search' } })).toMatchObject({
      tool_choice: { type: 'web_search' },
    });
    expect(await sentFor({ ...request, toolChoice: 'required' })).toMatchObject({ tool_choice: 'required' });
    expect(await sentFor({ toolChoice: 'required', parallelToolCalls: true })).not.toHaveProperty('tool_choice');
    expect((await sentFor({ output: { type: 'json' } })).text).toEqual({ format: { type: 'json_object' } });
    expect(await sentFor({ output: { type: 'text' } })).not.toHaveProperty('text');
  });

  it.each([
    ['gpt-5-mini', 'none', 'minimal'],
    ['gpt-5-mini', 'xhigh', 'high'],
    ['gpt-5.6', 'none', 'none'],
    ['o3', 'minimal', 'low'],
  ] as const)('ask %s for the effort %s as %s', async (model, reasoning, effort) => {
    expect((await sentFor({ reasoning }, { model })).reasoning).toEqual({ effort });
  });

  it('ask other servers for grades that they know, and never for none where that is not known', async () => {
    expect((await sentFor({ reasoning: 'xhigh' }, { server: 'xai', model: 'grok-4.3' })).reasoning).toEqual({
      effort: 'high',
    });
    expect((await sentFor({ reasoning: 'minimal' }, { server: 'other', model: 'x' })).reasoning).toEqual({
      effort: 'minimal',
    });
    expect(await sentFor({ reasoning: 'none' }, { server: 'other', model: 'x' })).not.toHaveProperty('reasoning');
  });

  it('ask for log-probabilities and for a prompt cache in the way of the model', async () => {
    expect(await sentFor({ logProbs: 3 }, { model: 'gpt-4o' })).toMatchObject({
      top_logprobs: 3,
      include: ['message.output_text.logprobs'],
    });
    expect(await sentFor({ promptCache: '1h' })).toMatchObject({ prompt_cache_retention: '24h' });
    const messages = [user([{ type: 'text', text: 'Long.', cache: '1h' }])];
    const marked = await sentFor({ messages, promptCache: '1h' }, { model: 'gpt-5.6' });
    expect(marked).toMatchObject({ prompt_cache_options: { ttl: '30m' } });
    expect(marked.input).toEqual([
      { role: 'user', content: [{ type: 'input_text', text: 'Long.', prompt_cache_breakpoint: { mode: 'explicit' } }] },
    ]);
    expect((await sentFor({ messages })).input).toEqual([{ role: 'user', content: 'Long.' }]);
  });

  it('are refused before the network for what the API cannot do; a seed is left out with a warning', async () => {
    await using server = await badServer({ type: 'json', body: answering() });
    const ask = openaiResponses('gpt-5-mini', { baseUrl: server.url, isStreaming: false });
    const sound = { type: 'file', data: new Uint8Array([1]), mediaType: 'audio/wav' } as const;
    await expect(ask({ messages: [user('Hi')], stop: ['x'] })).rejects.toMatchObject({ code: 'unsupported' });
    await expect(ask([user([sound])])).rejects.toMatchObject({ code: 'unsupported' });
    await expect(ask([{ role: 'assistant', content: [{ type: 'source', id: 'a', text: 'b' }] }])).rejects.toMatchObject(
      { code: 'bad-input' },
    );
    expect(server.requests).toHaveLength(0);
    const { run, events } = testRun();
    await ask({ messages: [user('Hi')], seed: 1, stop: [] }, run);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: expect.stringContaining('`seed`') }),
    );
    expect(server.requests[0]?.body).not.toHaveProperty('seed');
  });
});

describe('replies of openaiResponses', () => {
  it('go back as they came: reasoning, searches, pictures, calls and the phase of a message', async () => {
    const output = [
      {
        type: 'reasoning',
        summary: [
          { type: 'summary_text', text: 'First.' },
          { type: 'summary_text', text: 'Then.' },
        ],
        encrypted_content: 'secret thoughts',
      },
      { id: 'ws_1', type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'x' } },
      { type: 'image_generation_call', id: 'ig_1', status: 'completed', output_format: 'webp', result: 'AQID' },
      { ...text('One moment.'), phase: 'commentary' },
      { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"a":1}', namespace: 'crm' },
    ];
    const { message } = await replyWith(output);
    expect(message.content).toEqual([
      { type: 'reasoning', text: 'First.\n\nThen.', opaque: expect.any(String) },
      { type: 'provider', provider: 'openai', data: output[1] },
      {
        type: 'provider',
        provider: 'openai',
        data: { type: 'image_generation_call', id: 'ig_1', status: 'completed', output_format: 'webp' },
      },
      { type: 'image', data: new Uint8Array([1, 2, 3]), mediaType: 'image/webp' },
      { type: 'text', text: 'One moment.' },
      { type: 'provider', provider: 'openai', data: { type: 'message', phase: 'commentary' } },
      { type: 'tool-call', id: 'call_1', name: 'look', input: { a: 1 }, opaque: expect.any(String) },
    ]);
    const messages = [user('Hi'), message];
    expect((await sentFor({ messages })).input).toEqual([
      { role: 'user', content: 'Hi' },
      output[0],
      output[1],
      output[2],
      { type: 'message', phase: 'commentary', role: 'assistant', content: 'One moment.' },
      output[4],
    ]);
    // To another server goes only what every server understands.
    expect((await sentFor({ messages }, { server: 'xai', model: 'grok-4.3' })).input).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'One moment.' },
      { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"a":1}' },
    ]);
  });

  it('ask the user through a provider part, and take the answer in one', async () => {
    const request = { id: 'mcpr_1', type: 'mcp_approval_request', name: 'send', arguments: '{}', server_label: 'mail' };
    const { message, finishReason } = await replyWith([request]);
    expect(finishReason).toBe('stop');
    const approval = { type: 'mcp_approval_response', approval_request_id: 'mcpr_1', approve: true };
    const answer = user([{ type: 'provider', provider: 'openai', data: approval }]);
    expect((await sentFor({ messages: [message, answer] })).input).toEqual([request, approval]);
  });

  it('tell refusals and filters as such, and what was left over as its length', async () => {
    const refusal = { type: 'message', content: [{ type: 'refusal', refusal: 'I will not.' }] };
    expect(await replyWith([refusal])).toMatchObject({ text: 'I will not.', finishReason: 'content-filter' });
    const incomplete = async (reason: string): Promise<string> => {
      const body = { ...answering([text('Hal')]), status: 'incomplete', incomplete_details: { reason } };
      await using server = await badServer({ type: 'json', body });
      const reply = await openaiResponses('gpt-5-mini', { baseUrl: server.url, isStreaming: false })('Hi');
      return reply.finishReason;
    };
    expect(await incomplete('max_output_tokens')).toBe('length');
    expect(await incomplete('content_filter')).toBe('content-filter');
    expect(await incomplete('something_new')).toBe('other');
  });

  it('have log-probabilities and response headers', async () => {
    const logprobs = [{ token: 'Hi', logprob: -0.5, top_logprobs: [{ token: 'Hey', logprob: -1 }] }];
    const body = answering([text('Hi', { logprobs })]);
    await using server = await badServer({
      type: 'json',
      body,
      headers: { 'x-request-id': 'req_1', 'set-cookie': 'no' },
    });
    const reply = await openaiResponses('gpt-4o', { baseUrl: server.url, isStreaming: false })('Hi', createRun());
    expect(reply.logProbs).toEqual([{ token: 'Hi', logProb: -0.5, alternatives: [{ token: 'Hey', logProb: -1 }] }]);
    expect(reply.headers).toEqual({ 'x-request-id': 'req_1' });
  });
});

describe('citationsOf', () => {
  it('counts as our strings do, behind characters of two units too', () => {
    const words = '😀 so it is [a] 🎉';
    const points = [...words].indexOf('[');
    const [citation] = citationsOf(
      [{ url: 'https://a.example', title: 'A', start_index: points, end_index: points + 3 }],
      words,
      10,
    );
    expect(citation).toMatchObject({ sourceId: 'https://a.example', title: 'A', quote: '' });
    expect(words.slice((citation?.start ?? 0) - 10, (citation?.end ?? 0) - 10)).toBe('[a]');
  });

  it('is of the whole text without a place, never beyond it, and of nothing without a source', () => {
    const cited = citationsOf(
      [
        { url: 'u' },
        { file_id: 'f', filename: 'a.pdf', index: 2 },
        { url: 'u', start_index: 1, end_index: 99 },
        { title: 'x' },
      ],
      'text',
      0,
    );
    expect(cited).toEqual([
      { sourceId: 'u', quote: '', start: 0, end: 4 },
      { sourceId: 'f', quote: '', title: 'a.pdf', start: 2, end: 2 },
      { sourceId: 'u', quote: '', start: 1, end: 4 },
    ]);
  });
});

describe('openaiResponses', () => {
  it('says who it is, by server, and refuses one that it cannot find', () => {
    expect({ ...openaiResponses('grok-4.3', { server: 'xai' }) }).toMatchObject({
      id: 'xai:grok-4.3',
      provider: 'xai',
    });
    expect(openaiResponses('gpt-4o').features).toMatchObject({ reasoning: false, audio: false, tools: true });
    expect(() => openaiResponses('x', { server: 'azure-openai' })).toThrow(/baseUrl/);
    expect(() => openaiResponses('x', { server: 'nobody' as 'other' })).toThrow(/server/);
    expect(() => openaiResponses('x', { baseUrl: 'nowhere' })).toThrow(/baseUrl/);
  });

  it('names the variable of the server when there is no key', async () => {
    const before = process.env.XAI_API_KEY;
    delete process.env.XAI_API_KEY;
    try {
      await expect(openaiResponses('grok-4.3', { server: 'xai' })('Hi')).rejects.toThrow('XAI_API_KEY');
    } finally {
      if (before !== undefined) process.env.XAI_API_KEY = before;
    }
  });
});
