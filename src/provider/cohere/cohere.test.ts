import { describe, expect, it, onTestFinished } from 'vitest';
import { createRun, type Message, type RunEvent, system, user } from '../../core/index.js';
import type { ChatRequest } from '../../model/index.js';
import { badServer, type RecordedRequest, sseText } from '../../testing/index.js';
import { cohere, type CohereOptions } from './index.js';

const usage = {
  billed_units: { input_tokens: 4, output_tokens: 2 },
  tokens: { input_tokens: 500, output_tokens: 9 },
  cached_tokens: 448,
};
const reply = (message: object, more: object = {}): object => ({ message, finish_reason: 'COMPLETE', usage, ...more });
const says = (text: string, more: object = {}): object => reply({ content: [{ type: 'text', text }], ...more });

interface Asked {
  readonly ask: ReturnType<typeof cohere>;
  readonly requests: readonly RecordedRequest[];
}

const answering = async (body: object, options: CohereOptions = {}, model = 'command-a-new'): Promise<Asked> => {
  const server = await badServer({ type: 'json', body });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { ask: cohere(model, { baseUrl: server.url, isStreaming: false, ...options }), requests: server.requests };
};

const bodyOf = async (request: ChatRequest, options: CohereOptions = {}): Promise<Record<string, unknown>> => {
  const answer = options.apiVersion === 1 ? { text: 'Yes.', finish_reason: 'COMPLETE' } : says('Yes.');
  const { ask, requests } = await answering(answer, options);
  await ask(request);
  return requests[0]?.body as Record<string, unknown>;
};

const lake: Message = user([
  { type: 'source', id: 'lake', title: 'The lake', text: 'The lake is 40 m deep.' },
  { type: 'source', id: 'boat', text: 'The boat is red.' },
  { type: 'text', text: 'How deep is it?' },
]);
const tool = { name: 'add', description: 'Adds', inputSchema: { type: 'object', properties: {} } };

describe('cohere', () => {
  it('sends sources as documents, each once, and gives back what is cited, by the letters of the text', async () => {
    const text = '🛶 It is 40 m deep.';
    const citations = [
      { start: 8, end: 12, text: '40 m', sources: [{ type: 'document', id: 'lake' }], type: 'TEXT_CONTENT' },
      { start: 0, end: 1, text: '🛶', sources: [{ id: 'boat' }, { id: 'lake' }, { id: 'unknown' }] },
      { start: 0, end: 4, text: 'plan', sources: [{ id: 'lake' }], type: 'PLAN' },
    ];
    const { ask, requests } = await answering(says(text, { citations }));
    const answer = await ask([lake, { role: 'assistant', content: 'What?' }, lake]);
    expect(requests[0]?.body).toMatchObject({
      documents: [
        { id: 'lake', data: { title: 'The lake', text: 'The lake is 40 m deep.' } },
        { id: 'boat', data: { text: 'The boat is red.' } },
      ],
      messages: [{ role: 'user', content: 'How deep is it?' }, {}, {}],
    });
    expect(answer.citations.map(({ sourceId, start, end }) => [sourceId, answer.text.slice(start, end)])).toEqual([
      ['lake', '40 m'],
      ['boat', '🛶'],
      ['lake', '🛶'],
    ]);
  });

  it('takes the offsets of a server that counts as we do', async () => {
    const citations = { start: 3, end: 7, text: '40 m', sources: [{ id: 'lake' }] };
    const { ask } = await answering(says('🛶 40 m', { citations: [citations] }));
    expect((await ask([lake])).citations).toEqual([{ sourceId: 'lake', quote: '', start: 3, end: 7 }]);
  });

  it('cites sources in results of tools, and puts sources into words where JSON is asked for', async () => {
    const result: Message = {
      role: 'tool',
      content: [
        { type: 'tool-result', id: 'c1', name: 'find', output: [{ type: 'source', id: 'web', text: 'Deep.' }] },
      ],
    };
    const { ask, requests } = await answering(
      says('Deep.', { citations: [{ start: 0, end: 4, text: 'Deep', sources: [{ type: 'tool', id: 'web' }] }] }),
    );
    expect((await ask([user('Find'), result])).citations).toMatchObject([{ sourceId: 'web' }]);
    expect(requests[0]?.body).toMatchObject({
      messages: [{}, { role: 'tool', tool_call_id: 'c1', content: [{ type: 'document', document: { id: 'web' } }] }],
    });
    const json = await bodyOf({ messages: [lake], output: { type: 'json' } });
    expect(json.documents).toBeUndefined();
    expect(json.response_format).toEqual({ type: 'json_object' });
    expect(json.messages).toMatchObject([{ content: expect.stringContaining('[1] The lake\nThe lake is 40 m deep.') }]);
  });

  it('writes the request field by field', async () => {
    expect(
      await bodyOf({
        messages: [system('Be brief.'), user('Hi')],
        tools: [{ ...tool, isStrict: true }],
        toolChoice: 'required',
        providerTools: [{ type: 'own' }],
        maxOutputTokens: 10,
        temperature: 0,
        topP: 0.5,
        stop: ['END'],
        seed: 1,
        reasoning: 'low',
        logProbs: 0,
        providerOptions: { safety_mode: 'NONE' },
      }),
    ).toEqual({
      model: 'command-a-new',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      tools: [
        { type: 'function', function: { name: 'add', description: 'Adds', parameters: tool.inputSchema } },
        { type: 'own' },
      ],
      strict_tools: true,
      tool_choice: 'REQUIRED',
      thinking: { type: 'enabled', token_budget: 1_024 },
      max_tokens: 10,
      temperature: 0,
      p: 0.5,
      stop_sequences: ['END'],
      seed: 1,
      logprobs: true,
      stream: false,
      safety_mode: 'NONE',
    });
  });

  it('calls one certain tool by giving no other, and says what it cannot do', async () => {
    const tools = [tool, { ...tool, name: 'other' }];
    const named = await bodyOf({ messages: [user('Hi')], tools, toolChoice: { name: 'other' } });
    expect(named).toMatchObject({ tool_choice: 'REQUIRED', tools: [{ function: { name: 'other' } }] });
    expect(await bodyOf({ messages: [user('Hi')], tools, toolChoice: 'none' })).toMatchObject({ tool_choice: 'NONE' });
    expect(await bodyOf({ messages: [user('Hi')], reasoning: 'none' })).toMatchObject({
      thinking: { type: 'disabled' },
    });
    const { ask, requests } = await answering(says('Yes.'));
    const events: RunEvent[] = [];
    const run = createRun({ on: (event) => events.push(event) });
    await ask({ messages: [user('Hi')], tools, parallelToolCalls: false }, run);
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1);
    await expect(ask({ messages: [user('Hi')], logProbs: 2 })).rejects.toMatchObject({ code: 'unsupported' });
    const both = { messages: [user('Hi')], tools, output: { type: 'json-schema', name: 'a', schema: {} } } as const;
    await expect(ask(both)).rejects.toMatchObject({ code: 'unsupported' });
    expect(requests).toHaveLength(1);
  });

  it('Q13 gives the plan and a call without arguments, and takes them back as they came', async () => {
    const call = { id: 'add_1', type: 'function', function: { name: 'add', arguments: 'null' } };
    const { ask, requests } = await answering(
      reply({ tool_plan: 'I will add.', tool_calls: [call] }, { finish_reason: 'TOOL_CALL' }),
    );
    const { message, toolCalls, finishReason } = await ask({ messages: [user('Hi')], tools: [tool] });
    expect(finishReason).toBe('tool-call');
    expect(toolCalls).toEqual([{ type: 'tool-call', id: 'add_1', name: 'add', input: {} }]);
    await ask([
      user('Hi'),
      message,
      { role: 'tool', content: [{ type: 'tool-result', id: 'add_1', name: 'add', output: 'No', isError: true }] },
    ]);
    expect(requests[1]?.body).toMatchObject({
      messages: [
        {},
        { role: 'assistant', tool_plan: 'I will add.', tool_calls: [{ id: 'add_1', function: { arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'add_1', content: 'Error: No' },
      ],
    });
  });

  it('Q13 puts tool calls of a stream together whatever their indexes and arguments', async () => {
    const event = (type: string, index: number, called: object): object => ({
      type,
      index,
      delta: { message: { tool_calls: called } },
    });
    const chunks = [
      sseText([
        event('tool-call-start', 0, { id: 'a', function: { name: 'add', arguments: '' } }),
        event('tool-call-delta', 0, { function: { arguments: '{"x":' } }),
        event('tool-call-delta', 0, { function: { arguments: 'null' } }),
        event('tool-call-delta', 0, { function: { arguments: '}' } }),
        event('tool-call-start', 1, { id: 'b', function: { name: 'add', arguments: '' } }),
        event('tool-call-delta', 1, { function: { arguments: 'null' } }),
        { type: 'message-end', delta: { finish_reason: 'TOOL_CALL', usage } },
      ]),
    ];
    await using server = await badServer({ type: 'sse', chunks });
    const { toolCalls } = await cohere('command-a-03-2025', { baseUrl: server.url })('Hi');
    expect(toolCalls.map(({ id, input }) => ({ id, input }))).toEqual([
      { id: 'a', input: { x: null } },
      { id: 'b', input: {} },
    ]);
  });

  it('Q18 counts all tokens, and pays what is billed', async () => {
    const { ask } = await answering(says('Yes.'), { price: { input: 2_000_000, output: 1_000_000, cachedInput: 1 } });
    const run = createRun();
    const answer = await ask('Hi', run);
    expect(answer.usage).toEqual({
      inputTokens: 500,
      outputTokens: 9,
      cachedInputTokens: 448,
      billed: { inputTokens: 4, outputTokens: 2 },
    });
    expect(answer.costUsd).toBe(10);
    expect(run.meter.spent.costUsd).toBe(10);
  });

  it('gives log-probabilities, with several tokens of one text as their sum', async () => {
    const logprobs = [
      { text: 'Ye', token_ids: [1], logprobs: [-0.5] },
      { text: 's.', token_ids: [2, 3], logprobs: [-0.25, -0.5] },
    ];
    const { ask } = await answering({ ...says('Yes.'), logprobs });
    const answer = await ask({ messages: [user('Hi')], logProbs: 0 });
    expect(answer.logProbs?.map(({ token, logProb }) => [token, logProb])).toEqual([
      ['Ye', -0.5],
      ['s.', -0.75],
    ]);
  });

  it.each([
    ['MAX_TOKENS', 'length'],
    ['STOP_SEQUENCE', 'stop'],
    ['ERROR_TOXIC', 'content-filter'],
    ['SOMETHING_NEW', 'other'],
  ])('says %s as %s', async (finish_reason, finishReason) => {
    const { ask } = await answering(reply({ content: [{ type: 'text', text: 'A' }] }, { finish_reason }));
    expect((await ask('Hi')).finishReason).toBe(finishReason);
  });

  it('fails where the server broke off', async () => {
    const { ask } = await answering(reply({ content: [{ type: 'text', text: 'A' }] }, { finish_reason: 'TIMEOUT' }));
    await expect(ask('Hi')).rejects.toMatchObject({
      code: 'model-failed',
      retryable: true,
      message: expect.stringContaining('TIMEOUT'),
      details: { partialText: 'A' },
    });
  });

  it('knows what its models cannot do', () => {
    expect(cohere('command-a-03-2025').features).toMatchObject({ images: false, reasoning: false, tools: true });
    expect(cohere('command-a-vision-07-2025').features).toMatchObject({ images: true, tools: false });
    expect(cohere('command-a-reasoning-08-2025').features).toMatchObject({ reasoning: true, images: false });
    expect(cohere('command-a-03-2025', { features: { images: true } }).features.images).toBe(true);
    expect(() => cohere('x', { apiVersion: 3 as 2 })).toThrow(/apiVersion/);
  });
});

describe('cohere, first version of the API', () => {
  it('sends the last message apart from the history, with documents, and reads citations', async () => {
    const messages = [system('Be brief.'), user('Hi'), { role: 'assistant', content: 'Hello' } as const, lake];
    expect(await bodyOf({ messages, stop: ['END'] }, { apiVersion: 1 })).toEqual({
      message: 'How deep is it?',
      model: 'command-a-new',
      chat_history: [
        { role: 'SYSTEM', message: 'Be brief.' },
        { role: 'USER', message: 'Hi' },
        { role: 'CHATBOT', message: 'Hello' },
      ],
      documents: [
        { id: 'lake', title: 'The lake', text: 'The lake is 40 m deep.' },
        { id: 'boat', text: 'The boat is red.' },
      ],
      stop_sequences: ['END'],
      stream: false,
    });
    const body = {
      text: '40 m',
      finish_reason: 'COMPLETE',
      citations: [{ start: 0, end: 4, text: '40 m', document_ids: ['lake'] }],
    };
    const { ask } = await answering(body, { apiVersion: 1 });
    expect((await ask([lake])).citations).toEqual([{ sourceId: 'lake', quote: '', start: 0, end: 4 }]);
    await expect(ask({ messages: [user('Hi')], tools: [tool] })).rejects.toMatchObject({ code: 'unsupported' });
  });
});
