import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRun, type Embedder, isPipewrightError, type PipewrightError, stream } from '../../core/index.js';
import type { ChatModel } from '../../model/index.js';
import { timeout } from '../../resilience/index.js';
import { type BadServer, type Behaviour, badServer, sseText, testRun } from '../../testing/index.js';
import { describeChatModel, describeEmbedder } from '../../testing/suites/index.js';
import { google, googleEmbedder } from './index.js';

const key = 'AIzaSyA-abcdefghijklmnop1234567890';

const model = (baseUrl: string, isStreaming = true): ChatModel =>
  google('gemini-2.5-flash', { baseUrl, apiKey: key, isStreaming });

const usageMetadata = {
  promptTokenCount: 12,
  cachedContentTokenCount: 4,
  candidatesTokenCount: 2,
  thoughtsTokenCount: 1,
};
const modelVersion = 'gemini-2.5-flash';
const content = (text: string): object => ({ role: 'model', parts: [{ text }] });
const chunks = [
  { candidates: [{ content: content('Hello') }], usageMetadata: { promptTokenCount: 12 }, modelVersion },
  { candidates: [{ content: content(' world') }], usageMetadata: { promptTokenCount: 12 }, modelVersion },
  { candidates: [{ content: content(''), finishReason: 'STOP' }], usageMetadata, modelVersion },
];
const sse = sseText(chunks).replaceAll('\n\n', '\r\n\r\n');
const json = {
  candidates: [{ content: content('Hello world'), finishReason: 'STOP' }],
  usageMetadata,
  modelVersion,
};
const chunkText = (index: number): string => sseText([chunks[index]]);
const half = sse.slice(0, sse.indexOf(' world'));

const caught = async (work: Promise<unknown>): Promise<PipewrightError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isPipewrightError(error)) throw new Error(`Expected one of our errors, got ${String(error)}`);
  return error;
};

const started = async (...behaviours: readonly Behaviour[]): Promise<BadServer> => {
  const server = await badServer(behaviours);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
};

const timedClose = async (server: BadServer): Promise<{ readonly how: string; readonly ms: number }> => {
  const startedMs = performance.now();
  const how = await (await server.request(0)).closed;
  return { how, ms: performance.now() - startedMs };
};

/** Every string that can be reached from a value, causes and stacks included. */
const stringsIn = (value: unknown, seen = new Set<unknown>()): string[] => {
  if (typeof value === 'string') return [value];
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return [];
  seen.add(value);
  const own = Reflect.ownKeys(value).map((name) => (value as Record<PropertyKey, unknown>)[name]);
  return own.flatMap((inner) => stringsIn(inner, seen));
};

const vectorReply = (request: { readonly body: unknown }): Behaviour => {
  const { requests } = request.body as { requests: readonly { content: { parts: readonly { text: string }[] } }[] };
  const embeddings = requests.map(({ content: { parts } }) => {
    const text = parts[0]?.text ?? '';
    return { values: [(text.length % 7) + 1, text.charCodeAt(0) % 11, text.charCodeAt(1) % 5 || 1] };
  });
  return { type: 'json', body: { embeddings } };
};

describeChatModel('google', {
  create: async () => model((await started({ type: 'sse', chunks: [sse] })).url),
  createStalling: async () => model((await started({ type: 'sse', chunks: [half], ending: 'stall' })).url),
});

describeEmbedder('googleEmbedder', {
  create: async () => {
    const server = await badServer((request) => vectorReply(request));
    onTestFinished(() => server[Symbol.asyncDispose]());
    return googleEmbedder('house-embedding', { baseUrl: server.url, apiKey: key, dimensions: 3 });
  },
});

describe('google with a bad server', () => {
  it('Q18 gives the same reply and figures streamed and unstreamed, with cached tokens as part of the input', async () => {
    const run = createRun();
    const streamed = await model((await started({ type: 'sse', chunks: [sse] })).url)('Hi', run);
    const unstreamed = await model((await started({ type: 'json', body: json })).url, false)('Hi');
    expect(streamed).toMatchObject({ text: 'Hello world', finishReason: 'stop', model: modelVersion });
    expect(streamed.usage).toEqual({ inputTokens: 12, outputTokens: 3, cachedInputTokens: 4, reasoningTokens: 1 });
    expect({ ...unstreamed, headers: {} }).toEqual({ ...streamed, headers: {} });
    expect(run.meter.spent.usage).toMatchObject({ inputTokens: 12, outputTokens: 3 });
    expect(streamed.costUsd).toBeCloseTo((8 * 0.3 + 4 * 0.03 + 3 * 2.5) / 1e6, 12);
  });

  it('Q11 says "stop" only if a finish reason arrived, wherever the stream is cut', async () => {
    const finishAt = sse.indexOf('"finishReason":"STOP"');
    const server = await badServer((_request, index) => ({
      type: 'sse',
      chunks: [sse],
      cutAfterBytes: index,
      ending: index % 2 === 0 ? 'end' : 'reset',
    }));
    onTestFinished(() => server[Symbol.asyncDispose]());
    const ask = model(server.url);
    for (let at = 0; at <= sse.length; at += 1) {
      const outcome = await ask('Hi').catch((error: unknown) => error as PipewrightError);
      if (!isPipewrightError(outcome)) {
        expect(outcome).toMatchObject({ text: 'Hello world', finishReason: 'stop' });
        expect(at).toBeGreaterThan(finishAt);
        continue;
      }
      expect(['stream-cut', 'connection-lost']).toContain(outcome.code);
      expect(outcome.retryable).toBe(true);
      expect('Hello world'.startsWith(outcome.details.partialText ?? '')).toBe(true);
    }
  }, 60_000);

  it('Q04 closes the socket within 100 ms when the reader leaves the stream', async () => {
    const server = await started({ type: 'sse', chunks: [chunkText(0)], ending: 'stall' });
    for await (const event of stream(model(server.url), 'Hi')) if (event.type === 'text-delta') break;
    const { how, ms } = await timedClose(server);
    expect(how).toBe('cut');
    expect(ms).toBeLessThan(100);
  });

  const plainStall: Behaviour = {
    type: 'sse',
    chunks: ['{"candidates":'],
    ending: 'stall',
    headers: { 'content-type': 'application/json' },
  };
  const stalls: readonly (readonly [string, boolean, Behaviour])[] = [
    ['accepts and never answers', true, { type: 'silence' }],
    ['accepts and never answers, unstreamed', false, { type: 'silence' }],
    ['stalls after the headers', true, { type: 'sse', chunks: [], ending: 'stall' }],
    ['stalls in the middle of the body', true, { type: 'sse', chunks: [half], ending: 'stall' }],
    ['stalls in the middle of an unstreamed body', false, plainStall],
  ];
  it.each(stalls)(
    'Q04 Q05 rejects with the reason of the signal when the server %s',
    async (_what, isStreaming, behaviour) => {
      const server = await started(behaviour);
      const control = new AbortController();
      const run = createRun({ signal: control.signal });
      const outcome = model(server.url, isStreaming)('Hi', run).catch((reason: unknown) => reason);
      await server.request(0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const reason = new Error('deadline');
      control.abort(reason);
      expect(await outcome).toBe(reason);
      const { how, ms } = await timedClose(server);
      expect(how).toBe('cut');
      expect(ms).toBeLessThan(100);
    },
  );

  it.each(stalls)('Q05 ends by the deadline of a timeout when the server %s', async (_what, isStreaming, behaviour) => {
    const server = await started(behaviour);
    const { run, clock } = testRun();
    const outcome = caught(timeout(model(server.url, isStreaming), { totalMs: 30_000 })('Hi', run));
    await server.request(0);
    await clock.advance(30_000);
    expect(await outcome).toMatchObject({ code: 'timeout', retryable: true });
    expect(await server.requests[0]?.closed).toBe('cut');
    expect(getEventListeners(run.signal, 'abort')).toHaveLength(0);
    expect(clock.pending).toBe(0);
  });

  it('Q19 leaves an estimated usage record, not below what was delivered, when a call is aborted or broken', async () => {
    const server = await started({ type: 'sse', chunks: [chunkText(0)], ending: 'stall' });
    const control = new AbortController();
    const run = createRun({
      signal: control.signal,
      on: (event) => {
        if (event.type === 'text-delta') control.abort('enough');
      },
    });
    await expect(model(server.url)('Hi', run)).rejects.toBe('enough');
    expect(run.meter.spent.usage).toMatchObject({ isEstimated: true, inputTokens: 12 });
    expect(run.meter.spent.usage.outputTokens).toBeGreaterThanOrEqual(1);
    const broken = createRun();
    await caught(model((await started({ type: 'sse', chunks: [chunkText(0)] })).url)('Hi', broken));
    expect(broken.meter.spent.usage).toMatchObject({ isEstimated: true, inputTokens: 12 });
  });

  it('Q10 leaves no rejection unhandled and settles whatever happens and whoever reads', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    const behaviours: readonly Behaviour[] = [
      { type: 'json', status: 500, body: {} },
      { type: 'sse', chunks: [half], ending: 'reset' },
      { type: 'sse', chunks: [chunkText(0), sse], delayMs: 2 },
      { type: 'reset' },
    ];
    const results: Promise<unknown>[] = [];
    for (const behaviour of behaviours) {
      const { url } = await started(behaviour);
      const watched = stream(model(url), 'Hi');
      results.push(watched.result);
      await watched.result.catch(() => undefined);
      const abandoned = stream(model(url), 'Hi');
      abandoned.cancel('gone');
      results.push(abandoned.result);
    }
    expect(await Promise.allSettled(results)).toHaveLength(8);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(unhandled).toEqual([]);
  });

  it('fails with a typed error when the server sends HTML, broken JSON, no reply or too much', async () => {
    const html = '<html>Bad gateway</html>';
    const jsonType = { 'content-type': 'application/json' };
    const server = await started(
      { type: 'text', text: html },
      { type: 'text', text: '{"candidates":', headers: jsonType },
      { type: 'json', body: { hello: 1 } },
      { type: 'json', body: null },
      { type: 'text', status: 502, text: html },
    );
    const ask = model(server.url, false);
    for (let call = 0; call < 5; call += 1) {
      expect(await caught(ask('Hi'))).toMatchObject({ code: 'model-failed', retryable: true });
    }
    const broken = await started({ type: 'sse', chunks: ['data: {"candidates":\n\n'] }, { type: 'text', text: html });
    const asked = model(broken.url);
    expect(await caught(asked('Hi'))).toMatchObject({ code: 'model-failed', retryable: true });
    expect(await caught(asked('Hi'))).toMatchObject({ code: 'stream-cut', retryable: true });
    const huge = await started({ type: 'huge', bytes: 70 * 1024 * 1024 });
    expect((await caught(model(huge.url, false)('Hi'))).message).toContain('64 MiB');
  });

  it('Q24 takes names such as __proto__ in arguments as data', async () => {
    const args = JSON.parse('{"__proto__":{"isAdmin":true},"constructor":1}') as object;
    const call = {
      candidates: [{ content: { parts: [{ functionCall: { name: 'f', args } }] }, finishReason: 'STOP' }],
    };
    const { toolCalls } = await model((await started({ type: 'json', body: call })).url, false)('Hi');
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    const [input] = toolCalls.map((made) => made.input as { isAdmin?: boolean });
    expect(input?.isAdmin).toBeUndefined();
    expect(Object.keys(input ?? {}).sort()).toEqual(['__proto__', 'constructor']);
  });

  it('Q26 maps a refused, a reset and an unknown host to a lost connection', async () => {
    const server = await badServer({ type: 'reset' });
    expect(await caught(model(server.url)('Hi'))).toMatchObject({ code: 'connection-lost', retryable: true });
    await server[Symbol.asyncDispose]();
    expect(await caught(model(server.url)('Hi'))).toMatchObject({ code: 'connection-lost', retryable: true });
    expect((await caught(model('http://host.invalid')('Hi'))).code).toBe('connection-lost');
  });

  it('Q30 shows the key in no error, event, property, drawing or URL', async () => {
    const echo = `API key not valid: ${key}`;
    const error = { code: 400, message: echo, status: 'INVALID_ARGUMENT', details: [{ reason: key }] };
    const server = await started(
      { type: 'json', status: 400, headers: { 'x-request-id': key }, body: { error } },
      { type: 'reset' },
      { type: 'text', status: 500, text: echo },
      { type: 'sse', chunks: [sseText([{ error }])] },
      { type: 'sse', chunks: [sse], headers: { 'set-cookie': key } },
    );
    const events: unknown[] = [];
    const ask = model(server.url);
    for (let call = 0; call < 4; call += 1) {
      const failure = await caught(stream(ask, 'Hi', { only: (event) => events.push(event) > 0 }).result);
      expect(stringsIn(failure).filter((text) => text.includes(key))).toEqual([]);
    }
    const reply = await ask('Hi');
    const shown = [...stringsIn(events), ...stringsIn(reply), ...stringsIn(ask), JSON.stringify({ ...ask })];
    expect(shown.filter((text) => text.includes(key))).toEqual([]);
    for (const { path, headers } of server.requests) {
      expect(path).toBe('/models/gemini-2.5-flash:streamGenerateContent?alt=sse');
      expect(headers['x-goog-api-key']).toBe(key);
    }
  });

  it('leaves no listener on the signal of the caller', async () => {
    const { url } = await started({ type: 'sse', chunks: [sse] });
    const { signal } = new AbortController();
    for (let call = 0; call < 10; call += 1) await model(url)('Hi', createRun({ signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('googleEmbedder with a bad server', () => {
  const embedder = (baseUrl: string): Embedder => googleEmbedder('gemini-embedding-001', { baseUrl, apiKey: key });

  it.each<Behaviour>([{ type: 'silence' }, { type: 'sse', chunks: ['{"embeddings":'], ending: 'stall' }])(
    'Q04 Q05 closes the socket within 100 ms of an abort',
    async (behaviour) => {
      const server = await started(behaviour);
      const control = new AbortController();
      const run = createRun({ signal: control.signal });
      const outcome = embedder(server.url)(['a'], run).catch((reason: unknown) => reason);
      await server.request(0);
      control.abort('enough');
      expect(await outcome).toBe('enough');
      const { how, ms } = await timedClose(server);
      expect(how).toBe('cut');
      expect(ms).toBeLessThan(100);
    },
  );

  it('fails with typed errors for too few vectors and vectors of another size', async () => {
    const server = await started(
      { type: 'json', body: {} },
      { type: 'json', body: { embeddings: [{ values: [1, 2] }] } },
    );
    expect(await caught(embedder(server.url)(['a']))).toMatchObject({ code: 'model-failed', retryable: true });
    expect(await caught(embedder(server.url)(['a']))).toMatchObject({ code: 'bad-option' });
  });
});
