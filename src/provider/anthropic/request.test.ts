import { describe, expect, it } from 'vitest';
import { assistant, createRun, type Part, type RunEvent, system, user } from '../../core/index.js';
import type { ChatRequest } from '../../model/index.js';
import { badServer, type RecordedRequest, sseText } from '../../testing/index.js';
import { anthropic, type AnthropicOptions } from './index.js';

const reply = sseText(
  [
    { type: 'message_start', message: { model: 'claude-x', usage: { input_tokens: 5, output_tokens: 1 } } },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } },
  ],
  true,
);

interface Sent {
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: RecordedRequest['headers'];
  readonly warnings: readonly string[];
}

/** What goes out for a request. */
const sent = async (
  request: Partial<ChatRequest>,
  model = 'claude-sonnet-4-5',
  options: AnthropicOptions = {},
): Promise<Sent> => {
  await using server = await badServer({ type: 'sse', chunks: [reply] });
  const warnings: string[] = [];
  const on = (event: RunEvent): void => {
    if (event.type === 'warning') warnings.push(event.message);
  };
  const run = createRun({ on });
  await anthropic(model, { ...options, baseUrl: server.url })({ messages: [user('Hi')], ...request }, run);
  const [received] = server.requests;
  if (received === undefined) throw new Error('nothing was sent');
  expect(received).toMatchObject({ method: 'POST', path: '/v1/messages' });
  return { body: received.body as Sent['body'], headers: received.headers, warnings };
};

const bodyOf = async (...args: Parameters<typeof sent>): Promise<Sent['body']> => (await sent(...args)).body;

describe('a request to anthropic', () => {
  it('writes the smallest body for a question', async () => {
    expect(await bodyOf({ messages: [user('Hi')] })).toEqual({
      model: 'claude-sonnet-4-5',
      max_tokens: 64_000,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      stream: true,
    });
    expect(await bodyOf({ messages: [user('Hi')] }, 'somebody-elses')).toMatchObject({ max_tokens: 8_192 });
  });

  it('writes every field of a request', async () => {
    const schema = { type: 'object', properties: {} };
    const { body, warnings } = await sent({
      messages: [system('Be brief.'), user('Hi'), system('Be kind.')],
      tools: [{ name: 'add', description: 'Adds', inputSchema: schema, isStrict: true }],
      providerTools: [{ type: 'web_search_20260209', name: 'web_search' }],
      toolChoice: 'required',
      parallelToolCalls: false,
      output: { type: 'json-schema', name: 'answer', schema },
      maxOutputTokens: 50,
      stop: ['END'],
      providerOptions: { service_tier: 'standard_only' },
    });
    expect(body).toEqual({
      model: 'claude-sonnet-4-5',
      max_tokens: 50,
      system: [
        { type: 'text', text: 'Be brief.' },
        { type: 'text', text: 'Be kind.' },
      ],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      tools: [
        { name: 'add', description: 'Adds', input_schema: schema, strict: true },
        { type: 'web_search_20260209', name: 'web_search' },
      ],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      output_config: { format: { type: 'json_schema', schema } },
      stop_sequences: ['END'],
      stream: true,
      service_tier: 'standard_only',
    });
    expect(warnings).toEqual([]);
  });

  it.each([
    ['claude-3-5-haiku-latest', undefined, { temperature: 0.5, top_p: 0.9 }, '2023-06-01', 1],
    ['claude-sonnet-4-20250514', 'low', { top_p: 0.9 }, '2023-06-01', 2],
    ['claude-sonnet-4-6', undefined, { temperature: 0.5 }, '2023-06-01', 2],
    ['claude-opus-4-7', undefined, {}, '2026-10-21', 3],
    ['somebody-elses', undefined, {}, '2026-10-21', 3],
  ] as const)('sends %s the sampling that it takes, in the version that has it', async (...row) => {
    const [model, reasoning, expected, version, warned] = row;
    const asked = { temperature: 0.5, topP: 0.9, seed: 7, ...(reasoning === undefined ? {} : { reasoning }) };
    const { body, headers, warnings } = await sent(asked, model);
    const { temperature, top_p } = body;
    expect({ temperature, top_p }).toEqual({ temperature: undefined, top_p: undefined, ...expected });
    expect(headers['anthropic-version']).toBe(version);
    expect(warnings).toHaveLength(warned);
    expect(warnings[0]).toContain('`seed`');
  });

  it('leaves the version to the caller who names one', async () => {
    const options = { headers: { 'Anthropic-Version': '2024-01-01' } };
    const { headers } = await sent({ temperature: 0 }, 'claude-sonnet-4-5', options);
    expect(headers['anthropic-version']).toBe('2024-01-01');
  });

  it('asks for the betas that a request needs, beside those of the caller', async () => {
    const options = { headers: { 'anthropic-beta': 'context-1m-2025-08-07' } };
    const tools = [{ name: 'add', description: 'Adds', inputSchema: {} }];
    const betasOf = async (...args: Parameters<typeof sent>): Promise<unknown> =>
      (await sent(...args)).headers['anthropic-beta'];
    expect(await betasOf({})).toBeUndefined();
    expect(await betasOf({}, 'x', options)).toBe('context-1m-2025-08-07');
    const servers = { mcp_servers: [{ type: 'url', url: 'https://host/mcp', name: 'deepwiki' }] };
    expect(await betasOf({ providerOptions: servers }, 'x', options)).toBe(
      'context-1m-2025-08-07,mcp-client-2025-04-04',
    );
    const toolset = { providerTools: [{ type: 'mcp_toolset', mcp_server_name: 'deepwiki' }], providerOptions: servers };
    expect(await betasOf(toolset)).toBe('mcp-client-2025-11-20');
    const edits = { context_management: { edits: [{ type: 'compact_20260112' }] } };
    expect(await betasOf({ providerOptions: edits })).toBe('context-management-2025-06-27,compact-2026-01-12');
    expect(await betasOf({ tools, reasoning: 'low' }, 'claude-sonnet-4-5')).toBe('interleaved-thinking-2025-05-14');
    expect(await betasOf({ tools, reasoning: 'none' }, 'claude-sonnet-4-5')).toBeUndefined();
    expect(await betasOf({ tools, reasoning: 'low' }, 'claude-sonnet-4-6')).toBeUndefined();
  });

  it('writes tool choices and the order for JSON', async () => {
    const tools = [{ name: 'add', description: 'Adds', inputSchema: {} }];
    const choiceOf = async (request: Partial<ChatRequest>): Promise<unknown> => (await bodyOf(request)).tool_choice;
    expect(await choiceOf({ tools, toolChoice: { name: 'add' } })).toEqual({ type: 'tool', name: 'add' });
    expect(await choiceOf({ tools, toolChoice: 'none', parallelToolCalls: false })).toEqual({ type: 'none' });
    expect(await choiceOf({ tools, parallelToolCalls: true })).toEqual({
      type: 'auto',
      disable_parallel_tool_use: false,
    });
    expect(await choiceOf({ providerTools: [{ type: 'x' }], toolChoice: 'auto' })).toEqual({ type: 'auto' });
    expect(await choiceOf({ toolChoice: 'auto' })).toBeUndefined();
    expect(await bodyOf({ messages: [system('A'), user('Hi')], output: { type: 'json' } })).toMatchObject({
      system: [{ text: 'A' }, { text: expect.stringContaining('JSON') }],
    });
  });

  it('keeps later system messages behind the turn of the user, where the model takes them there', async () => {
    const messages = [system('A'), user('Hi'), system('B'), user('Well'), assistant('Yes'), system('C')];
    const rolesFor = async (model: string): Promise<readonly unknown[]> => {
      const body = await bodyOf({ messages }, model);
      const turns = body.messages as readonly { role: string; content: readonly { text: string }[] }[];
      const blocks = body.system as readonly { readonly text: string }[];
      return [blocks.map(({ text }) => text), ...turns.map(({ role, content }) => [role, content.map((b) => b.text)])];
    };
    expect(await rolesFor('claude-opus-4-8')).toEqual([
      ['A', 'C'],
      ['user', ['Hi', 'Well']],
      ['system', ['B']],
      ['assistant', ['Yes']],
    ]);
    expect(await rolesFor('claude-opus-4-7')).toEqual([
      ['A', 'B', 'C'],
      ['user', ['Hi', 'Well']],
      ['assistant', ['Yes']],
    ]);
  });

  it('marks what the caller wants cached, at most four places and those that reach furthest', async () => {
    const cached = (text: string, cache: '5m' | '1h' = '5m'): Part => ({ type: 'text', text, cache });
    const tool = (name: string): NonNullable<ChatRequest['tools']>[number] => ({
      name,
      description: 'd',
      inputSchema: {},
      cache: '5m',
    });
    const { body, warnings } = await sent({
      tools: [tool('a'), tool('b')],
      messages: [
        { role: 'system', content: [cached('s1', '1h'), cached('s2')] },
        user([cached('1'), cached('2'), { type: 'text', text: '3' }]),
        assistant([cached('4')]),
        user('5'),
      ],
    });
    const all = [body.tools, body.system, ...(body.messages as { content: unknown }[]).map(({ content }) => content)];
    const marks = (all.flat() as { name?: string; text?: string; cache_control?: unknown }[])
      .filter((block) => block.cache_control !== undefined)
      .map((block) => [block.name ?? block.text, block.cache_control]);
    const mark = { type: 'ephemeral' };
    expect(marks).toEqual([
      ['b', mark],
      ['s2', mark],
      ['2', mark],
      ['4', mark],
    ]);
    expect(warnings).toEqual([expect.stringContaining('3 more were left out')]);
  });

  it('marks the prompt by itself when it is told to cache it', async () => {
    const tools = [
      { name: 'a', description: 'd', inputSchema: {} },
      { name: 'b', description: 'd', inputSchema: {} },
    ];
    const turns = [user('1'), assistant('2'), user('3'), assistant([{ type: 'text', text: '4' }]), user('5')];
    const marksIn = async (request: Partial<ChatRequest>): Promise<readonly unknown[]> => {
      const body = await bodyOf({ promptCache: '1h', ...request });
      const all = [body.tools, body.system, ...(body.messages as { content: unknown }[]).map(({ content }) => content)];
      return (all.flat() as { name?: string; text?: string; cache_control?: { ttl?: string } }[])
        .filter((block) => block?.cache_control?.ttl === '1h')
        .map((block) => block.name ?? block.text);
    };
    expect(await marksIn({ messages: turns, tools })).toEqual(['b', '3', '5']);
    expect(await marksIn({ messages: [system('s'), ...turns], tools })).toEqual(['s', '3', '5']);
    expect(await marksIn({ messages: [user('1')] })).toEqual(['1']);
    expect(await marksIn({ messages: [user('1'), assistant([{ type: 'reasoning', text: 'r' }])] })).toEqual(['1']);
    const own = user([{ type: 'text', text: '1', cache: '5m' }]);
    expect(await marksIn({ messages: [own] })).toEqual([]);
  });

  it('writes tool results of parts, and sources among them as results that can be cited', async () => {
    const result = (output: unknown): ChatRequest['messages'] => [
      user('Find it'),
      assistant([{ type: 'tool-call', id: 'c', name: 'find', input: {} }]),
      { role: 'tool', content: [{ type: 'tool-result', id: 'c', name: 'find', output }] },
    ];
    const contentOf = async (output: unknown): Promise<unknown> => {
      const { messages } = await bodyOf({ messages: result(output) });
      return (messages as { content: { content: unknown }[] }[])[2]?.content[0]?.content;
    };
    expect(await contentOf([])).toBe('[]');
    expect(await contentOf([{ type: 'text' }])).toBe('[{"type":"text"}]');
    expect(
      await contentOf([
        { type: 'text', text: 'Two' },
        { type: 'image', data: new Uint8Array([0xff, 0xd8, 0xff]) },
        { type: 'source', id: 'doc-7', title: 'Refunds', text: 'All of it.' },
        { type: 'source', id: 'doc-8', text: 'None.' },
        { type: 'provider', provider: 'anthropic', data: { type: 'tool_reference', tool_name: 'x' } },
        { type: 'provider', provider: 'google', data: {} },
      ]),
    ).toEqual([
      { type: 'text', text: 'Two' },
      { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: '/9j/' } },
      {
        type: 'search_result',
        source: 'doc-7',
        title: 'Refunds',
        content: [{ type: 'text', text: 'All of it.' }],
        citations: { enabled: true },
      },
      {
        type: 'search_result',
        source: 'doc-8',
        title: 'doc-8',
        content: [{ type: 'text', text: 'None.' }],
        citations: { enabled: true },
      },
      { type: 'tool_reference', tool_name: 'x' },
    ]);
  });

  it('asks for no citations together with a schema, and says so', async () => {
    const messages = [user([{ type: 'source', id: 'a', text: 'b' }])];
    const output = { type: 'json-schema', name: 'x', schema: {} } as const;
    const { body, warnings } = await sent({ messages, output });
    expect(JSON.stringify(body.messages)).not.toContain('citations');
    expect(warnings).toEqual([expect.stringContaining('cannot cite')]);
    expect((await sent({ output }, 'x', { citesFiles: true })).warnings).toEqual([]);
  });

  it.each([
    ['claude-sonnet-4-5', 'medium', 64_000, { thinking: { type: 'enabled', budget_tokens: 8_192 } }],
    ['claude-sonnet-4-5', 'high', 4_000, { thinking: { type: 'enabled', budget_tokens: 3_999 } }],
    ['claude-sonnet-5-5', 'high', 64_000, { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }],
    ['claude-sonnet-5-5', 'none', 64_000, { thinking: { type: 'disabled' } }],
    ['claude-opus-5-5', 'none', 64_000, { output_config: { effort: 'low' } }],
    ['claude-opus-4-6', 'low', 64_000, { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } }],
    ['claude-opus-4-6', 'xhigh', 64_000, { output_config: { effort: 'high' } }],
    ['claude-opus-4-8', 'xhigh', 64_000, { output_config: { effort: 'xhigh' } }],
    ['claude-opus-4-8', 'minimal', 64_000, { output_config: { effort: 'low' } }],
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
          { type: 'file', data: new URL('https://host/b.png'), mediaType: 'image/png' },
          { type: 'provider', provider: 'anthropic', data: { type: 'container_upload', file_id: 'file_1' } },
          { type: 'provider', provider: 'google', data: { some: 'thing' } },
        ]),
        assistant([
          { type: 'reasoning', text: 'Hm', opaque: 'anthropic-signature:abc' },
          { type: 'reasoning', text: '', opaque: 'anthropic-redacted:xyz' },
          { type: 'reasoning', text: 'of another provider' },
          { type: 'tool-call', id: 'c1', name: 'look', input: { at: 1 } },
          { type: 'tool-call', id: 'c2', name: 'look', input: '{"at":', opaque: 'anthropic-caller:{"type":"code"}' },
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
          { type: 'image', source: { type: 'url', url: 'https://host/b.png' } },
          { type: 'container_upload', file_id: 'file_1' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm', signature: 'abc' },
          { type: 'redacted_thinking', data: 'xyz' },
          { type: 'tool_use', id: 'c1', name: 'look', input: { at: 1 } },
          {
            type: 'tool_use',
            id: 'c2',
            name: 'look',
            input: { invalid_arguments: '{"at":' },
            caller: { type: 'code' },
          },
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
});
