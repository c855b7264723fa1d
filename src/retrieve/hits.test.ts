import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Document, Hit, Query } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { scripted, testRun } from '../testing/index.js';
import { describeRetriever } from '../testing/suites/index.js';
import {
  compress,
  cutoff,
  distinct,
  diversify,
  excerpt,
  modelCompressor,
  parents,
  retriever,
  sentenceCompressor,
} from './index.js';

const ids = (hits: readonly Hit[]): readonly string[] => hits.map(({ id }) => id);
const fixed = (...hits: readonly Hit[]) => retriever(() => hits);
const hit = (id: string, score: number, text = id): Hit => ({ id, text, score });

const over = (make: (search: ReturnType<typeof fixed>) => ReturnType<typeof fixed>) => ({
  create: async (documents: readonly Document[]) => {
    const index = await bm25();
    await index.add(documents);
    return make(index.retriever());
  },
});
describeRetriever(
  'diversify',
  over((search) => diversify(search)),
);
describeRetriever(
  'distinct',
  over((search) => distinct(search)),
);
describeRetriever(
  'cutoff',
  over((search) => cutoff(search, { minRatio: 0 })),
);
describeRetriever(
  'parents of what has none',
  over((search) => parents(search, new Map())),
);
describeRetriever(
  'compress that keeps all',
  over((search) => compress(search, ({ text }) => [{ start: 0, end: text.length }])),
);

describe('excerpt', () => {
  const parent = 'Head.\nFirst line.\nSecond line.\nThird.';

  it('keeps the exact place in the document, and lines', () => {
    const start = 6;
    const piece: Hit = {
      ...hit('p', 1, parent.slice(start)),
      place: { parentId: 'doc', start, end: parent.length, startLine: 2 },
    };
    const cut = excerpt(piece, { start: 12, end: 24 });
    expect(cut).toEqual({
      id: 'p@12-24',
      score: 1,
      text: 'Second line.',
      place: { parentId: 'doc', start: 18, end: 30, startLine: 3, endLine: 3 },
    });
    expect(parent.slice(cut.place?.start, cut.place?.end)).toBe(cut.text);
  });

  it('names a whole document as the parent, and no offsets where the piece has none', () => {
    expect(excerpt(hit('doc', 1, parent), { start: 0, end: 5 }).place).toEqual({ parentId: 'doc', start: 0, end: 5 });
    const unplaced: Hit = { ...hit('p', 1, parent), place: { parentId: 'doc', page: 3 } };
    expect(excerpt(unplaced, { start: 0, end: 5 }).place).toEqual({ parentId: 'doc', page: 3 });
    expect(excerpt(unplaced, { start: 0, end: parent.length })).toBe(unplaced);
  });
});

describe('compress', () => {
  const text = 'Tea is at four. It is hot. The hall is big. Refunds take a week. Bread is baked daily.';

  it('gives each kept stretch as a hit, in order, with exact offsets, and drops hits without any', async () => {
    const search = fixed(hit('a', 2, text), hit('b', 1, 'Nothing of that.'));
    const hits = await compress(search, sentenceCompressor({ context: 0 }))('refunds and tea');
    expect(hits.map(({ text: kept, score }) => [kept, score])).toEqual([
      ['Tea is at four.', 2],
      ['Refunds take a week.', 2],
    ]);
    for (const { text: kept, place } of hits) expect(text.slice(place?.start, place?.end)).toBe(kept);
  });

  it('keeps the sentences beside one that matters, and joins neighbours', async () => {
    const hits = await compress(fixed(hit('a', 1, text)), sentenceCompressor())('refunds');
    expect(hits.map(({ text: kept }) => kept)).toEqual(['The hall is big. Refunds take a week. Bread is baked daily.']);
  });

  it('counts what the title says for every sentence that says something of the query', async () => {
    const titled = { ...hit('a', 1, 'It is paid in a week. Tea is at four.'), title: 'Refund of the parcel' };
    expect(
      await compress(fixed(titled), sentenceCompressor({ context: 0, minShare: 0.8 }))('refund parcel week paid'),
    ).toHaveLength(1);
    const { title: _, ...untitled } = titled;
    expect(
      await compress(fixed(untitled), sentenceCompressor({ context: 0, minShare: 0.8 }))('refund parcel week paid'),
    ).toEqual([]);
  });

  it('holds for any ranges that a compressor gives: exact, in order, apart', async () => {
    const ranges = fc.array(
      fc.record({ start: fc.integer({ min: -5, max: 100 }), end: fc.integer({ min: -5, max: 100 }) }),
    );
    await fc.assert(
      fc.asyncProperty(ranges, async (given) => {
        const hits = await compress(fixed(hit('a', 1, text)), () => given)('q');
        let last = -1;
        for (const { id, text: kept, place } of hits) {
          const { start = 0, end = text.length } = id === 'a' ? {} : (place ?? {});
          expect(text.slice(start, end)).toBe(kept);
          expect(start).toBeGreaterThan(last);
          last = end;
        }
      }),
    );
  });

  it('has a model name sentences, whatever numbers it adds', async () => {
    const model = scripted(['{"sentences": [4, 99, 0, 4]}']);
    const hits = await compress(fixed(hit('a', 1, text)), modelCompressor(model))('how long are refunds?');
    expect(hits.map(({ text: kept }) => kept)).toEqual(['Refunds take a week.']);
    expect(JSON.stringify(model.requests[0]?.messages)).toContain('[4] Refunds take a week.');
  });

  it('keeps a passage whole that cannot be read, with a warning, and reads no more than allowed', async () => {
    const { run, events } = testRun();
    const broken = () => Promise.reject(new Error('no model'));
    const search = fixed(hit('a', 2), hit('b', 1));
    expect(ids(await compress(search, broken, { maxHits: 1 })('q', run))).toEqual(['a']);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: 'Compressing `a` failed: no model' }),
    );
    await expect(compress(search, broken, { onFailure: 'fail' })('q')).rejects.toThrow('no model');
  });
});

describe('parents', () => {
  const piece = (parentId: string, start: number, score: number): Hit => ({
    id: `${parentId}#${start}`,
    text: 'x',
    score,
    place: { parentId, start, end: start + 4 },
  });
  const documents = new Map<string, Document>([
    ['one', { id: 'one', text: 'one two three four five' }],
    ['two', { id: 'two', text: 'two' }],
  ]);
  const pieces = [piece('two', 0, 5), piece('one', 8, 4), piece('one', 0, 3), piece('one', 4, 1), hit('own', 2)];

  it('gives each parent once, by its best piece or by the sum', async () => {
    const best = await parents(fixed(...pieces), documents)('q');
    expect(best.map(({ id, score, text }) => [id, score, text.length])).toEqual([
      ['two', 5, 3],
      ['one', 4, 23],
      ['own', 2, 3],
    ]);
    const sums = await parents(fixed(...pieces), documents, { score: 'sum' })({ text: 'q', minScore: 5 });
    expect(sums.map(({ id, score }) => [id, score])).toEqual([
      ['one', 8],
      ['two', 5],
    ]);
  });

  it('counts k in parents, asks for more pieces, and reads only what it gives', async () => {
    const read: (readonly string[])[] = [];
    const asked: Query[] = [];
    const search = retriever((query) => {
      asked.push(query);
      return pieces;
    });
    const lookup = {
      get: async (wanted: readonly string[]) => {
        read.push(wanted);
        return wanted.map((id) => documents.get(id));
      },
    };
    expect(ids(await parents(search, lookup)({ text: 'q', k: 2 }))).toEqual(['two', 'one']);
    expect(asked).toEqual([{ text: 'q', k: 8 }]);
    expect(read).toEqual([['two', 'one']]);
  });

  it('shows where the pieces stand when asked to, and lets a piece stand in for a missing parent', async () => {
    const [, one] = await parents(fixed(...pieces), documents, { isHighlighted: true })('q');
    expect(one?.highlights).toEqual([{ start: 0, end: 12 }]);
    expect(ids(await parents(fixed(piece('gone', 0, 1)), documents)('q'))).toEqual(['gone#0']);
  });

  it('reads from a store', async () => {
    await using store = await bm25();
    await store.add([...documents.values()]);
    expect(ids(await parents(fixed(...pieces), store)({ text: 'q', k: 1 }))).toEqual(['two']);
    expect(() => parents(fixed(), documents, { score: 'mean' as 'max' })).toThrow(/max, sum/u);
  });
});

describe('diversify', () => {
  it('puts a hit that says something else before one that repeats', async () => {
    const hits = [hit('a', 9, 'swept wing lift'), hit('b', 8, 'swept wing lift again'), hit('c', 5, 'bread and yeast')];
    expect(ids(await diversify(fixed(...hits), { lambda: 0.5 })({ text: 'q', k: 2 }))).toEqual(['a', 'c']);
    expect(ids(await diversify(fixed(...hits), { lambda: 1 })({ text: 'q', k: 2 }))).toEqual(['a', 'b']);
  });
});

describe('distinct', () => {
  const page = Array.from({ length: 60 }, (_, at) => `word${at}`).join(' ');

  it('leaves out what repeats an earlier hit nearly word for word, and keeps what shares less', async () => {
    const hits = [
      hit('a', 5, page),
      hit('b', 4, `${page} more`),
      hit('c', 3, page.slice(page.length / 2)),
      hit('d', 2, page),
    ];
    expect(ids(await distinct(fixed(...hits))('q'))).toEqual(['a', 'c']);
    expect(ids(await distinct(fixed(...hits), { threshold: 1 })('q'))).toEqual(['a', 'b', 'c']);
  });

  it('knows equal short and empty texts, and keeps different ones', async () => {
    expect(
      ids(await distinct(fixed(hit('a', 4, ''), hit('b', 3, ''), hit('c', 2, 'x'), hit('d', 1, 'y')))('q')),
    ).toEqual(['a', 'c', 'd']);
  });
});

describe('cutoff', () => {
  const hits = [hit('a', 10), hit('b', 8), hit('c', 6), hit('d', 1)];
  it('ends the list at a share of the best score, or at a fall', async () => {
    expect(ids(await cutoff(fixed(...hits))('q'))).toEqual(['a', 'b', 'c']);
    expect(ids(await cutoff(fixed(...hits), { minRatio: 0.7 })('q'))).toEqual(['a', 'b']);
    expect(ids(await cutoff(fixed(...hits), { minRatio: 0, maxDrop: 0.22 })('q'))).toEqual(['a', 'b']);
    expect(await cutoff(fixed())('q')).toEqual([]);
    expect(() => cutoff(fixed(), { minRatio: 2 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});
