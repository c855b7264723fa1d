import { createServer } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../core/index.js';
import { type HttpToolOptions, httpTool } from '../index.js';

interface Seen {
  readonly host: string | undefined;
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly token: string | undefined;
  readonly body: string;
}

const seen: Seen[] = [];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    const { host, 'x-token': token } = request.headers;
    seen.push({ host, method: request.method, path: request.url, token: token?.toString(), body });
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    if (pathname === '/to')
      response.writeHead(Number(searchParams.get('status') ?? 302), { location: searchParams.get('url') ?? '/' });
    if (pathname === '/missing') response.writeHead(404, { 'content-type': 'text/plain' });
    if (pathname === '/stall') return;
    response.end(pathname === '/large' ? 'a'.repeat(2_000) : 'hello');
  });
});
beforeAll(() => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const port = (): number => (server.address() as AddressInfo).port;

/** A resolver in which names stand for the addresses given. */
const standsFor = (...addresses: readonly string[]): LookupFunction =>
  ((_: string, __: unknown, done: (error: null, found: unknown) => void) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as LookupFunction;

const ask = (url: string, options: Partial<HttpToolOptions> = {}, more: object = {}) =>
  httpTool({ allow: ['*'], lookup: standsFor('127.0.0.1'), ...options })({ url, method: 'GET', ...more });

const open = { canReachPrivate: true, maxBytes: 1_000 };

describe('httpTool', () => {
  it('gives status, type and text of any answer', async () => {
    const url = `http://api.test:${port()}/missing`;
    const allow = [`api.test:${port()}`];
    expect(await ask(url, { ...open, allow })).toEqual({ status: 404, contentType: 'text/plain', body: 'hello' });
  });

  it('sends a body and headers, the headers to the first host alone', async () => {
    const first = `http://one.test:${port()}`;
    const options = { ...open, methods: ['POST'], headers: { 'x-token': 'secret' } };
    const to = (status: number, url: string): string => `${first}/to?status=${status}&url=${encodeURIComponent(url)}`;
    seen.length = 0;
    await ask(to(307, `http://two.test:${port()}/x`), options, { method: 'POST', body: '{"a": 1}' });
    await ask(to(303, '/y'), options, { method: 'POST', body: '{"a": 1}' });
    expect(seen.map(({ method, path, token, body }) => [method, path?.split('?')[0], token, body])).toEqual([
      ['POST', '/to', 'secret', '{"a": 1}'],
      ['POST', '/x', undefined, '{"a": 1}'],
      ['POST', '/to', 'secret', '{"a": 1}'],
      ['GET', '/y', 'secret', ''],
    ]);
  });

  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://0/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[2001:0:1::1]/',
    'http://[fe80::1]/',
    'http://[fd00::1]/',
    'http://10.1.2.3/',
    'http://172.16.0.1/',
    'http://172.31.255.255/',
    'http://192.168.0.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://100.64.0.1/',
    'http://198.18.0.1/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://①②⑦.⓪.⓪.①/',
  ])('refuses %s: it is in a private network', async (url) => {
    await expect(ask(url)).rejects.toMatchObject({ code: 'not-allowed', message: expect.stringContaining('private') });
  });

  it.each([[['127.0.0.1']], [['::1']], [['93.184.216.34', '10.0.0.1']], [['::ffff:192.168.1.1']], [['fe80::1%eth0']]])(
    'refuses a name that stands for %j, before anything is sent',
    async (addresses) => {
      seen.length = 0;
      const asking = ask(`http://rebind.test:${port()}/`, { lookup: standsFor(...addresses) });
      await expect(asking).rejects.toMatchObject({ code: 'not-allowed', message: expect.stringContaining('private') });
      expect(seen).toEqual([]);
    },
  );

  it.each([
    'file:///etc/passwd',
    'ftp://api.test/',
    'javascript:alert(1)',
    'data:text/plain,hello',
    'http://other.test/',
    'http://api.test.other.test/',
    'http://notapi.test/',
    'http://api.test:81/',
    'http://api.test@other.test/',
    'http://user:secret@api.test/',
    'http://other.test#api.test',
    'http://other.test\\@api.test/',
  ])('refuses %s: it is not what is allowed', async (url) => {
    const error = await ask(url, { ...open, allow: ['api.test'] }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'not-allowed' });
    expect(String(error)).not.toContain('secret');
  });

  it.each(['http://other.test/', 'file:///etc/passwd', '//other.test/', 'http://user@api.test/'])(
    'does not follow a redirect to %s',
    async (target) => {
      const url = `http://api.test:${port()}/to?url=${encodeURIComponent(target)}`;
      await expect(ask(url, { ...open, allow: [`api.test:${port()}`] })).rejects.toMatchObject({ code: 'not-allowed' });
    },
  );

  it('allows the names below a domain, and takes a dot at the end for what it is', async () => {
    const options = { ...open, allow: [`*.example.test:${port()}`] };
    expect((await ask(`http://a.b.example.test:${port()}/`, options)).status).toBe(200);
    expect((await ask(`http://a.example.test.:${port()}/`, options)).status).toBe(200);
    await expect(ask(`http://example.test:${port()}/`, options)).rejects.toMatchObject({ code: 'not-allowed' });
  });

  it('ends circles of redirects and answers that are too long', async () => {
    const circle = `http://api.test:${port()}/to?url=${encodeURIComponent('/to?url=/to')}`;
    await expect(ask(circle, { ...open, maxRedirects: 2 })).rejects.toThrow('redirects more than 2 times');
    await expect(ask(`http://api.test:${port()}/large`, open)).rejects.toThrow('more than 1000 bytes');
  });

  it('Q04 closes the connection when the caller gives up', async () => {
    const controller = new AbortController();
    const asking = httpTool({ allow: ['*'], lookup: standsFor('127.0.0.1'), canReachPrivate: true })(
      { url: `http://api.test:${port()}/stall`, method: 'GET' },
      createRun({ signal: controller.signal }),
    );
    const closed = new Promise<void>((resolve) => {
      server.once('connection', (socket) => void socket.once('close', () => resolve()));
    });
    await new Promise<void>((resolve) => void server.once('request', () => resolve()));
    controller.abort(new Error('gave up'));
    await expect(asking).rejects.toThrow('gave up');
    await closed;
  });

  it('says what is wrong with its arguments and options', async () => {
    await expect(ask('', open)).rejects.toThrow('url: must be an address');
    await expect(ask('http://a.test/', open, { method: 'DELETE' })).rejects.toThrow('must be one of GET');
    await expect(ask('not an address', open)).rejects.toMatchObject({ code: 'bad-input' });
    expect(() => httpTool({ allow: [] })).toThrow('at least one host');
  });

  it('tells a server that is not there from one that may not be asked', async () => {
    const asking = ask('http://api.test:1/', open);
    await expect(asking).rejects.toMatchObject({ code: 'connection-lost', retryable: true });
  });
});
