import { describe, expect, it } from 'vitest';
import { type Document, type KeywordIndex, seededRandom, type Store } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { type Analyzer, words } from '../text/index.js';
import { bm25 } from './index.js';

const textOf = (random: () => number): string =>
  Array.from({ length: 1 + Math.floor(random() * 12) }, () => `w${Math.floor(80 * random() ** 2)}`).join(' ');
const randomDocuments = (count: number, seed: number, first = 0): Document[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, at) => ({
    id: `d${first + at}`,
    text: textOf(random),
    ...(random() < 0.5 && { metadata: { group: Math.floor(random() * 3), tags: ['x', 'y'] } }),
  }));
};

const queries = ['w1 w5 w20', 'w0', 'w60 w70 w79', 'w3 w3 w7'];
const answersOf = async (index: KeywordIndex): Promise<unknown> => {
  const answers: unknown[] = [await index.stats().then(({ count }) => count)];
  for (const query of queries) {
    for (const filter of [undefined, { group: 1 }]) {
      const hits = await index.search(query, { k: 20, ...(filter && { filter }) });
      // To five digits: the order in which shares are added up may differ.
      answers.push(hits.map(({ score, ...hit }) => [hit, score.toFixed(5)]));
    }
  }
  return answers;
};

const keysOf = async (store: Store, prefix: string): Promise<readonly string[]> => {
  const keys: string[] = [];
  for await (const [key] of store.range({})) if (key.startsWith(prefix)) keys.push(key);
  return keys;
};

/** An analyzer that counts the texts it is given. */
const counting = (id?: string): Analyzer & { readonly count: () => number } => {
  let count = 0;
  const analyze = (text: string): readonly string[] => {
    count++;
    return words(text);
  };
  return Object.assign(analyze, { count: () => count, ...(id !== undefined && { id }) });
};

/** A store with an index that was closed, and the answers that it gave. */
const saved = async (count = 500): Promise<{ readonly store: Store; readonly answers: unknown }> => {
  const store = memoryStore();
  const index = await bm25({ store, analyzer: words });
  await index.add(randomDocuments(count, 1));
  await index.upsert(randomDocuments(50, 2, 100));
  await index.delete(['d7', 'd8']);
  const answers = await answersOf(index);
  await index.close();
  return { store, answers };
};

describe('a saved index', () => {
  it('Q23 opens with identical answers, and without analysing a document', async () => {
    const { store, answers } = await saved();
    expect(await keysOf(store, 'snapshot')).not.toEqual([]);
    const analyzer = counting();
    await using index = await bm25({ store, analyzer });
    // Once for the probe that tells analyzers apart.
    expect(analyzer.count()).toBe(1);
    expect(await answersOf(index)).toEqual(answers);
  });

  it('analyses only what came since, and forgets what was deleted since', async () => {
    const { store } = await saved();
    const second = await bm25({ store, analyzer: words });
    await second.upsert(randomDocuments(20, 5, 490));
    await second.delete(['d1', 'd2', 'd3']);
    const answers = await answersOf(second);
    // Not closed, as after a crash.
    const analyzer = counting();
    await using third = await bm25({ store, analyzer });
    expect(analyzer.count()).toBe(21);
    expect(await answersOf(third)).toEqual(answers);
    expect(await third.get(['d1', 'd490'])).toEqual([undefined, expect.objectContaining({ id: 'd490' })]);
    await third.delete(['d490']);
    expect(await (await bm25({ store, analyzer: words })).get(['d490'])).toEqual([undefined]);
  });

  it('is analysed anew by another analyzer or title weight, and by the first one again', async () => {
    const { store, answers } = await saved();
    const upper: Analyzer = (text) => words(text).map((word) => word.toUpperCase());
    const second = await bm25({ store, analyzer: upper });
    expect(await answersOf(second)).toEqual(answers);
    await second.delete(['d20']);
    await using third = await bm25({ store, analyzer: words });
    expect(await third.get(['d20'])).toEqual([undefined]);
    for (const query of queries) {
      expect((await third.search(query, { k: 600 })).map(({ id }) => id)).not.toContain('d20');
    }
    const analyzer = counting();
    await using fourth = await bm25({ store, analyzer, titleWeight: 3 });
    expect(analyzer.count()).toBeGreaterThan(400);
    expect((await fourth.stats()).count).toBe(497);
  });

  it('is analysed anew where the snapshot is damaged in any part', async () => {
    const { store, answers } = await saved(300);
    for (const key of await keysOf(store, 'snapshot')) {
      const bytes = (await store.get(key)) ?? new Uint8Array(0);
      const copy = memoryStore();
      for await (const [other, value] of store.range({})) await copy.write([{ type: 'put', key: other, value }]);
      const flipped = Uint8Array.from(bytes, (byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte));
      for (const value of [flipped, bytes.subarray(0, bytes.length >> 1), undefined]) {
        await copy.write([value === undefined ? { type: 'delete', key } : { type: 'put', key, value }]);
        await using index = await bm25({ store: copy, analyzer: words });
        expect(await answersOf(index)).toEqual(answers);
      }
    }
  });

  it('says which document is missing where the store lost one', async () => {
    const { store } = await saved();
    const [key = ''] = await keysOf(store, 'document/');
    await store.write([{ type: 'delete', key }]);
    await using index = await bm25({ store, analyzer: words });
    const lost = index.search('w0 w1 w2 w3', { k: 500 });
    await expect(lost).rejects.toMatchObject({ code: 'store-damaged', details: { where: key } });
  });

  it('survives a store that fails while it saves', async () => {
    const inner = memoryStore();
    let isBroken = false;
    const store: Store = {
      ...inner,
      write: (changes) =>
        isBroken && changes.some(({ key }) => key === 'snapshot')
          ? Promise.reject(new Error('disk full'))
          : inner.write(changes),
    };
    const index = await bm25({ store, analyzer: words });
    await index.add(randomDocuments(300, 1));
    const answers = await answersOf(index);
    isBroken = true;
    await index.close();
    isBroken = false;
    const second = await bm25({ store: inner, analyzer: words });
    expect(await answersOf(second)).toEqual(answers);
    await second.close();
    const analyzer = counting();
    await using third = await bm25({ store: inner, analyzer });
    expect(analyzer.count()).toBe(1);
    expect(await answersOf(third)).toEqual(answers);
  });

  it('Q27 keeps one snapshot and no notes of what it no longer holds', async () => {
    const store = memoryStore();
    let most = 0;
    for (let round = 0; round < 6; round++) {
      const index = await bm25({ store, analyzer: words });
      await index.upsert(randomDocuments(400, round));
      await index.close();
      const keys = await keysOf(store, 'snapshot');
      most = Math.max(most, keys.length);
      expect(await keysOf(store, 'gone/')).toEqual([]);
    }
    expect(most).toBe(8);
  });

  it('is not saved for a small change', async () => {
    const { store } = await saved();
    const before = await store.get('snapshot');
    const index = await bm25({ store, analyzer: words });
    await index.upsert(randomDocuments(5, 9));
    await index.close();
    expect(await store.get('snapshot')).toEqual(before);
  });
});

describe('an index in a store', () => {
  it('opens one that an earlier version wrote', async () => {
    const store = memoryStore();
    const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
    await store.write([
      { type: 'put', key: 'keyword', value: bytes({ version: 1, lastChangedMs: 5 }) },
      { type: 'put', key: 'document/0000000000000004', value: bytes({ id: 'a', text: 'w1' }) },
    ]);
    const index = await bm25({ store, analyzer: words });
    expect(await index.stats()).toMatchObject({ count: 1, lastChangedMs: 5 });
    await index.upsert([{ id: 'a', text: 'w2' }]);
    expect((await index.search('w2'))[0]?.id).toBe('a');
    expect(await keysOf(store, 'document/')).toEqual(['document/0000000000000005']);
  });

  it('leaves texts in the store', async () => {
    const text = 'w1 '.repeat(10_000);
    await using index = await bm25({ store: memoryStore(), analyzer: words });
    const before = await index.stats();
    await index.add([{ id: 'a', text }]);
    expect((await index.stats()).memoryBytes - before.memoryBytes).toBeLessThan(text.length / 10);
    expect((await index.search('w1'))[0]?.text).toBe(text);
  });

  it('answers searches whole while documents are replaced and the store takes its time', async () => {
    const inner = memoryStore();
    const store: Store = {
      ...inner,
      get: async (key) => {
        await new Promise((resolve) => setImmediate(resolve));
        return inner.get(key);
      },
    };
    await using index = await bm25({ store, analyzer: words });
    const documents = Array.from({ length: 5 }, (_, at) => ({ id: `${at}`, text: 'unicorn' }));
    await index.add(documents);
    const replacing = (async () => {
      for (let round = 0; round < 30; round++) await index.upsert([documents[round % 5] as Document]);
    })();
    for (let round = 0; round < 30; round++) {
      expect(await index.search('unicorn')).toHaveLength(5);
      expect(await index.get(['0', '4', '9'])).toEqual([documents[0], documents[4], undefined]);
    }
    await replacing;
  });
});
