import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineStepWith, type Embedder } from '../core/index.js';
import { batchedEmbedder, cachedEmbedder, localEmbedder } from '../model/index.js';
import { memoryStore } from '../store/index.js';
import { openLibrary } from './index.js';

let root = '';
let folder = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pipewright-ingest-'));
  folder = join(root, 'docs');
  await mkdir(folder);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);

const counting = (): { readonly embedder: Embedder; readonly calls: (readonly string[])[] } => {
  const calls: (readonly string[])[] = [];
  const inner = localEmbedder({ dimensions: 64 });
  const { id, dimensions } = inner;
  const embedder = defineStepWith(
    { kind: 'embedder', name: id },
    { id, dimensions },
    (texts: readonly string[], run) => {
      calls.push(texts);
      return inner(texts, run);
    },
  );
  return { embedder, calls };
};

describe('ingest', () => {
  it('embeds the passages of many files together', async () => {
    for (let n = 0; n < 30; n++) await write(`${n}.md`, `File ${n} speaks of topic ${n}.`);
    const { embedder, calls } = counting();
    await using library = await openLibrary({ embedder });
    await library.ingest(folder);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toHaveLength(30);
  });

  it('writes one very long file in parts', async () => {
    await write('long.txt', Array.from({ length: 4_000 }, (_, n) => `Line ${n} tells of thing ${n}.`).join('\n'));
    const { embedder, calls } = counting();
    await using library = await openLibrary({ embedder, split: { maxChars: 80, overlapChars: 0 } });
    await library.ingest(folder);
    expect((await library.stats()).passages).toBeGreaterThan(1_024);
    for (const texts of calls) expect(texts.length).toBeLessThanOrEqual(512);
  });

  it('asks a cached embedder only for what is new, also when the index is made anew', async () => {
    for (const name of ['a', 'b', 'c']) await write(`${name}.md`, `The ${name} file is about ${name.repeat(4)}.`);
    const { embedder, calls } = counting();
    const cached = batchedEmbedder(cachedEmbedder(embedder, memoryStore()));
    await using first = await openLibrary({ embedder: cached });
    await first.ingest(folder);
    await write('b.md', 'Now it tells of elephants.');
    calls.length = 0;
    await using second = await openLibrary({ embedder: cached });
    expect(await second.ingest(folder)).toMatchObject({ added: 3 });
    expect(calls.flat()).toEqual([expect.stringContaining('elephants')]);
  });

  it('finds a file under its new name, and no longer under the old one', async () => {
    await write('old.md', 'The archive opens at nine.');
    await using library = await openLibrary();
    await library.ingest(folder);
    await rename(join(folder, 'old.md'), join(folder, 'new.md'));
    expect(await library.ingest(folder)).toMatchObject({ added: 1, removed: 1 });
    const hits = await library.retriever('archive');
    expect(hits.map(({ source }) => source)).toEqual([join(folder, 'new.md')]);
  });

  it('reports failures and notices in the order of the files, whichever was read first', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `${String(n).padStart(2, '0')}.json`);
    for (const [at, name] of names.entries()) await write(name, at % 2 === 0 ? '{"broken": ' : `{"topic": ${at}}`);
    await using library = await openLibrary();
    const { failed, added } = await library.ingest(folder);
    expect(added).toBe(6);
    expect(failed.map(({ source }) => source)).toEqual(
      names.filter((_, at) => at % 2 === 0).map((name) => join(folder, name)),
    );
  });

  it('keeps what lies in a folder that cannot be looked at', async () => {
    await mkdir(join(folder, 'inner', 'deep'), { recursive: true });
    await writeFile(join(folder, 'inner', 'deep', 'a.md'), 'Something about anchors.');
    await using library = await openLibrary();
    await library.ingest(join(folder, 'inner'));
    await rm(join(folder, 'inner'), { recursive: true });
    expect(await library.ingest(join(folder, 'inner'))).toMatchObject({ removed: 0, failed: [{}] });
    expect(library.sources()).toHaveLength(1);
  });
});

describe('the statistics of a library', () => {
  it('tell numbers in all and by file type, and the size in memory and on disk', async () => {
    await write('a.md', 'One about anchors.');
    await write('b.MD', 'Two about barrels.');
    await write('c.txt', `${'Three about cables. '.repeat(200)}`);
    const path = join(root, 'index');
    await using library = await openLibrary({ path });
    await library.ingest(folder);
    await library.put('note', [{ id: 'note', text: 'Tea is at four.' }]);
    const stats = await library.stats();
    expect(stats).toMatchObject({ sources: 4, documents: 4 });
    expect(stats.types.map(({ type, sources, documents }) => [type, sources, documents])).toEqual([
      ['.txt', 1, 1],
      ['.md', 2, 2],
      ['', 1, 1],
    ]);
    for (const key of ['sources', 'documents', 'passages', 'tokens'] as const) {
      expect(stats.types.reduce((sum, entry) => sum + entry[key], 0)).toBe(stats[key]);
    }
    expect(stats.tokens).toBeGreaterThan(800);
    expect(stats.memoryBytes).toBeGreaterThan(0);
    expect(stats.diskBytes).toBeGreaterThan(4_000);
    expect(stats.lastChangedMs).toBeGreaterThan(0);
  });

  it('of an empty library in memory say nothing of disk and change', async () => {
    await using library = await openLibrary();
    const stats = await library.stats();
    expect(stats).toMatchObject({ sources: 0, passages: 0, tokens: 0, types: [] });
    expect('diskBytes' in stats || 'lastChangedMs' in stats).toBe(false);
  });
});
