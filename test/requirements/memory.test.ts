import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { chatApis } from './providers.js';

const root = join(import.meta.dirname, '../..');

interface Taken {
  readonly shown: number;
  readonly length: number;
  readonly allocatedBytes: number;
}

/** Runs a child under a small heap; it fails with a fatal error where that is not enough. */
const read = async (name: string, urls: readonly string[]): Promise<readonly Taken[]> => {
  const child = join(root, 'test/children/read-long-reply.ts');
  const args = ['--max-old-space-size=80', '--import', 'tsx', child, name, ...urls];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return JSON.parse(stdout) as readonly Taken[];
};

const mebibyte = 1024 * 1024;

/** A server that streams the reply's first word again and again: the path says how many bytes. */
const longServer = async ({ stream, contentType }: (typeof chatApis)[number]): Promise<string> => {
  const start = stream.slice(0, stream.indexOf('Hello'));
  const separator = contentType === 'text/event-stream' ? '\n\n' : '\n';
  const first = start.lastIndexOf(separator) + separator.length;
  const eventStart = start.lastIndexOf(separator) < 0 ? 0 : first;
  const eventEnd = stream.indexOf(separator, start.length) + separator.length;
  const block = Buffer.from(stream.slice(eventStart, eventEnd).repeat(256));
  const server = createServer(async (request, response) => {
    const bytes = Number(/\d+/.exec(request.url ?? '')?.[0] ?? 0);
    response.on('error', () => undefined);
    response.writeHead(200, { 'content-type': contentType });
    response.write(stream.slice(0, eventStart));
    for (let sent = 0; sent < bytes; sent += block.byteLength) {
      if (!response.write(block)) await once(response, 'drain');
    }
    response.end(stream.slice(eventStart));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

describe('Q06 a long reply', () => {
  it.each(chatApis.filter(({ name }) => ['openai', 'compatible', 'ollama'].includes(name)))(
    'Q06 of 64 MiB passes through $name under a heap of 80 MiB, and twice the input allocates at most 2.2 times',
    async (api) => {
      const url = await longServer(api);
      const at = (size: number): string => `${url}/${size * mebibyte}`;
      const [, small, large, whole] = await read(api.name, [at(1), at(4), at(8), at(64)]);
      if (small === undefined || large === undefined || whole === undefined) throw new Error('The child stopped.');
      expect(whole.length).toBeGreaterThan(1_000_000);
      expect(whole.shown).toBe(whole.length);
      expect(large.allocatedBytes / small.allocatedBytes).toBeLessThanOrEqual(2.2);
    },
    60_000,
  );
});
