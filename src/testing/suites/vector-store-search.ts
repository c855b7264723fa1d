import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Filter, VectorStore } from '../../core/index.js';
import { collect, idsOf, onCircle, type OpenVectorStore } from './vector-store-entries.js';

export const describeSearch = (open: OpenVectorStore): void => {
  let store: VectorStore;
  beforeEach(async () => {
    store = await open({ dimensions: 2 });
  });
  afterEach(() => store.close());

  it('finds nothing while it is empty', async () => {
    expect(await store.search([1, 0])).toEqual([]);
    expect(await collect(store.entries())).toEqual([]);
    expect(await store.stats()).toMatchObject({ count: 0 });
  });

  it('finds the nearest first, with the cosine as score', async () => {
    await store.add([onCircle('c', 60), onCircle('a', 0), onCircle('b', 30)]);
    const hits = await store.search([2, 0], { k: 2 });
    expect(hits).toEqual([
      { id: 'a', text: 'text of a', score: expect.closeTo(1, 6) },
      { id: 'b', text: 'text of b', score: expect.closeTo(Math.cos(Math.PI / 6), 6) },
    ]);
    expect(hits[0]?.score).toBeLessThanOrEqual(1);
  });

  it('takes lists of numbers and Float32Arrays alike', async () => {
    await store.add([
      { id: 'a', text: 'a', vector: new Float32Array([1, 0]) },
      { id: 'b', text: 'b', vector: [1, 0] },
    ]);
    const hits = await store.search(new Float32Array([1, 0]));
    expect(hits.map(({ score }) => score)).toEqual([1, 1]);
  });

  it('gives what there is when k is larger', async () => {
    await store.add([onCircle('a', 0), onCircle('b', 90)]);
    expect(idsOf(await store.search([1, 0], { k: 1_000 }))).toEqual(['a', 'b']);
    expect(await store.search([1, 0])).toHaveLength(2);
  });

  it('refuses a k, score, filter or vector that makes no sense', async () => {
    await store.add([onCircle('a', 0)]);
    for (const k of [0, -1, 1.5, Number.NaN]) {
      await expect(store.search([1, 0], { k })).rejects.toMatchObject({ code: 'bad-option' });
    }
    await expect(store.search([1, 0], { minScore: Number.NaN })).rejects.toMatchObject({ code: 'bad-option' });
    const filter = { year: { $near: 3 } } as unknown as Filter;
    await expect(store.search([1, 0], { filter })).rejects.toMatchObject({ code: 'bad-option' });
    for (const vector of [[1], [1, Number.NaN], [0, 0]]) {
      await expect(store.search(vector)).rejects.toMatchObject({ code: 'bad-input' });
    }
  });

  it('searches for many vectors as for each alone', async () => {
    await store.add([onCircle('a', 0, { n: 1 }), onCircle('b', 30, { n: 2 }), onCircle('c', 80, { n: 2 })]);
    const vectors = [[1, 0], new Float32Array([0, 1])];
    for (const options of [{ k: 2 }, { filter: { n: 2 } }]) {
      const alone = await Promise.all(vectors.map((vector) => store.search(vector, options)));
      expect(await store.searchMany(vectors, options)).toEqual(alone);
    }
    expect(await store.searchMany([])).toEqual([]);
    await expect(store.searchMany([[1, 0], [1]])).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('gives vectors back by id, of length 1', async () => {
    await store.add([{ id: 'a', text: 'a', vector: [3, 4] }]);
    const [a, nobody] = await store.getVectors(['a', 'nobody']);
    expect([...(a ?? [])]).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.8, 6)]);
    expect(nobody).toBeUndefined();
  });

  it('goes through the entries that match, from an id on', async () => {
    await store.add(['a', 'b', 'c', 'd'].map((id, i) => onCircle(id, 10 * i, { isEven: i % 2 === 0 })));
    const all = idsOf(await collect(store.entries()));
    expect([...all].sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(idsOf(await collect(store.entries({ after: all[1] ?? '' })))).toEqual(all.slice(2));
    expect(idsOf(await collect(store.entries({ filter: { isEven: true } }))).sort()).toEqual(['a', 'c']);
    await expect(collect(store.entries({ after: 'nobody' }))).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('leaves out what is below the least score', async () => {
    await store.add([onCircle('a', 0), onCircle('b', 30), onCircle('c', 80)]);
    expect(idsOf(await store.search([1, 0], { minScore: 0.5 }))).toEqual(['a', 'b']);
  });

  it('keeps to the filter', async () => {
    await store.add([
      onCircle('a', 0, { year: 2020, tags: ['x', 'y'], __proto__x: 1 }),
      onCircle('b', 10, { year: 2021, tags: ['y'] }),
      onCircle('c', 20, { year: 2022, isDraft: true }),
      onCircle('d', 30),
    ]);
    const found = async (filter: Filter): Promise<string[]> => idsOf(await store.search([1, 0], { filter }));
    expect(await found({ year: 2021 })).toEqual(['b']);
    expect(await found({ year: { $gte: 2021 } })).toEqual(['b', 'c']);
    expect(await found({ tags: 'y' })).toEqual(['a', 'b']);
    expect(await found({ year: { $nin: [2020, 2022] } })).toEqual(['b', 'd']);
    expect(await found({ $or: [{ isDraft: true }, { tags: { $in: ['x'] } }] })).toEqual(['a', 'c']);
    expect(await found({ $not: { year: { $exists: true } } })).toEqual(['d']);
    expect(await found({ $and: [{ year: { $lt: 2022 } }, { year: { $ne: 2020 } }] })).toEqual(['b']);
    expect(await found({ year: 1900 })).toEqual([]);
  });

  it('orders equal scores the same way each time', async () => {
    await store.add(['c', 'a', 'b', 'd'].map((id) => onCircle(id, 45)));
    const first = await store.search([1, 0], { k: 3 });
    for (let i = 0; i < 5; i++) expect(await store.search([1, 0], { k: 3 })).toEqual(first);
  });

  it('prefers hits that differ when asked to', async () => {
    await store.add([onCircle('a', 0), onCircle('a2', 1), onCircle('a3', 2), onCircle('b', 50), onCircle('c', -80)]);
    const query = [Math.cos(Math.PI / 9), Math.sin(Math.PI / 9)];
    expect(idsOf(await store.search(query, { k: 3 }))).toEqual(['a3', 'a2', 'a']);
    expect(idsOf(await store.search(query, { k: 3, mmr: { lambda: 1 } }))).toEqual(['a3', 'a2', 'a']);
    const diverse = await store.search(query, { k: 3, mmr: { lambda: 0.5, fetchK: 5 } });
    expect(idsOf(diverse)).toEqual(['a3', 'b', 'a2']);
    expect(diverse[1]?.score).toBeCloseTo(Math.cos(Math.PI / 6), 5);
    expect(idsOf(await store.search(query, { k: 2, mmr: { fetchK: 2 } }))).toEqual(['a3', 'a2']);
    await expect(store.search([1, 0], { mmr: { lambda: 2 } })).rejects.toMatchObject({ code: 'bad-option' });
    await expect(store.search([1, 0], { mmr: { fetchK: 0 } })).rejects.toMatchObject({ code: 'bad-option' });
  });
};
