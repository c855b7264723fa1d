import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRun } from '../core/index.js';
import { loadWebPage } from './index.js';

let server: Server;
let base = '';
let closedEarly = 0;

const folder = 'test/fixtures/documents';

const routes: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/page': (response) =>
    response.setHeader('content-type', 'text/html; charset=utf-8').end(readFileSync(`${folder}/harbour.html`)),
  '/moved': (response) => response.writeHead(302, { location: '/page#top' }).end(),
  '/loop': (response) => response.writeHead(302, { location: '/loop' }).end(),
  '/file': (response) => response.setHeader('content-type', 'application/pdf').end(readFileSync(`${folder}/tides.pdf`)),
  '/bare.md': (response) => response.end('# Bare'),
  '/image': (response) => response.setHeader('content-type', 'image/png').end('x'),
  '/gone': (response) => response.writeHead(410).end('gone'),
  '/secret': (response) => response.writeHead(403).end(),
  '/busy': (response) => response.writeHead(429, { 'retry-after': '7' }).end(),
  '/broken': (response) => response.writeHead(503).end(),
  '/teapot': (response) => response.writeHead(418).end(),
  '/cut': (response) => response.writeHead(200, { 'content-length': '100' }).write('abc', () => response.destroy()),
  '/endless': (response) => {
    response.on('close', () => closedEarly++);
    const write = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      response.once('drain', write);
    };
    write();
  },
  '/silent': (response) => response.on('close', () => closedEarly++),
};

beforeEach(async () => {
  closedEarly = 0;
  server = createServer((request, response) =>
    (routes[request.url ?? ''] ?? ((other) => other.writeHead(404).end()))(response),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const eventually = async (isTrue: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 200 && !isTrue(); turn++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(isTrue()).toBe(true);
};

describe('loadWebPage', () => {
  it('reads a page after redirects, with the address that answered as source', async () => {
    const { documents } = await loadWebPage(`${base}/moved`);
    expect(documents[0]).toMatchObject({ id: `${base}/page`, source: `${base}/page`, title: 'Harbours of the north' });
    expect(documents[0]?.text).toContain(`[harbour office](${base}/office)`);
  });

  it('reads other formats by content type, or by the address', async () => {
    expect((await loadWebPage(`${base}/file`)).documents.length).toBe(3);
    expect((await loadWebPage(`${base}/bare.md`)).documents[0]?.title).toBe('Bare');
  });

  it('tells the failures of a server apart', async () => {
    const table = [
      ['/missing', { code: 'not-found', retryable: false, details: { status: 404 } }],
      ['/gone', { code: 'not-found' }],
      ['/secret', { code: 'not-allowed' }],
      ['/busy', { code: 'rate-limited', retryable: true, details: { retryAfterMs: 7_000 } }],
      ['/broken', { code: 'connection-lost', retryable: true, details: { status: 503 } }],
      ['/teapot', { code: 'document-unsupported', details: { status: 418 } }],
      ['/image', { code: 'document-unsupported', message: expect.stringMatching(/image\/png/) }],
      ['/cut', { code: 'connection-lost', retryable: true }],
      ['/loop', { code: 'connection-lost', message: expect.stringMatching(/redirect/) }],
    ] as const;
    for (const [path, error] of table) await expect(loadWebPage(base + path)).rejects.toMatchObject(error);
    await expect(loadWebPage('http://127.0.0.1:1/')).rejects.toMatchObject({
      code: 'connection-lost',
      retryable: true,
    });
    for (const url of ['no address', 'file:///etc/hosts']) {
      await expect(loadWebPage(url)).rejects.toMatchObject({
        code: 'bad-input',
        message: expect.stringMatching(/is not an http or https address/),
      });
    }
  });

  it('Q24 refuses a page that is too large while it arrives, and closes the connection', async () => {
    await expect(loadWebPage(`${base}/endless`, { maxBytes: 200_000 })).rejects.toMatchObject({
      code: 'document-unsupported',
      message: expect.stringMatching(/has more than `maxBytes` \(200000 bytes\)/),
    });
    await eventually(() => closedEarly === 1);
  });

  it('Q05 gives up on a silent server at the deadline, and leaves no timer or connection', async () => {
    const timers = new Set<() => void>();
    const clock = {
      now: () => 0,
      after: (_ms: number, callback: () => void) => {
        timers.add(callback);
        return () => timers.delete(callback);
      },
    };
    const page = loadWebPage(`${base}/silent`, {}, createRun({ clock }));
    await new Promise((resolve) => server.once('request', resolve));
    for (const fire of timers) fire();
    await expect(page).rejects.toMatchObject({ code: 'timeout', retryable: true });
    expect(timers.size).toBe(0);
    await eventually(() => closedEarly === 1);
  });

  it('rejects with the reason of the run when that is cancelled', async () => {
    const controller = new AbortController();
    const page = loadWebPage(`${base}/silent`, {}, createRun({ signal: controller.signal }));
    await new Promise((resolve) => server.once('request', resolve));
    controller.abort(new Error('enough'));
    await expect(page).rejects.toThrow('enough');
    await eventually(() => closedEarly === 1);
  });
});
