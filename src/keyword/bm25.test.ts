import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCollection } from '../../bench/lib/collection.js';
import { scoreRetriever } from '../../bench/lib/retrieval-scores.js';
import { type Document, inspect, seededRandom } from '../core/index.js';
import { describeKeywordIndex, describeRetriever } from '../testing/suites/index.js';
import { words } from '../text/index.js';
import { bm25, type Bm25Options } from './index.js';

describeKeywordIndex('bm25 in memory', { open: () => bm25() });

describeRetriever('bm25().retriever()', {
  create: async (documents) => {
    const index = await bm25();
    await index.add(documents);
    return index.retriever();
  },
});

/** BM25 letter by letter from its formula, over all documents. */
const bruteForce = (
  documents: readonly Document[],
  query: string,
  options: Required<Omit<Bm25Options, 'store' | 'path'>>,
) => {
  const { k1, b, titleWeight, analyzer } = options;
  const read = documents.map(({ id, title = '', text }) => {
    const counts = new Map<string, number>();
    let length = 0;
    for (const [part, weight] of [
      [title, titleWeight],
      [text, 1],
    ] as const) {
      for (const term of weight > 0 ? analyzer(part) : []) {
        counts.set(term, (counts.get(term) ?? 0) + weight);
        length += weight;
      }
    }
    return { id, counts, length };
  });
  const averageLength = read.reduce((sum, { length }) => sum + length, 0) / read.length;
  const terms = analyzer(query).map((term) => {
    const having = read.filter(({ counts }) => counts.has(term)).length;
    return { term, idf: Math.log(1 + (read.length - having + 0.5) / (having + 0.5)) };
  });
  return read
    .map(({ id, counts, length }) => {
      let score = 0;
      for (const { term, idf } of terms) {
        const frequency = counts.get(term) ?? 0;
        if (frequency > 0) {
          score += (idf * frequency * (k1 + 1)) / (frequency + k1 * (1 - b + (b * length) / averageLength));
        }
      }
      return { id, score };
    })
    .filter(({ score }) => score > 0)
    .sort((x, y) => y.score - x.score);
};

const textOf = (random: () => number, length: number, vocabulary: number): string =>
  Array.from({ length }, () => `w${Math.floor(vocabulary * random() ** 3)}`).join(' ');

const randomDocuments = (count: number, seed: number, vocabulary = 200): Document[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, at) => ({
    id: `d${at}`,
    title: textOf(random, 2, vocabulary),
    text: textOf(random, 1 + Math.floor(random() * 40), vocabulary),
  }));
};

describe('bm25', () => {
  it('scores exactly as the formula does, also after replacing and deleting', async () => {
    const wordArbitrary = fc.constantFrom('ant', 'bee', 'cat', 'dog', 'elk', 'fox');
    const textArbitrary = fc.array(wordArbitrary, { maxLength: 12 }).map((some) => some.join(' '));
    const documentArbitrary = fc.record({ id: fc.nat(30).map(String), title: textArbitrary, text: textArbitrary });
    const optionsArbitrary = fc.record({
      k1: fc.constantFrom(0, 0.5, 1.2, 3),
      b: fc.constantFrom(0, 0.75, 1),
      titleWeight: fc.constantFrom(0, 0.5, 1, 2),
      analyzer: fc.constant(words),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(documentArbitrary, { maxLength: 60 }),
        fc.array(fc.nat(30).map(String), { maxLength: 10 }),
        textArbitrary,
        fc.integer({ min: 1, max: 12 }),
        optionsArbitrary,
        async (documents, deleted, query, k, options) => {
          await using index = await bm25(options);
          for (const document of documents) await index.upsert([document]);
          await index.delete(deleted);
          const living = new Map(documents.map((document) => [document.id, document]));
          for (const id of deleted) living.delete(id);
          const expected = bruteForce([...living.values()], query, options);
          const hits = await index.search(query, { k });
          expect(hits).toHaveLength(Math.min(k, expected.length));
          hits.forEach((hit, at) => {
            expect(hit.score).toBeCloseTo(expected[at]?.score ?? Number.NaN, 5);
            expect(hit.score).toBeCloseTo(expected.find(({ id }) => id === hit.id)?.score ?? Number.NaN, 5);
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  // With `k1` 0 every share is as large as its bound, so a bound that is too low by anything loses hits.
  it.each([0, 1.2])('skips terms that cannot matter without changing the result, with k1 %f', async (k1) => {
    const documents = randomDocuments(2000, 5);
    const options = { k1, b: 0.75, titleWeight: 2, analyzer: words };
    await using index = await bm25(options);
    await index.add(documents);
    const random = seededRandom(6);
    for (let round = 0; round < 20; round++) {
      const query = textOf(random, 5, 200);
      const expected = bruteForce(documents, query, options);
      for (const k of [1, 10]) {
        const hits = await index.search(query, { k });
        const scores = expected.slice(0, k).map(({ score }) => score.toFixed(5));
        expect(hits.map(({ score }) => score.toFixed(5))).toEqual(scores);
      }
    }
  });

  it('finds a document that only the more frequent words of a query lift to the top', async () => {
    // With `k1` 0 a document scores the sum of the idf of its words: 1.99 for `rare`, 2 × 1.15 for the other two together.
    await using index = await bm25({ k1: 0, analyzer: words });
    const texts = ['rare', 'b c', 'b', 'b', 'c', 'c', 'x', 'x', 'x', 'x'];
    await index.add(texts.map((text, at) => ({ id: `${at}`, text })));
    const [best] = await index.search('rare b c', { k: 1 });
    expect(best?.text).toBe('b c');
    expect(best?.score).toBeCloseTo(2 * Math.log(1 + 7.5 / 3.5), 10);
  });

  it('gives the same hits before and after postings are merged, and forgets what was deleted', async () => {
    await using merged = await bm25({ analyzer: words });
    await merged.add(randomDocuments(6000, 1));
    await merged.upsert(randomDocuments(3000, 2));
    await merged.delete(Array.from({ length: 2000 }, (_, at) => `d${at + 2500}`));
    const before = await merged.stats();
    await using fresh = await bm25({ analyzer: words });
    for await (const document of merged.entries()) await fresh.add([document]);
    for (const query of ['w1 w5 w100', 'w0', 'w150 w199', 'w3 w3 w7']) {
      const expected = (await fresh.search(query, { k: 50 })).map(({ id, score }) => [id, score.toFixed(5)]);
      const found = (await merged.search(query, { k: 50 })).map(({ id, score }) => [id, score.toFixed(5)]);
      expect(found).toEqual(expected);
    }
    for (let round = 0; round < 20; round++) await merged.upsert(randomDocuments(1000, 10 + round));
    expect((await merged.stats()).memoryBytes).toBeLessThan(2 * before.memoryBytes);
  });

  it('answers searches made while documents are added and replaced', async () => {
    await using index = await bm25({ analyzer: words });
    await index.add([{ id: 'steady', text: 'unicorn' }]);
    let isAdding = true;
    const adding = (async () => {
      await index.add(randomDocuments(4000, 3));
      await index.upsert([...randomDocuments(4000, 4), { id: 'steady', text: 'unicorn' }]);
      isAdding = false;
    })();
    while (isAdding) {
      expect((await index.search('unicorn w1 w2', { k: 1 }))[0]?.id).toBe('steady');
      await new Promise((resolve) => setImmediate(resolve));
    }
    await adding;
    expect((await index.stats()).count).toBe(4001);
  });

  it('takes an analyzer of your own', async () => {
    await using index = await bm25({ analyzer: (text) => text.split('/') });
    await index.add([{ id: 'a', text: 'One/Two' }]);
    expect(await index.search('one')).toEqual([]);
    expect((await index.search('Two'))[0]?.id).toBe('a');
  });

  it('adds nothing when the analyzer fails', async () => {
    await using index = await bm25({
      analyzer: (text) => {
        if (text === 'bad') throw new Error('unreadable');
        return words(text);
      },
    });
    const entries = [
      { id: 'a', text: 'good' },
      { id: 'b', text: 'bad' },
    ];
    await expect(index.add(entries)).rejects.toThrow('unreadable');
    expect(await index.search('good')).toEqual([]);
    expect((await index.stats()).count).toBe(0);
  });

  it('counts a word of the title twice, and finds inflected words', async () => {
    await using index = await bm25();
    await index.add([
      { id: 'text', title: 'Parcels', text: 'refund' },
      { id: 'title', title: 'Refund', text: 'parcels' },
    ]);
    expect((await index.search('refunding')).map((hit) => hit.id)).toEqual(['title', 'text']);
  });

  it('shows its retriever as a step, and refuses what it cannot do', async () => {
    await using index = await bm25();
    expect(inspect(index.retriever({ k: 8 }))).toMatchObject({ kind: 'retriever', name: 'bm25', details: { k: 8 } });
    expect(() => index.retriever({ mmr: {} })).toThrow(expect.objectContaining({ code: 'unsupported' }));
    for (const bad of [
      { k1: -1 },
      { k1: Number.POSITIVE_INFINITY },
      { b: 1.5 },
      { b: Number.NaN },
      { titleWeight: -1 },
    ]) {
      await expect(bm25(bad)).rejects.toMatchObject({ code: 'bad-option' });
    }
  });
});

const data = process.env.PIPEWRIGHT_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** Plain BM25 with Porter stems, as published with the collections. */
const baselines = {
  cranfield: { ndcg10: 0.3595, map: 0.296, recall100: 0.7278 },
  'xquad-en': { ndcg10: 0.968, map: 0.959, recall100: 0.9974 },
};

describe('bm25 on test collections', () => {
  for (const [name, baseline] of Object.entries(baselines)) {
    const isThere = existsSync(`${data}/retrieval/${name}`);
    if (!isThere) {
      console.warn(`Left out: the quality of bm25 on ${name}, because ${data}/retrieval/${name} is absent.`);
    }
    it.runIf(isThere)(`is at or above the published baseline on ${name} with its defaults`, async () => {
      const collection = await readCollection(`${data}/retrieval`, name);
      await using index = await bm25();
      await index.add(collection.documents);
      const scores = await scoreRetriever(index.retriever(), collection);
      expect(scores.ndcg10).toBeGreaterThanOrEqual(baseline.ndcg10);
      expect(scores.map).toBeGreaterThanOrEqual(baseline.map);
      expect(scores.recall100).toBeGreaterThanOrEqual(baseline.recall100);
    });
  }
});
