import { copyFile, cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  defineStepWith,
  type Embedder,
  type Random,
  seededRandom,
  type Store,
  type VectorEntry,
  type VectorStore,
} from '../core/index.js';
import { diskStore, memoryStore, scoped } from '../store/index.js';
import { type HnswOptions, type HnswStore, hnsw } from './index.js';
import { createRecords, newMeta } from './records.js';

let root = '';
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pipewright-collection-'));
});
afterAll(() => rm(root, { recursive: true }));
const freshPath = (): string => join(root, `c${count++}`);

const dimensions = 16;
const graph = { minCount: 100, efSearch: 20, buildThreads: 0 };
const vectorOf = (random: Random): number[] => Array.from({ length: dimensions }, () => random() - 0.5);
const entriesOf = (first: number, last: number, salt = 0): VectorEntry[] =>
  Array.from({ length: last - first }, (_, i) => ({
    id: `e${first + i}`,
    text: `text ${first + i}`,
    metadata: { even: (first + i) % 2 === 0 },
    vector: vectorOf(seededRandom(salt * 100_000 + first + i)),
  }));
const queries = Array.from({ length: 30 }, (_, i) => vectorOf(seededRandom(900_000 + i)));

/** The ids and scores that a collection answers to the queries. */
const answersOf = async (options: HnswOptions): Promise<unknown> => {
  await using store = await hnsw(options);
  await store.settle();
  // Awaited here: the collection closes when this function is left.
  return await Promise.all(queries.map((query) => store.search(query)));
};

const filled = async (path: string, n = 1_000): Promise<void> => {
  const store = await hnsw({ path, dimensions, graph });
  await store.add(entriesOf(0, n));
  await store.settle();
  await store.close();
};

const snapshotsIn = async (path: string): Promise<string[]> =>
  (await readdir(path)).filter((file) => file.endsWith('.vectors'));
const snapshotOf = async (path: string): Promise<string> => join(path, (await snapshotsIn(path))[0] ?? 'none');

const embedderOf = (id: string, length: number): Embedder =>
  defineStepWith({ kind: 'embedder' }, { id, dimensions: length }, async (texts: readonly string[]) =>
    texts.map(() => Float32Array.from({ length }, (_, i) => i + 1)),
  );

describe('a collection that is opened again', () => {
  it('Q23 answers as it did before: save, close and open change nothing', async () => {
    const path = freshPath();
    const store = await hnsw({ path, dimensions, graph });
    await store.add(entriesOf(0, 1_200));
    await store.upsert(entriesOf(100, 200, 1));
    await store.delete({ even: true });
    await store.settle();
    const before = await Promise.all(queries.map((query) => store.search(query)));
    const all: unknown[] = [];
    for await (const document of store.entries()) all.push(document);
    await store.close();
    await using again = await hnsw({ path, graph });
    expect(again.dimensions).toBe(dimensions);
    expect(await Promise.all(queries.map((query) => again.search(query)))).toEqual(before);
    const allAgain: unknown[] = [];
    for await (const document of again.entries()) allAgain.push(document);
    expect(allAgain).toEqual(all);
    expect(await again.stats()).toMatchObject({ count: 600, lastChangedMs: expect.any(Number) });
  });

  it('gives of equal vectors the older ones first, wherever their rows are', async () => {
    const store = memoryStore();
    const open = (): Promise<HnswStore> => hnsw({ store, dimensions: 2 });
    const vectors = await open();
    await vectors.add(['a', 'b', 'c', 'd'].map((id) => ({ id, text: '', vector: [1, 0] })));
    await vectors.delete(['a', 'b']);
    // They get the rows that are free, below those of the older ones.
    await vectors.add(['e', 'f', 'g'].map((id) => ({ id, text: '', vector: [1, 0] })));
    const idsOf = async (one: HnswStore, k: number): Promise<readonly string[]> =>
      (await one.search([1, 0], { k })).map(({ id }) => id);
    expect(await idsOf(vectors, 10)).toEqual(['c', 'd', 'e', 'f', 'g']);
    expect(await idsOf(vectors, 3)).toEqual(['c', 'd', 'e']);
    await vectors.close();
    await using again = await open();
    expect(await idsOf(again, 3)).toEqual(['c', 'd', 'e']);
  });

  it('reads the snapshot in place of everything, and then only what changed', async () => {
    const path = freshPath();
    await filled(path);
    const snapshot = await snapshotOf(path);
    {
      // Too few changes to write a snapshot for.
      await using store = await hnsw({ path, graph });
      await store.add(entriesOf(1_000, 1_050));
      await store.upsert(entriesOf(5, 6, 4));
      await store.delete(['e3']);
    }
    expect(await snapshotOf(path)).toBe(snapshot);
    const inner = await diskStore(path);
    let read = 0;
    const counting: Store = {
      ...inner,
      range: async function* (range) {
        for await (const entry of inner.range(range)) {
          read++;
          yield entry;
        }
      },
    };
    const store = await hnsw({ store: counting, path, graph });
    // 51 documents, 51 vectors and 2 lists of deleted ones.
    expect(read).toBe(104);
    const nearest = async (seed: number): Promise<string | undefined> =>
      (await store.search(vectorOf(seededRandom(seed)), { k: 1 }))[0]?.id;
    expect(await nearest(1_049)).toBe('e1049');
    expect(await nearest(7)).toBe('e7');
    expect(await nearest(400_005)).toBe('e5');
    expect(await nearest(3)).not.toBe('e3');
    expect(await nearest(5)).not.toBe('e5');
    await using exact = await hnsw({ store: await copyOf(store), engine: 'exact' });
    const best = async (from: VectorStore, query: number[]): Promise<string | undefined> =>
      (await from.search(query, { k: 1 }))[0]?.id;
    let same = 0;
    for (const query of queries) if ((await best(store, query)) === (await best(exact, query))) same++;
    expect(same).toBeGreaterThanOrEqual(0.9 * queries.length);
    expect(await store.stats()).toMatchObject({ count: 1_049 });
    await store.close();
    await inner.close();
  });

  it('saves at close when enough changed, and leaves one snapshot', async () => {
    const path = freshPath();
    await filled(path);
    const first = await snapshotOf(path);
    {
      await using store = await hnsw({ path, graph });
      await store.add(entriesOf(1_000, 2_100));
    }
    expect(await snapshotsIn(path)).toHaveLength(1);
    expect(await snapshotOf(path)).not.toBe(first);
  });

  it('saves what it linked after it was closed in the middle of building', async () => {
    const path = freshPath();
    // Linking is made slow, so that closing comes in between.
    const slow = { ...graph, efConstruction: 800 };
    const first = await hnsw({ path, dimensions, graph: slow });
    await first.add(entriesOf(0, 3_000));
    await first.close();
    const second = await hnsw({ path, graph: slow });
    const { pendingCount } = await second.stats();
    expect(pendingCount).toBeGreaterThan(0);
    await second.settle();
    await second.close();
    await using third = await hnsw({ path, graph: { ...slow, minCount: 100_000 } });
    // Opened with a graph that is never built on, it can only hold what was saved.
    expect((await third.stats()).linkedCount).toBe(3_000);
  });

  it('deletes snapshots that are not its own', async () => {
    const path = freshPath();
    await filled(path, 200);
    const snapshot = await snapshotOf(path);
    await copyFile(snapshot, join(path, 'left.vectors'));
    await (await hnsw({ path, graph })).close();
    expect(await snapshotsIn(path)).toHaveLength(1);
    expect(await snapshotOf(path)).toBe(snapshot);
  });

  it('does not trust a snapshot of another time than the store, as after a backup', async () => {
    const path = freshPath();
    await filled(path, 500);
    const backup = freshPath();
    await cp(path, backup, { recursive: true });
    {
      await using store = await hnsw({ path, graph });
      await store.upsert(entriesOf(0, 500, 3));
      await store.settle();
    }
    await copyFile(join(backup, 'data.mdb'), join(path, 'data.mdb'));
    expect(await answersOf({ path, graph })).toEqual(await answersOf({ path: backup, graph }));
  });

  it('knows what was deleted while it was open without its folder', async () => {
    const path = freshPath();
    await filled(path, 300);
    {
      await using store = await diskStore(path);
      await using vectors = await hnsw({ store, graph });
      await vectors.delete({ even: true });
    }
    await using vectors = await hnsw({ path, graph });
    expect(await vectors.stats()).toMatchObject({ count: 150 });
    for (const query of queries) {
      for (const { metadata } of await vectors.search(query)) expect(metadata).toEqual({ even: false });
    }
  });

  it('forgets its snapshot when more was deleted than is worth remembering', async () => {
    const store = memoryStore();
    const records = createRecords(store, 'here', { hasSnapshots: true });
    const point = { name: 'a', nextKey: 0, nextDeletion: 0 };
    let meta = await records.pointTo(newMeta(2, 'dot', undefined), point);
    for (let i = 0; i < 10_000; i++) meta = await records.write({ meta, puts: [], deletes: [i] });
    expect(meta).toMatchObject({ snapshot: point, firstDeletion: 0 });
    expect(await records.deletedSince(point)).toEqual(new Set(Array.from({ length: 10_000 }, (_, i) => i)));
    meta = await records.write({ meta, puts: [], deletes: [7] });
    expect(meta.snapshot).toBeUndefined();
    expect(await keysIn(store, 'x')).toEqual([]);
    // Nor does one count that was under way.
    expect(await records.pointTo(meta, point)).toBe(meta);
  });

  it('builds anew when it is opened with other settings of the graph', async () => {
    const path = freshPath();
    await filled(path, 300);
    await using store = await hnsw({ path, graph: { ...graph, m: 8 } });
    await store.settle();
    expect((await store.search(vectorOf(seededRandom(7)), { k: 1 }))[0]?.id).toBe('e7');
  });

  it('refuses other dimensions, another metric or another embedder, and names both', async () => {
    const path = freshPath();
    const first = await hnsw({ path, embedder: embedderOf('one', 4), metric: 'dot' });
    await first.add([{ id: 'a', text: 'a' }]);
    await first.close();
    const refusal = (...parts: readonly string[]): object => ({
      code: 'bad-option',
      message: expect.stringMatching(new RegExp([path, ...parts].join('.*'))),
    });
    await expect(hnsw({ path, dimensions: 5 })).rejects.toMatchObject(refusal('dimensions 4', 'with 5'));
    await expect(hnsw({ path, metric: 'cosine' })).rejects.toMatchObject(refusal('metric dot', 'with cosine'));
    await expect(hnsw({ path, embedder: embedderOf('two', 4) })).rejects.toMatchObject(
      refusal('embedder one', 'with two'),
    );
    await using again = await hnsw({ path, embedder: embedderOf('one', 4) });
    expect(await again.retriever()('x')).toHaveLength(1);
  });

  it('remembers the embedder that a collection of given vectors gets later', async () => {
    const path = freshPath();
    await (await hnsw({ path, dimensions: 4 })).close();
    await (await hnsw({ path, embedder: embedderOf('one', 4) })).close();
    await expect(hnsw({ path, embedder: embedderOf('two', 4) })).rejects.toMatchObject({ code: 'bad-option' });
    await (await hnsw({ path })).close();
  });

  it('refuses options that contradict each other or make no sense', async () => {
    const bad: readonly HnswOptions[] = [
      {},
      { dimensions: 0 },
      { dimensions: 1.5 },
      { dimensions: 3, embedder: embedderOf('one', 4) },
      { dimensions: 3, metric: 'manhattan' as 'dot' },
      { dimensions: 3, engine: 'gpu' as 'auto' },
      { dimensions: 3, precision: 'int4' as 'int8' },
      { dimensions: 3, precision: 'int8', graph: { originals: 'store' } },
      { dimensions: 3, path: 'x', graph: { originals: 'store' } },
      { dimensions: 3, graph: { m: 1_000 } },
      { dimensions: 3, graph: { buildThreads: -1 } },
      { dimensions: 3, path: '' },
      { dimensions: 3, graph: { m: 1 } },
      { dimensions: 3, graph: { efSearch: 1.5 } },
    ];
    for (const options of bad) {
      await expect(hnsw(options), JSON.stringify(options)).rejects.toMatchObject({ code: 'bad-option' });
    }
  });

  it('is one of several in one file, and leaves that open', async () => {
    const path = freshPath();
    {
      await using file = await diskStore(path);
      await using a = await hnsw({ store: scoped(file, 'a'), dimensions: 2 });
      await using b = await hnsw({ store: scoped(file, 'b'), dimensions: 3 });
      await a.add([{ id: 'x', text: 'in a', vector: [1, 0] }]);
      await b.add([{ id: 'x', text: 'in b', vector: [1, 0, 0] }]);
      await a.close();
      expect(await b.search([1, 0, 0])).toMatchObject([{ text: 'in b' }]);
    }
    await using file = await diskStore(path);
    await using a = await hnsw({ store: scoped(file, 'a') });
    expect(await a.search([1, 0])).toMatchObject([{ text: 'in a' }]);
  });

  it('keeps the graph in a folder beside a store that was handed in', async () => {
    const path = freshPath();
    const store = memoryStore();
    const first = await hnsw({ store, path, dimensions, graph });
    await first.add(entriesOf(0, 500));
    await first.settle();
    const before = await Promise.all(queries.map((query) => first.search(query)));
    await first.close();
    expect(await readdir(path)).toHaveLength(1);
    expect(await answersOf({ store, path, graph })).toEqual(before);
  });
});

const keysIn = async (store: Store, from: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const [key] of store.range({ from: `${from}/`, to: `${from}0` })) found.push(key);
  return found;
};

/** A store in memory with what a collection holds. */
const copyOf = async (from: Awaited<ReturnType<typeof hnsw>>): Promise<Store> => {
  const store = memoryStore();
  const copy = await hnsw({ store, dimensions, engine: 'exact' });
  for await (const document of from.entries()) {
    const [vector] = await from.getVectors([document.id]);
    await copy.add([{ ...document, vector: vector ?? [] }]);
  }
  await copy.close();
  return store;
};

describe('damage in the store of a collection', () => {
  const spoilt = async (spoil: (store: Store) => Promise<void>): Promise<unknown> => {
    const store = memoryStore();
    const collection = await hnsw({ store, dimensions: 2 });
    await collection.add([
      { id: 'a', text: 'a', vector: [1, 0] },
      { id: 'b', text: 'b', vector: [0, 1] },
    ]);
    await collection.close();
    await spoil(store);
    return hnsw({ store }).then(
      () => undefined,
      (error: unknown) => error,
    );
  };
  const put = (key: string, text: string): Parameters<Store['write']>[0] => [
    { type: 'put', key, value: Buffer.from(text) },
  ];

  it('is a typed error: documents, vectors and head', async () => {
    const damages: readonly ((store: Store) => Promise<void>)[] = [
      async (store) => store.write([{ type: 'delete', key: (await keysIn(store, 'v'))[0] ?? '' }]),
      async (store) => store.write(put((await keysIn(store, 'v'))[1] ?? '', 'short')),
      async (store) => {
        for (const part of ['d', 'v']) {
          await store.write([{ type: 'delete', key: (await keysIn(store, part))[0] ?? '' }]);
        }
      },
      async (store) => store.write(put((await keysIn(store, 'd'))[0] ?? '', '{')),
      async (store) => store.write(put((await keysIn(store, 'd'))[0] ?? '', '{"id":1}')),
      (store) => store.write(put('meta', 'no json')),
      (store) => store.write(put('meta', '{"version":1}')),
    ];
    for (const spoil of damages) expect(await spoilt(spoil)).toMatchObject({ code: 'store-damaged' });
    expect(await spoilt((store) => store.write(put('meta', '{"version":3}')))).toMatchObject({ code: 'store-newer' });
  });

  it('is a typed error when a document is lost while the collection is open', async () => {
    const store = memoryStore();
    await using collection = await hnsw({ store, dimensions: 2 });
    await collection.add([{ id: 'a', text: 'a', vector: [1, 0] }]);
    await store.write([{ type: 'delete', key: (await keysIn(store, 'd'))[0] ?? '' }]);
    await expect(collection.get(['a'])).rejects.toMatchObject({ code: 'store-damaged' });
    expect(await collection.search([1, 0])).toEqual([]);
  });

  it('names the folder of a store that is damaged or open elsewhere', async () => {
    const path = freshPath();
    const open = await hnsw({ path, dimensions: 2 });
    await expect(hnsw({ path })).rejects.toMatchObject({
      code: 'store-locked',
      message: expect.stringContaining(path),
    });
    await open.close();
    await writeFile(join(path, 'data.mdb'), 'garbage');
    await expect(hnsw({ path })).rejects.toMatchObject({
      code: 'store-damaged',
      message: expect.stringContaining(path),
    });
  });
});
