import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRun, isPipewrightError } from '../../core/index.js';
import { type BadServer, type Behaviour, type Behaviours, badServer, sseText } from '../../testing/index.js';
import { guardedCall, type HttpCall, httpEvents, httpJson, serverError } from './index.js';

const started = async (behaviours: Behaviours): Promise<BadServer> => {
  const server = await badServer(behaviours);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
};

const callTo = (url: string, more: Partial<HttpCall> = {}): HttpCall => ({
  url,
  headers: {},
  body: { q: 1 },
  signal: new AbortController().signal,
  ...more,
});

const eventsAt = async (url: string, more: Partial<HttpCall> = {}): Promise<readonly string[]> => {
  const { events } = await httpEvents(callTo(url, more));
  const read: string[] = [];
  for await (const event of events) read.push(event);
  return read;
};

const eventsOf = async (...chunks: readonly (string | Uint8Array)[]): Promise<readonly string[]> =>
  eventsAt((await started({ type: 'sse', chunks })).url);

const linesOf = async (...chunks: readonly (string | Uint8Array)[]): Promise<readonly string[]> => {
  const headers = { 'content-type': 'application/x-ndjson' };
  return eventsAt((await started({ type: 'sse', chunks, headers })).url);
};

const failure = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => serverError(error, { id: 'test', secrets: ['hunter2!'], nowMs: 0 }),
  );

/** Pieces of so many bytes, whatever that cuts through. */
const cut = (text: string, size: number): readonly Uint8Array[] => {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, n * size + size));
};

describe('httpEvents with server-sent events', () => {
  it.each([
    ['line feeds', '\n'],
    ['carriage returns and line feeds', '\r\n'],
    ['carriage returns', '\r'],
  ])('reads %s', async (_name, end) => {
    expect(await eventsOf(`data: {"a":1}${end}${end}data: {"a":2}${end}${end}`)).toEqual(['{"a":1}', '{"a":2}']);
  });

  it('passes over comments, names, ids, unknown fields and the closing [DONE]', async () => {
    const text = ': OPENROUTER PROCESSING\n\nevent: x\nid: 7\nretry: 5\nodd: 1\ndata: {"a":1}\n\n:\n\ndata: [DONE]\n\n';
    expect(await eventsOf(text)).toEqual(['{"a":1}']);
  });

  it('joins the lines of an event, and takes data with or without a space', async () => {
    expect(await eventsOf('data:{"a":\ndata: 1}\n\n')).toEqual(['{"a":\n1}']);
  });

  it('leaves out a byte order mark, whole or cut apart', async () => {
    expect(await eventsOf('\uFEFFdata: {"a":1}\n\n')).toEqual(['{"a":1}']);
    expect(await eventsOf(...cut('\uFEFFdata: {"a":1}\n\n', 1))).toEqual(['{"a":1}']);
  });

  it.each(['data: {"a":1}', 'data: {"a":1}\n', 'data: {"a":1}\r\n', 'data: {"a":1}\r'])(
    'reads a last event without the empty line behind it: %j',
    async (text) => {
      expect(await eventsOf(`data: {"a":0}\n\n${text}`)).toEqual(['{"a":0}', '{"a":1}']);
    },
  );

  it('Q11 leaves out what a cut connection left of the last event', async () => {
    for (const text of ['data: {"a":', 'data: {"a":"ü', 'dat', 'data: [DONE'])
      expect(await eventsOf(`data: {"a":0}\n\n${text}`)).toEqual(['{"a":0}']);
    expect(await eventsOf('data: {"a":0}\n\ndata: {"a":"', Buffer.from('ü').subarray(0, 1))).toEqual(['{"a":0}']);
  });

  it('Q13 reads the same events however the bytes are cut', async () => {
    const texts = ['Grüße', '日本語', '😀 "quoted"\n', ''];
    const wire = sseText(texts.map((text) => ({ text }))).replaceAll('\n\n', '\r\n\r\n');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), async (size) => {
        const events = await eventsOf(...cut(wire, size));
        expect(events.map((event) => JSON.parse(event))).toEqual(texts.map((text) => ({ text })));
      }),
      { numRuns: 12 },
    );
  });

  it('reads a long event that comes in very many pieces', async () => {
    const piece = 'x'.repeat(1_000);
    const server = await started({ type: 'sse', chunks: ['data: "', ...Array(8_000).fill(piece), '"\n\n'] });
    const [event] = await eventsAt(server.url);
    expect(event).toHaveLength(8_000_002);
  });

  it('Q24 gives up an event that does not end, and closes the connection', async () => {
    const piece = new Uint8Array(1024 * 1024).fill(120);
    const server = await started({ type: 'sse', chunks: ['data: ', ...Array(70).fill(piece)], ending: 'stall' });
    const run = createRun();
    const all = async (): Promise<void> => {
      const info = { id: 'test', secrets: () => [] };
      for await (const _ of guardedCall(info, run, async function* (signal) {
        yield* (await httpEvents(callTo(server.url, { signal }))).events;
      }));
    };
    const error = await all().catch((reason: unknown) => reason);
    expect(isPipewrightError(error) && error.message).toContain('64 MiB');
    expect(await server.requests[0]?.closed).toBe('cut');
  });

  it('Q24 gives up many short lines that make one event without end', async () => {
    const lines = `data: ${'x'.repeat(1024 * 1024)}\n`;
    const server = await started({ type: 'sse', chunks: Array(70).fill(lines), ending: 'stall' });
    await expect(eventsAt(server.url)).rejects.toMatchObject({ code: 'model-failed' });
  });

  it('Q06 reads a stream of more than 64 MiB whose events are small', async () => {
    const block = sseText(Array(64).fill('x'.repeat(16_384)));
    const server = await started({ type: 'sse', chunks: Array(70).fill(block) });
    let bytes = 0;
    for await (const event of (await httpEvents(callTo(server.url))).events) bytes += event.length;
    expect(bytes).toBe(70 * 64 * 16_384);
  });
});

describe('httpEvents with lines and whole texts', () => {
  it('reads lines of JSON, cut anywhere, with empty lines and without the last line feed', async () => {
    const text = '{"a":"ü"}\n\n{"a":2}\r\n{"a":3}';
    for (const size of [1, 3, 100]) {
      expect((await linesOf(...cut(text, size))).map((line) => JSON.parse(line).a)).toEqual(['ü', 2, 3]);
    }
  });

  it.each(['application/x-ndjson', 'application/jsonl; charset=utf-8', 'application/stream+json'])(
    'knows lines of JSON by the type %s',
    async (type) => {
      const headers = { 'content-type': type };
      const { url } = await started({ type: 'sse', chunks: ['{"a":1}\n{"a":2}\n'], headers });
      expect(await eventsAt(url)).toEqual(['{"a":1}', '{"a":2}']);
    },
  );

  it('Q11 leaves out what a cut connection left of the last line', async () => {
    expect(await linesOf('{"a":1}\n{"a":')).toEqual(['{"a":1}']);
  });

  it('Q24 gives up a line that does not end', async () => {
    const piece = 'x'.repeat(1024 * 1024);
    await expect(linesOf('"', ...Array(70).fill(piece))).rejects.toMatchObject({ code: 'model-failed' });
  });

  it('gives the whole text of a server that does not stream', async () => {
    const server = await started({ type: 'json', body: [{ a: 1 }, { a: 2 }] });
    expect(await eventsAt(server.url)).toEqual(['[{"a":1},{"a":2}]']);
  });

  it('finds nothing in a page of HTML', async () => {
    const server = await started({ type: 'text', text: '<html>Welcome</html>' });
    expect(await eventsAt(server.url)).toEqual([]);
  });
});

describe('httpJson and httpEvents', () => {
  it('send JSON with the headers that they were given, and tell those of the reply', async () => {
    const server = await started({ type: 'json', body: { ok: true }, headers: { 'x-request-id': 'r1' } });
    const { data, headers } = await httpJson(callTo(server.url, { headers: { 'x-own': 'yes' } }));
    expect(data).toEqual({ ok: true });
    expect(headers.get('x-request-id')).toBe('r1');
    const { headers: sent, method, body } = await server.request(0);
    expect(sent).toMatchObject({ 'content-type': 'application/json', accept: 'application/json', 'x-own': 'yes' });
    expect({ method, body }).toEqual({ method: 'POST', body: { q: 1 } });
  });

  it('ask with GET where there is no body', async () => {
    const server = await started({ type: 'json', body: {} });
    await httpJson({ url: server.url, headers: {}, signal: new AbortController().signal });
    const { method, headers } = await server.request(0);
    expect(method).toBe('GET');
    expect(headers['content-type']).toBeUndefined();
  });

  const refusals: readonly (readonly [string, Behaviour, object])[] = [
    [
      'JSON',
      { type: 'json', status: 429, headers: { 'retry-after': '2' }, body: { error: { message: 'Slow down' } } },
      { code: 'rate-limited', details: { status: 429, retryAfterMs: 2000 } },
    ],
    ['a page of HTML', { type: 'text', status: 502, text: '<h1>Bad gateway</h1>' }, { code: 'model-failed' }],
    ['nothing', { type: 'text', status: 503, text: '' }, { code: 'model-failed', details: { status: 503 } }],
    ['broken JSON', { type: 'text', status: 400, text: '{"error":' }, { code: 'bad-input' }],
  ];
  it.each(refusals)('throw what serverError reads when a refusal is %s', async (_what, behaviour, expected) => {
    const server = await started(behaviour);
    expect(await failure(httpJson(callTo(server.url)))).toMatchObject(expected);
    expect(await failure(httpEvents(callTo(server.url)))).toMatchObject(expected);
  });

  it('Q24 read no more than 64 MiB of a reply, or of a refusal', async () => {
    const server = await started({ type: 'huge', bytes: 200 * 1024 * 1024 });
    await expect(httpJson(callTo(server.url))).rejects.toMatchObject({ message: expect.stringContaining('64 MiB') });
    expect(await server.requests[0]?.closed).toBe('cut');
    const refusing = await started({ type: 'text', status: 500, text: 'x'.repeat(66 * 1024 * 1024) });
    await expect(httpEvents(callTo(refusing.url))).rejects.toMatchObject({ code: 'model-failed' });
  });

  it('Q30 do not follow a redirect, which would take the key along', async () => {
    const other = await started({ type: 'json', body: {} });
    const headers = { location: other.url };
    const server = await started({ type: 'text', status: 307, text: '', headers });
    const call = callTo(server.url, { headers: { 'x-goog-api-key': 'hunter2!' } });
    expect(await failure(httpJson(call))).toMatchObject({ details: { status: 307 } });
    expect(other.requests).toHaveLength(0);
  });

  it('Q04 close the socket when the signal aborts: before the answer, in the body, between events', async () => {
    const stalls: readonly Behaviour[] = [
      { type: 'silence' },
      { type: 'sse', chunks: ['{"a":'], ending: 'stall', headers: { 'content-type': 'application/json' } },
      { type: 'sse', chunks: ['data: {"a":1}\n\n'], ending: 'stall' },
    ];
    for (const [index, behaviour] of stalls.entries()) {
      const server = await started(behaviour);
      const control = new AbortController();
      const call = callTo(server.url, { signal: control.signal });
      const outcome = (index === 2 ? eventsAt(server.url, call) : httpJson(call)).catch((error: unknown) => error);
      const request = await server.request(0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      control.abort('enough');
      expect(await outcome).toBe('enough');
      expect(await request.closed).toBe('cut');
    }
  });

  it('Q04 close the socket when the reader leaves the events', async () => {
    const server = await started({ type: 'sse', chunks: ['data: {"a":1}\n\n'], ending: 'stall' });
    for await (const _ of (await httpEvents(callTo(server.url))).events) break;
    expect(await server.requests[0]?.closed).toBe('cut');
  });

  it('tell a lost connection as one', async () => {
    const server = await started({ type: 'sse', chunks: ['data: {"a":1}\n\ndata: {'], ending: 'reset', delayMs: 5 });
    expect(await failure(eventsAt(server.url))).toMatchObject({ code: 'connection-lost', retryable: true });
  });
});
