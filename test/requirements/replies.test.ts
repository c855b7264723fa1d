import { describe, expect, it } from 'vitest';
import { createRun, isPipewrightError, type PipewrightError, yieldToEventLoop } from '../../src/core/index.js';
import { retry } from '../../src/resilience/index.js';
import { type Behaviour, badServer, replayServer, testRun } from '../../src/testing/index.js';
import { caught } from '../wire/bad-servers.js';
import { chatApis, half, plainApis, sending } from './providers.js';

const nowMs = Date.UTC(2026, 0, 1);

/** Status and headers, and how long the next try waits; undefined where there must be none. */
const table: readonly (readonly [number, Readonly<Record<string, string>>, number | undefined])[] = [
  [400, {}, undefined],
  [401, { 'retry-after': '1' }, undefined],
  [402, {}, undefined],
  [403, {}, undefined],
  [404, {}, undefined],
  [422, {}, undefined],
  [408, { 'retry-after': '3' }, 3_000],
  [409, { 'retry-after': '3' }, 3_000],
  [429, { 'retry-after': '2.5' }, 2_500],
  [429, { 'retry-after': new Date(nowMs + 7_000).toUTCString() }, 7_000],
  [429, { 'retry-after-ms': '1234', 'retry-after': '9' }, 1_234],
  [429, { 'retry-after': 'soon' }, 0],
  [429, { 'retry-after': '86400' }, undefined],
  [500, { 'retry-after': '3' }, 3_000],
  [502, { 'retry-after': '3' }, 3_000],
  [503, { 'retry-after-ms': '40' }, 40],
  [529, { 'retry-after': '3' }, 3_000],
];

describe.each(chatApis)('$name', (api) => {
  it.each(table)('Q17 status %i with %o', async (status, headers, waitMs) => {
    const refusal: Behaviour = { type: 'json', status, headers, body: api.errorBody('No.') };
    await using server = await badServer([refusal, sending(api)]);
    const { run, clock, events } = testRun({ nowMs });
    // Without a wait of its own a retry waits as long as the server asks, to the millisecond.
    const ask = retry(api.model(server.url), { initialDelayMs: 0, maxDelayMs: 60_000 });
    const outcome = ask('Hi', run).catch((error: unknown) => error);
    let isOver = false;
    void outcome.then(() => {
      isOver = true;
    });
    while (!isOver && clock.pending === 0) await yieldToEventLoop();
    if (!isOver) {
      await clock.advance((waitMs ?? 0) - 1);
      expect(server.requests).toHaveLength(1);
      await clock.advance(1);
    }
    const waits = events.flatMap((event) => (event.type === 'retry-wait' ? [event.waitMs] : []));
    expect(waits).toEqual(waitMs === undefined ? [] : [waitMs]);
    const result = await outcome;
    if (waitMs === undefined) expect(isPipewrightError(result)).toBe(true);
    else expect(result).toMatchObject({ text: 'Hello world', finishReason: 'stop' });
    expect(server.requests).toHaveLength(waitMs === undefined ? 1 : 2);
    expect(clock.pending).toBe(0);
  });

  it('Q17 an exhausted quota is never tried again', async () => {
    const body = {
      type: 'error',
      message: 'x',
      error: { type: 'insufficient_quota', code: 'insufficient_quota', message: 'x' },
    };
    await using server = await badServer({ type: 'json', status: 429, headers: { 'retry-after-ms': '1' }, body });
    const error = await caught(retry(api.model(server.url), { initialDelayMs: 0 })('Hi'));
    const isItsOwnCode = ['openai', 'compatible', 'openaiCompletion', 'openaiResponses', 'fromAiSdk'].includes(
      api.name,
    );
    if (isItsOwnCode) expect(error).toMatchObject({ code: 'quota-exhausted', retryable: false });
    expect(server.requests).toHaveLength(error.code === 'quota-exhausted' ? 1 : 3);
  });

  it('Q11 Q19 cut at every byte: "stop" only after a finish reason, else a typed error with the text, and always one usage', async () => {
    const finishAt = Buffer.byteLength(api.stream.slice(0, api.stream.indexOf(api.finishMark)));
    await using server = await badServer((_request, index) =>
      sending(api, { cutAfterBytes: index, ending: index % 2 === 0 || index > api.stream.length ? 'end' : 'reset' }),
    );
    const ask = api.model(server.url);
    for (let cut = 0; cut <= Buffer.byteLength(api.stream); cut += 1) {
      const run = createRun();
      const outcome = await ask('Hi', run).catch((error: unknown) => error);
      expect(run.meter.spent.calls).toBe(1);
      expect(run.meter.held.calls).toBe(0);
      if (outcome instanceof Error) {
        expect(outcome).toMatchObject({
          code: expect.stringMatching(/^(stream-cut|connection-lost|model-failed)$/),
          retryable: true,
        });
        const { code, details } = outcome as PipewrightError;
        expect('Hello world'.startsWith(details.partialText ?? '')).toBe(true);
        // The AI SDK takes half an event for one that is no JSON.
        if (code === 'model-failed') expect(api.name).toBe('fromAiSdk');
        else expect(run.meter.spent.usage.isEstimated).toBe(true);
      } else {
        expect(outcome).toMatchObject({ text: 'Hello world', finishReason: 'stop' });
        expect(cut).toBeGreaterThan(finishAt);
      }
    }
    expect(await ask('Hi')).toMatchObject({ text: 'Hello world', finishReason: 'stop' });
  });

  it('Q18 gives the same reply and figures streamed, in pieces of any size, and unstreamed', async () => {
    await using plain = await badServer({ type: 'json', body: api.json });
    const expected = await api.model(plain.url, false)('Hi');
    expect(expected).toMatchObject({ text: 'Hello world', usage: { inputTokens: 12, outputTokens: 3 } });
    for (const pieceBytes of [1, 7, 1_000_000]) {
      const headers = { 'content-type': api.contentType };
      const response = { status: 200, headers, text: api.stream };
      await using server = await replayServer([{ request: null, response }], { pieceBytes });
      const run = createRun();
      const { text, finishReason, usage } = await api.model(server.url)('Hi', run);
      expect({ text, finishReason, usage }).toEqual({
        text,
        finishReason: expected.finishReason,
        usage: expected.usage,
      });
      expect(run.meter.spent).toMatchObject({
        calls: 1,
        usage: { inputTokens: 12, outputTokens: 3, isEstimated: false },
      });
    }
  });

  it('Q26 whatever the server sends is a reply or a typed error, and nothing hangs', async () => {
    const json = { 'content-type': 'application/json' };
    const bad: readonly Behaviour[] = [
      { type: 'reset' },
      { type: 'text', text: '<html>Bad gateway</html>' },
      { type: 'text', text: '<html>Bad gateway</html>', status: 502 },
      { type: 'text', text: '', status: 204 },
      { type: 'text', text: '' },
      ...['null', '[]', '{}', '1', '"x"', '{"error":null}', '{"error":"x"}', '{"choices":[]}', '{'].flatMap(
        (text): Behaviour[] => [
          { type: 'text', text, headers: json },
          { type: 'text', text, headers: json, status: 500 },
          sending(api, {}, `data: ${text}\n\n`),
          sending(api, {}, `${text}\n`),
          sending(api, { ending: 'reset' }, half(api.stream) + text),
        ],
      ),
    ];
    await using server = await badServer(bad);
    for (const isStreaming of [true, false]) {
      for (const behaviour of bad) {
        const run = createRun();
        const outcome = await api
          .model(server.url, isStreaming)('Hi', run)
          .catch((error: unknown) => error);
        expect([behaviour, isPipewrightError(outcome) && outcome.code.length > 0]).toEqual([behaviour, true]);
        expect(run.meter.held.calls).toBe(0);
      }
    }
  });
});

describe.each(plainApis)('$name', ({ call, json }) => {
  it('Q17 Q26 gets over a refusal, a page of a proxy and a lost connection', async () => {
    await using server = await badServer([
      { type: 'json', status: 429, headers: { 'retry-after-ms': '1' }, body: {} },
      { type: 'text', status: 502, text: '<html>Bad gateway</html>' },
      { type: 'reset' },
      { type: 'json', body: json },
    ]);
    const ask = retry((_: null, run) => call(server.url)(run), { maxAttempts: 4, initialDelayMs: 1 });
    await expect(ask(null)).resolves.toBeDefined();
    // A batch takes a request for its file, too.
    expect(server.requests.length).toBeGreaterThanOrEqual(4);
  });

  it('Q26 whatever the server sends is an answer or a typed error', async () => {
    for (const text of [
      'null',
      '[]',
      '{}',
      '1',
      '"x"',
      '{"data":null}',
      '{"data":[null]}',
      '{"results":[{}]}',
      '{"models":null}',
      '{"models":[null]}',
      '{"embeddings":[null]}',
      '{"embeddings":{}}',
      '{',
      '<html>',
    ]) {
      await using server = await badServer({ type: 'text', text, headers: { 'content-type': 'application/json' } });
      const outcome: unknown = await call(server.url)().catch((error: unknown) => error);
      if (outcome instanceof Error)
        expect([text, outcome.message, isPipewrightError(outcome)]).toEqual([text, outcome.message, true]);
    }
  });
});
