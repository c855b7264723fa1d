import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createRun,
  type Document,
  type Embedder,
  defineStepWith,
  isPipewrightError,
  type RunEvent,
} from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { localEmbedder } from '../model/index.js';
import { diskStore, scoped } from '../store/index.js';
import { hnsw } from '../vector/index.js';
import { failureLines, type Library, openLibrary } from './index.js';

let root = '';
let folder = '';
let index = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pipewright-library-'));
  folder = join(root, 'docs');
  index = join(root, 'index');
  await mkdir(folder);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);

const found = async (library: Library, question: string): Promise<readonly string[]> =>
  (await library.retriever(question)).map((hit) => hit.text);

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => (isPipewrightError(error) ? error.code : String(error)),
  );

describe('a library', () => {
  it('reads a folder and finds passages with their file and lines', async () => {
    await write('tea.md', '# House\n\nSome words.\n\n## Tea\n\nTea is served at four.\n');
    await write('rules.txt', 'No shoes on the carpet.');
    await using library = await openLibrary();
    const report = await library.ingest(folder);
    expect(report).toMatchObject({ added: 2, changed: 0, unchanged: 0, removed: 0, failed: [], notices: [] });
    const [hit] = await library.retriever('When is tea served?');
    expect(hit).toMatchObject({
      source: join(folder, 'tea.md'),
      text: expect.stringContaining('Tea is served at four.'),
    });
    expect(hit?.place).toMatchObject({ headings: ['House', 'Tea'] });
    expect(hit?.place?.endLine).toBe(7);
  });

  it('reads only what is new or changed, and takes out what is gone', async () => {
    for (const name of ['a', 'b', 'c']) await write(`${name}.md`, `The ${name} file is about ${name.repeat(4)}.`);
    await using library = await openLibrary({ path: index });
    expect((await library.ingest(folder)).added).toBe(3);
    expect(await library.ingest(folder)).toMatchObject({ added: 0, changed: 0, unchanged: 3, removed: 0 });
    await write('a.md', 'Now it tells of elephants.');
    await rm(join(folder, 'b.md'));
    await utimes(join(folder, 'c.md'), new Date(), new Date(Date.now() + 5_000));
    expect(await library.ingest(folder)).toMatchObject({ added: 0, changed: 1, unchanged: 1, removed: 1 });
    expect((await found(library, 'elephants'))[0]).toBe('Now it tells of elephants.');
    expect((await found(library, 'aaaa bbbb')).filter((text) => /aaaa|bbbb/.test(text))).toEqual([]);
    expect(
      library
        .sources()
        .map(({ source }) => source)
        .sort(),
    ).toEqual([join(folder, 'a.md'), join(folder, 'c.md')]);
  });

  it('keeps everything when it is opened again', async () => {
    await write('a.md', 'The archive opens at nine.');
    const before = await openLibrary({ path: index });
    await before.ingest(folder);
    const stats = await before.stats();
    await before.close();
    await using after = await openLibrary({ path: index });
    expect(await after.ingest(folder)).toMatchObject({ added: 0, unchanged: 1 });
    expect(await found(after, 'archive')).toEqual(['The archive opens at nine.']);
    const { memoryBytes: _, ...counts } = await after.stats();
    expect(stats).toMatchObject(counts);
    expect(counts).toMatchObject({ sources: 1, documents: 1, passages: 1 });
  });

  it('reports a file that cannot be read, reads the rest, and keeps the earlier version of that file', async () => {
    await write('good.md', 'The good file speaks of gardens.');
    await write('data.json', '{"topic": "glaciers"}');
    await using library = await openLibrary();
    await library.ingest(folder);
    await write('data.json', '{"topic": ');
    await write('other.md', 'The other file speaks of harbours.');
    const report = await library.ingest(folder);
    expect(report).toMatchObject({ added: 1, unchanged: 1, removed: 0 });
    expect(failureLines(report)).toEqual([expect.stringContaining('data.json')]);
    expect((await found(library, 'glaciers'))[0]).toContain('glaciers');
    expect((await found(library, 'harbours'))[0]).toContain('harbours');
  });

  it('reports a folder that is not there and forgets nothing of it', async () => {
    await write('a.md', 'Something about anchors.');
    await using library = await openLibrary();
    await library.ingest(folder);
    await rm(folder, { recursive: true });
    const report = await library.ingest(folder);
    expect(report).toMatchObject({ removed: 0, failed: [{ source: folder }] });
    expect(await found(library, 'anchors')).toHaveLength(1);
  });

  it('keeps the files of one folder when another is read', async () => {
    await write('a.md', 'Here are anchors.');
    const second = join(root, 'second');
    await mkdir(second);
    await writeFile(join(second, 'b.md'), 'Here are barrels.');
    await using library = await openLibrary();
    await library.ingest(folder);
    expect(await library.ingest(second)).toMatchObject({ added: 1, removed: 0 });
    expect((await found(library, 'anchors'))[0]).toBe('Here are anchors.');
    expect(await library.ingest([folder, second])).toMatchObject({ unchanged: 2 });
  });

  it('cuts everything anew when the size of passages changes', async () => {
    await write(
      'long.txt',
      Array.from({ length: 60 }, (_, n) => `Sentence number ${n} is about topic ${n}.`).join(' '),
    );
    const first = await openLibrary({ path: index });
    await first.ingest(folder);
    const coarse = (await first.stats()).passages;
    await first.close();
    await using second = await openLibrary({ path: index, split: { maxChars: 200, overlapChars: 0 } });
    expect(await second.ingest(folder)).toMatchObject({ changed: 1 });
    expect((await second.stats()).passages).toBeGreaterThan(coarse);
  });

  it('takes documents under a name, replaces and removes them', async () => {
    const note = (text: string): readonly Document[] => [{ id: 'note', text }];
    await using library = await openLibrary();
    await library.put('note', note('Tea is at four.'));
    await library.put('note', note('Tea is at five.'));
    expect(await found(library, 'tea')).toEqual(['Tea is at five.']);
    expect(await library.remove(['note', 'unknown', 'note'])).toBe(1);
    expect(await found(library, 'tea')).toEqual([]);
    expect(await library.ingest(folder)).toMatchObject({ removed: 0 });
  });

  it('tells its progress and stops when it is aborted, keeping what was written', async () => {
    const files = 300;
    for (let n = 0; n < files; n++) await write(`${n}.md`, `# ${n}\n\n${`Line about ${n}. `.repeat(200)}`);
    await using library = await openLibrary();
    const control = new AbortController();
    const done: number[] = [];
    const on = (event: RunEvent): void => {
      if (event.type !== 'progress') return;
      done.push(event.done);
      if (done.length === 1) control.abort('enough');
    };
    await expect(library.ingest(folder, createRun({ on, signal: control.signal }))).rejects.toBe('enough');
    const kept = library.sources().length;
    expect(kept).toBe(done[0]);
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(files);
    expect((await library.stats()).passages).toBe(library.sources().flatMap((record) => record.ids).length);
    expect(await library.ingest(folder, createRun({ on }))).toMatchObject({ added: files - kept, unchanged: kept });
    expect(done.at(-1)).toBe(files);
  });

  it('takes back what one index wrote when the other fails, and works again afterwards', async () => {
    const inner = localEmbedder();
    let isBroken = false;
    const { dimensions, id } = inner;
    const flaky: Embedder = defineStepWith(
      { kind: 'embedder' },
      { dimensions, id },
      async (texts: readonly string[], run) => {
        if (isBroken) throw new Error('no embeddings today');
        return inner(texts, run);
      },
    );
    await write('a.md', 'First about anchors.');
    await using library = await openLibrary({ embedder: flaky });
    await library.ingest(folder);
    await write('a.md', 'Second about barrels.');
    isBroken = true;
    await expect(library.ingest(folder)).rejects.toThrow('no embeddings today');
    isBroken = false;
    expect(await found(library, 'anchors')).toEqual(['First about anchors.']);
    expect((await library.stats()).passages).toBe(1);
    expect(await library.ingest(folder)).toMatchObject({ changed: 1 });
    expect(await found(library, 'barrels')).toEqual(['Second about barrels.']);
  });

  it('undoes at opening what a crash left half done', async () => {
    await write('a.md', 'First about anchors.');
    const before = await openLibrary({ path: index });
    await before.ingest(folder);
    await before.close();
    const store = await diskStore(index);
    const half = { id: 'half@1#0', text: 'Half about quartz.' };
    const keywords = await bm25({ store: scoped(store, 'keyword') });
    const vectors = await hnsw({ embedder: localEmbedder(), store: scoped(store, 'vector') });
    for (const part of [keywords, vectors]) {
      await part.add([half]);
      await part.close();
    }
    const value = new TextEncoder().encode(JSON.stringify([half.id]));
    await scoped(store, 'library').write([{ type: 'put', key: 'pending', value }]);
    await store.close();
    const crashed = await openLibrary({ path: index });
    expect((await crashed.stats()).passages).toBe(1);
    expect(await found(crashed, 'quartz')).toEqual(['First about anchors.']);
    await crashed.close();
    await using after = await openLibrary({ path: index });
    expect(await found(after, 'anchors')).toEqual(['First about anchors.']);
  });

  it.each([
    ['a newer format', 'version', '99', 'store-newer'],
    ['a damaged record', 'source/x', '{"half', 'store-damaged'],
  ])('refuses %s with a typed error, and leaves the folder free for others', async (_, key, value, code) => {
    await (await openLibrary({ path: index })).close();
    const store = await diskStore(index);
    await scoped(store, 'library').write([{ type: 'put', key, value: new TextEncoder().encode(value) }]);
    await store.close();
    expect(await codeOf(openLibrary({ path: index }))).toBe(code);
    expect(await codeOf(openLibrary({ path: index }))).toBe(code);
  });

  it('refuses a second opening of the same folder, and another embedder', async () => {
    const library = await openLibrary({ path: index });
    expect(await codeOf(openLibrary({ path: index }))).toBe('store-locked');
    await library.close();
    expect(await codeOf(openLibrary({ path: index, embedder: localEmbedder({ dimensions: 128 }) }))).toBe('bad-option');
  });
});
