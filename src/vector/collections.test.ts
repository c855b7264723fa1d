import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Store } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { openCollections } from './index.js';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pipewright-collections-'));
});
afterAll(() => rm(root, { recursive: true }));

const keysOf = async (store: Store): Promise<string[]> => {
  const keys: string[] = [];
  for await (const [key] of store.range({})) keys.push(key);
  return keys;
};

it('holds collections of their own dimensions, metric and entries in one folder, and finds them again', async () => {
  const path = join(root, 'several');
  {
    await using collections = await openCollections(path);
    const faq = await collections.open('faq', { dimensions: 2 });
    const manual = await collections.open('manual', { dimensions: 3, metric: 'dot' });
    await faq.add([{ id: 'a', text: 'in faq', vector: [1, 0] }]);
    await manual.add([{ id: 'a', text: 'in manual', vector: [1, 0, 0] }]);
    await manual.delete(['a']);
    expect(await collections.list()).toEqual(['faq', 'manual']);
  }
  await using collections = await openCollections(path);
  expect(await collections.stats()).toEqual([
    { name: 'faq', isOpen: false, dimensions: 2, count: 1, lastChangedMs: expect.any(Number) },
    { name: 'manual', isOpen: false, dimensions: 3, count: 0, lastChangedMs: expect.any(Number) },
  ]);
  const faq = await collections.open('faq');
  expect(await faq.search([1, 0])).toMatchObject([{ text: 'in faq' }]);
  expect(await collections.stats()).toMatchObject([{ isOpen: true }, { isOpen: false }]);
});

it('drops a collection with all it holds, and nothing else', async () => {
  const path = join(root, 'drop');
  await using collections = await openCollections(path);
  const graph = { minCount: 20, buildThreads: 0 };
  for (const name of ['a', 'a-b', 'a.b']) {
    const vectors = await collections.open(name, { dimensions: 2, graph });
    await vectors.add(Array.from({ length: 30 }, (_, i) => ({ id: `e${i}`, text: name, vector: [1, i] })));
    await vectors.settle();
    await vectors.close();
  }
  expect(existsSync(join(path, 'snapshots', 'a'))).toBe(true);
  expect(await collections.drop('a')).toBe(true);
  expect(await collections.drop('a')).toBe(false);
  expect(existsSync(join(path, 'snapshots', 'a'))).toBe(false);
  expect(await collections.list()).toEqual(['a-b', 'a.b']);
  const other = await collections.open('a-b');
  expect(await other.search([1, 0], { k: 1 })).toMatchObject([{ id: 'e0', text: 'a-b' }]);
  await using anew = await collections.open('a', { dimensions: 5 });
  expect(await anew.stats()).toMatchObject({ count: 0 });
});

it('does not open a collection twice, nor drop one that is open', async () => {
  await using collections = await openCollections(memoryStore());
  const first = await collections.open('docs', { dimensions: 2 });
  const locked = { code: 'store-locked', message: expect.stringContaining('`docs`') };
  await expect(collections.open('docs')).rejects.toMatchObject(locked);
  await expect(collections.drop('docs')).rejects.toMatchObject(locked);
  await first.close();
  await (await collections.open('docs')).close();
  expect(await collections.drop('docs')).toBe(true);
});

it('refuses names that could lead elsewhere', async () => {
  await using collections = await openCollections(memoryStore());
  for (const name of ['', '..', '.a', 'a/b', 'A', 'a b', 'ä', 'a'.repeat(65), '-a', 7 as never]) {
    await expect(collections.open(name, { dimensions: 2 }), name).rejects.toMatchObject({ code: 'bad-option' });
    await expect(collections.drop(name), name).rejects.toMatchObject({ code: 'bad-option' });
  }
  await expect(collections.open('docs')).rejects.toMatchObject({ code: 'bad-option' });
  expect(await collections.list()).toEqual([]);
});

it('finishes a drop that was cut off', async () => {
  const inner = memoryStore();
  {
    await using collections = await openCollections(inner);
    const vectors = await collections.open('docs', { dimensions: 2 });
    await vectors.add([{ id: 'a', text: 'a', vector: [1, 0] }]);
    await vectors.close();
    await collections.open('kept', { dimensions: 2 });
  }
  let writes = 0;
  const dying: Store = {
    ...inner,
    write: async (changes) => {
      if (++writes > 1) throw new Error('power cut');
      await inner.write(changes);
    },
  };
  await expect((await openCollections(dying)).drop('docs')).rejects.toThrow('power cut');
  await using collections = await openCollections(inner);
  expect(await collections.list()).toEqual(['kept']);
  expect((await keysOf(inner)).filter((key) => key.includes('docs'))).toEqual([]);
});

it('closes its collections, and leaves a store open that it was given', async () => {
  const store = memoryStore();
  const collections = await openCollections(store);
  const vectors = await collections.open('docs', { dimensions: 2 });
  await collections.close();
  await expect(vectors.search([1, 0])).rejects.toMatchObject({ code: 'store-closed' });
  expect(await store.get('nothing')).toBeUndefined();
});

it('stays small with many small collections: none of them takes WebAssembly memory', async () => {
  await using collections = await openCollections(memoryStore());
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 100; i++) {
    const vectors = await collections.open(`c${i}`, { dimensions: 64 });
    await vectors.add(
      Array.from({ length: 20 }, (_, n) => ({ id: `e${n}`, text: '', vector: new Array<number>(64).fill(n + 1) })),
    );
    expect((await vectors.stats()).vectorBytes).toBeLessThan(10_000);
  }
  // 2,000 vectors of 256 bytes, in the store and beside it.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
});
