import { expect, it } from 'vitest';
import { countThreads } from '../../test/count-threads.js';
import { createRun, seededRandom, type VectorEntry } from '../core/index.js';
import { type HnswStore, hnsw } from './index.js';

const random = seededRandom(3);
const vectorOf = (): Float32Array => Float32Array.from({ length: 16 }, () => random() - 0.5);
const entries: readonly VectorEntry[] = Array.from({ length: 3_000 }, (_, i) => ({
  id: String(i),
  text: `Passage ${i}.`,
  metadata: { even: i % 2 === 0 },
  vector: vectorOf(),
}));
/** More than three parts of a call, and an odd number. */
const queries = Array.from({ length: 901 }, vectorOf);
const filled = async (options: object = {}): Promise<HnswStore> => {
  const store = await hnsw({ dimensions: 16, graph: { searchThreads: 2 }, ...options });
  await store.add(entries);
  await store.settle();
  return store;
};
const idsOf = (all: readonly (readonly { readonly id: string }[])[]) => all.map((hits) => hits.map(({ id }) => id));

it('many vectors in one call are answered on threads as one by one', async () => {
  await using store = await filled();
  const threads = countThreads();
  for (const options of [{ k: 5 }, { k: 5, filter: { even: true } }, { k: 5, minScore: 0.5 }, { k: 3, mmr: {} }]) {
    const alone: (readonly { readonly id: string }[])[] = [];
    for (const query of queries) alone.push(await store.search(query, options));
    expect(idsOf(await store.searchMany(queries, options))).toEqual(idsOf(alone));
  }
  expect(threads()).toBe(2);
  expect(await store.searchMany([])).toEqual([]);
  await expect(store.searchMany([], { k: 0 })).rejects.toMatchObject({ code: 'bad-option' });
  expect(await store.searchMany(queries.slice(0, 256), { k: 1 })).toHaveLength(256);
});

it('codes of 8 bits are compared anew with the vectors of the store', async () => {
  await using store = await filled({ precision: 'int8', graph: { searchThreads: 2, originals: 'memory' } });
  const alone = await Promise.all(queries.map((query) => store.search(query, { k: 5 })));
  expect(idsOf(await store.searchMany(queries, { k: 5 }))).toEqual(idsOf(alone));
});

it('writes while the threads are at work take nothing away from what was there all the time', async () => {
  await using store = await filled();
  const gone = entries.filter((_, i) => i % 3 === 0).map(({ id }) => id);
  const searching = store.searchMany(queries, { k: 5 });
  const writing = store.delete(gone);
  const found = await searching;
  await writing;
  expect(found).toHaveLength(queries.length);
  expect(found.every((hits) => hits.length === 5)).toBe(true);
  const after = await store.searchMany(queries, { k: 5 });
  expect(after.flat().some(({ id }) => gone.includes(id))).toBe(false);
});

it('an abort ends a call, and the next one is answered', async () => {
  await using store = await filled();
  const stopping = new AbortController();
  const searching = store.searchMany(queries, { k: 5 }, createRun({ signal: stopping.signal }));
  setImmediate(() => stopping.abort(new Error('enough')));
  await expect(searching).rejects.toThrow('enough');
  expect(await store.searchMany(queries, { k: 5 })).toHaveLength(queries.length);
});

it('closing while the threads are at work ends the call with an error', async () => {
  const store = await filled();
  const searching = store.searchMany(queries, { k: 5 }).then(
    () => 'answered',
    ({ code }) => code,
  );
  await store.close();
  expect(['store-closed', 'answered']).toContain(await searching);
  await expect(store.searchMany(queries)).rejects.toMatchObject({ code: 'store-closed' });
});
