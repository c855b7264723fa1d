import { describe, expect, it } from 'vitest';
import { type Document, type Hit, type KeywordIndex, seededRandom } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { words } from '../text/index.js';
import { bm25 } from './index.js';
import { frequencyOf, packed, rowOf } from './segment.js';

const options = { analyzer: words, titleWeight: 0.5 };

/** Words that stand in titles, where they count halves, and some hundreds of times in a text. */
const documents: readonly Document[] = (() => {
  const random = seededRandom(4);
  const below = (n: number): number => Math.floor(random() * n);
  return Array.from({ length: 300 }, (_, at) => ({
    id: `d${at}`,
    title: `w${below(5)} w${below(5)}`,
    text: `w${below(5)} w${below(5)} ${'often '.repeat(at % 20 === 0 ? 250 + at : below(4))}`,
  }));
})();

const answersOf = async (index: KeywordIndex): Promise<unknown> => {
  const answers: (readonly Hit[])[] = [];
  for (const query of ['often', 'often w1', 'w0 w2']) answers.push(await index.search(query, { k: 400 }));
  // To five digits: the order in which shares are added up may differ.
  return answers.map((hits) => hits.map(({ id, score }) => [id, score.toFixed(5)]));
};

describe('counts of words', () => {
  it('stand in the postings where they are whole and below 256, and beside them else', () => {
    const odd = new Map([[70_000, new Map([[3, 256]])]]);
    for (const row of [0, 70_000, 2 ** 24 - 1]) {
      for (const count of [1, 255]) expect(frequencyOf(packed(row, count), 3, odd)).toBe(count);
      for (const count of [0.5, 256]) expect(packed(row, count) & 0xff).toBe(0);
      expect(rowOf(packed(row, 7))).toBe(row);
    }
    expect(frequencyOf(packed(70_000, 256), 3, odd)).toBe(256);
    expect(frequencyOf(packed(70_000, 256), 4, odd)).toBe(0);
    expect(frequencyOf(packed(1, 256), 3, odd)).toBe(0);
  });

  it('survive being merged, saved and renumbered', async () => {
    const store = memoryStore();
    const gone = documents.filter((_, at) => at % 7 === 0).map(({ id }) => id);
    // Few postings stay in the tail, whose answers are checked against the formula elsewhere.
    await using plain = await bm25(options);
    await plain.add(documents);
    const index = await bm25({ ...options, store });
    await index.add(documents);
    await index.close();
    const again = await bm25({ ...options, store });
    expect(await answersOf(again)).toEqual(await answersOf(plain));
    await plain.delete(gone);
    await again.delete(gone);
    expect(await answersOf(again)).toEqual(await answersOf(plain));
    // Enough changes for another snapshot.
    const replaced = documents.slice(150).map((document) => ({ ...document, title: 'w4' }));
    await plain.upsert(replaced);
    await again.upsert(replaced);
    await again.close();
    await using last = await bm25({ ...options, store });
    expect(await answersOf(last)).toEqual(await answersOf(plain));
  });
});
