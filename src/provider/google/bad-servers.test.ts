import { describe, expect, it, onTestFinished } from 'vitest';
import { caught, describeBadServers, secretKey, stringsIn, timedClose } from '../../../test/wire/bad-servers.js';
import { createRun, type Embedder, stream } from '../../core/index.js';
import type { ChatModel } from '../../model/index.js';
import { type BadServer, type Behaviour, badServer, sseText } from '../../testing/index.js';
import { describeEmbedder } from '../../testing/suites/index.js';
import { google, googleEmbedder } from './index.js';

const figures = { promptTokenCount: 12, cachedContentTokenCount: 4, candidatesTokenCount: 2, thoughtsTokenCount: 1 };
const modelVersion = 'gemini-2.5-flash';
const piece = (text: string, more: object = {}, usageMetadata: object = { promptTokenCount: 12 }): object => ({
  candidates: [{ content: { role: 'model', parts: [{ text }] }, ...more }],
  usageMetadata,
  modelVersion,
});
const hello = sseText([piece('Hello')]);
const sse = hello + sseText([piece(' world'), piece('', { finishReason: 'STOP' }, figures)]);
const json = piece('Hello world', { finishReason: 'STOP' }, figures);

// As Vertex AI wants it; the key of the Gemini API is below.
const headers = { authorization: `Bearer ${secretKey}` };

describeBadServers({
  name: 'google',
  model: (baseUrl, isStreaming = true) => google('gemini-2.5-flash', { baseUrl, headers, isStreaming }),
  contentType: 'text/event-stream',
  stream: sse,
  finishMark: '"finishReason":"STOP"',
  json,
  errorBody: (message) => ({ error: { message } }),
  errorEvent: (message) => sseText([{ error: { message } }]),
});

const started = async (...behaviours: readonly Behaviour[]): Promise<BadServer> => {
  const server = await badServer(behaviours);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
};

const model = (baseUrl: string, isStreaming = true): ChatModel =>
  google('gemini-2.5-flash', { baseUrl, apiKey: secretKey, isStreaming });

describe('google with a bad server, beyond what all must stand', () => {
  it('Q18 counts cached tokens in the input and thoughts in the output, and tells what that cost', async () => {
    const { usage, costUsd } = await model((await started({ type: 'sse', chunks: [sse] })).url)('Hi');
    expect(usage).toEqual({ inputTokens: 12, outputTokens: 3, cachedInputTokens: 4, reasoningTokens: 1 });
    expect(costUsd).toBeCloseTo((8 * 0.3 + 4 * 0.03 + 3 * 2.5) / 1e6, 12);
  });

  it('Q19 leaves a usage record with the figures that were told when a call is aborted', async () => {
    const server = await started({ type: 'sse', chunks: [hello], ending: 'stall' });
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
  });

  it('Q10 leaves no rejection unhandled and settles whatever happens and whoever reads', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    const behaviours: readonly Behaviour[] = [
      { type: 'json', status: 500, body: {} },
      { type: 'sse', chunks: [hello], ending: 'reset' },
      { type: 'sse', chunks: [hello, sse], delayMs: 2 },
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

  it('Q24 takes names such as __proto__ in arguments as data', async () => {
    const args: unknown = JSON.parse('{"__proto__":{"isAdmin":true},"constructor":1}');
    const call = {
      candidates: [{ content: { parts: [{ functionCall: { name: 'f', args } }] }, finishReason: 'STOP' }],
    };
    const { toolCalls } = await model((await started({ type: 'json', body: call })).url, false)('Hi');
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    const [input] = toolCalls.map((made) => made.input as { isAdmin?: boolean });
    expect(input?.isAdmin).toBeUndefined();
    expect(Object.keys(input ?? {}).sort()).toEqual(['__proto__', 'constructor']);
  });

  it('Q24 reads no more than 64 MiB of a reply', async () => {
    const { url } = await started({ type: 'huge', bytes: 70 * 1024 * 1024 });
    expect((await caught(model(url, false)('Hi'))).message).toContain('64 MiB');
  });

  it('Q30 sends the key in a header alone, and shows it in no error, event, property, drawing or URL', async () => {
    const echo = `API key not valid: ${secretKey}`;
    const error = { code: 400, message: echo, status: 'INVALID_ARGUMENT', details: [{ reason: secretKey }] };
    const server = await started(
      { type: 'json', status: 400, headers: { 'x-request-id': secretKey }, body: { error } },
      { type: 'reset' },
      { type: 'text', status: 500, text: echo },
      { type: 'sse', chunks: [sseText([{ error }])] },
      { type: 'sse', chunks: [sse] },
    );
    const events: unknown[] = [];
    const ask = model(server.url);
    const watched = { only: (event: unknown): boolean => events.push(event) > 0 };
    const failures = [];
    for (let call = 0; call < 4; call += 1) failures.push(await caught(stream(ask, 'Hi', watched).result));
    const shown = [...failures, events, await ask('Hi'), ask, JSON.stringify({ ...ask })];
    expect(stringsIn(shown).filter((text) => text.includes(secretKey))).toEqual([]);
    for (const { path, headers: sent } of server.requests) {
      expect(path).toBe('/models/gemini-2.5-flash:streamGenerateContent?alt=sse');
      expect(sent['x-goog-api-key']).toBe(secretKey);
    }
  });
});

const vectorReply = (request: { readonly body: unknown }): Behaviour => {
  const { requests } = request.body as { requests: readonly { content: { parts: readonly { text: string }[] } }[] };
  const embeddings = requests.map(({ content: { parts } }) => {
    const text = parts[0]?.text ?? '';
    return { values: [(text.length % 7) + 1, text.charCodeAt(0) % 11, text.charCodeAt(1) % 5 || 1] };
  });
  return { type: 'json', body: { embeddings } };
};

const embedder = (baseUrl: string, dimensions = 3): Embedder =>
  googleEmbedder('gemini-embedding-001', { baseUrl, apiKey: secretKey, dimensions });

describeEmbedder('googleEmbedder', {
  create: async () => {
    const server = await badServer((request) => vectorReply(request));
    onTestFinished(() => server[Symbol.asyncDispose]());
    return embedder(server.url);
  },
});

describe('googleEmbedder with a bad server', () => {
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

  it('sends as few requests as the API takes, and asks for dimensions only where they are not its own', async () => {
    const server = await badServer((request) => vectorReply(request));
    onTestFinished(() => server[Symbol.asyncDispose]());
    const texts = Array.from({ length: 250 }, (_, at) => `text ${at}`);
    expect(await embedder(server.url)(texts)).toHaveLength(250);
    const sizes = server.requests.map(({ body }) => (body as { requests: readonly unknown[] }).requests.length);
    expect(sizes).toEqual([100, 100, 50]);
    await caught(embedder(server.url, 3072)(['a']));
    expect(JSON.stringify(server.requests[0]?.body)).toContain('"outputDimensionality":3');
    expect(JSON.stringify(server.requests[3]?.body)).not.toContain('outputDimensionality');
  });

  it('fails with typed errors for refusals, too few vectors and vectors of another size', async () => {
    const error = { code: 429, message: 'Slow', status: 'RESOURCE_EXHAUSTED', details: [{ retryDelay: '2s' }] };
    const { url } = await started(
      { type: 'json', status: 429, body: { error } },
      { type: 'json', body: {} },
      { type: 'json', body: { embeddings: [{ values: [1, 2] }] } },
    );
    expect(await caught(embedder(url)(['a']))).toMatchObject({
      code: 'rate-limited',
      details: { retryAfterMs: 2_000 },
    });
    expect(await caught(embedder(url)(['a']))).toMatchObject({ code: 'model-failed', retryable: true });
    expect(await caught(embedder(url)(['a']))).toMatchObject({ code: 'bad-option' });
  });
});
