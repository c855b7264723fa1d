import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom, type Store } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { type HnswOptions, type HnswStore, hnsw } from './index.js';

const dimensions = 16;
const random = seededRandom(11);
const vectorOf = (): Float32Array => {
  const vector = Float32Array.from({ length: dimensions }, () => random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
};
const vectors = Array.from({ length: 300 }, vectorOf);
const query = vectorOf();

const filled = async (options: Omit<HnswOptions, 'dimensions'>): Promise<HnswStore> => {
  const store = await hnsw({ ...options, dimensions });
  await store.add(vectors.map((vector, i) => ({ id: `${i}`, text: `Text ${i}`, vector })));
  await store.settle();
  return store;
};

/** Holds the event loop for so long that the next search gives other work its turn first. */
const holdEventLoop = (): void => {
  const end = performance.now() + 20;
  while (performance.now() < end);
};

describe('a search', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pipewright-search-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('goes on with the vector as it was when the caller writes over it while vectors are read from the store', async () => {
    await using store = await filled({
      path: folder,
      precision: 'int8',
      graph: { minCount: 20, originals: 'store', buildThreads: 0 },
    });
    const expected = await store.search(query, { k: 5 });
    const own = query.slice();
    const hits = store.search(own, { k: 5 });
    own.fill(0);
    expect(await hits).toEqual(expected);
  });

  it('goes on with the vector as it was when it gives other work its turn first', async () => {
    await using store = await filled({});
    const expected = await store.search(query, { k: 5 });
    const own = query.slice();
    holdEventLoop();
    const hits = store.search(own, { k: 5 });
    own.fill(0);
    expect(await hits).toEqual(expected);
  });

  it('says that the collection was closed while it waited for its turn', async () => {
    const store = await filled({});
    holdEventLoop();
    const hits = store.search(query);
    await Promise.all([store.close(), expect(hits).rejects.toMatchObject({ code: 'store-closed' })]);
  });

  it('waits for a write that took away what it had found, and gives as many as were asked for', async () => {
    const records = memoryStore();
    let tardyMs = 0;
    const write: Store['write'] = async (changes) => {
      await records.write(changes);
      await sleep(tardyMs);
    };
    await using store = await filled({ store: { ...records, write } });
    tardyMs = 100;
    const ids = vectors.map((_, i) => `${i}`);
    const kept = ids.slice(-5);
    const deletion = store.delete(ids.slice(0, -5));
    await sleep(20);
    const hits = await store.search(query, { k: 5 });
    expect(hits.map(({ id }) => id).sort()).toEqual(kept);
    await deletion;
  });

  it('lets other work have its turns, however many follow each other', async () => {
    await using store = await filled({});
    let turns = 0;
    const work = setInterval(() => turns++, 1);
    const end = performance.now() + 200;
    while (performance.now() < end) await store.search(query);
    clearInterval(work);
    expect(turns).toBeGreaterThan(4);
  });
});
