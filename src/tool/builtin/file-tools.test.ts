import { execFileSync } from 'node:child_process';
import {
  existsSync,
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
import { afterAll, describe, expect, it } from 'vitest';
import type { ToolCallPart, ToolResultPart } from '../../core/index.js';
import { fileTools, toolbox } from '../index.js';

const base = mkdtempSync(join(tmpdir(), 'pipewright-files-'));
afterAll(() => rmSync(base, { recursive: true }));

const root = join(base, 'files');
const outside = join(base, 'files-secret');
mkdirSync(join(root, 'notes'), { recursive: true });
mkdirSync(outside);
writeFileSync(join(outside, 'secret.txt'), 'secret');
writeFileSync(join(root, 'notes/today.md'), 'one\ntwo\nthree\n');
writeFileSync(join(root, 'picture.png'), Buffer.from([0x89, 0x50, 0xff, 0xfe]));
symlinkSync(join(outside, 'secret.txt'), join(root, 'link.txt'));
symlinkSync(outside, join(root, 'folder-link'));
symlinkSync('../..', join(root, 'notes/up'));
symlinkSync('/', join(root, 'top'));
symlinkSync('loop', join(root, 'loop'));
symlinkSync('notes/today.md', join(root, 'inner-link.md'));
execFileSync('mkfifo', [join(root, 'pipe')]);

const box = toolbox(await fileTools(root, { canWrite: true, maxBytes: 1_000 }));
const call = async (name: string, input: unknown): Promise<ToolResultPart | undefined> => {
  const asked: ToolCallPart = { type: 'tool-call', id: '1', name, input };
  return (await box([asked]))[0];
};

/** Ways out of the folder, and things that are no plain files. */
const escapes: readonly string[] = [
  '../files-secret/secret.txt',
  '..',
  '../',
  'notes/../../files-secret/secret.txt',
  'notes/./.././../files-secret/secret.txt',
  '..\\files-secret\\secret.txt',
  'notes\\..\\..\\files-secret\\secret.txt',
  '/etc/passwd',
  '//etc/passwd',
  `${outside}/secret.txt`,
  `${root}/notes/today.md`,
  'C:\\Windows\\win.ini',
  'C:/Windows/win.ini',
  'c:secret.txt',
  '\\\\server\\share\\secret.txt',
  '\\etc\\passwd',
  'link.txt',
  './link.txt',
  'folder-link/secret.txt',
  'folder-link',
  'folder-link/../files-secret/secret.txt',
  'notes/up/files-secret/secret.txt',
  'notes/up/files/../files-secret/secret.txt',
  'top/etc/passwd',
  'top',
  'notes/today.md\0.png',
  '\0',
  '../files-secret',
];

describe('fileTools', () => {
  it('lists, reads and writes what is in the folder', async () => {
    expect((await call('list_files', {}))?.output).toContain('notes/\npicture.png\t4 bytes');
    expect((await call('read_file', { path: 'notes/today.md' }))?.output).toBe('one\ntwo\nthree\n');
    expect((await call('read_file', { path: 'notes/today.md', from: 2, to: 2 }))?.output).toBe('two');
    expect((await call('read_file', { path: 'inner-link.md', from: 3 }))?.output).toBe('three\n');
    expect((await call('write_file', { path: 'notes/new.md', text: 'new ü' }))?.output).toBe('Wrote 6 bytes.');
    expect(readFileSync(join(root, 'notes/new.md'), 'utf8')).toBe('new ü');
    expect((await call('write_file', { path: 'notes/new.md', text: 'newer' }))?.isError).toBeUndefined();
    expect(readdirSync(join(root, 'notes')).sort()).toEqual(['new.md', 'today.md', 'up']);
  });

  it.each(escapes)('refuses to read, list and write %j', async (path) => {
    for (const name of ['read_file', 'list_files']) {
      const result = await call(name, { path });
      expect(result, name).toMatchObject({ isError: true, output: expect.stringMatching(/not-allowed|not-found/) });
      // The whole path is none of the model's business, unless it wrote it itself.
      if (!path.includes(base)) expect(String(result?.output)).not.toContain(base);
    }
    const written = await call('write_file', { path, text: 'broken' });
    if (!['link.txt', './link.txt'].includes(path)) expect(written?.isError).toBe(true);
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('secret');
    expect(readdirSync(base).sort()).toEqual(['files', 'files-secret']);
    expect(readdirSync(outside)).toEqual(['secret.txt']);
  });

  it.each([
    ['pipe', 'is no plain file'],
    ['notes', 'is a folder'],
    ['loop', 'is a link'],
    ['nothing.md', 'There is no `nothing.md`'],
    ['picture.png', 'holds no text'],
  ])('reads no %s', async (path, why) => {
    expect(await call('read_file', { path })).toMatchObject({ isError: true, output: expect.stringContaining(why) });
  });

  it('writes no more than it may, and nothing of what it may not', async () => {
    const result = await call('write_file', { path: 'large.txt', text: 'a'.repeat(1_001) });
    expect(result?.output).toContain('1001 bytes, and 1000 are allowed');
    expect(existsSync(join(root, 'large.txt'))).toBe(false);
    writeFileSync(join(root, 'large.txt'), 'a'.repeat(1_001));
    expect((await call('read_file', { path: 'large.txt' }))?.isError).toBe(true);
    expect((await call('write_file', { path: 'no/where.txt', text: '' }))?.output).toContain('There is no');
  });

  it('writes a file anew that has a second name, and leaves that one alone', async () => {
    writeFileSync(join(outside, 'twin.txt'), 'twin');
    linkSync(join(outside, 'twin.txt'), join(root, 'twin.txt'));
    await call('write_file', { path: 'twin.txt', text: 'changed' });
    expect(readFileSync(join(outside, 'twin.txt'), 'utf8')).toBe('twin');
    rmSync(join(outside, 'twin.txt'));
  });

  it('has no tool that writes unless it is asked for, and names a folder that is not there', async () => {
    expect((await fileTools(root)).map(({ name, isReadOnly }) => [name, isReadOnly])).toEqual([
      ['list_files', true],
      ['read_file', true],
    ]);
    await expect(fileTools(join(base, 'none'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('says what is wrong with the arguments', async () => {
    expect((await call('read_file', { path: 'a', from: 3, to: 2 }))?.output).toContain('to: must be a line number');
    expect((await call('write_file', { path: 'a' }))?.output).toContain('text: must be a text');
  });
});
