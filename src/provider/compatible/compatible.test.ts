import { describe, expect, it } from 'vitest';
import {
  assistant,
  createRun,
  inspect,
  isPipewrightError,
  type Message,
  type RunEvent,
  user,
} from '../../core/index.js';
import type { ChatReply, ChatRequest, ReasoningEffort } from '../../model/index.js';
import { badServer, type Behaviour, type RecordedRequest, sseText } from '../../testing/index.js';
import { compatible, type CompatibleOptions, type CompatibleServer, compatibleServers, connectionOf } from './index.js';

type Name = keyof typeof compatibleServers;
type Body = Readonly<Record<string, unknown>>;

const chunk = (delta: object, finish: string | null = null): object => ({
  model: 'm-1',
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const yes = sseText([chunk({ content: 'Yes' }), chunk({}, 'stop')]);

interface Exchange {
  readonly request: RecordedRequest;
  readonly body: Body;
  readonly reply: ChatReply;
  readonly warnings: readonly string[];
}

/** What is sent to a server, and what comes of its answer. */
const exchange = async (
  server: Name | CompatibleServer,
  request: ChatRequest,
  answer: Behaviour = { type: 'sse', chunks: [yes] },
  options: CompatibleOptions = {},
): Promise<Exchange> => {
  await using at = await badServer(answer);
  const warnings: string[] = [];
  const on = (event: RunEvent): void => void (event.type === 'warning' && warnings.push(event.message));
  const model = compatible(server, 'm', { apiKey: 'k', ...options, baseUrl: at.url });
  const reply = await model(request, createRun({ on }));
  const [sent] = at.requests;
  return { request: sent!, body: sent!.body as Body, reply, warnings };
};

const ask = (fields: Partial<ChatRequest> = {}): ChatRequest => ({ messages: [user('Hi')], ...fields });
const sse = (...events: readonly object[]): Behaviour => ({ type: 'sse', chunks: [sseText(events)] });
const tool = { name: 'add', description: 'Adds', inputSchema: { type: 'object' } };

describe('compatible', () => {
  it('says who it is and what its server can do before anything is sent', () => {
    const model = compatible('deepseek', 'deepseek-flash', {
      limits: { maxOutputTokens: 5 },
      features: { files: true },
    });
    expect({ ...model }).toMatchObject({
      id: 'deepseek:deepseek-flash',
      model: 'deepseek-flash',
      provider: 'deepseek',
    });
    expect(model.features).toMatchObject({
      tools: true,
      images: true,
      jsonSchema: false,
      audio: false,
      files: true,
      citations: false,
    });
    expect(model.limits).toMatchObject({ maxOutputTokens: 5 });
    expect(compatible('cerebras', 'm').features).toMatchObject({ images: true, files: false, audio: false });
    expect(compatible({ name: 'house', baseUrl: 'https://x.example/v1', keyVariable: 'X' }, 'm').features.audio).toBe(
      true,
    );
  });

  it('knows the limits of a model at its server, where the table has them', () => {
    expect(compatible('cerebras', 'gpt-oss-120b').limits).toEqual({ contextTokens: 131_072, maxOutputTokens: 40_960 });
    expect(compatible('xai', 'grok-4.7').limits.contextTokens).toBe(500_000);
    expect(compatible('together', 'openai/gpt-oss-120b').limits).toEqual({});
  });

  it('knows its servers, each under its own name, with an address or a variable for it', () => {
    for (const [name, server] of Object.entries(compatibleServers)) {
      expect(server.name).toBe(name);
      expect(server.baseUrl ?? server.baseUrlVariable).toBeTruthy();
      expect(server.keyVariable).toMatch(/^[A-Z][A-Z_]+$/);
      expect(server.baseUrl ?? '').not.toMatch(/\/$/);
    }
  });

  it('refuses a server that it does not know, and one without an address', () => {
    expect(() => compatible('nowhere' as Name, 'm')).toThrow(/no known server.*ollama/);
    expect(() => compatible('constructor' as Name, 'm')).toThrow(/no known server/);
    expect(() => compatible({ name: 'house', keyVariable: 'X' }, 'm')).toThrow(/where house is.*baseUrl/);
    expect(() => compatible('groq', 'm', { baseUrl: 'nope' })).toThrow(/baseUrl/);
  });

  it('sends the smallest body for a question, with the key and own headers', async () => {
    const { request, body } = await exchange('vllm', ask(), undefined, { headers: { 'x-team': 'blue' } });
    expect(request).toMatchObject({ method: 'POST', path: '/chat/completions' });
    expect(request.headers).toMatchObject({ authorization: 'Bearer k', 'x-team': 'blue', accept: 'text/event-stream' });
    expect(body).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('calls a deployment of Azure by its name, with its own header, found by a variable', async () => {
    await using at = await badServer({ type: 'sse', chunks: [yes] });
    const before = process.env.AZURE_OPENAI_ENDPOINT;
    const model = compatible('azure', 'my gpt', { apiKey: 'k' });
    try {
      delete process.env.AZURE_OPENAI_ENDPOINT;
      await expect(model('Hi')).rejects.toThrow(/AZURE_OPENAI_ENDPOINT/);
      process.env.AZURE_OPENAI_ENDPOINT = `${at.url}/`;
      await model('Hi');
    } finally {
      if (before === undefined) delete process.env.AZURE_OPENAI_ENDPOINT;
      else process.env.AZURE_OPENAI_ENDPOINT = before;
    }
    const [{ path, headers, body }] = at.requests as readonly [RecordedRequest];
    expect(body).toMatchObject({ model: 'my gpt' });
    expect(path).toBe('/openai/v1/chat/completions');
    expect(headers['api-key']).toBe('k');
    expect(headers.authorization).toBeUndefined();
  });

  it('needs a key where the server does, and names the variable', async () => {
    const before = process.env.GROQ_API_KEY;
    delete process.env.GROQ_API_KEY;
    try {
      await expect(compatible('groq', 'm')('Hi')).rejects.toMatchObject({
        code: 'not-allowed',
        message: expect.stringContaining('GROQ_API_KEY'),
      });
      expect(() => connectionOf('groq')).toThrow(/GROQ_API_KEY/);
      process.env.GROQ_API_KEY = 'from-env\n';
      expect(connectionOf('groq')).toEqual({ baseUrl: 'https://api.groq.com/openai/v1', apiKey: 'from-env' });
    } finally {
      if (before === undefined) delete process.env.GROQ_API_KEY;
      else process.env.GROQ_API_KEY = before;
    }
    const open = await exchange('ollama', ask(), undefined, { apiKey: '' });
    expect(open.request.headers.authorization).toBeUndefined();
  });

  it('costs nothing on a server of one’s own, so that a budget in money admits it', async () => {
    await using at = await badServer(
      sse(chunk({ content: 'Yes' }, 'stop'), { choices: [], usage: { prompt_tokens: 9 } }),
    );
    const run = createRun({ budget: { maxCostUsd: 0.01 } });
    const reply = await compatible('ollama', 'never-heard-of', { baseUrl: at.url })('Hi', run);
    expect(reply.costUsd).toBe(0);
    expect(run.meter.spent).toMatchObject({ calls: 1, usage: { inputTokens: 9 } });
  });

  it('Q30 shows the key in no error, property or drawing', async () => {
    const key = 'gsk_abcdefghijklmnop1234567890';
    await using at = await badServer({ type: 'json', status: 401, body: { error: { message: `Bad key ${key}` } } });
    const model = compatible('groq', 'm', { apiKey: key, baseUrl: at.url });
    const error = await model('Hi').catch((reason: unknown) => reason);
    expect(isPipewrightError(error) && error.message).toContain('Bad key [secret]');
    expect(JSON.stringify([{ ...model }, inspect(model), error])).not.toContain(key);
  });

  it('Q15 Q28 refuses what the server cannot do before anything is sent', async () => {
    const cases: readonly (readonly [Name, Partial<ChatRequest>, RegExp])[] = [
      ['perplexity', { tools: [tool] }, /cannot call tools/],
      ['groq', { tools: [tool], output: { type: 'json-schema', name: 'a', schema: {} } }, /tools and answer in a JSON/],
      ['deepseek', { output: { type: 'json-schema', name: 'a', schema: {} } }, /JSON schema/],
      ['mistral', { logProbs: 0 }, /log-probabilities/],
    ];
    for (const [server, fields, words] of cases) {
      const error = await compatible(server, 'm', { apiKey: 'k', baseUrl: 'http://127.0.0.1:1' })(ask(fields)).catch(
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code: 'unsupported', message: expect.stringMatching(words) });
    }
  });
});

describe('what servers take', () => {
  it('is spelt as each has it', async () => {
    const request = ask({
      maxOutputTokens: 9,
      seed: 7,
      tools: [tool],
      toolChoice: 'required',
      parallelToolCalls: false,
      providerTools: [{ type: 'web_search' }],
    });
    const mistral = await exchange('mistral', request);
    expect(mistral.body).toMatchObject({
      max_tokens: 9,
      random_seed: 7,
      tool_choice: 'any',
      parallel_tool_calls: false,
    });
    expect(Object.keys(mistral.body)).not.toContain('seed');
    expect(Object.keys(mistral.body)).not.toContain('stream_options');
    expect(mistral.warnings).toEqual([]);
    expect(mistral.body.tools).toEqual([expect.objectContaining({ type: 'function' }), { type: 'web_search' }]);
    const azure = await exchange('azure', request);
    expect(azure.body).toMatchObject({ max_completion_tokens: 9, seed: 7, tool_choice: 'required' });
    const moonshot = await exchange('moonshot', request);
    expect(moonshot.body).toMatchObject({ max_completion_tokens: 9, tool_choice: 'required' });
    expect(Object.keys(moonshot.body)).not.toContain('seed');
    const dated: CompatibleServer = {
      ...compatibleServers.azure,
      path: '/openai/deployments/{model}/chat/completions',
      query: { 'api-version': '2024-10-21' },
      quirks: { fields: { max_completion_tokens: 'max_tokens' } },
    };
    const { request: sent, body } = await exchange(dated, request);
    expect(sent.path).toBe('/openai/deployments/m/chat/completions?api-version=2024-10-21');
    expect(body).toMatchObject({ max_tokens: 9 });
  });

  it('leaves out what a server does not take, and says so', async () => {
    const { body, warnings } = await exchange('zai', ask({ seed: 7, maxOutputTokens: 5 }));
    expect(body).not.toHaveProperty('seed');
    expect(warnings).toEqual(['zai:m does not take the field `seed`; it was left out.']);
    expect((await exchange('zai', ask())).warnings).toEqual([]);
    for (const server of ['ollama', 'zai'] as const) {
      const chosen = await exchange(server, ask({ tools: [tool], toolChoice: 'required' }));
      expect(chosen.body).not.toHaveProperty('tool_choice');
      expect(chosen.warnings).toEqual([`${server}:m does not take the field \`tool_choice\`; it was left out.`]);
    }
  });

  it('asks for reasoning in the words of each server, the nearest grade where it has fewer', async () => {
    const cases: readonly (readonly [Name, ReasoningEffort, Body])[] = [
      ['groq', 'none', { reasoning_effort: 'none' }],
      ['groq', 'minimal', { reasoning_effort: 'low' }],
      ['groq', 'xhigh', { reasoning_effort: 'high' }],
      ['openrouter', 'xhigh', { reasoning: { effort: 'xhigh' } }],
      ['deepseek', 'none', { thinking: { type: 'disabled' } }],
      ['deepseek', 'medium', { thinking: { type: 'enabled' }, reasoning_effort: 'high' }],
      ['moonshot', 'none', { thinking: { type: 'disabled' } }],
      ['moonshot', 'medium', { reasoning_effort: 'high' }],
      ['moonshot', 'xhigh', { reasoning_effort: 'max' }],
      ['together', 'none', { reasoning: { enabled: false } }],
      ['together', 'xhigh', { reasoning_effort: 'high' }],
      ['vllm', 'xhigh', { reasoning_effort: 'xhigh' }],
      ['zai', 'minimal', { thinking: { type: 'enabled' }, reasoning_effort: 'low' }],
      ['zai', 'xhigh', { thinking: { type: 'enabled' }, reasoning_effort: 'max' }],
      ['alibaba', 'low', { enable_thinking: true }],
      ['mistral', 'low', { reasoning_effort: 'high' }],
      ['llama-cpp', 'none', { chat_template_kwargs: { enable_thinking: false } }],
      ['perplexity', 'none', { reasoning_effort: 'minimal' }],
    ];
    for (const [server, reasoning, fields] of cases) {
      const { body } = await exchange(server, ask({ reasoning }));
      const { model: _model, messages: _messages, stream: _stream, stream_options: _options, ...asked } = body;
      expect({ server, reasoning, ...asked }).toEqual({ server, reasoning, ...fields });
    }
    const house = { name: 'house', keyVariable: 'X' };
    expect((await exchange(house, ask({ reasoning: 'none' }))).body).not.toHaveProperty('reasoning_effort');
    expect((await exchange(house, ask({ reasoning: 'minimal' }))).body).toMatchObject({ reasoning_effort: 'minimal' });
  });

  it('writes schemas, documents and cache marks in the form of the server', async () => {
    const schema = { type: 'object', properties: {}, required: [], additionalProperties: false };
    const output = { type: 'json-schema', name: 'answer', description: 'An answer.', schema } as const;
    const named = { name: 'answer', description: 'An answer.', strict: true, schema };
    expect((await exchange('groq', ask({ output }))).body.response_format).toEqual({
      type: 'json_schema',
      json_schema: named,
    });
    const bare = { type: 'json_schema', json_schema: { schema } };
    expect((await exchange('perplexity', ask({ output }))).body.response_format).toEqual(bare);

    const file = {
      type: 'file',
      data: new URL('https://host/a.pdf'),
      mediaType: 'application/pdf',
      name: 'a.pdf',
    } as const;
    const contentAt = async (server: Name, content: Message['content']): Promise<unknown> =>
      (await exchange(server, { messages: [{ role: 'user', content }] })).body.messages;
    const asUrl = { type: 'document_url', document_url: 'https://host/a.pdf' };
    expect(await contentAt('mistral', [file])).toEqual([{ role: 'user', content: [asUrl] }]);
    const asFile = { type: 'file', file: { filename: 'a.pdf', file_data: 'https://host/a.pdf' } };
    expect(await contentAt('openrouter', [file])).toEqual([{ role: 'user', content: [asFile] }]);
    await expect(contentAt('vllm', [file])).rejects.toMatchObject({ code: 'unsupported' });

    const long = { type: 'text', text: 'Long', cache: '1h' } as const;
    const marked = { type: 'text', text: 'Long', cache_control: { type: 'ephemeral', ttl: '1h' } };
    expect(await contentAt('openrouter', [long])).toEqual([{ role: 'user', content: [marked] }]);
    const image = { type: 'image', data: new URL('https://host/a.png'), cache: '5m' } as const;
    const picture = {
      type: 'image_url',
      image_url: { url: 'https://host/a.png' },
      cache_control: { type: 'ephemeral' },
    };
    expect(await contentAt('openrouter', [image])).toEqual([{ role: 'user', content: [picture] }]);
    expect(await contentAt('groq', [long])).toEqual([{ role: 'user', content: 'Long' }]);
  });

  it('puts the reasoning of the history where the server wants it', async () => {
    const call = { type: 'tool-call', id: 'c', name: 'add', input: {} } as const;
    const thought = { type: 'reasoning', text: 'Hm.' } as const;
    const text = { type: 'text', text: 'So.' } as const;
    const sentTo = async (server: Name, content: Message['content']): Promise<unknown> => {
      const { body } = await exchange(server, { messages: [user('Hi'), { role: 'assistant', content }, user('And?')] });
      return (body.messages as readonly unknown[])[1];
    };
    expect(await sentTo('groq', [thought, text])).toEqual({ role: 'assistant', content: 'So.', reasoning: 'Hm.' });
    expect(await sentTo('moonshot', [thought, text])).toMatchObject({ reasoning_content: 'Hm.' });
    expect(await sentTo('deepseek', [thought, text])).toEqual({ role: 'assistant', content: 'So.' });
    expect(await sentTo('deepseek', [thought, call])).toMatchObject({ content: null, reasoning_content: 'Hm.' });
    expect(await sentTo('deepseek', [call])).toMatchObject({ reasoning_content: '' });
    const chunks = [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] }, text];
    expect(await sentTo('mistral', [thought, text])).toEqual({ role: 'assistant', content: chunks });
    const foreign = { ...thought, opaque: 'anthropic-signature:abc' };
    expect(await sentTo('openrouter', [foreign, text])).toEqual({ role: 'assistant', content: 'So.' });
    expect(await sentTo('xai', [thought, text])).toEqual({ role: 'assistant', content: 'So.' });
    expect(await sentTo('xai', [{ type: 'provider', provider: 'xai', data: {} }, text])).toEqual({
      role: 'assistant',
      content: 'So.',
    });
  });

  it('gives a server back what only it understands, and no other', async () => {
    const details = [
      { type: 'reasoning.text', text: 'Let me', format: 'anthropic-claude-v1', index: 0 },
      { type: 'reasoning.text', text: ' think.', index: 0 },
      { type: 'reasoning.text', signature: 'sig', index: 0 },
      { type: 'reasoning.text', text: 'More.', index: 0 },
      { type: 'reasoning.encrypted', data: 'blob', id: 'rs_1', index: 1 },
    ];
    const told = details.map((detail) =>
      chunk({ reasoning: 'text' in detail ? detail.text : null, reasoning_details: [detail] }),
    );
    const extra = { google: { thought_signature: 'abc' } };
    const called = chunk({
      tool_calls: [{ index: 0, id: 'c', function: { name: 'add', arguments: '{}' }, extra_content: extra }],
    });
    const { reply } = await exchange('openrouter', ask(), sse(...told, chunk({ content: 'So.' }), chunk({}, 'stop')));
    expect(reply.message.content).toMatchObject([
      { text: 'Let me think.' },
      { text: 'More.' },
      { type: 'reasoning', text: '' },
      { text: 'So.' },
    ]);
    const again = [user('Hi'), reply.message, user('And?')];
    expect((await exchange('openrouter', { messages: again })).body.messages).toContainEqual({
      role: 'assistant',
      content: 'So.',
      reasoning_details: [
        { type: 'reasoning.text', text: 'Let me think.', format: 'anthropic-claude-v1', index: 0, signature: 'sig' },
        { type: 'reasoning.text', text: 'More.', index: 0 },
        { type: 'reasoning.encrypted', data: 'blob', id: 'rs_1', index: 1 },
      ],
    });
    const { reply: signed } = await exchange('google', ask(), sse(called, chunk({ extra_content: extra }, 'stop')));
    const next = { messages: [user('Hi'), signed.message, { role: 'tool', content: [] }] as const };
    const back = { extra_content: extra, tool_calls: [expect.objectContaining({ id: 'c', extra_content: extra })] };
    expect((await exchange('google', next)).body.messages).toContainEqual(expect.objectContaining(back));
    const elsewhere = JSON.stringify((await exchange('xai', next)).body);
    expect(elsewhere).not.toContain('extra_content');
    expect(elsewhere).not.toContain('abc');
  });

  it('sends sound as such, and results of tools as text', async () => {
    const sound = { type: 'file', data: new Uint8Array([1, 2, 3]), mediaType: 'audio/mpeg' } as const;
    const { body } = await exchange('mistral', { messages: [user([sound])] });
    const audio = { type: 'input_audio', input_audio: { data: 'AQID', format: 'mp3' } };
    expect(body.messages).toEqual([{ role: 'user', content: [audio] }]);
    const result = (output: unknown): ChatRequest => ({
      messages: [
        assistant([{ type: 'tool-call', id: 'c', name: 'look', input: {} }]),
        { role: 'tool', content: [{ type: 'tool-result', id: 'c', name: 'look', output }] },
      ],
    });
    const two = [
      { type: 'text', text: 'A' },
      { type: 'source', id: 's', text: 'B' },
    ];
    expect((await exchange('groq', result(two))).body.messages).toContainEqual({
      role: 'tool',
      tool_call_id: 'c',
      content: 'A\n\nB',
    });
    await expect(exchange('groq', result([sound]))).rejects.toMatchObject({ code: 'unsupported' });
  });
});
