import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRun, type Embedder, isPipewrightError, type PipewrightError, stream, user } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { timeout } from '../resilience/index.js';
import { type BadServer, type Behaviour, badServer, sseText, testRun } from '../testing/index.js';
import { describeChatModel } from '../testing/suites/index.js';
import { anthropic } from './anthropic/index.js';
import { compatible } from './compatible/index.js';
import { openai, openaiEmbedder } from './openai/index.js';

const key = 'sk-proj-abcdefghijklmnop1234567890';

/** The providers speak of the same things in their own wire: the reply "Hello world", figures 12 and 3. */
interface Dialect {
  readonly name: string;
  readonly model: (baseUrl: string, isStreaming?: boolean) => ChatModel;
  /** Made without a key, at its usual address or at this one. */
  readonly keyless: (at?: { readonly baseUrl: string }) => ChatModel;
  readonly keyVariable: string;
  readonly sse: string;
  readonly json: unknown;
  readonly errorBody: (message: string, code: string) => unknown;
}

const openaiChunk = (delta: object, finish: string | null = null, usage: object | null = null): object => ({
  id: 'c',
  object: 'chat.completion.chunk',
  model: 'gpt-5-mini-2025-08-07',
  choices: [{ index: 0, delta, finish_reason: finish }],
  usage,
});
const openaiUsage = { prompt_tokens: 12, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } };

const chatCompletions: Pick<Dialect, 'sse' | 'json' | 'errorBody'> = {
  sse: `${sseText([
    openaiChunk({ role: 'assistant', content: '' }),
    openaiChunk({ content: 'Hello' }),
    openaiChunk({ content: ' world' }),
    openaiChunk({}, 'stop'),
    { ...openaiChunk({}), choices: [], usage: openaiUsage },
  ])}data: [DONE]\n\n`,
  json: {
    model: 'gpt-5-mini-2025-08-07',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello world' }, finish_reason: 'stop' }],
    usage: openaiUsage,
  },
  errorBody: (message, code) => ({ error: { message, type: code, code } }),
};

const dialects: readonly Dialect[] = [
  {
    name: 'openai',
    model: (baseUrl, isStreaming = true) => openai('gpt-5-mini', { baseUrl, apiKey: key, isStreaming }),
    keyless: (at) => openai('gpt-5-mini', at),
    keyVariable: 'OPENAI_API_KEY',
    ...chatCompletions,
  },
  {
    name: 'compatible',
    model: (baseUrl, isStreaming = true) => compatible('groq', 'llama-3.3', { baseUrl, apiKey: key, isStreaming }),
    keyless: (at) => compatible('groq', 'llama-3.3', at),
    keyVariable: 'GROQ_API_KEY',
    ...chatCompletions,
  },
  {
    name: 'anthropic',
    model: (baseUrl, isStreaming = true) => anthropic('claude-sonnet-4-5', { baseUrl, apiKey: key, isStreaming }),
    keyless: (at) => anthropic('claude-sonnet-4-5', at),
    keyVariable: 'ANTHROPIC_API_KEY',
    sse: sseText(
      [
        {
          type: 'message_start',
          message: {
            model: 'claude-sonnet-4-5-20250929',
            usage: { input_tokens: 8, cache_read_input_tokens: 4, cache_creation_input_tokens: 0, output_tokens: 1 },
          },
        },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        { type: 'ping' },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' world' } },
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } },
        { type: 'message_stop' },
      ],
      true,
    ),
    json: {
      model: 'claude-sonnet-4-5-20250929',
      content: [{ type: 'text', text: 'Hello world' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 8, cache_read_input_tokens: 4, cache_creation_input_tokens: 0, output_tokens: 3 },
    },
    errorBody: (message, code) => ({ type: 'error', error: { type: code, message } }),
  },
];

const caught = async (work: Promise<unknown>): Promise<PipewrightError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isPipewrightError(error)) throw new Error(`Expected one of our errors, got ${String(error)}`);
  return error;
};

/** Every string that can be reached from a value, causes and stacks included. */
const stringsIn = (value: unknown, seen = new Set<unknown>()): string[] => {
  if (typeof value === 'string') return [value];
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return [];
  seen.add(value);
  const entries = value instanceof Headers || value instanceof Map ? [...value].flat() : [];
  const own = Reflect.ownKeys(value).map((name) => (value as Record<PropertyKey, unknown>)[name]);
  return [...own, ...entries].flatMap((inner) => stringsIn(inner, seen));
};

const half = (text: string): string => text.slice(0, text.indexOf('world'));

const timedClose = async (server: BadServer, index = 0): Promise<{ readonly how: string; readonly ms: number }> => {
  const startedMs = performance.now();
  const how = await (await server.request(index)).closed;
  return { how, ms: performance.now() - startedMs };
};

const started = async (behaviour: Behaviour): Promise<string> => {
  const server = await badServer(behaviour);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server.url;
};

for (const { name, model, sse } of dialects) {
  describeChatModel(name, {
    create: async () => model(await started({ type: 'sse', chunks: [sse] })),
    createStalling: async () => model(await started({ type: 'sse', chunks: [half(sse)], ending: 'stall' })),
  });
}

describe.each(dialects)('$name', ({ model, keyless, keyVariable, sse, json, errorBody, name }) => {
  it('Q18 gives the same reply and figures streamed and unstreamed, with cached tokens as part of the input', async () => {
    await using streaming = await badServer({ type: 'sse', chunks: [sse] });
    await using plain = await badServer({ type: 'json', body: json });
    const run = createRun();
    const streamed = await model(streaming.url)('Hi', run);
    const unstreamed = await model(plain.url, false)('Hi');
    expect(streamed).toMatchObject({ text: 'Hello world', finishReason: 'stop' });
    expect(streamed.usage).toMatchObject({ inputTokens: 12, outputTokens: 3, cachedInputTokens: 4 });
    expect(streamed.usage.isEstimated).toBeUndefined();
    expect({ ...unstreamed, headers: {} }).toEqual({ ...streamed, headers: {} });
    expect(run.meter.spent.usage).toMatchObject({ inputTokens: 12, outputTokens: 3 });
  });

  it('Q11 says "stop" only if a finish reason arrived, wherever the stream is cut', async () => {
    const bytes = Buffer.byteLength(sse);
    const finishAt = sse.indexOf(name === 'anthropic' ? '"stop_reason":"end_turn"' : '"finish_reason":"stop"');
    await using server = await badServer((_request, index) => ({
      type: 'sse',
      chunks: [sse],
      cutAfterBytes: index,
      ending: index % 2 === 0 ? 'end' : 'reset',
    }));
    const ask = model(server.url);
    for (let cut = 0; cut <= bytes; cut += 1) {
      const outcome = await ask('Hi').then(
        (reply) => ({ reply, error: undefined }),
        (error: unknown) => ({ reply: undefined, error: error as PipewrightError }),
      );
      if (outcome.reply !== undefined) {
        expect(outcome.reply).toMatchObject({ text: 'Hello world', finishReason: 'stop' });
        expect(cut).toBeGreaterThan(finishAt);
        continue;
      }
      expect(['stream-cut', 'connection-lost']).toContain(outcome.error.code);
      expect(outcome.error.retryable).toBe(true);
      expect('Hello world'.startsWith(outcome.error.details.partialText ?? '')).toBe(true);
    }
  }, 120_000);

  it('Q11 keeps the text that had arrived in the error of a broken connection', async () => {
    await using server = await badServer({ type: 'sse', chunks: [half(sse)], delayMs: 1, ending: 'stall' });
    const ended = await badServer({ type: 'sse', chunks: [half(sse)] });
    expect((await caught(model(ended.url)('Hi'))).details.partialText).toBe('Hello');
    await ended[Symbol.asyncDispose]();
    const pending = model(server.url)('Hi');
    await server.request(0);
    await new Promise((resolve) => setImmediate(resolve));
    const stopped = server[Symbol.asyncDispose]();
    expect((await caught(pending)).code).toBe('connection-lost');
    await stopped;
  });

  it('Q04 closes the socket within 100 ms when the reader leaves the stream', async () => {
    await using server = await badServer({ type: 'sse', chunks: [half(sse)], ending: 'stall' });
    for await (const event of stream(model(server.url), 'Hi')) if (event.type === 'text-delta') break;
    const { how, ms } = await timedClose(server);
    expect(how).toBe('cut');
    expect(ms).toBeLessThan(100);
  });

  const stalls: readonly (readonly [string, boolean, Behaviour])[] = [
    ['accepts and never answers', true, { type: 'silence' }],
    ['accepts and never answers, unstreamed', false, { type: 'silence' }],
    ['stalls after the headers', true, { type: 'sse', chunks: [], ending: 'stall' }],
    ['stalls in the middle of the body', true, { type: 'sse', chunks: [half(sse)], ending: 'stall' }],
    [
      'stalls in the middle of an unstreamed body',
      false,
      { type: 'sse', chunks: ['{"model":'], ending: 'stall', headers: { 'content-type': 'application/json' } },
    ],
  ];
  it.each(stalls)(
    'Q04 Q05 rejects with the reason of the signal when the server %s',
    async (_what, isStreaming, behaviour) => {
      await using server = await badServer(behaviour);
      const control = new AbortController();
      const run = createRun({ signal: control.signal });
      const outcome = model(server.url, isStreaming)('Hi', run).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      await server.request(0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const reason = new Error('deadline');
      control.abort(reason);
      expect(await outcome).toBe(reason);
      const { how, ms } = await timedClose(server);
      expect(how).toBe('cut');
      expect(ms).toBeLessThan(100);
      expect(server.requests).toHaveLength(1);
    },
  );

  it.each(stalls)('Q05 ends by the deadline of a timeout when the server %s', async (_what, isStreaming, behaviour) => {
    await using server = await badServer(behaviour);
    const { run, clock } = testRun();
    const outcome = caught(timeout(model(server.url, isStreaming), { totalMs: 30_000 })('Hi', run));
    await server.request(0);
    await clock.advance(30_000);
    expect(await outcome).toMatchObject({ code: 'timeout', retryable: true });
    expect(await server.requests[0]?.closed).toBe('cut');
    expect(getEventListeners(run.signal, 'abort')).toHaveLength(0);
    expect(clock.pending).toBe(0);
  });

  it('Q02 sends nothing when the signal has aborted already', async () => {
    await using server = await badServer({ type: 'sse', chunks: [sse] });
    const run = createRun({ signal: AbortSignal.abort('no') });
    await expect(model(server.url)('Hi', run)).rejects.toBe('no');
    expect(server.requests).toHaveLength(0);
  });

  it('Q19 leaves an estimated usage record, not below what was delivered, when a call is aborted', async () => {
    await using server = await badServer({ type: 'sse', chunks: [half(sse)], ending: 'stall' });
    const control = new AbortController();
    const run = createRun({
      signal: control.signal,
      on: (event) => {
        if (event.type === 'text-delta') control.abort('enough');
      },
    });
    await expect(model(server.url)('Hi', run)).rejects.toBe('enough');
    const { usage } = run.meter.spent;
    expect(usage.isEstimated).toBe(true);
    expect(usage.outputTokens).toBeGreaterThanOrEqual(1);
    expect(usage.inputTokens).toBeGreaterThan(0);
  });

  const failures: readonly (readonly [number, string, string, boolean])[] = [
    [400, 'invalid_request_error', 'bad-input', false],
    [401, 'authentication_error', 'not-allowed', false],
    [403, 'permission_error', 'not-allowed', false],
    [404, 'unknown', 'not-found', false],
    [408, 'unknown', 'model-failed', true],
    [409, 'unknown', 'model-failed', true],
    [422, 'unknown', 'bad-input', false],
    [429, 'unknown', 'rate-limited', true],
    [429, 'insufficient_quota', 'quota-exhausted', false],
    [500, 'unknown', 'model-failed', true],
    [502, 'unknown', 'model-failed', true],
    [503, 'unknown', 'model-failed', true],
    [504, 'unknown', 'model-failed', true],
    [529, 'overloaded_error', 'model-overloaded', true],
  ];
  it.each(failures)('maps %i %s to %s', async (status, serverCode, code, isRetryable) => {
    const headers = { 'x-request-id': 'req_1', 'request-id': 'req_1' };
    await using server = await badServer({
      type: 'json',
      status,
      headers,
      body: errorBody('It went wrong', serverCode),
    });
    const error = await caught(model(server.url)('Hi'));
    expect(error).toMatchObject({ code, retryable: isRetryable, details: { status, requestId: 'req_1' } });
    expect(error.message).toContain('It went wrong');
    expect(server.requests).toHaveLength(1);
  });

  it('tells how long to wait, from seconds, dates and milliseconds', async () => {
    const inTen = new Date(Date.now() + 10_000).toUTCString();
    const waits = [{ 'retry-after': '2.5' }, { 'retry-after-ms': '750', 'retry-after': '1' }, { 'retry-after': inTen }];
    await using server = await badServer(
      waits.map((headers): Behaviour => ({ type: 'json', status: 429, headers, body: errorBody('Slow', 'x') })),
    );
    const ask = model(server.url);
    expect((await caught(ask('Hi'))).details.retryAfterMs).toBe(2500);
    expect((await caught(ask('Hi'))).details.retryAfterMs).toBe(750);
    const waitMs = (await caught(ask('Hi'))).details.retryAfterMs;
    expect(waitMs).toBeGreaterThan(7_000);
    expect(waitMs).toBeLessThanOrEqual(10_000);
  });

  it('maps an error inside a stream of status 200 like any other', async () => {
    const event = errorBody('Overloaded', 'overloaded_error');
    await using server = await badServer({
      type: 'sse',
      chunks: [
        half(sse)
          .trimEnd()
          .replace(/\n[^\n]*$/, '\n\n'),
        sseText([event], name === 'anthropic'),
      ],
    });
    const error = await caught(model(server.url)('Hi'));
    expect(error).toMatchObject({ code: 'model-overloaded', retryable: true });
  });

  it('maps a refused, a reset and an unknown host to a lost connection', async () => {
    const server = await badServer({ type: 'reset' });
    expect(await caught(model(server.url)('Hi'))).toMatchObject({ code: 'connection-lost', retryable: true });
    await server[Symbol.asyncDispose]();
    expect(await caught(model(server.url)('Hi'))).toMatchObject({ code: 'connection-lost', retryable: true });
    expect((await caught(model('http://host.invalid')('Hi'))).code).toBe('connection-lost');
  });

  it('fails with a typed error when the server sends HTML, broken JSON or too much', async () => {
    const html = '<html>Bad gateway</html>';
    await using server = await badServer([
      { type: 'text', text: html },
      { type: 'text', text: '{"model":', headers: { 'content-type': 'application/json' } },
      { type: 'text', status: 502, text: html },
    ]);
    const ask = model(server.url, false);
    for (const code of ['model-failed', 'model-failed', 'model-failed']) {
      expect(await caught(ask('Hi'))).toMatchObject({ code, retryable: true });
    }
    await using broken = await badServer([
      { type: 'sse', chunks: ['event: message_start\ndata: {"type":\n\n'] },
      { type: 'text', text: html },
    ]);
    expect(await caught(model(broken.url)('Hi'))).toMatchObject({ code: 'model-failed', retryable: true });
    expect(await caught(model(broken.url)('Hi'))).toMatchObject({ code: 'stream-cut' });
    await using huge = await badServer({ type: 'huge', bytes: 80 * 1024 * 1024 });
    expect((await caught(model(huge.url, false)('Hi'))).message).toContain('64 MiB');
  });

  it('Q10 leaves no rejection unhandled and settles whatever happens and whoever reads', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const behaviours: readonly Behaviour[] = [
      { type: 'json', status: 500, body: {} },
      { type: 'sse', chunks: [half(sse)], ending: 'reset' },
      { type: 'sse', chunks: [half(sse), sse], delayMs: 2 },
      { type: 'reset' },
    ];
    await using server = await badServer((_request, index) => behaviours[index % behaviours.length]!);
    const results: Promise<unknown>[] = [];
    for (let round = 0; round < behaviours.length; round += 1) {
      const watched = stream(model(server.url), 'Hi');
      results.push(watched.result);
      await watched.result.catch(() => undefined);
      const abandoned = stream(model(server.url), 'Hi');
      abandoned.cancel('gone');
      results.push(abandoned.result);
    }
    await Promise.allSettled(results);
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('Q30 shows the key in no error, event, property or drawing', async () => {
    const echo = `Incorrect API key provided: ${key}. Header was Bearer ${key}`;
    await using server = await badServer([
      {
        type: 'json',
        status: 401,
        headers: { 'set-cookie': key, 'x-request-id': key },
        body: errorBody(echo, 'authentication_error'),
      },
      { type: 'reset' },
      { type: 'text', status: 500, text: echo },
      { type: 'sse', chunks: [sseText([errorBody(echo, 'api_error')], name === 'anthropic')] },
      { type: 'sse', chunks: [sse], headers: { 'set-cookie': key } },
    ]);
    const events: unknown[] = [];
    const ask = model(server.url);
    for (let call = 0; call < 4; call += 1) {
      const error = await caught(stream(ask, 'Hi', { only: (event) => events.push(event) > 0 }).result);
      expect(stringsIn(error).filter((text) => text.includes(key))).toEqual([]);
      expect(error.message).not.toContain(key);
    }
    const reply = await ask('Hi');
    expect([...stringsIn(events), ...stringsIn(reply), ...stringsIn(ask)].filter((text) => text.includes(key))).toEqual(
      [],
    );
    expect(JSON.stringify({ ask, ...ask })).not.toContain(key);
    const badHeader = openai('x', { baseUrl: server.url, apiKey: 'ok', headers: { 'x-own': `${key}\nmore` } });
    expect(stringsIn(await caught(badHeader('Hi'))).filter((text) => text.includes(key))).toEqual([]);
  });

  it('names the environment variable when there is no key', async () => {
    const before = process.env[keyVariable];
    delete process.env[keyVariable];
    try {
      const error = await caught(keyless()('Hi'));
      expect(error.code).toBe('not-allowed');
      expect(error.message).toContain(keyVariable);
      await using server = await badServer({ type: 'sse', chunks: [sse] });
      const local = keyless({ baseUrl: server.url });
      expect((await local('Hi')).text).toBe('Hello world');
      process.env[keyVariable] = `${key}\n`;
      await local('Hi');
      expect(server.requests[1]?.headers.authorization).toBe(`Bearer ${key}`);
    } finally {
      if (before === undefined) delete process.env[keyVariable];
      else process.env[keyVariable] = before;
    }
  });

  it('reads any stream the same however it is cut into pieces', async () => {
    await using server = await badServer((request) => {
      const { messages } = request.body as { messages: readonly { content: unknown }[] };
      const size = Number(/\d+/.exec(JSON.stringify(messages))?.[0]);
      const bytes = Buffer.from(sse);
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, n * size + size),
      );
      return { type: 'sse', chunks };
    });
    const ask = model(server.url);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 3, max: 400 }), async (size) => {
        const reply = await ask([user(String(size))]);
        expect(reply).toMatchObject({ text: 'Hello world', finishReason: 'stop' });
      }),
      { numRuns: 25 },
    );
  });

  it('leaves no listener on the signal of the caller', async () => {
    await using server = await badServer({ type: 'sse', chunks: [sse] });
    const { signal } = new AbortController();
    const ask = model(server.url);
    for (let call = 0; call < 20; call += 1) await ask('Hi', createRun({ signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('openaiEmbedder with a bad server', () => {
  const embedder = (baseUrl: string): Embedder => openaiEmbedder('text-embedding-3-small', { baseUrl, apiKey: key });

  it.each<Behaviour>([
    { type: 'silence' },
    { type: 'sse', chunks: ['{"data":'], ending: 'stall', headers: { 'content-type': 'application/json' } },
  ])('Q04 Q05 closes the socket within 100 ms of an abort', async (behaviour) => {
    await using server = await badServer(behaviour);
    const control = new AbortController();
    const outcome = embedder(server.url)(['a'], createRun({ signal: control.signal })).catch(
      (reason: unknown) => reason,
    );
    await server.request(0);
    control.abort('enough');
    expect(await outcome).toBe('enough');
    const { how, ms } = await timedClose(server);
    expect(how).toBe('cut');
    expect(ms).toBeLessThan(100);
  });

  it('Q30 maps failures without the key', async () => {
    await using server = await badServer({
      type: 'json',
      status: 429,
      headers: { 'retry-after': '1' },
      body: { error: { message: `Key ${key} is too fast`, code: 'rate_limit_exceeded' } },
    });
    const error = await caught(embedder(server.url)(['a']));
    expect(error).toMatchObject({ code: 'rate-limited', details: { retryAfterMs: 1000, status: 429 } });
    expect(stringsIn(error).filter((text) => text.includes(key))).toEqual([]);
  });
});
