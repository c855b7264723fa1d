import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRun, type Filter, type Metadata, type VectorEntry, type VectorStore } from '../../core/index.js';
import { collect, idsOf, onCircle, type OpenVectorStore } from './vector-store-entries.js';

export const describeWrites = (open: OpenVectorStore): void => {
  let store: VectorStore;
  beforeEach(async () => {
    store = await open({ dimensions: 2 });
  });
  afterEach(() => store.close());

  it('gives documents back as they came, in the order asked for', async () => {
    const full = {
      id: 'a',
      text: 'Ä text \u{1f600}',
      title: 'T',
      source: 's.md',
      place: { start: 3, end: 9, headings: ['H'] },
      metadata: { year: 2020, tags: ['x', 1, true], none: null },
    };
    await store.add([{ ...full, vector: [1, 0] }, onCircle('b', 20)]);
    expect(await store.get(['b', 'none', 'a', 'a'])).toEqual([{ id: 'b', text: 'text of b' }, undefined, full, full]);
    expect(await collect(store.entries())).toEqual([full, { id: 'b', text: 'text of b' }]);
  });

  it('adds nothing when an id is there already or comes twice', async () => {
    await store.add([onCircle('a', 0)]);
    const duplicate = { code: 'duplicate-id', message: expect.stringContaining('`a`') };
    await expect(store.add([onCircle('b', 10), onCircle('a', 90)])).rejects.toMatchObject(duplicate);
    await expect(store.add([onCircle('b', 10), onCircle('c', 0), onCircle('b', 0)])).rejects.toMatchObject({
      code: 'duplicate-id',
    });
    expect(idsOf(await collect(store.entries()))).toEqual(['a']);
    expect((await store.search([1, 0]))[0]?.score).toBeCloseTo(1, 6);
  });

  it('replaces by upsert: text, metadata and vector of before are gone', async () => {
    await store.add([onCircle('a', 0, { color: 'red' }), onCircle('b', 20)]);
    await store.upsert([{ ...onCircle('a', 90, { color: 'blue' }), text: 'new' }, onCircle('c', 40)]);
    expect(idsOf(await store.search([1, 0]))).toEqual(['b', 'c', 'a']);
    expect(await store.get(['a'])).toEqual([{ id: 'a', text: 'new', metadata: { color: 'blue' } }]);
    expect(await store.search([1, 0], { filter: { color: 'red' } })).toEqual([]);
    await store.upsert([onCircle('d', 1), onCircle('d', 2), onCircle('d', 3)]);
    expect((await store.search([1, 0], { k: 1 }))[0]?.score).toBeCloseTo(Math.cos((3 * Math.PI) / 180), 6);
    expect(await store.stats()).toMatchObject({ count: 4 });
  });

  it('deletes by id and by filter, and counts what was there', async () => {
    await store.add(['a', 'b', 'c', 'd'].map((id, i) => onCircle(id, i * 10, { even: i % 2 === 0 })));
    expect(await store.delete(['b', 'none', 'b'])).toBe(1);
    expect(await store.delete([])).toBe(0);
    expect(await store.delete({ even: true })).toBe(2);
    expect(idsOf(await store.search([1, 0]))).toEqual(['d']);
    expect(await store.get(['a', 'b', 'c'])).toEqual([undefined, undefined, undefined]);
    await store.add([onCircle('b', 0)]);
    expect(idsOf(await store.search([1, 0]))).toEqual(['b', 'd']);
    expect(await store.delete({})).toBe(2);
    expect(await store.search([1, 0])).toEqual([]);
  });

  it('names the entry whose vector is bad, and adds nothing of the call', async () => {
    const bad: readonly unknown[] = [
      [1],
      [1, 2, 3],
      [1, Number.NaN],
      [Number.POSITIVE_INFINITY, 0],
      [1, 'x'],
      // biome-ignore lint/suspicious/noSparseArray: a hole is the case
      [1, ,],
      [0, 0],
      [1e30, 0],
      new Float32Array([Number.NaN, 0]),
      'text',
      { 0: 1, 1: 0, length: 2 },
    ];
    for (const vector of bad) {
      const entry = { id: 'the-bad-one', text: '', vector } as unknown as VectorEntry;
      await expect(store.add([onCircle('a', 0), entry]), String(vector)).rejects.toMatchObject({
        code: 'bad-input',
        message: expect.stringContaining('the-bad-one'),
      });
      await expect(store.upsert([onCircle('a', 0), entry])).rejects.toMatchObject({ code: 'bad-input' });
    }
    expect(await collect(store.entries())).toEqual([]);
  });

  it('refuses entries without id, text, vector or plain metadata', async () => {
    const entry = onCircle('a', 0);
    const bad: readonly unknown[] = [
      null,
      { ...entry, id: '' },
      { ...entry, id: 7 },
      { ...entry, text: undefined },
      { ...entry, vector: undefined },
      { ...entry, metadata: { nested: { a: 1 } } },
      { ...entry, metadata: { list: [['a']] } },
      { ...entry, metadata: { n: Number.NaN } },
      { ...entry, metadata: ['a'] },
      { ...entry, metadata: { big: 1n } },
    ];
    for (const one of bad) {
      await expect(
        store.add([one as VectorEntry]),
        JSON.stringify(one, (_, v) => String(v)),
      ).rejects.toMatchObject({
        code: 'bad-input',
      });
    }
    await expect(store.add('text' as unknown as VectorEntry[])).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('keeps its own copy of what it is given', async () => {
    const vector = new Float32Array([1, 0]);
    const metadata = { color: 'red' };
    await store.add([{ id: 'a', text: 'a', vector, metadata }]);
    vector.set([0, 1]);
    metadata.color = 'blue';
    const hits = await store.search([1, 0], { filter: { color: 'red' } });
    expect(hits).toMatchObject([{ id: 'a', score: 1, metadata: { color: 'red' } }]);
  });

  it('treats `__proto__` and `constructor` as plain names of fields and ids (Q24)', async () => {
    const metadata = JSON.parse('{"__proto__": "x", "constructor": "y"}') as Metadata;
    await store.add([{ ...onCircle('__proto__', 0), metadata }, onCircle('constructor', 10)]);
    expect(idsOf(await store.search([1, 0], { filter: JSON.parse('{"__proto__": "x"}') as Filter }))).toEqual([
      '__proto__',
    ]);
    expect(await store.search([1, 0], { filter: { toString: { $exists: true } } as unknown as Filter })).toEqual([]);
    const [document] = await store.get(['__proto__']);
    expect(Object.keys(document?.metadata ?? {})).toEqual(['__proto__', 'constructor']);
    expect(await store.get(['constructor', 'toString'])).toEqual([
      { id: 'constructor', text: 'text of constructor' },
      undefined,
    ]);
  });

  it('tells how much it holds and when it changed last', async () => {
    const clock = { now: () => 5_000, after: () => () => undefined };
    await store.add([onCircle('a', 0), onCircle('b', 0)], createRun({ clock }));
    const stats = await store.stats();
    expect(stats).toMatchObject({ count: 2, lastChangedMs: 5_000 });
    expect(stats.memoryBytes).toBeGreaterThanOrEqual(0);
  });

  it('rejects every call after it is closed, which may be asked for twice', async () => {
    await store.add([onCircle('a', 0)]);
    const written = store.add([onCircle('b', 0)]);
    await store.close();
    await expect(written).resolves.toBeUndefined();
    await store.close();
    const closed = { code: 'store-closed' };
    await expect(store.add([onCircle('c', 0)])).rejects.toMatchObject(closed);
    await expect(store.upsert([onCircle('c', 0)])).rejects.toMatchObject(closed);
    await expect(store.delete(['a'])).rejects.toMatchObject(closed);
    await expect(store.get(['a'])).rejects.toMatchObject(closed);
    await expect(store.search([1, 0])).rejects.toMatchObject(closed);
    await expect(store.stats()).rejects.toMatchObject(closed);
    await expect(collect(store.entries())).rejects.toMatchObject(closed);
  });

  it('does nothing for a run that has been cancelled', async () => {
    const controller = new AbortController();
    const run = createRun({ signal: controller.signal });
    const before = store.add([onCircle('a', 0)]);
    const waiting = store.add([onCircle('b', 0)], run);
    controller.abort('gone');
    await expect(waiting).rejects.toBe('gone');
    await before;
    await expect(store.upsert([onCircle('c', 0)], run)).rejects.toBe('gone');
    await expect(store.delete(['a'], run)).rejects.toBe('gone');
    await expect(store.search([1, 0], {}, run)).rejects.toBe('gone');
    expect(idsOf(await collect(store.entries()))).toEqual(['a']);
  });
};

export const describeConcurrency = (open: OpenVectorStore): void => {
  it('serialises what is asked for at once', async () => {
    await using store = await open({ dimensions: 2 });
    const work: Promise<unknown>[] = [];
    for (let i = 0; i < 40; i++) {
      work.push(store.add([onCircle(`a${i}`, i)]), store.upsert([onCircle('same', i)]), store.search([1, 0]));
      if (i % 4 === 3) work.push(store.delete([`a${i - 1}`]));
    }
    const results = await Promise.allSettled([...work, store.add([onCircle('a0', 0)])]);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(await store.stats()).toMatchObject({ count: 31 });
    expect(new Set(idsOf(await collect(store.entries()))).size).toBe(31);
  });

  it('shows a document that is being replaced exactly once, as it was or as it is', async () => {
    await using store = await open({ dimensions: 2 });
    await store.add(Array.from({ length: 30 }, (_, i) => onCircle(`d${i}`, i)));
    let isDone = false;
    const replacing = (async () => {
      for (let i = 0; i < 60; i++) await store.upsert([{ ...onCircle('d0', 0), text: `text ${i}` }]);
      isDone = true;
    })();
    while (!isDone) {
      const hits = await store.search([1, 0], { k: 5 });
      expect(idsOf(hits)).toEqual(['d0', 'd1', 'd2', 'd3', 'd4']);
      expect(await store.get(['d0'])).toMatchObject([{ id: 'd0' }]);
    }
    await replacing;
    expect((await store.search([1, 0], { k: 1 }))[0]?.text).toBe('text 59');
  });
};
