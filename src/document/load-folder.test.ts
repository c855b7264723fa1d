import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRun, type RunEvent } from '../core/index.js';
import {
  listFiles,
  type ListFilesOptions,
  loadFile,
  loadFolder,
  type LoadFolderOptions,
  type LoadResult,
} from './index.js';

let root = '';

const write = async (path: string, text = `text of ${path}`): Promise<void> => {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), text);
};

const list = async (paths: string | readonly string[], options?: ListFilesOptions): Promise<readonly string[]> => {
  const found: string[] = [];
  const full = (path: string): string => `${root}/${path}`;
  for await (const entry of listFiles(typeof paths === 'string' ? full(paths) : paths.map(full), options)) {
    const path = entry.type === 'file' ? entry.path : `${entry.error.code} ${entry.source}`;
    found.push(path.replace(`${root}/`, ''));
  }
  return found;
};

const load = async (path: string, options?: LoadFolderOptions): Promise<readonly LoadResult[]> => {
  const results: LoadResult[] = [];
  for await (const result of loadFolder(join(root, path), options)) results.push(result);
  return results;
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'documents-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('listFiles', () => {
  it('lists known files in a steady order, with size and time, without ignored and hidden ones', async () => {
    for (const path of [
      'b.md',
      'a/z.txt',
      'a/B.txt',
      'a/b.txt',
      'node_modules/x.md',
      '.git/y.md',
      '.hidden.md',
      'c.bin',
      'app.min.js',
    ]) {
      await write(path);
    }
    expect(await list('.')).toEqual(['./a/B.txt', './a/b.txt', './a/z.txt', './b.md']);
    for await (const entry of listFiles(`${root}/b.md`)) {
      expect(entry).toMatchObject({ type: 'file', path: `${root}/b.md`, sizeBytes: 12 });
      expect(entry.type === 'file' && entry.modifiedMs).toBeGreaterThan(1e12);
    }
    expect(await list('.', { shouldIncludeHidden: true, ignore: ['a/?.txt', 'node_modules'] })).toEqual([
      './.git/y.md',
      './.hidden.md',
      './app.min.js',
      './b.md',
    ]);
    expect(await list('.', { extensions: ['.bin'] })).toEqual(['./c.bin']);
  });

  it('reads a root inside an ignored or hidden folder when it is named', async () => {
    await write('node_modules/pkg/docs/a.md');
    await write('node_modules/pkg/node_modules/b.md');
    await write('.notes/c.md');
    expect(await list('node_modules/pkg')).toEqual(['node_modules/pkg/docs/a.md']);
    expect(await list('node_modules/*/docs/*.md')).toEqual(['node_modules/pkg/docs/a.md']);
    expect(await list(['.notes', '.notes/c.md', 'node_modules/'])).toEqual([
      '.notes/c.md',
      'node_modules/pkg/docs/a.md',
    ]);
  });

  it('understands patterns, and takes a name with wildcards literally where it exists', async () => {
    for (const path of ['docs/a.md', 'docs/deep/er/b.md', 'docs/c.txt', 'docs/d.mdx', 'docs/[x].md']) await write(path);
    expect(await list('docs/**/*.md')).toEqual(['docs/[x].md', 'docs/a.md', 'docs/deep/er/b.md']);
    expect(await list('docs/*.{md,mdx}')).toEqual(['docs/[x].md', 'docs/a.md', 'docs/d.mdx']);
    expect(await list('docs/[!a-c].*')).toEqual(['docs/d.mdx']);
    expect(await list('docs/[x].md')).toEqual(['docs/[x].md']);
    expect(await list('*/**')).toEqual(['docs/[x].md', 'docs/a.md', 'docs/c.txt', 'docs/d.mdx', 'docs/deep/er/b.md']);
  });

  it('follows links once and ends where they make a loop', async () => {
    await write('docs/a.md');
    await write('outside/b.md');
    await symlink(join(root, 'docs'), join(root, 'docs/loop'));
    await symlink(root, join(root, 'docs/up'));
    await symlink(join(root, 'outside'), join(root, 'docs/one'));
    await symlink(join(root, 'outside'), join(root, 'docs/two'));
    await symlink(join(root, 'docs'), join(root, 'outside/back'));
    await symlink(join(root, 'gone.md'), join(root, 'docs/z.md'));
    await symlink(join(root, 'docs/a.md'), join(root, 'docs/link.md'));
    expect(await list('docs')).toEqual(['docs/a.md', 'docs/link.md', 'docs/one/b.md', 'not-found docs/z.md']);
  });

  it('tells of a path that is not there and warns of one with nothing to read', async () => {
    await mkdir(join(root, 'empty'));
    const warnings: string[] = [];
    const run = createRun({ on: (event: RunEvent) => event.type === 'warning' && warnings.push(event.message) });
    const found: string[] = [];
    for await (const entry of listFiles([`${root}/gone`, `${root}/empty`, `${root}/no/*.md`], {}, run))
      found.push(entry.type);
    expect(found).toEqual(['failed']);
    expect(warnings).toEqual([
      `Nothing to read in ${root}/empty: no file with a known extension.`,
      `Nothing to read in ${root}/no/*.md: no file with a known extension.`,
    ]);
  });
});

describe('loadFolder', () => {
  it('reports a bad file and goes on with the rest', async () => {
    await write('1.json', '{"broken":');
    await write('2.pdf', 'no pdf');
    await write('3.md', '# Good');
    await write('4.txt', 'x'.repeat(200));
    await write('5.txt', 'also good');
    const results = await load('.', { maxFileBytes: 100 });
    expect(results.map((result) => (result.type === 'loaded' ? result.documents[0]?.text : result.error.code))).toEqual(
      ['document-damaged', 'document-damaged', '# Good', 'document-unsupported', 'also good'],
    );
    expect(results.map((result) => result.source)).toEqual(
      ['1.json', '2.pdf', '3.md', '4.txt', '5.txt'].map((name) => `${root}/${name}`),
    );
  });

  it('tells its progress and stops when the run is cancelled', async () => {
    for (const name of ['a.txt', 'b.txt', 'c.txt']) await write(name);
    const controller = new AbortController();
    const events: string[] = [];
    const run = createRun({
      signal: controller.signal,
      on: (event) =>
        event.type === 'progress' && events.push(`${event.label.replace(`${root}/`, '')} ${event.done}/${event.total}`),
    });
    const work = async (): Promise<void> => {
      for await (const result of loadFolder(root, {}, run))
        if (result.source.endsWith('b.txt')) controller.abort(new Error('enough'));
    };
    await expect(work()).rejects.toThrow('enough');
    expect(events).toEqual(['a.txt 1/3', 'b.txt 2/3']);
  });

  it('also reads the extensions of loaders that the caller gives', async () => {
    await write('a.xyz', 'hello');
    const results = await load('.', {
      loaders: {
        '.xyz': ({ source }) => ({ type: 'loaded', source, documents: [{ id: source, text: 'mine' }], notices: [] }),
      },
    });
    expect(results.map((result) => result.type === 'loaded' && result.documents[0]?.text)).toEqual(['mine']);
  });

  it('throws for a wrong option instead of reporting each file', async () => {
    await write('a.txt');
    await expect(load('.', { maxFileBytes: -1 })).rejects.toMatchObject({ code: 'bad-option' });
  });
});

describe('loadFile', () => {
  it('says whether a file is missing, forbidden or a folder', async () => {
    await write('a.txt');
    await expect(loadFile(join(root, 'gone.txt'))).rejects.toMatchObject({
      code: 'not-found',
      details: { where: join(root, 'gone.txt') },
    });
    await expect(loadFile(join(root, 'a.txt/b.txt'))).rejects.toMatchObject({ code: 'not-found' });
    await expect(loadFile(root)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/is a folder/),
    });
    await chmod(join(root, 'a.txt'), 0);
    // The superuser may read everything.
    const outcome = await loadFile(join(root, 'a.txt')).then(
      () => 'loaded',
      (error: { code: string }) => error.code,
    );
    expect(outcome).toBe(process.getuid?.() === 0 ? 'loaded' : 'not-allowed');
  });

  it('rejects with the reason of a run that is cancelled already', async () => {
    const run = createRun({ signal: AbortSignal.abort(new Error('before')) });
    await expect(loadFile(join(root, 'a.txt'), {}, run)).rejects.toThrow('before');
  });
});
