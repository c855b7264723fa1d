import { describe, expect, it } from 'vitest';
import { assistant, createRun, type RunEvent, system, user } from '../../core/index.js';
import type { ChatRequest } from '../../model/index.js';
import { badServer, sseText } from '../../testing/index.js';
import { anthropic, type AnthropicOptions } from './index.js';

const start = { type: 'message_start', message: { model: 'claude-x', usage: { input_tokens: 5, output_tokens: 1 } } };
const block = (index: number, content_block: object, ...deltas: readonly object[]): readonly object[] => [
  { type: 'content_block_start', index, content_block },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
];
const end = (stop_reason: string): readonly object[] => [
  { type: 'message_delta', delta: { stop_reason }, usage: { output_tokens: 9 } },
  { type: 'message_stop' },
];
const text = (value: string): object => ({ type: 'text_delta', text: value });
const reply = sseText([start, ...block(0, { type: 'text', text: '' }, text('Yes')), ...end('end_turn')], true);

/** The body that a request becomes. */
const bodyOf = async (
  request: ChatRequest,
  model = 'claude-sonnet-4-5',
  options: AnthropicOptions = {},
  on: (event: RunEvent) => void = () => undefined,
): Promise<unknown> => {
  await using server = await badServer({ type: 'sse', chunks: [reply] });
  await anthropic(model, { ...options, baseUrl: server.url })(request, createRun({ on }));
  expect(server.requests[0]).toMatchObject({ method: 'POST', path: '/v1/messages' });
  return server.requests[0]?.body;
};

describe('anthropic', () => {
  it('says who it is and what it can do before anything is loaded', () => {
    const model = anthropic('claude-sonnet-4-5');
    expect({ ...model }).toMatchObject({
      id: 'anthropic:claude-sonnet-4-5',
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
    });
    expect(model.features).toEqual({
      audio: false,
      jsonSchemaWithTools: true,
      logProbs: false,
      tools: true,
      jsonSchema: true,
      images: true,
      files: true,
      reasoning: true,
      citations: true,
    });
    expect(model.limits).toMatchObject({ contextTokens: 200_000, maxOutputTokens: 64_000 });
    expect(anthropic('claude-3-haiku-20240307').features).toMatchObject({ reasoning: false, jsonSchema: false });
    expect(anthropic('x', { features: { images: false } }).features.images).toBe(false);
  });

  it('writes the smallest body for a question', async () => {
    expect(await bodyOf({ messages: [user('Hi')] })).toEqual({
      model: 'claude-sonnet-4-5',
      max_tokens: 64_000,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      stream: true,
    });
    expect(await bodyOf({ messages: [user('Hi')] }, 'somebody-elses')).toMatchObject({ max_tokens: 8_192 });
  });

  it('writes every field of a request, and tells what it leaves out', async () => {
    const schema = { type: 'object', properties: {} };
    const warnings: string[] = [];
    const request: ChatRequest = {
      messages: [system('Be brief.'), user('Hi'), system('Be kind.')],
      tools: [{ name: 'add', description: 'Adds', inputSchema: schema }],
      toolChoice: 'required',
      output: { type: 'json-schema', name: 'answer', schema },
      maxOutputTokens: 50,
      temperature: 0,
      topP: 0.5,
      stop: ['END'],
      seed: 7,
      providerOptions: { cache_control: { type: 'ephemeral' } },
    };
    const body = await bodyOf(request, 'claude-sonnet-4-5', {}, (event) => {
      if (event.type === 'warning') warnings.push(event.message);
    });
    expect(body).toEqual({
      model: 'claude-sonnet-4-5',
      max_tokens: 50,
      system: 'Be brief.\n\nBe kind.',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      tools: [{ name: 'add', description: 'Adds', input_schema: schema }],
      tool_choice: { type: 'any' },
      output_config: { format: { type: 'json_schema', schema } },
      stop_sequences: ['END'],
      stream: true,
      cache_control: { type: 'ephemeral' },
    });
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toContain('`temperature`');
  });

  it('writes tool choices and the order for JSON', async () => {
    const tools = [{ name: 'add', description: 'Adds', inputSchema: {} }];
    const messages = [user('Hi')];
    expect(await bodyOf({ messages, tools, toolChoice: { name: 'add' } })).toMatchObject({
      tool_choice: { type: 'tool', name: 'add' },
    });
    expect(await bodyOf({ messages, tools, toolChoice: 'none' })).toMatchObject({ tool_choice: { type: 'none' } });
    expect(await bodyOf({ messages, output: { type: 'json' } })).toMatchObject({
      system: expect.stringContaining('JSON'),
    });
    expect(await bodyOf({ messages: [system('A'), ...messages], output: { type: 'json' } })).toMatchObject({
      system: expect.stringMatching(/^A\n\n/),
    });
  });

  it.each([
    ['claude-sonnet-4-5', 'medium', 64_000, { thinking: { type: 'enabled', budget_tokens: 8_192 } }],
    ['claude-sonnet-4-5', 'high', 4_000, { thinking: { type: 'enabled', budget_tokens: 3_999 } }],
    ['claude-sonnet-5-5', 'high', 64_000, { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }],
    ['claude-sonnet-5-5', 'none', 64_000, { thinking: { type: 'disabled' } }],
    ['claude-opus-5-5', 'none', 64_000, { output_config: { effort: 'low' } }],
    ['claude-opus-4-6', 'low', 64_000, { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } }],
  ] as const)('tells %s to think with the effort %s', async (model, reasoning, maxOutputTokens, expected) => {
    expect(await bodyOf({ messages: [user('Hi')], reasoning, maxOutputTokens }, model)).toMatchObject(expected);
  });

  it('sends no thinking where none is asked for or none can be switched off', async () => {
    for (const request of [{}, { reasoning: 'none' }] as const) {
      expect(await bodyOf({ messages: [user('Hi')], ...request }, 'claude-sonnet-4-5')).not.toHaveProperty('thinking');
      expect(await bodyOf({ messages: [user('Hi')], ...request }, 'claude-3-haiku-20240307')).not.toHaveProperty(
        'thinking',
      );
    }
  });

  it('writes a conversation with tools, reasoning, pictures and files', async () => {
    const bytes = new Uint8Array([0xff, 0xd8, 0xff]);
    const body = await bodyOf({
      messages: [
        user([
          { type: 'text', text: 'Look' },
          { type: 'text', text: '' },
          { type: 'image', data: bytes },
          { type: 'image', data: new URL('https://host/a.png') },
          { type: 'file', data: bytes, mediaType: 'application/pdf', name: 'a.pdf' },
          { type: 'file', data: new TextEncoder().encode('Hi'), mediaType: 'text/markdown' },
          { type: 'file', data: new URL('https://host/a.pdf'), mediaType: 'application/pdf' },
        ]),
        assistant([
          { type: 'reasoning', text: 'Hm', opaque: 'anthropic-signature:abc' },
          { type: 'reasoning', text: '', opaque: 'anthropic-redacted:xyz' },
          { type: 'reasoning', text: 'of another provider' },
          { type: 'tool-call', id: 'c1', name: 'look', input: { at: 1 } },
          { type: 'tool-call', id: 'c2', name: 'look', input: '{"at":' },
        ]),
        { role: 'tool', content: [{ type: 'tool-result', id: 'c1', name: 'look', output: { found: true } }] },
        { role: 'tool', content: [{ type: 'tool-result', id: 'c2', name: 'look', output: 'Bad', isError: true }] },
        user('So?'),
        assistant(''),
      ],
    });
    expect((body as { messages: unknown }).messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: '/9j/' } },
          { type: 'image', source: { type: 'url', url: 'https://host/a.png' } },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: '/9j/' }, title: 'a.pdf' },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Hi' } },
          { type: 'document', source: { type: 'url', url: 'https://host/a.pdf' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm', signature: 'abc' },
          { type: 'redacted_thinking', data: 'xyz' },
          { type: 'tool_use', id: 'c1', name: 'look', input: { at: 1 } },
          { type: 'tool_use', id: 'c2', name: 'look', input: { invalid_arguments: '{"at":' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c1', content: '{"found":true}' },
          { type: 'tool_result', tool_use_id: 'c2', content: 'Bad', is_error: true },
          { type: 'text', text: 'So?' },
        ],
      },
    ]);
  });

  it('refuses parts where they cannot stand, before the network', async () => {
    const ask = anthropic('m', { baseUrl: 'http://127.0.0.1:1' });
    const source = { type: 'source', id: 'a', text: 'b' } as const;
    const badInput = expect.objectContaining({ code: 'bad-input' });
    await expect(ask([assistant([source])])).rejects.toEqual(badInput);
    await expect(ask([{ role: 'system', content: [source] }])).rejects.toEqual(badInput);
    await expect(ask([{ role: 'tool', content: 'text' }])).rejects.toEqual(badInput);
  });

  it('gives sources as citable documents, and citations with their places in the reply', async () => {
    const cite = (cited_text: string, document_index: number): object => ({
      type: 'citations_delta',
      citation: {
        type: 'char_location',
        cited_text,
        document_index,
        document_title: null,
        start_char_index: 0,
        end_char_index: 4,
      },
    });
    const events = [
      start,
      ...block(0, { type: 'text', text: '' }, text('Well: ')),
      ...block(
        1,
        { type: 'text', text: '', citations: [] },
        cite('All of it.', 1),
        text('all '),
        text('of it'),
        cite('x', 9),
      ),
      ...block(2, { type: 'text', text: '' }, text('.')),
      ...end('end_turn'),
    ];
    await using server = await badServer([
      { type: 'sse', chunks: [sseText(events, true)] },
      {
        type: 'json',
        body: {
          model: 'claude-x',
          stop_reason: 'end_turn',
          usage: { input_tokens: 5, output_tokens: 9 },
          content: [
            { type: 'text', text: 'Well: ' },
            {
              type: 'text',
              text: 'all of it',
              citations: [{ type: 'char_location', cited_text: 'All of it.', document_index: 1 }],
            },
            { type: 'text', text: '.' },
          ],
        },
      },
    ]);
    const question = [
      user([
        { type: 'file', data: new TextEncoder().encode('Notes'), mediaType: 'text/plain', name: 'notes.txt' },
        { type: 'source', id: 'doc-7', title: 'Refunds', text: 'All of it.' },
        { type: 'text', text: 'What is refunded?' },
      ]),
    ];
    const streamed = await anthropic('claude-sonnet-4-5', { baseUrl: server.url })(question);
    const plain = await anthropic('claude-sonnet-4-5', { baseUrl: server.url, isStreaming: false })(question);
    expect(streamed.citations).toEqual([{ sourceId: 'doc-7', quote: 'All of it.', start: 6, end: 15 }]);
    expect(streamed.text.slice(6, 15)).toBe('all of it');
    expect({ ...plain, headers: {} }).toEqual({ ...streamed, headers: {} });
    expect(server.requests[0]?.body).toMatchObject({
      messages: [
        {
          content: [
            { type: 'document', title: 'notes.txt', citations: { enabled: true } },
            {
              type: 'document',
              title: 'Refunds',
              source: { type: 'text', data: 'All of it.' },
              citations: { enabled: true },
            },
            { type: 'text' },
          ],
        },
      ],
    });
  });

  it('gives reasoning back in a form that the next request can return', async () => {
    const events = [
      start,
      ...block(
        0,
        { type: 'thinking', thinking: '' },
        { type: 'thinking_delta', thinking: 'Hm' },
        { type: 'signature_delta', signature: 'abc' },
      ),
      ...block(1, { type: 'redacted_thinking', data: 'xyz' }),
      ...block(2, { type: 'thinking', thinking: '' }, { type: 'signature_delta', signature: 'def' }),
      ...block(3, { type: 'tool_use', id: 't1', name: 'look', input: {} }),
      ...block(
        4,
        { type: 'tool_use', id: 't2', name: 'look', input: {} },
        { type: 'input_json_delta', partial_json: '{"a"' },
        { type: 'input_json_delta', partial_json: ':1}' },
      ),
      ...end('tool_use'),
    ];
    await using server = await badServer({ type: 'sse', chunks: [sseText(events, true)] });
    const ask = anthropic('claude-sonnet-4-5', { baseUrl: server.url });
    const { message, toolCalls, finishReason, usage } = await ask('Hi');
    expect(finishReason).toBe('tool-call');
    expect(toolCalls.map(({ id, input }) => [id, input])).toEqual([
      ['t1', {}],
      ['t2', { a: 1 }],
    ]);
    expect(usage).toMatchObject({ inputTokens: 5, outputTokens: 9 });
    await ask([user('Hi'), message, user('Go on')]);
    const { messages } = server.requests[1]!.body as { messages: readonly { content: unknown }[] };
    expect(messages[1]?.content).toEqual([
      { type: 'thinking', thinking: 'Hm', signature: 'abc' },
      { type: 'redacted_thinking', data: 'xyz' },
      { type: 'thinking', thinking: '', signature: 'def' },
      { type: 'tool_use', id: 't1', name: 'look', input: {} },
      { type: 'tool_use', id: 't2', name: 'look', input: { a: 1 } },
    ]);
  });

  it('keeps a whole reply whose connection broke behind the finish reason', async () => {
    const cut = reply.slice(0, reply.indexOf('event: message_stop'));
    await using server = await badServer({ type: 'sse', chunks: [cut], ending: 'reset' });
    expect(await anthropic('m', { baseUrl: server.url })('Hi')).toMatchObject({ text: 'Yes', finishReason: 'stop' });
  });
});
