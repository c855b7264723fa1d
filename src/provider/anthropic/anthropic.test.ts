import { describe, expect, it } from 'vitest';
import { user } from '../../core/index.js';
import { badServer, sseText, testRun } from '../../testing/index.js';
import { anthropic } from './index.js';

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

  it('cites pages, what it found itself, and what a tool found', async () => {
    const citations = [
      { type: 'page_location', cited_text: 'P', document_index: 0, start_page_number: 3, end_page_number: 4 },
      { type: 'content_block_location', cited_text: 'B', document_index: 1, start_block_index: 0 },
      { type: 'web_search_result_location', cited_text: '', url: 'https://host/a', title: 'A', encrypted_index: 'x' },
      { type: 'web_search_result_location', cited_text: 'W', url: 'https://host/b', title: null },
      { type: 'search_result_location', cited_text: 'S', source: 'doc-7', title: 'Refunds' },
      { type: 'char_location', cited_text: 'F', document_index: 5, document_title: 'Fetched' },
      { type: 'char_location', cited_text: 'lost', document_index: 6, document_title: null },
    ];
    await using server = await badServer({
      type: 'json',
      body: {
        model: 'claude-x',
        stop_reason: 'end_turn',
        usage: { input_tokens: 5, output_tokens: 9 },
        content: [{ type: 'text', text: 'All', citations }],
      },
    });
    const pdf = { type: 'file', data: new Uint8Array([1]), mediaType: 'application/pdf' } as const;
    const ask = anthropic('claude-sonnet-4-5', { baseUrl: server.url, isStreaming: false, citesFiles: true });
    const reply = await ask([user([pdf, { ...pdf, data: new URL('https://host/b.pdf') }])]);
    const span = { start: 0, end: 3 };
    expect(reply.citations).toEqual([
      { sourceId: 'document-0', quote: 'P', page: 3, ...span },
      { sourceId: 'https://host/b.pdf', quote: 'B', ...span },
      { sourceId: 'https://host/a', title: 'A', quote: '', ...span },
      { sourceId: 'https://host/b', quote: 'W', ...span },
      { sourceId: 'doc-7', quote: 'S', ...span },
      { sourceId: 'Fetched', title: 'Fetched', quote: 'F', ...span },
    ]);
    expect(server.requests[0]?.body).toMatchObject({
      messages: [{ content: [{ citations: { enabled: true } }, { citations: { enabled: true } }] }],
    });
  });

  it("gives what the server's own tools did back as it came, and goes on in the same container", async () => {
    const json = (partial_json: string): object => ({ type: 'input_json_delta', partial_json });
    const use = { type: 'server_tool_use', id: 's1', name: 'bash_code_execution', input: {} };
    const result = { type: 'bash_code_execution_tool_result', tool_use_id: 's1', content: { stdout: '4' } };
    const compacted = { type: 'compaction', content: '' };
    const caller = { type: 'code_execution_20260120', tool_id: 's1' };
    const container = { id: 'container_1', expires_at: '2100-01-01T00:00:00Z' };
    const events = [
      start,
      ...block(0, use, json(''), json('{"command":'), json('"bc"}')),
      ...block(1, result),
      ...block(
        2,
        compacted,
        { type: 'compaction_delta', content: 'So ' },
        { type: 'compaction_delta', content: 'far' },
      ),
      ...block(3, { type: 'tool_use', id: 't1', name: 'look', input: {}, caller }),
      ...block(4, { type: 'server_tool_use', id: 's2', name: 'bash_code_execution', input: {} }, json('{"comm')),
      { type: 'message_delta', delta: { stop_reason: 'pause_turn', container }, usage: { output_tokens: 9 } },
    ];
    await using server = await badServer({ type: 'sse', chunks: [sseText(events, true)] });
    const ask = anthropic('claude-sonnet-4-5', { baseUrl: server.url });
    const { message, finishReason, toolCalls } = await ask('Hi');
    expect(finishReason).toBe('other');
    expect(toolCalls).toHaveLength(1);
    await ask([user('Hi'), message]);
    expect(server.requests[1]?.body).toMatchObject({
      container: 'container_1',
      messages: [
        { role: 'user' },
        {
          role: 'assistant',
          content: [
            { ...use, input: { command: 'bc' } },
            result,
            { type: 'compaction', content: 'So far' },
            { type: 'tool_use', id: 't1', name: 'look', input: {}, caller },
            { type: 'server_tool_use', id: 's2', name: 'bash_code_execution', input: {} },
          ],
        },
      ],
    });
    const late = testRun({ nowMs: Date.parse('2100-01-02') });
    await ask([user('Hi'), message], late.run);
    expect(server.requests[2]?.body).not.toHaveProperty('container');
  });

  it('tells the state of the rate limits and the id of the request', async () => {
    const headers = { 'request-id': 'req_1', 'anthropic-ratelimit-requests-remaining': '9', 'set-cookie': 'a=b' };
    await using server = await badServer({ type: 'sse', chunks: [reply], headers });
    const { headers: told } = await anthropic('m', { baseUrl: server.url })('Hi');
    expect(told).toEqual({ 'request-id': 'req_1', 'anthropic-ratelimit-requests-remaining': '9' });
  });

  it('says that the content was refused, and keeps the figures', async () => {
    const events = [start, ...end('refusal')];
    await using server = await badServer({ type: 'sse', chunks: [sseText(events, true)] });
    const refused = await anthropic('m', { baseUrl: server.url })('Hi');
    expect(refused).toMatchObject({ text: '', finishReason: 'content-filter', usage: { outputTokens: 9 } });
  });

  it('keeps a whole reply whose connection broke behind the finish reason', async () => {
    const cut = reply.slice(0, reply.indexOf('event: message_stop'));
    await using server = await badServer({ type: 'sse', chunks: [cut], ending: 'reset' });
    expect(await anthropic('m', { baseUrl: server.url })('Hi')).toMatchObject({ text: 'Yes', finishReason: 'stop' });
  });
});
