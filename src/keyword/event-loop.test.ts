import { describe, expect, it } from 'vitest';
import { type Document, seededRandom } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { words } from '../text/index.js';
import { bm25 } from './index.js';

const textOf = (random: () => number, count: number, vocabulary: number): string =>
  Array.from({ length: count }, () => `w${Math.floor(vocabulary * random() ** 2)}`).join(' ');

const randomDocuments = (count: number, vocabulary: number): Document[] => {
  const random = seededRandom(7);
  return Array.from({ length: count }, (_, at) => ({
    id: `d${at}`,
    text: textOf(random, 1 + Math.floor(random() * 40), vocabulary),
  }));
};

/** The longest that other work had to wait. Time of the processor, not of the clock: the machine that runs this does more. */
const longestTurnMs = async (work: () => Promise<unknown>): Promise<number> => {
  let last = process.cpuUsage();
  let longestMs = 0;
  let turns = 0;
  let isBusy = true;
  const turn = (): void => {
    const { user, system } = process.cpuUsage(last);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    last = process.cpuUsage();
    turns++;
    if (isBusy) setImmediate(turn);
  };
  turn();
  try {
    await work();
  } finally {
    isBusy = false;
  }
  expect(turns).toBeGreaterThan(3);
  return longestMs;
};

// The promise is 50 ms; collecting garbage and compiling, on threads of their own, count here as well.
const limitMs = 100;

describe('bm25 beside other work', () => {
  it('keeps the event loop free while it adds, searches and deletes', async () => {
    await using index = await bm25();
    const book = { id: 'book', text: textOf(seededRandom(8), 300_000, 5000) };
    const documents = [...randomDocuments(20_000, 20_000), book];
    const longestMs = await longestTurnMs(async () => {
      await index.add(documents);
      await index.search('w1 w2 w3', { filter: { nobody: 1 } });
      await index.delete({ nobody: { $exists: false } });
    });
    expect(longestMs).toBeLessThan(limitMs);
    expect((await index.stats()).count).toBe(0);
  });

  it('keeps the event loop free while it looks through a large vocabulary for words that are alike', async () => {
    await using index = await bm25({ analyzer: words });
    const all = Array.from({ length: 300_000 }, (_, at) => ((at * 7_368_787) % 2 ** 31).toString(36));
    await index.add(
      Array.from({ length: 300 }, (_, at) => ({
        id: `d${at}`,
        text: all.slice(at * 1000, at * 1000 + 1000).join(' '),
      })),
    );
    // Words with which few beginnings can be passed over.
    const longestMs = await longestTurnMs(async () => {
      for (const query of ['xabcdy', 'xzyxwvy']) await index.search(query, { maxEdits: 2, isPrefix: true });
    });
    expect(longestMs).toBeLessThan(limitMs);
  });

  it('keeps the event loop free while it saves and reads back', async () => {
    const store = memoryStore();
    const index = await bm25({ store, analyzer: words });
    // In one call: then nothing is saved before it is closed.
    const metadata = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`field ${at}`, `value ${at}`]));
    const documents = randomDocuments(60_000, 300_000).map((document) => ({
      ...document,
      text: document.text.slice(0, 40),
      metadata,
    }));
    await index.add(documents);
    const closing = await longestTurnMs(() => index.close());
    const opening = await longestTurnMs(async () => (await bm25({ store, analyzer: words })).close());
    expect(closing).toBeLessThan(limitMs);
    expect(opening).toBeLessThan(limitMs);
    expect(await store.get('snapshot')).toBeDefined();
  });
});
