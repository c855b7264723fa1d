import { createServer } from 'node:net';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { fileTools, toolbox } from '../../src/tool/index.js';

/** Ways out of the folder of `fileTools`, beside those in its own tests: none reads or changes what is outside. */
const base = mkdtempSync(join(tmpdir(), 'pipewright-escapes-'));
const root = join(base, 'inner');
const outside = join(base, 'outside');
mkdirSync(join(root, 'notes'), { recursive: true });
mkdirSync(outside);
writeFileSync(join(root, 'notes/a.md'), 'inside');
writeFileSync(join(outside, 'secret.md'), 'secret');
writeFileSync(join(outside, 'only-outside'), '');
const outsideNames = ['only-outside', 'secret.md'];
const links: readonly (readonly [name: string, target: string])[] = [
  ['to-secret', '../outside/secret.md'],
  ['to-link', 'to-secret'],
  ['to-folder', outside],
  ['to-environ', '/proc/self/environ'],
  ['to-root', '/proc/self/root'],
  ['to-cwd', '/proc/self/cwd'],
  ['to-fd', '/proc/self/fd/0'],
  ['to-zero', '/dev/zero'],
  ['to-random', '/dev/urandom'],
  ['to-memory', '/proc/self/mem'],
  ['to-nothing', '../outside/new.md'],
  ['to-itself', 'to-itself'],
  ['to-up', '..'],
];
for (const [name, target] of links) symlinkSync(target, join(root, name));
const socket = createServer().listen(join(root, 'socket'));
afterAll(() => {
  socket.close();
  rmSync(base, { recursive: true });
});

const box = toolbox(await fileTools(root, { canWrite: true, maxBytes: 10_000 }));
const call = async (name: string, input: unknown) => (await box([{ type: 'tool-call', id: '1', name, input }]))[0];

const paths: readonly string[] = [
  ...links.map(([name]) => name).filter((name) => name !== 'to-nothing'),
  'to-folder/secret.md',
  'to-root/etc/passwd',
  'to-cwd/package.json',
  'to-up/outside/secret.md',
  'notes/../to-up/outside/secret.md',
  'to-link/../outside/secret.md',
  'socket',
  // Dots and slashes in other writings.
  '%2e%2e/outside/secret.md',
  '..%2foutside%2fsecret.md',
  '..%c0%afoutside/secret.md',
  '..%252foutside/secret.md',
  '．．/outside/secret.md',
  '..／outside／secret.md',
  '..∕outside∕secret.md',
  '‥/outside/secret.md',
  '\u202e../outside/secret.md',
  '\u200b../outside/secret.md',
  '....//outside/secret.md',
  '..;/outside/secret.md',
  '.. /outside/secret.md',
  ' ../outside/secret.md',
  '../outside/secret.md ',
  '..\t/outside/secret.md',
  '..\n/outside/secret.md',
  './/..//outside//secret.md',
  'notes/a.md/../../../outside/secret.md',
  'nowhere/../../outside/secret.md',
  '..\\..\\outside\\secret.md',
  'notes\\..\\..\\outside\\secret.md',
  '../ROOT/../outside/secret.md',
  '../inner/notes/a.md',
  '../inner/../outside/secret.md',
  `${'../'.repeat(2_000)}etc/passwd`,
  `${'notes/../'.repeat(1_000)}../outside/secret.md`,
  `${'a/'.repeat(3_000)}secret.md`,
  'a'.repeat(5_000),
  // Other names for places.
  '~/.ssh/id_rsa',
  '$HOME/.ssh/id_rsa',
  '`id`',
  '$(cat /etc/passwd)',
  '*',
  'file:///etc/passwd',
  'file://localhost/etc/passwd',
  '/proc/self/environ',
  '/dev/zero',
  '/dev/fd/0',
  '///etc/passwd',
  '\\\\?\\C:\\Windows\\win.ini',
  '\\\\.\\PhysicalDrive0',
  '//server/share/secret.md',
  'C:secret.md',
  'D:\\secret.md',
  'notes/a.md:stream',
  'notes/a.md/',
  'notes/a.md/.',
  'notes/a.md\0',
  '..\0/outside/secret.md',
  '\u0000',
];

describe('no path leads out of the folder of the file tools', () => {
  it.each(paths)('%j', async (path) => {
    writeFileSync(join(root, 'notes/a.md'), 'inside');
    for (const name of ['read_file', 'list_files']) {
      const result = await call(name, { path });
      const shown = String(result?.output);
      // Only what is inside may be shown: that a path is trimmed, say.
      if (result?.isError === true) expect(shown).toMatch(/not-allowed|not-found|bad-input|document-unsupported/u);
      else expect([name, shown]).toEqual(['read_file', 'inside']);
      expect(shown).not.toContain('only-outside');
      expect(shown).not.toContain('root:');
    }
    await call('write_file', { path, text: 'broken' });
    expect(readdirSync(outside)).toEqual(outsideNames);
    expect(readFileSync(join(outside, 'secret.md'), 'utf8')).toBe('secret');
    expect(readdirSync(base).sort()).toEqual(['inner', 'outside']);
  });

  it('a link to nothing is replaced by what is written, not followed', async () => {
    await call('write_file', { path: 'to-nothing', text: 'new' });
    expect(readdirSync(outside)).toEqual(outsideNames);
  });

  it('a second name for a file outside is written anew, and that file stays as it was', async () => {
    linkSync(join(outside, 'secret.md'), join(root, 'twin.md'));
    await call('write_file', { path: 'twin.md', text: 'changed' });
    expect(readFileSync(join(outside, 'secret.md'), 'utf8')).toBe('secret');
  });

  it('arguments that are no paths are refused', async () => {
    for (const path of [null, 1, {}, ['..'], { toString: () => '..' }, true]) {
      expect(await call('read_file', { path })).toMatchObject({ isError: true });
    }
    writeFileSync(join(root, 'notes/a.md'), 'inside');
    expect(await call('read_file', { path: 'notes/a.md', root: '/' })).toMatchObject({ output: 'inside' });
  });
});

/** On a thread: a folder becomes a link to the outside and a folder again, as fast as that goes. */
const swapper = `
const { renameSync, symlinkSync, unlinkSync } = require('node:fs');
const { workerData: { folder, aside, outside, stop }, parentPort } = require('node:worker_threads');
let swaps = 0;
while (Atomics.load(stop, 0) === 0) {
  try {
    renameSync(folder, aside);
    symlinkSync(outside, folder);
    swaps++;
    unlinkSync(folder);
    renameSync(aside, folder);
  } catch {}
}
parentPort.postMessage(swaps);
`;

it('a folder that becomes a link at any moment leads nobody out', async () => {
  const folder = join(root, 'race');
  mkdirSync(folder);
  writeFileSync(join(folder, 'secret.md'), 'inside');
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { folder, aside: join(root, 'aside'), outside, stop };
  const worker = new Worker(swapper, { eval: true, workerData });
  const swaps = new Promise((resolve) => worker.once('message', resolve));
  await new Promise((resolve) => worker.once('online', resolve));
  const outcomes = new Set<string>();
  for (let i = 0; i < 400; i++) {
    const read = await call('read_file', { path: 'race/secret.md' });
    outcomes.add(read?.isError === true ? 'refused' : String(read?.output));
    await call('write_file', { path: 'race/secret.md', text: 'inside' });
    await call('write_file', { path: `race/new-${i % 3}.md`, text: 'inside' });
    const listed = await call('list_files', { path: 'race' });
    expect(String(listed?.output)).not.toContain('only-outside');
  }
  Atomics.store(stop, 0, 1);
  expect(await swaps).toBeGreaterThan(0);
  expect([...outcomes].filter((outcome) => outcome !== 'inside' && outcome !== 'refused')).toEqual([]);
  expect(readdirSync(outside)).toEqual(outsideNames);
  expect(readFileSync(join(outside, 'secret.md'), 'utf8')).toBe('secret');
});
