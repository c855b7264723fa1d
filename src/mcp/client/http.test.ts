import { describe, expect, it } from 'vitest';
import { isPipewrightError, type PipewrightError } from '../../core/index.js';
import { testRun } from '../../testing/index.js';
import { type McpClient, type McpClientOptions, mcpClient } from '../index.js';

const token = 'tok-0123456789abcdef';
const object = { type: 'object', properties: {} };

interface Asked {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly name?: string };
}
type Answer = (asked: Asked, init: RequestInit) => Response | Promise<Response>;

const json = (body: unknown, init?: ResponseInit): Response => Response.json(body, init);
const events = (...chunks: readonly string[]): Response => {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
};
const event = (message: object): string =>
  `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`;
const textResult = (text: string): object => ({ content: [{ type: 'text', text }] });

/** A server of 2025 that answers calls of tools as the test says. */
const fake = (answer: Answer): { readonly send: typeof fetch; readonly urls: string[] } => {
  const urls: string[] = [];
  const send: typeof fetch = async (url, init = {}) => {
    urls.push(String(url));
    if (init.method !== 'POST') return new Response(null, { status: 405 });
    const asked: Asked = JSON.parse(String(init.body));
    if (asked.method === 'tools/call') return answer(asked, init);
    if (asked.id === undefined) return new Response(null, { status: 202 });
    const result = {
      initialize: {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'fake', version: '1' },
      },
      'tools/list': { tools: [{ name: 'go', inputSchema: object }] },
    }[asked.method ?? ''];
    const known = { jsonrpc: '2.0', id: asked.id, result };
    return json(result === undefined ? { ...known, error: { code: -32_601, message: 'no such method' } } : known);
  };
  return { send, urls };
};

const clientOf = (answer: Answer, options: McpClientOptions = {}): McpClient =>
  mcpClient(
    {
      name: 'web',
      url: 'https://mcp.example.com/mcp',
      headers: { authorization: `Bearer ${token}` },
      fetch: fake(answer).send,
    },
    { maxMessageBytes: 100_000, version: '2025-11-25', ...options },
  );

const failureOf = async (answer: Answer, options?: McpClientOptions): Promise<PipewrightError> => {
  const client = clientOf(answer, options);
  try {
    await client.call('go', {});
  } catch (error) {
    if (isPipewrightError(error)) return error;
    throw error;
  } finally {
    await client.close();
  }
  throw new Error('It did not fail.');
};

describe('an answer over HTTP', () => {
  it('Q05 that ends before its end fails at once, and may be tried again', async () => {
    const cut = event({ method: 'notifications/message', params: { level: 'info', data: 'soon' } });
    expect(await failureOf(() => events(cut))).toMatchObject({ code: 'connection-lost', retryable: true });
    expect(await failureOf(() => events())).toMatchObject({ code: 'connection-lost', retryable: true });
    const breaks = (): Response => {
      const body = new ReadableStream({ pull: (controller) => controller.error(new Error('socket hang up')) });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    };
    expect(await failureOf(breaks)).toMatchObject({ code: 'connection-lost', retryable: true });
  });

  it('that is longer than it may be is broken off, as one value or as an event', async () => {
    const huge = 'x'.repeat(200_000);
    const whole: Answer = ({ id }) => json({ jsonrpc: '2.0', id, result: textResult(huge) });
    const streamed: Answer = ({ id }) => events(event({ id, result: textResult(huge) }));
    for (const answer of [whole, streamed]) {
      const error = await failureOf(answer);
      expect(error).toMatchObject({ code: 'output-invalid', retryable: false });
      expect(error.message).toContain('100000 bytes');
    }
  });

  it('may have any number of short events before it', async () => {
    const log = event({ method: 'notifications/message', params: { level: 'info', data: 'y'.repeat(1_000) } });
    const logs: unknown[] = [];
    const many: Answer = ({ id }) =>
      events(...Array.from({ length: 300 }, () => log), event({ id, result: textResult('done') }));
    const client = clientOf(many, { onLog: ({ data }) => logs.push(data) });
    const { run, events: heard } = testRun();
    expect(await client.call('go', {}, run)).toEqual({ content: [{ type: 'text', text: 'done' }] });
    expect(logs).toHaveLength(300);
    expect(heard.some(({ type }) => type === 'custom')).toBe(true);
    await client.close();
  });

  it('Q05 that never comes is given up at the deadline or with the caller, and its request is ended', async () => {
    const signals: AbortSignal[] = [];
    const never: Answer = (_asked, { signal }) => {
      if (signal) signals.push(signal);
      return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    };
    const client = clientOf(never);
    const [late, left] = [testRun(), testRun()];
    const timedOut = client.call('go', {}, late.run).catch((error: unknown) => error);
    const givenUp = client.call('go', {}, left.run).catch((error: unknown) => error);
    while (signals.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    await late.clock.advance(60_000);
    expect(await timedOut).toMatchObject({ code: 'timeout', retryable: true });
    left.abort(new Error('enough'));
    expect(await givenUp).toMatchObject({ message: 'enough' });
    while (!signals.every(({ aborted }) => aborted)) await new Promise((resolve) => setTimeout(resolve, 1));
    await client.close();
  });

  it.each([
    [400, 'connection-lost', true],
    [401, 'not-allowed', false],
    [403, 'not-allowed', false],
    [404, 'connection-lost', true],
    [429, 'rate-limited', true],
    [500, 'connection-lost', true],
    [418, 'tool-failed', false],
  ])('with status %i is %s', async (status, code, retryable) => {
    const error = await failureOf((_asked, init) => {
      const sent = new Headers(init.headers).get('authorization');
      return new Response(`no entry for ${sent}`, { status });
    });
    expect(error).toMatchObject({ code, retryable, details: { status } });
    expect(JSON.stringify([error.message, error.cause ?? null])).not.toContain(token);
  });

  it('that is not of the protocol is invalid', async () => {
    const page = (): Response => new Response('<html>', { headers: { 'content-type': 'text/html' } });
    expect((await failureOf(page)).code).toBe('output-invalid');
    expect((await failureOf(({ id }) => json({ jsonrpc: '2.0', id, result: { content: 'text' } }))).code).toBe(
      'output-invalid',
    );
    const unknown = ({ id }: Asked): Response => json({ jsonrpc: '2.0', id, error: { code: -32_602, message: 'no' } });
    expect((await failureOf(unknown)).code).toBe('bad-input');
  });
});

describe('a token', () => {
  it('Q30 is asked for before each request, and quoted by no error', async () => {
    const sent: (string | null)[] = [];
    let asked = 0;
    const { send } = fake((_asked, init) => {
      const given = new Headers(init.headers).get('authorization');
      sent.push(given);
      return json({
        jsonrpc: '2.0',
        id: _asked.id,
        result: { ...textResult(`bad ${given?.slice(7)}`), isError: true },
      });
    });
    const authProvider = { token: async () => `fresh-secret-${++asked}` };
    const client = mcpClient({ name: 'web', url: 'https://mcp.example.com/mcp', authProvider, fetch: send });
    const error = await client.call('go', {}).catch((thrown: unknown) => thrown as PipewrightError);
    expect(sent[0]).toMatch(/^Bearer fresh-secret-\d$/u);
    expect(error).toMatchObject({ code: 'tool-failed', message: 'bad [secret]' });
    await client.close();
  });

  it('does not follow a redirect to another origin', async () => {
    const urls: string[] = [];
    const send: typeof fetch = async (url) => {
      urls.push(String(url));
      return new Response(null, { status: 307, headers: { location: 'https://evil.example/mcp' } });
    };
    const client = mcpClient({
      name: 'web',
      url: 'https://mcp.example.com/mcp',
      headers: { 'x-api-key': token },
      fetch: send,
    });
    await expect(client.about()).rejects.toThrow(/Redirect to https:\/\/evil\.example\/mcp not followed/u);
    expect(urls.every((url) => url.startsWith('https://mcp.example.com/'))).toBe(true);
    await client.close();
  });
});

describe('the revision of the protocol', () => {
  it('is asked for, and falls back to what an older server knows', async () => {
    const client = clientOf(({ id }) => json({ jsonrpc: '2.0', id, result: textResult('old') }), { version: 'auto' });
    expect((await client.about()).protocol).toBe('2025-11-25');
    expect(await client.call('go', {})).toEqual({ content: [{ type: 'text', text: 'old' }] });
    await client.close();
    const pinned = clientOf(() => json({}), { version: '2026-07-28' });
    await expect(pinned.about()).rejects.toMatchObject({ code: 'unsupported' });
    await pinned.close();
  });
});
