import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRun, isPipewrightError, type PipewrightError, stream } from '../../src/core/index.js';
import type { ChatModel } from '../../src/model/index.js';
import { timeout } from '../../src/resilience/index.js';
import { type BadServer, type Behaviour, badServer, testRun } from '../../src/testing/index.js';
import { describeChatModel } from '../../src/testing/suites/index.js';

export const secretKey = 'sk-proj-abcdefghijklmnop1234567890';

/** A provider and its wire: the reply "Hello world" with figures 12 and 3, and one call of a tool. */
export interface Dialect {
  readonly name: string;
  /** With `secretKey` as its key. */
  readonly model: (baseUrl: string, isStreaming?: boolean) => ChatModel;
  readonly stream: string;
  /** What the stream holds only at its very end. */
  readonly finishMark: string;
  readonly json: unknown;
  readonly contentType: string;
  readonly errorBody: (message: string) => unknown;
  /** An error as an event of the stream; where it has a body of its own. */
  readonly errorEvent: (message: string) => string;
}

export const caught = async (work: Promise<unknown>): Promise<PipewrightError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isPipewrightError(error)) throw new Error(`Expected one of our errors, got ${String(error)}`);
  return error;
};

/** Every string that can be reached from a value, causes and stacks included. */
export const stringsIn = (value: unknown, seen: Set<unknown> = new Set()): readonly string[] => {
  if (typeof value === 'string') return [value];
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return [];
  seen.add(value);
  const entries = value instanceof Headers || value instanceof Map ? [...value].flat() : [];
  const own = Reflect.ownKeys(value).map((name) => (value as Record<PropertyKey, unknown>)[name]);
  return [...own, ...entries].flatMap((inner) => stringsIn(inner, seen));
};

/** How the connection of a request ended, and how long that took from now. */
export const timedClose = async (server: BadServer): Promise<{ readonly how: string; readonly ms: number }> => {
  const startedMs = performance.now();
  const how = await (await server.request(0)).closed;
  return { how, ms: performance.now() - startedMs };
};

const half = (text: string): string => text.slice(0, text.indexOf('world'));

/** What every provider without an SDK must stand: run it in a test file of the provider. */
export const describeBadServers = (dialect: Dialect): void => {
  const { name, contentType, stream: whole, model } = dialect;
  const headers = { 'content-type': contentType };
  const sending = (text: string, more: object = {}): Behaviour => ({ type: 'sse', chunks: [text], headers, ...more });

  const started = async (behaviour: Behaviour): Promise<string> => {
    const server = await badServer(behaviour);
    onTestFinished(() => server[Symbol.asyncDispose]());
    return server.url;
  };
  describeChatModel(name, {
    create: async () => model(await started(sending(whole))),
    createStalling: async () => model(await started(sending(half(whole), { ending: 'stall' }))),
  });

  describe(`${name} with a bad server`, () => {
    describeCuts(dialect, sending);
    describeStalls(dialect, sending);
    describeFailures(dialect);
    describeBreaks(dialect, sending);
  });
};

type Sending = (text: string, more?: object) => Behaviour;

const describeCuts = ({ model, stream: whole, json, finishMark }: Dialect, sending: Sending): void => {
  it('Q18 gives the same reply and figures streamed and unstreamed', async () => {
    await using streaming = await badServer(sending(whole));
    await using plain = await badServer({ type: 'json', body: json });
    const run = createRun();
    const streamed = await model(streaming.url)('Hi', run);
    const unstreamed = await model(plain.url, false)('Hi');
    expect(streamed).toMatchObject({ text: 'Hello world', finishReason: 'stop' });
    expect(streamed.usage).toMatchObject({ inputTokens: 12, outputTokens: 3 });
    expect({ ...unstreamed, headers: {} }).toEqual({ ...streamed, headers: {} });
    expect(run.meter.spent.usage).toMatchObject({ inputTokens: 12, outputTokens: 3, isEstimated: false });
  });

  it('Q11 says "stop" only if a finish reason arrived, wherever the stream is cut', async () => {
    const finishAt = whole.indexOf(finishMark);
    await using server = await badServer((_request, index) =>
      sending(whole, { cutAfterBytes: index, ending: index % 2 === 0 ? 'end' : 'reset' }),
    );
    const ask = model(server.url);
    for (let cut = 0; cut <= Buffer.byteLength(whole); cut += 1) {
      const outcome = await ask('Hi').then(
        (reply) => ({ reply, error: undefined }),
        (error: unknown) => ({ reply: undefined, error: error as PipewrightError }),
      );
      if (outcome.reply === undefined) {
        expect(['stream-cut', 'connection-lost']).toContain(outcome.error.code);
        expect(outcome.error.retryable).toBe(true);
        expect('Hello world'.startsWith(outcome.error.details.partialText ?? '')).toBe(true);
      } else {
        expect(outcome.reply).toMatchObject({ text: 'Hello world', finishReason: 'stop' });
        expect(cut).toBeGreaterThan(finishAt);
      }
    }
    expect((await ask('Hi')).text).toBe('Hello world');
  }, 60_000);

  it('Q11 Q19 keeps the text that had arrived, and counts it', async () => {
    await using server = await badServer(sending(half(whole)));
    const run = createRun();
    const error = await caught(model(server.url)('Hi', run));
    expect(error).toMatchObject({ code: 'stream-cut', details: { partialText: expect.stringMatching(/^Hello ?$/) } });
    expect(run.meter.spent.usage).toMatchObject({ isEstimated: true });
    expect(run.meter.spent.usage.outputTokens).toBeGreaterThanOrEqual(1);
    expect(run.meter.spent.usage.inputTokens).toBeGreaterThan(0);
  });

  it('Q13 reads any stream the same however it is cut into pieces', async () => {
    const bytes = Buffer.from(whole);
    for (const size of [1, 3, 17, 64]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, at * size + size),
      );
      await using server = await badServer(sending('', { chunks }));
      expect(await model(server.url)('Hi')).toMatchObject({ text: 'Hello world', finishReason: 'stop' });
    }
  });
};

const describeStalls = ({ model, stream: whole }: Dialect, sending: Sending): void => {
  it('Q04 closes the socket within 100 ms when the reader leaves the stream', async () => {
    await using server = await badServer(sending(half(whole), { ending: 'stall' }));
    for await (const event of stream(model(server.url), 'Hi')) if (event.type === 'text-delta') break;
    const { how, ms } = await timedClose(server);
    expect(how).toBe('cut');
    expect(ms).toBeLessThan(100);
  });

  const json = { 'content-type': 'application/json' };
  const stalls: readonly (readonly [string, boolean, Behaviour])[] = [
    ['accepts and never answers', true, { type: 'silence' }],
    ['accepts and never answers, unstreamed', false, { type: 'silence' }],
    ['stalls after the headers', true, sending('', { chunks: [], ending: 'stall' })],
    ['stalls in the middle of the body', true, sending(half(whole), { ending: 'stall' })],
    ['stalls in an unstreamed body', false, sending('{"model":', { headers: json, ending: 'stall' })],
  ];
  it.each(stalls)(
    'Q04 Q05 rejects with the reason of the signal when the server %s',
    async (_what, isStreaming, how) => {
      await using server = await badServer(how);
      const control = new AbortController();
      const run = createRun({ signal: control.signal });
      const outcome = model(server.url, isStreaming)('Hi', run).catch((reason: unknown) => reason);
      await server.request(0);
      const reason = new Error('deadline');
      control.abort(reason);
      expect(await outcome).toBe(reason);
      const closed = await timedClose(server);
      expect(closed.how).toBe('cut');
      expect(closed.ms).toBeLessThan(100);
      expect(run.meter.spent.usage.isEstimated).toBe(true);
      expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
    },
  );

  it.each(stalls)('Q05 ends by the deadline of a timeout when the server %s', async (_what, isStreaming, how) => {
    await using server = await badServer(how);
    const { run, clock } = testRun();
    const outcome = caught(timeout(model(server.url, isStreaming), { totalMs: 30_000 })('Hi', run));
    await server.request(0);
    await clock.advance(30_000);
    expect(await outcome).toMatchObject({ code: 'timeout', retryable: true });
    expect(await server.requests[0]?.closed).toBe('cut');
    expect(clock.pending).toBe(0);
  });
};

const describeFailures = ({ model, errorBody }: Dialect): void => {
  const failures: readonly (readonly [number, string, boolean])[] = [
    [400, 'bad-input', false],
    [401, 'not-allowed', false],
    [403, 'not-allowed', false],
    [404, 'not-found', false],
    [408, 'model-failed', true],
    [422, 'bad-input', false],
    [429, 'rate-limited', true],
    [500, 'model-failed', true],
    [503, 'model-failed', true],
    [529, 'model-overloaded', true],
  ];
  it.each(failures)('maps %i to %s, and tells how long to wait', async (status, code, isRetryable) => {
    const body = errorBody('It went wrong');
    await using server = await badServer({ type: 'json', status, headers: { 'retry-after': '2.5' }, body });
    for (const isStreaming of [true, false]) {
      const error = await caught(model(server.url, isStreaming)('Hi'));
      expect(error).toMatchObject({ code, retryable: isRetryable, details: { status, retryAfterMs: 2_500 } });
      expect(error.message).toContain('It went wrong');
    }
  });
};

const describeBreaks = ({ model, stream: whole, errorBody, errorEvent }: Dialect, sending: Sending): void => {
  it('Q26 maps an error inside a stream of status 200, with the text that had arrived', async () => {
    const cut = half(whole);
    const events = cut.slice(0, cut.lastIndexOf('\n{') + 1) || cut.slice(0, cut.lastIndexOf('\n\n') + 2);
    await using server = await badServer(sending(events + errorEvent('The runner has died')));
    const error = await caught(model(server.url)('Hi'));
    expect(error).toMatchObject({ code: 'model-failed', retryable: true, details: { partialText: 'Hello' } });
    expect(error.message).toContain('The runner has died');
  });

  it('Q26 maps a reset and a refused connection to a lost one', async () => {
    const server = await badServer({ type: 'reset' });
    const lost = { code: 'connection-lost', retryable: true };
    expect(await caught(model(server.url)('Hi'))).toMatchObject(lost);
    await server[Symbol.asyncDispose]();
    expect(await caught(model(server.url)('Hi'))).toMatchObject(lost);
    expect(await caught(model(server.url, false)('Hi'))).toMatchObject(lost);
  });

  it('fails with a typed error when the server sends HTML, broken JSON or something else', async () => {
    const behaviours: readonly (readonly [string, Behaviour])[] = [
      ['model-failed', { type: 'text', text: '<html>Bad gateway</html>' }],
      ['model-failed', { type: 'text', text: '{"model":', headers: { 'content-type': 'application/json' } }],
      ['stream-cut', { type: 'json', body: {} }],
      ['stream-cut', { type: 'json', body: null }],
      ['stream-cut', { type: 'json', body: [] }],
    ];
    for (const [code, behaviour] of behaviours) {
      await using server = await badServer(behaviour);
      expect(await caught(model(server.url, false)('Hi'))).toMatchObject({ code, retryable: true });
    }
  });

  it('Q30 shows the key in no error, reply or property', async () => {
    const echo = `Wrong key ${secretKey}, header Bearer ${secretKey}`;
    await using server = await badServer([
      { type: 'json', status: 401, headers: { 'set-cookie': secretKey }, body: errorBody(echo) },
      sending(errorEvent(echo)),
      sending(whole, { headers: { 'content-type': 'text/event-stream', 'set-cookie': secretKey } }),
    ]);
    const ask = model(server.url);
    const shown = [await caught(ask('Hi')), await caught(ask('Hi')), ask];
    expect(shown.flatMap((value) => stringsIn(value)).filter((text) => text.includes(secretKey))).toEqual([]);
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${secretKey}`);
  });
};
