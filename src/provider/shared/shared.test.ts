import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSecretName, scrubText, seededRandom, user } from '../../core/index.js';
import {
  checkBaseUrl,
  dataUrl,
  imageMediaType,
  isConnectionFailure,
  renderSources,
  replyHeaders,
  resolveApiKey,
  retryAfterMs,
  serverError,
  type ToolCallPiece,
  toolCallReader,
} from './index.js';

const context = { id: 'test:model', secrets: ['hunter2!'], nowMs: 0 };

describe('serverError', () => {
  it.each([
    [{ status: 400, error: { message: 'prompt is too long: 9 tokens' } }, 'context-too-long'],
    [{ status: 400, error: { message: 'x', code: 'context_length_exceeded' } }, 'context-too-long'],
    [{ status: 413, error: { message: 'too many tokens' } }, 'context-too-long'],
    [{ status: 400, error: { message: 'Your credit balance is too low' } }, 'quota-exhausted'],
    [{ status: 402, error: 'pay' }, 'quota-exhausted'],
    [
      { status: 400, error: { message: 'Output blocked by content filtering policy, content policy' } },
      'content-refused',
    ],
    [{ status: 400, error: { code: 'content_policy_violation' } }, 'content-refused'],
    [{ error: { type: 'invalid_request_error', message: 'no' } }, 'bad-input'],
    [{ error: { code: 429, message: 'inside a stream' } }, 'rate-limited'],
    [{ error: { detail: 'odd server' } }, 'model-failed'],
    [{ status: 599, error: { message: 'x' } }, 'model-failed'],
    [{ status: 418, error: { message: 'teapot' } }, 'bad-input'],
  ])('reads %j as %s', (error, code) => {
    expect(serverError(error, context).code).toBe(code);
  });

  it('says what the server said, what to do, and no secret', () => {
    const headers = new Headers({ 'retry-after': '3', 'request-id': 'req_9' });
    const error = serverError({ status: 429, headers, error: { message: 'hunter2! is too fast' } }, context);
    expect(error.message).toBe(
      'test:model answered 429: [secret] is too fast. The server asks to wait 3000 ms. Wait and try again, or lower the rate.',
    );
    expect(error.details).toEqual({ status: 429, requestId: 'req_9', retryAfterMs: 3000 });
  });

  it('shortens an endless explanation', () => {
    expect(serverError({ status: 500, error: { message: 'x'.repeat(10_000) } }, context).message.length).toBeLessThan(
      800,
    );
  });

  it('keeps the code of the socket and nothing else of the cause', () => {
    const root = Object.assign(new Error('connect ECONNREFUSED hunter2!'), {
      code: 'ECONNREFUSED',
      request: 'hunter2!',
    });
    const error = serverError(new Error('fetch failed', { cause: new TypeError('x', { cause: root }) }), context);
    expect(error).toMatchObject({ code: 'connection-lost', retryable: true, cause: { code: 'ECONNREFUSED' } });
    expect(Object.keys(error.cause as object)).toEqual(['code']);
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  it('does not take a mistake of the program for a lost connection', () => {
    const error = serverError(new TypeError('x is not a function'), context);
    expect(error).toMatchObject({ code: 'model-failed', retryable: false });
    expect(isConnectionFailure(new TypeError('x is not a function'))).toBe(false);
    expect(isConnectionFailure('text')).toBe(false);
  });
});

describe('retryAfterMs', () => {
  const read = (headers: Record<string, string>): number | undefined => retryAfterMs(new Headers(headers), 1_000_000);

  it('reads seconds, milliseconds and dates, and nothing else', () => {
    expect(read({ 'retry-after': '2' })).toBe(2000);
    expect(read({ 'retry-after': '0.25' })).toBe(250);
    expect(read({ 'retry-after-ms': '12.5', 'retry-after': '9' })).toBe(12.5);
    expect(read({ 'retry-after': new Date(1_005_000).toUTCString() })).toBe(5000);
    expect(read({ 'retry-after': new Date(0).toUTCString() })).toBe(0);
    expect(read({ 'retry-after': 'soon' })).toBeUndefined();
    expect(read({ 'retry-after': '-1e999' })).toBeUndefined();
    expect(read({})).toBeUndefined();
  });
});

describe('scrubText', () => {
  it.each([
    'sk-proj-abcdefghijklmnop',
    'sk-ant-api03-abcdefghijklmnop_1',
    'gsk_abcdefghijklmnopqrst',
    'ghp_abcdefghijklmnopqrstuv',
    'AKIAABCDEFGHIJKLMNOP',
    'AIzaSyA1234567890123456789012345678901',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
  ])('hides %s', (secret) => {
    expect(scrubText(`before ${secret} after`)).toBe('before [secret] after');
  });

  it('hides bearer tokens, passwords in URLs and what it is told, and leaves words alone', () => {
    expect(scrubText('authorization: Bearer abc.def-123')).toBe('authorization: Bearer [secret]');
    expect(scrubText('https://me:pass@host/x')).toBe('https://[secret]@host/x');
    expect(scrubText('my own-token!', ['own-token!'])).toBe('my [secret]');
    expect(scrubText('key of a b', ['a'])).toBe('key of a b');
    expect(scrubText('the risk-free api is key-value based')).toBe('the risk-free api is key-value based');
  });

  it('knows the names of secret fields however they are written', () => {
    for (const name of ['X-Api-Key', 'api_key', 'apiKey', 'Authorization', 'set-cookie'])
      expect(isSecretName(name)).toBe(true);
    for (const name of ['maxTokens', 'key', 'tokens', '__proto__']) expect(isSecretName(name)).toBe(false);
  });
});

describe('resolveApiKey and checkBaseUrl', () => {
  it('asks for no key on this machine and insists on one elsewhere', () => {
    const ask = (baseUrl?: string): string =>
      resolveApiKey({ id: 'x', apiKey: undefined, variable: 'NO_SUCH_KEY', baseUrl });
    expect(ask('http://localhost:11434/v1')).toBe('no-key');
    expect(ask('http://127.0.0.1:1/v1')).toBe('no-key');
    expect(() => ask('https://api.example.com')).toThrow(/NO_SUCH_KEY/);
    expect(() => ask('https://localhost.example.com')).toThrow(/NO_SUCH_KEY/);
    expect(() => ask()).toThrow(/NO_SUCH_KEY/);
  });

  it('refuses a base URL that no request can go to, without repeating it', () => {
    for (const url of ['nonsense', '/v1', 'ftp://host', 'https://me:hunter2@host']) {
      expect(() => checkBaseUrl(url)).toThrow(expect.objectContaining({ code: 'bad-option' }));
      expect(() => checkBaseUrl(url)).not.toThrow(/hunter2/);
    }
    expect(() => checkBaseUrl('https://host/v1')).not.toThrow();
  });
});

describe('renderSources', () => {
  it('numbers sources through the conversation, and one that comes again keeps its number', () => {
    const a = { type: 'source', id: 'a', title: 'Apples', text: 'Red.' } as const;
    const b = { type: 'source', id: 'b', text: 'Yellow.' } as const;
    const { render, ids } = renderSources([user([a]), user([b, a])]);
    expect(ids).toEqual(['a', 'b']);
    expect(render([b, a])).toBe('[2]\nYellow.\n\n[1] Apples\nRed.');
  });
});

describe('replyHeaders', () => {
  it('keeps what is harmless', () => {
    const headers = new Headers({
      'x-request-id': '1',
      'x-ratelimit-limit-tokens': '5',
      'set-cookie': 'a',
      'openai-organization': 'b',
    });
    expect(replyHeaders(headers)).toEqual({ 'x-request-id': '1', 'x-ratelimit-limit-tokens': '5' });
  });
});

describe('media', () => {
  it('tells the type of a picture by its first bytes', () => {
    expect(imageMediaType({ type: 'image', data: new Uint8Array([0xff, 0xd8, 0xff, 1]) })).toBe('image/jpeg');
    expect(imageMediaType({ type: 'image', data: new Uint8Array([1]) })).toBe('image/png');
    expect(imageMediaType({ type: 'image', data: new Uint8Array([1]), mediaType: 'image/avif' })).toBe('image/avif');
    const part = new Uint8Array([0, 1, 2, 3]).subarray(1, 3);
    expect(dataUrl(part, 'a/b')).toBe('data:a/b;base64,AQI=');
    expect(dataUrl(new URL('https://host/x.png'), 'a/b')).toBe('https://host/x.png');
  });
});

interface Call {
  readonly id: string;
  readonly name: string;
  readonly json: string;
}

const read = (pieces: readonly ToolCallPiece[]): readonly Call[] => {
  const reader = toolCallReader(seededRandom(1));
  const calls = new Map<string, { id: string; name: string; json: string }>();
  const deltas = [...pieces.map((piece) => reader.take(piece)).filter((delta) => delta !== undefined), ...reader.end()];
  for (const { key, id, name, text } of deltas) {
    const call = calls.get(key);
    if (call === undefined) calls.set(key, { id: id ?? '', name: name ?? '', json: text });
    else call.json += text;
  }
  expect(calls.size).toBe(reader.count());
  return [...calls.values()];
};

const callArbitrary = fc.record({
  name: fc.constantFrom('weather', 'search'),
  json: fc
    .dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.constant('}{"\\')))
    .map((value) => JSON.stringify(value)),
});
const callsArbitrary = fc.array(callArbitrary, { minLength: 1, maxLength: 4 });

const cut = (text: string, size: number): readonly string[] => text.match(new RegExp(`.{1,${size}}`, 'gs')) ?? [];

/** Ways in which servers are known to send the pieces of calls. */
const quirks: Readonly<
  Record<string, (calls: readonly { name: string; json: string }[], size: number) => ToolCallPiece[]>
> = {
  'as documented': (calls, size) =>
    calls.flatMap(({ name, json }, index) => [
      { index, id: `c${index}`, name, text: '' },
      ...cut(json, size).map((text) => ({ index, text })),
    ]),
  'without indexes': (calls, size) =>
    calls.flatMap(({ name, json }, at) =>
      cut(json, size).map((text, n) => (n === 0 ? { id: `c${at}`, name, text } : { id: '', text })),
    ),
  'without indexes, id in every piece': (calls, size) =>
    calls.flatMap(({ name, json }, at) =>
      cut(json, size).map((text, n) => ({ id: `c${at}`, name: n === 0 ? name : null, text })),
    ),
  'whole calls, all under index 0': (calls) =>
    calls.map(({ name, json }, at) => ({ index: 0, id: `c${at}`, name, text: json })),
  'whole calls, all under index 0 with empty ids': (calls) =>
    calls.map(({ name, json }) => ({ index: 0, id: '', name, text: json })),
  'whole calls without index and id': (calls) => calls.map(({ name, json }) => ({ name, text: json })),
  'one repeated id': (calls, size) =>
    calls.flatMap(({ name, json }, index) => cut(json, size).map((text) => ({ index, id: 'same', name, text }))),
  'name repeated in every piece': (calls, size) =>
    calls.flatMap(({ name, json }, index) => cut(json, size).map((text) => ({ index, name, text }))),
  'leading {}': (calls, size) =>
    calls.flatMap(({ name, json }, index) => [
      { index, id: `c${index}`, name, text: '{}' },
      ...(json === '{}' ? [] : cut(json, size).map((text) => ({ index, text }))),
    ]),
  interleaved: (calls, size) => {
    const rows = calls.map(({ name, json }, index) =>
      cut(json, size).map((text, n) => ({ index, text, ...(n === 0 ? { id: `c${index}`, name } : {}) })),
    );
    return Array.from({ length: Math.max(...rows.map((row) => row.length)) }, (_, n) =>
      rows.flatMap((row) => row[n] ?? []),
    ).flat();
  },
};

describe('toolCallReader', () => {
  it.each(Object.keys(quirks))('Q13 gives the same calls when the pieces come %s', (quirk) => {
    fc.assert(
      fc.property(callsArbitrary, fc.integer({ min: 1, max: 9 }), (calls, size) => {
        const got = read(quirks[quirk]!(calls, size));
        expect(got.map(({ name, json }) => ({ name, json }))).toEqual(calls);
        expect(new Set(got.map(({ id }) => id)).size).toBe(calls.length);
        expect(got.every(({ id }) => id !== '')).toBe(true);
      }),
    );
  });

  it('Q13 waits for the name before it passes anything on', () => {
    expect(
      read([
        { index: 0, id: 'a', text: '{"x"' },
        { index: 0, name: 'f', text: ':1}' },
      ]),
    ).toEqual([{ id: 'a', name: 'f', json: '{"x":1}' }]);
  });

  it('Q13 gives a call without arguments', () => {
    expect(read([{ index: 0, id: 'a', name: 'f', text: '' }])).toEqual([{ id: 'a', name: 'f', json: '' }]);
    expect(read([{ index: 0, id: 'a', name: 'f', text: '{}' }])).toEqual([{ id: 'a', name: 'f', json: '{}' }]);
  });
});
