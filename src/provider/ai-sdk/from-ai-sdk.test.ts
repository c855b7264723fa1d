import type { LanguageModelV3StreamPart, LanguageModelV4, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { APICallError, UnsupportedFunctionalityError } from '@ai-sdk/provider';
import { MockLanguageModelV3, MockLanguageModelV4, simulateReadableStream } from 'ai/test';
import { describe, expect, it } from 'vitest';
import { assistant, createRun, isPipewrightError, type PipewrightError, stream, user } from '../../core/index.js';
import type { ChatModel, ChatReply, ChatRequest } from '../../model/index.js';
import { scripted, type ScriptedModel } from '../../testing/index.js';
import { describeChatModel } from '../../testing/suites/index.js';
import { fromAiSdk, toAiSdk } from './index.js';

type Parts = readonly (LanguageModelV4StreamPart | LanguageModelV3StreamPart)[];

const usage = {
  inputTokens: { total: 10, noCache: 5, cacheRead: 4, cacheWrite: 1 },
  outputTokens: { total: 7, text: 4, reasoning: 3 },
};
const finish = { type: 'finish', usage, finishReason: { unified: 'stop', raw: 'stop' } } as const;
const said = (text: string): Parts => [
  { type: 'stream-start', warnings: [] },
  { type: 'text-start', id: '1' },
  { type: 'text-delta', id: '1', delta: text },
  { type: 'text-end', id: '1' },
  finish,
];

const streams = (parts: Parts): MockLanguageModelV4 =>
  new MockLanguageModelV4({
    provider: 'acme.chat',
    modelId: 'm-1',
    doStream: async () => ({
      stream: simulateReadableStream({
        chunks: parts as LanguageModelV4StreamPart[],
        initialDelayInMs: null,
        chunkDelayInMs: null,
      }),
      response: { headers: { 'x-request-id': 'req_1', 'set-cookie': 'a=b' } },
    }),
  });

const replyTo = (parts: Parts): Promise<ChatReply> => fromAiSdk(streams(parts))('Hi');

const caught = async (work: Promise<unknown>): Promise<PipewrightError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isPipewrightError(error)) throw new Error(`Expected one of our errors, got ${String(error)}`);
  return error;
};

const there = (model: ScriptedModel): ChatModel => fromAiSdk(toAiSdk(model));

describeChatModel('fromAiSdk', {
  create: () => there(scripted(['Hello to you all'], { shouldRepeat: true })),
  createStalling: () => there(scripted([[{ type: 'text-delta', text: 'a' }, { type: 'stall' }]])),
});

describe('fromAiSdk', () => {
  it('says who it is, and takes models of the current and the previous specification alone', () => {
    const model = fromAiSdk(streams([]), { features: { images: false }, limits: { contextTokens: 9 } });
    expect({ ...model }).toMatchObject({
      id: 'acme.chat:m-1',
      model: 'm-1',
      provider: 'acme.chat',
      limits: { contextTokens: 9 },
    });
    expect(model.features).toMatchObject({ tools: true, images: false, citations: false, logProbs: false });
    expect(fromAiSdk(new MockLanguageModelV3()).id).toBe('mock-provider:mock-model-id');
    const old = { ...streams([]), specificationVersion: 'v2' };
    expect(() => fromAiSdk(old)).toThrow(/v2.*v3 or v4/);
  });

  const request: ChatRequest = {
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Be brief.', cache: '1h' }] },
      user([
        { type: 'text', text: 'Look', cache: '5m' },
        { type: 'image', data: new Uint8Array([0xff, 0xd8, 0xff]) },
        { type: 'image', data: new URL('https://host/a.png') },
        { type: 'file', data: new Uint8Array([1]), mediaType: 'application/pdf', name: 'a.pdf' },
        { type: 'source', id: 'doc-7', title: 'Refunds', text: 'All of it.' },
      ]),
      assistant([
        { type: 'reasoning', text: 'Hm', opaque: 'ai-sdk:{"acme":{"signature":"s"}}' },
        { type: 'text', text: '' },
        { type: 'provider', provider: 'acme.chat', data: { type: 'custom', kind: 'acme.search' } },
        { type: 'provider', provider: 'another', data: {} },
        { type: 'tool-call', id: 'c1', name: 'look', input: { at: 1 }, opaque: 'of another provider' },
      ]),
      {
        role: 'tool',
        content: [
          { type: 'tool-result', id: 'c1', name: 'look', output: { found: true } },
          { type: 'tool-result', id: 'c2', name: 'look', output: 'No', isError: true },
          {
            type: 'tool-result',
            id: 'c3',
            name: 'look',
            output: [
              { type: 'text', text: 'Two' },
              { type: 'source', id: 'd', text: 'T' },
              { type: 'image', data: new Uint8Array([1]), mediaType: 'image/png' },
              { type: 'file', data: new URL('https://host/a.pdf'), mediaType: 'application/pdf' },
            ],
          },
        ],
      },
    ],
    tools: [{ name: 'look', description: 'Looks', inputSchema: { type: 'object' }, isStrict: true }],
    providerTools: [{ type: 'provider', id: 'acme.search', name: 'search', args: {} }],
    toolChoice: { name: 'look' },
    parallelToolCalls: false,
    output: { type: 'json-schema', name: 'answer', schema: { type: 'object' } },
    maxOutputTokens: 50,
    temperature: 0,
    topP: 0.5,
    stop: ['END'],
    seed: 7,
    reasoning: 'high',
    providerOptions: { acme: { mode: 'fast' } },
  };

  it('passes everything that it is asked, in the form of each specification', async () => {
    const v4 = streams(said('ok'));
    const warnings: string[] = [];
    const run = createRun({ on: (event) => event.type === 'warning' && warnings.push(event.message) });
    await fromAiSdk(v4, { headers: { 'x-own': '1' } })(request, run);
    const [call] = v4.doStreamCalls;
    expect(call).toMatchObject({
      maxOutputTokens: 50,
      temperature: 0,
      topP: 0.5,
      stopSequences: ['END'],
      seed: 7,
      reasoning: 'high',
      responseFormat: { type: 'json', name: 'answer', schema: { type: 'object' } },
      toolChoice: { type: 'tool', toolName: 'look' },
      providerOptions: { acme: { mode: 'fast' } },
      headers: { 'x-own': '1' },
    });
    expect(call?.tools).toEqual([
      { type: 'function', name: 'look', description: 'Looks', inputSchema: { type: 'object' }, strict: true },
      { type: 'provider', id: 'acme.search', name: 'search', args: {} },
    ]);
    expect(warnings).toEqual([expect.stringContaining('`parallelToolCalls`')]);
    const cached = (ttl: string): object => ({ anthropic: { cacheControl: { type: 'ephemeral', ttl } } });
    expect(call?.prompt).toEqual([
      { role: 'system', content: 'Be brief.', providerOptions: cached('1h') },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look', providerOptions: cached('5m') },
          { type: 'file', data: { type: 'data', data: new Uint8Array([0xff, 0xd8, 0xff]) }, mediaType: 'image/jpeg' },
          { type: 'file', data: { type: 'url', url: new URL('https://host/a.png') }, mediaType: 'image/png' },
          {
            type: 'file',
            data: { type: 'data', data: new Uint8Array([1]) },
            mediaType: 'application/pdf',
            filename: 'a.pdf',
          },
          { type: 'text', text: '[1] Refunds\nAll of it.' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm', providerOptions: { acme: { signature: 's' } } },
          { type: 'custom', kind: 'acme.search' },
          { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: { at: 1 } },
        ],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: 'c1', toolName: 'look', output: { type: 'json', value: { found: true } } },
          { type: 'tool-result', toolCallId: 'c2', toolName: 'look', output: { type: 'error-text', value: 'No' } },
          {
            type: 'tool-result',
            toolCallId: 'c3',
            toolName: 'look',
            output: {
              type: 'content',
              value: [
                { type: 'text', text: 'Two' },
                { type: 'text', text: 'd\nT' },
                { type: 'file', data: { type: 'data', data: new Uint8Array([1]) }, mediaType: 'image/png' },
                {
                  type: 'file',
                  data: { type: 'url', url: new URL('https://host/a.pdf') },
                  mediaType: 'application/pdf',
                },
              ],
            },
          },
        ],
      },
    ]);

    const v3 = new MockLanguageModelV3({
      doStream: async () => ({ stream: simulateReadableStream({ chunks: said('ok') as LanguageModelV3StreamPart[] }) }),
    });
    await fromAiSdk(v3)(request, run);
    expect(warnings).toHaveLength(3);
    const [before] = v3.doStreamCalls;
    expect(before?.prompt[1]?.content).toContainEqual({
      type: 'file',
      data: new URL('https://host/a.png'),
      mediaType: 'image/png',
    });
    expect(before?.prompt[3]).toMatchObject({
      content: [
        {},
        {},
        {
          output: {
            value: [
              { type: 'text' },
              { type: 'text' },
              { type: 'image-data', data: 'AQ==', mediaType: 'image/png' },
              { type: 'file-url', url: 'https://host/a.pdf' },
            ],
          },
        },
      ],
    });
  });

  const rich: Parts = [
    { type: 'stream-start', warnings: [{ type: 'unsupported', feature: 'seed', details: 'Not here' }] },
    { type: 'response-metadata', modelId: 'm-1-2026' },
    { type: 'reasoning-start', id: 'r' },
    { type: 'reasoning-delta', id: 'r', delta: 'Hm' },
    { type: 'reasoning-delta', id: 'r', delta: '', providerMetadata: { acme: { signature: 's' } } },
    { type: 'reasoning-end', id: 'r', providerMetadata: { acme: { done: true } } },
    { type: 'source', sourceType: 'url', id: 's1', url: 'https://host/a', title: 'A' },
    { type: 'source', sourceType: 'document', id: 's2', mediaType: 'application/pdf', title: 'B' },
    { type: 'text-start', id: '0' },
    { type: 'text-delta', id: '0', delta: 'See: ' },
    { type: 'text-end', id: '0' },
    { type: 'text-start', id: '1' },
    { type: 'text-delta', id: '1', delta: 'all ' },
    { type: 'text-delta', id: '1', delta: 'of it' },
    {
      type: 'text-end',
      id: '1',
      citations: [
        {
          source: { type: 'source', sourceType: 'url', id: 's1', url: 'https://host/a', title: 'A' },
          startIndex: 4,
          endIndex: 6,
          citedText: 'Of',
        },
      ],
    },
    { type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AQI=' } },
    { type: 'tool-call', toolCallId: 'p1', toolName: 'search', input: '{"q":"x"}', providerExecuted: true },
    { type: 'tool-result', toolCallId: 'p1', toolName: 'search', result: { hits: 3 } },
    { type: 'tool-input-start', id: 'c1', toolName: 'look' },
    { type: 'tool-input-delta', id: 'c1', delta: '{"a"' },
    { type: 'tool-input-delta', id: 'c1', delta: ':1}' },
    { type: 'tool-input-end', id: 'c1' },
    {
      type: 'tool-call',
      toolCallId: 'c1',
      toolName: 'look',
      input: '{"a":1}',
      providerMetadata: { acme: { sig: 't' } },
    },
    { type: 'tool-call', toolCallId: 'c2', toolName: 'look', input: '{"b":2}' },
    { type: 'raw', rawValue: {} },
    { type: 'ping' },
    { ...finish, finishReason: { unified: 'tool-calls', raw: 'tool_use' } },
  ];

  it('Q13 Q18 reads every part of a reply, streamed as in one piece', async () => {
    const warnings: string[] = [];
    const run = createRun({ on: (event) => event.type === 'warning' && warnings.push(event.message) });
    const reply = await fromAiSdk(streams(rich))('Hi', run);
    expect(warnings).toEqual(['`seed` (unsupported): Not here']);
    expect(reply).toMatchObject({
      text: 'See: all of it',
      model: 'm-1-2026',
      finishReason: 'tool-call',
      usage: { inputTokens: 10, outputTokens: 7, cachedInputTokens: 4, cacheWriteTokens: 1, reasoningTokens: 3 },
      headers: { 'x-request-id': 'req_1' },
    });
    expect(reply.headers).not.toHaveProperty('set-cookie');
    expect(run.meter.spent.usage).toMatchObject({ inputTokens: 10, outputTokens: 7 });
    expect(reply.citations).toEqual([
      { sourceId: 'https://host/a', title: 'A', quote: 'Of', start: 9, end: 11 },
      { sourceId: 's2', title: 'B', quote: '', start: 0, end: 0 },
    ]);
    expect(reply.message.content).toEqual([
      { type: 'reasoning', text: 'Hm', opaque: 'ai-sdk:{"acme":{"signature":"s","done":true}}' },
      { type: 'text', text: 'See: all of it' },
      { type: 'image', data: new Uint8Array([1, 2]), mediaType: 'image/png' },
      {
        type: 'provider',
        provider: 'acme.chat',
        data: { type: 'tool-call', toolCallId: 'p1', toolName: 'search', input: { q: 'x' }, providerExecuted: true },
      },
      {
        type: 'provider',
        provider: 'acme.chat',
        data: {
          type: 'tool-result',
          toolCallId: 'p1',
          toolName: 'search',
          output: { type: 'json', value: { hits: 3 } },
        },
      },
      { type: 'tool-call', id: 'c1', name: 'look', input: { a: 1 }, opaque: 'ai-sdk:{"acme":{"sig":"t"}}' },
      { type: 'tool-call', id: 'c2', name: 'look', input: { b: 2 } },
    ]);

    const content: readonly object[] = [
      { type: 'reasoning', text: 'Hm', providerMetadata: { acme: { signature: 's', done: true } } },
      ...rich.filter(({ type }) => type === 'source'),
      { type: 'text', text: 'See: ' },
      {
        type: 'text',
        text: 'all of it',
        citations: (rich.filter(({ type }) => type === 'text-end')[1] as { citations?: unknown }).citations,
      },
      ...rich.filter(({ type }) => type === 'file' || type === 'tool-call' || type === 'tool-result'),
    ];
    const whole = new MockLanguageModelV4({
      provider: 'acme.chat',
      modelId: 'm-1',
      doStream: async () => {
        throw new UnsupportedFunctionalityError({ functionality: 'streaming' });
      },
      doGenerate: async () => ({
        content: content as never,
        usage,
        finishReason: { unified: 'tool-calls', raw: 'tool_use' },
        warnings: [],
        response: { modelId: 'm-1-2026', headers: { 'x-request-id': 'req_1' } },
      }),
    });
    expect(await fromAiSdk(whole)('Hi')).toEqual(reply);
    expect(await fromAiSdk(whole, { isStreaming: false })('Hi')).toEqual(reply);
    expect(whole.doStreamCalls).toHaveLength(1);
  });

  it('takes the figures of older models, and estimates where a model tells none', async () => {
    const flat = { inputTokens: 10, outputTokens: 7, totalTokens: 17, cachedInputTokens: 4, reasoningTokens: 3 };
    const old = await replyTo([
      ...said('ok').slice(0, -1),
      { type: 'finish', usage: flat, finishReason: 'stop' } as never,
    ]);
    expect(old).toMatchObject({
      finishReason: 'stop',
      usage: { inputTokens: 10, cachedInputTokens: 4, reasoningTokens: 3 },
    });
    const none = { inputTokens: { total: undefined }, outputTokens: { total: undefined } };
    const untold = await replyTo([...said('ok').slice(0, -1), { ...finish, usage: none } as never]);
    expect(untold.usage).toMatchObject({ isEstimated: true });
    expect(untold.usage.outputTokens).toBeGreaterThan(0);
  });

  it('Q11 says "stop" only if the model said why it stopped', async () => {
    const reasons = ['interrupted', 'other', 'error'].map((unified) => ({ unified, raw: undefined }));
    for (const finishReason of [...reasons, 'unknown']) {
      const parts = [...said('Half').slice(0, -1), { ...finish, finishReason } as never];
      expect(await caught(replyTo(parts))).toMatchObject({ code: 'stream-cut', details: { partialText: 'Half' } });
    }
    expect(await caught(replyTo(said('Half').slice(0, -1)))).toMatchObject({ code: 'stream-cut' });
    const paused = { ...finish, finishReason: { unified: 'other', raw: 'pause_turn' } } as const;
    expect((await replyTo([...said('ok').slice(0, -1), paused])).finishReason).toBe('other');
  });

  it('Q13 keeps to the pieces of a call that differ from the whole, and says so', async () => {
    const warnings: string[] = [];
    const run = createRun({ on: (event) => event.type === 'warning' && warnings.push(event.message) });
    const parts: Parts = [
      { type: 'tool-input-start', id: 'c1', toolName: 'look' },
      { type: 'tool-input-delta', id: 'c1', delta: '{ "a": 1 }' },
      { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: '{"a":1}' },
      { type: 'tool-input-start', id: 'c2', toolName: 'look' },
      { type: 'tool-call', toolCallId: 'c2', toolName: 'look', input: '{}' },
      finish,
    ];
    const { toolCalls } = await fromAiSdk(streams(parts))('Hi', run);
    expect(toolCalls.map(({ input }) => input)).toEqual([{ a: 1 }, {}]);
    expect(warnings).toEqual([expect.stringContaining('differ from the whole')]);
  });

  const apiError = (statusCode: number | undefined, more: object = {}): APICallError =>
    new APICallError({
      message: 'It failed',
      url: 'https://host',
      requestBodyValues: {},
      ...(statusCode === undefined ? {} : { statusCode }),
      ...more,
    });
  const named = (name: string): Error => Object.assign(new Error('What it said'), { name });
  const refused = Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
  });
  it.each<readonly [string, unknown, object]>([
    [
      'rate-limited',
      apiError(429, {
        responseHeaders: { 'retry-after': '2', 'x-request-id': 'req_9' },
        responseBody: '{"error":{"message":"Slow down"}}',
      }),
      {
        retryable: true,
        details: { status: 429, retryAfterMs: 2000, requestId: 'req_9' },
        message: expect.stringContaining('Slow down'),
      },
    ],
    [
      'quota-exhausted',
      apiError(429, { data: { error: { message: 'Paid?', code: 'insufficient_quota' } } }),
      { retryable: false },
    ],
    ['model-failed', apiError(502, { responseBody: '<html>' }), { retryable: true, details: { status: 502 } }],
    ['bad-input', apiError(400), { retryable: false, message: expect.stringContaining('It failed') }],
    ['connection-lost', apiError(undefined, { cause: refused, isRetryable: true }), { retryable: true }],
    ['connection-lost', refused, { retryable: true }],
    ['not-allowed', named('AI_LoadAPIKeyError'), { message: expect.stringContaining('What it said') }],
    ['not-found', named('AI_NoSuchModelError'), {}],
    ['model-failed', named('AI_JSONParseError'), { retryable: true }],
    ['model-failed', new Error('odd'), { retryable: false }],
    ['model-failed', 'odd text', {}],
  ])('maps a failure to %s, at once and in the middle of a stream', async (code, error, expected) => {
    const failing = new MockLanguageModelV4({ doStream: () => Promise.reject(error) });
    expect(await caught(fromAiSdk(failing)('Hi'))).toMatchObject({ code, ...expected });
    const late = await caught(replyTo([...said('Half').slice(0, 3), { type: 'error', error }]));
    expect(late).toMatchObject({ code, ...expected, details: { partialText: 'Half' } });
  });

  it('Q04 Q19 aborts the model and closes its stream when the run is aborted or its reader leaves', async () => {
    const cancelled: unknown[] = [];
    const signals: (AbortSignal | undefined)[] = [];
    const endless: LanguageModelV4['doStream'] = async ({ abortSignal }) => {
      signals.push(abortSignal);
      return {
        stream: new ReadableStream<LanguageModelV4StreamPart>({
          start: (controller) => {
            for (const part of said('Half').slice(0, 3)) controller.enqueue(part as LanguageModelV4StreamPart);
          },
          cancel: (reason) => void cancelled.push(reason),
        }),
      };
    };
    const model = fromAiSdk(new MockLanguageModelV4({ doStream: endless }));
    for await (const event of stream(model, 'Hi')) if (event.type === 'text-delta') break;
    const control = new AbortController();
    const run = createRun({
      signal: control.signal,
      on: (event) => event.type === 'text-delta' && control.abort('enough'),
    });
    await expect(model('Hi', run)).rejects.toBe('enough');
    expect(run.meter.spent.usage).toMatchObject({ isEstimated: true });
    expect(run.meter.spent.usage.outputTokens).toBeGreaterThan(0);
    await expect.poll(() => signals.map((signal) => signal?.aborted)).toEqual([true, true]);
    const deaf = fromAiSdk(new MockLanguageModelV4({ doStream: () => new Promise(() => undefined) }));
    const late = new AbortController();
    const outcome = deaf('Hi', createRun({ signal: late.signal })).catch((reason: unknown) => reason);
    late.abort('deadline');
    expect(await outcome).toBe('deadline');
  });

  it('gives reasoning of our models, bridged there and back, as it was', async () => {
    const model = scripted([
      [
        { type: 'reasoning-delta', text: 'Hm' },
        { type: 'reasoning-end', opaque: 'sig' },
        { type: 'text-delta', text: 'Yes' },
        { type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } },
        { type: 'finish', reason: 'stop' },
      ],
      'ok',
    ]);
    const { message } = await there(model)('Hi');
    expect(message.content).toEqual([
      { type: 'reasoning', text: 'Hm' },
      { type: 'text', text: 'Yes' },
      expect.objectContaining({ type: 'provider', provider: 'scripted' }),
    ]);
    await there(model)([user('Hi'), message]);
    expect(model.requests[1]?.messages[1]?.content).toEqual([
      { type: 'reasoning', text: 'Hm', opaque: 'sig' },
      { type: 'text', text: 'Yes' },
    ]);
  });
});
