import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRun, type Document, type Filter, type KeywordIndex } from '../../core/index.js';
import { describeKeywordOptions, type KeywordIndexSupport } from './keyword-index-options.js';

export interface KeywordIndexSuite {
  /** Opens an index that is new and empty. The suite closes it. */
  readonly open: () => Promise<KeywordIndex>;
  /** Which options of `KeywordSearchOptions` it has; one that it lacks it must refuse. @default all */
  readonly supports?: KeywordIndexSupport;
}

const refunds: Document = {
  id: 'refunds',
  title: 'Refund policy',
  text: 'We pay your money back within five days.',
  source: 'policy.md',
  place: { start: 0, end: 40, headings: ['Shop', 'Money'] },
  metadata: { year: 2024, tags: ['money', 'shop'], isPublic: true },
};
const shipping: Document = {
  id: 'shipping',
  text: 'Parcels arrive within three days; money is due on delivery.',
  metadata: { year: 2020 },
};
const wings: Document = { id: 'wings', text: 'The lift of a swept wing at supersonic speed.' };

const idsOf = (documents: readonly Document[]): string[] => documents.map((document) => document.id);
const entriesOf = async (index: KeywordIndex): Promise<Document[]> => {
  const found: Document[] = [];
  for await (const document of index.entries()) found.push(document);
  return found;
};
const foundIds = async (index: KeywordIndex, text: string, filter?: Filter): Promise<string[]> =>
  idsOf(await index.search(text, filter === undefined ? { k: 1000 } : { k: 1000, filter })).sort();

/** What every `KeywordIndex` must do. Run it in a vitest file of the implementation. */
export const describeKeywordIndex = (name: string, suite: KeywordIndexSuite): void => {
  describe(`${name} as a keyword index`, () => {
    let index: KeywordIndex;
    beforeEach(async () => {
      index = await suite.open();
      await index.add([refunds, shipping, wings]);
    });
    afterEach(() => index.close());

    describeSearch(() => index);
    describeChanges(() => index);
    describeRefusals(() => index);
    describeReading(() => index);
    describeRandomChanges(() => index);
    describeKeywordOptions(() => index, suite.supports ?? {});
  });
};

const describeSearch = (index: () => KeywordIndex): void => {
  it('finds documents by words of text and title, best first, with all their fields', async () => {
    const hits = await index().search('money refund');
    expect(idsOf(hits)).toEqual(['refunds', 'shipping']);
    expect(hits[0]).toMatchObject({ ...refunds, score: expect.any(Number) });
    expect(hits[0]?.score).toBeGreaterThan(hits[1]?.score ?? Number.NaN);
  });

  it('finds nothing for a query without known words', async () => {
    expect(await index().search('')).toEqual([]);
    expect(await index().search('?! …')).toEqual([]);
    expect(await index().search('zebra constructor __proto__ toString')).toEqual([]);
  });

  it('gives at most k hits, and refuses a k below 1', async () => {
    expect(idsOf(await index().search('money', { k: 1 }))).toHaveLength(1);
    await expect(index().search('money', { k: 0 })).rejects.toMatchObject({ code: 'bad-option' });
    await expect(index().search('money', { k: Number.NaN })).rejects.toMatchObject({ code: 'bad-option' });
  });

  it('leaves out hits below minScore', async () => {
    const [best] = await index().search('money refund');
    const hits = await index().search('money refund', { minScore: best?.score ?? Number.NaN });
    expect(idsOf(hits)).toEqual(['refunds']);
  });

  it('keeps to the filter', async () => {
    expect(await foundIds(index(), 'money days', { year: { $gte: 2021 } })).toEqual(['refunds']);
    expect(await foundIds(index(), 'money days', { tags: 'shop' })).toEqual(['refunds']);
    expect(await foundIds(index(), 'money days wing', { year: { $exists: false } })).toEqual(['wings']);
    await expect(index().search('money', { filter: { year: { $near: 1 } } as Filter })).rejects.toMatchObject({
      code: 'bad-option',
    });
  });

  it('makes a retriever whose options give way to those of the query', async () => {
    const retriever = index().retriever({ k: 1, filter: { year: 2020 } });
    expect(idsOf(await retriever('money'))).toEqual(['shipping']);
    expect(idsOf(await retriever({ text: 'money', filter: { year: 2024 } }))).toEqual(['refunds']);
    expect(await retriever({ text: 'money days', k: 5, filter: { year: { $exists: true } } })).toHaveLength(2);
  });
};

const describeChanges = (index: () => KeywordIndex): void => {
  it('refuses to add an id that is there, or twice in one call, and then adds nothing', async () => {
    const fresh = { id: 'fresh', text: 'zebra' };
    await expect(index().add([fresh, wings])).rejects.toMatchObject({ code: 'duplicate-id' });
    await expect(index().add([fresh, fresh])).rejects.toMatchObject({ code: 'duplicate-id' });
    expect(await foundIds(index(), 'zebra')).toEqual([]);
    expect((await index().stats()).count).toBe(3);
  });

  it('replaces by upsert: new words are found, old ones are not, and the last of equal ids stays', async () => {
    await index().upsert([
      { id: 'wings', text: 'zebra' },
      { id: 'wings', text: 'okapi' },
      { id: 'more', text: 'okapi' },
    ]);
    expect(await foundIds(index(), 'okapi')).toEqual(['more', 'wings']);
    expect(await foundIds(index(), 'zebra supersonic')).toEqual([]);
    expect((await index().stats()).count).toBe(4);
  });

  it('deletes by id and says how many there were', async () => {
    expect(await index().delete(['wings', 'nobody', 'wings'])).toBe(1);
    expect(await index().delete(['wings'])).toBe(0);
    expect(await foundIds(index(), 'wing')).toEqual([]);
    await index().add([wings]);
    expect(await foundIds(index(), 'wing')).toEqual(['wings']);
  });

  it('deletes by filter and says how many there were', async () => {
    expect(await index().delete({ year: { $exists: true } })).toBe(2);
    expect(idsOf(await entriesOf(index()))).toEqual(['wings']);
    await expect(index().delete({ $nothing: [] } as unknown as Filter)).rejects.toMatchObject({ code: 'bad-option' });
  });
};

const describeRefusals = (index: () => KeywordIndex): void => {
  it('refuses what is no document, and then adds nothing', async () => {
    for (const bad of [{ id: '', text: 'x' }, { id: 'x' }, { text: 'x' }, { id: 'x', text: 1 }, undefined]) {
      const entries = [{ id: 'good', text: 'zebra' }, bad] as Document[];
      await expect(index().upsert(entries)).rejects.toMatchObject({ code: 'bad-input' });
    }
    const metadata = { depth: Number.NaN };
    await expect(index().add([{ id: 'x', text: 'x', metadata }])).rejects.toMatchObject({ code: 'bad-input' });
    expect(await foundIds(index(), 'zebra')).toEqual([]);
  });

  it('does nothing for a run that is aborted, and rejects with its reason', async () => {
    const run = createRun({ signal: AbortSignal.abort('gone') });
    await expect(index().add([{ id: 'x', text: 'zebra' }], run)).rejects.toBe('gone');
    await expect(index().delete(['wings'], run)).rejects.toBe('gone');
    await expect(index().search('wing', {}, run)).rejects.toBe('gone');
    expect(idsOf(await entriesOf(index())).sort()).toEqual(['refunds', 'shipping', 'wings']);
  });

  it('does calls made at once in their order', async () => {
    const doing = [
      index().upsert([{ id: 'x', text: 'first' }]),
      index().delete(['x']),
      index().add([{ id: 'x', text: 'second' }]),
      index().add([{ id: 'x', text: 'third' }]),
    ];
    const outcomes = await Promise.allSettled(doing);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    expect(await foundIds(index(), 'first second third')).toEqual(['x']);
    expect((await index().get(['x']))[0]?.text).toBe('second');
  });
};

const describeReading = (index: () => KeywordIndex): void => {
  it('gets documents by id, in order, undefined where there is none', async () => {
    expect(await index().get(['wings', 'nobody', 'refunds', '__proto__'])).toEqual([
      wings,
      undefined,
      refunds,
      undefined,
    ]);
  });

  it('lists all documents in the same order again, also while they change', async () => {
    const first = idsOf(await entriesOf(index()));
    expect(idsOf(await entriesOf(index()))).toEqual(first);
    const seen: string[] = [];
    for await (const { id } of index().entries()) {
      seen.push(id);
      await index().upsert([{ id, text: 'zebra' }]);
    }
    expect(seen).toEqual(first);
  });

  it('tells how many documents there are and when they changed', async () => {
    const before = await index().stats();
    expect(before).toMatchObject({ count: 3, memoryBytes: expect.any(Number), lastChangedMs: expect.any(Number) });
    await index().add([{ id: 'more', text: 'zebra' }]);
    const after = await index().stats();
    expect(after.count).toBe(4);
    expect(after.memoryBytes).toBeGreaterThanOrEqual(before.memoryBytes);
    expect(after.lastChangedMs).toBeGreaterThanOrEqual(before.lastChangedMs ?? Number.NaN);
  });

  it('keeps its own copy of documents, and takes ids and metadata named like built-ins as plain data', async () => {
    const metadata: Record<string, number> = JSON.parse('{"__proto__": 1, "constructor": 2}');
    await index().add([{ id: '__proto__', text: 'constructor', metadata }]);
    metadata.constructor = 3 as never;
    expect(await foundIds(index(), 'constructor', { constructor: 2 } as never)).toEqual(['__proto__']);
    expect(await foundIds(index(), 'constructor', JSON.parse('{"__proto__": 1}'))).toEqual(['__proto__']);
    expect(await index().delete(['__proto__'])).toBe(1);
  });

  it('refuses every call once it is closed, and may be closed twice', async () => {
    await index().close();
    await index().close();
    await expect(index().search('wing')).rejects.toMatchObject({ code: 'store-closed' });
    await expect(index().add([])).rejects.toMatchObject({ code: 'store-closed' });
    await expect(index().get(['wings'])).rejects.toMatchObject({ code: 'store-closed' });
    await expect(index().stats()).rejects.toMatchObject({ code: 'store-closed' });
  });
};

const vocabulary = ['ant', 'bee', 'cat', 'dog', 'elk'] as const;
const documentArbitrary = fc.record({
  id: fc.constantFrom('1', '2', '3', '4', '5', '6'),
  text: fc.array(fc.constantFrom(...vocabulary), { maxLength: 6 }).map((some) => some.join(' ')),
  metadata: fc.record({ group: fc.constantFrom(1, 2) }),
});
const changeArbitrary = fc.oneof(
  { weight: 3, arbitrary: fc.array(documentArbitrary, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom('1', '2', '3', '4', '5', '6'), { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.record({ group: fc.constantFrom(1, 2) }) },
);

const isIds = (change: readonly unknown[]): change is readonly string[] => typeof change[0] === 'string';

const describeRandomChanges = (index: () => KeywordIndex): void => {
  it('finds exactly the living documents with the word after any changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(changeArbitrary, { maxLength: 12 }), async (changes) => {
        await index().delete(idsOf(await entriesOf(index())));
        const model = new Map<string, Document>();
        for (const change of changes) {
          if (!Array.isArray(change)) {
            await index().delete(change as Filter);
            for (const { id, metadata } of [...model.values()]) {
              if (metadata?.group === (change as { group: number }).group) model.delete(id);
            }
          } else if (isIds(change)) {
            await index().delete(change);
            for (const id of change) model.delete(id);
          } else {
            await index().upsert(change as readonly Document[]);
            for (const document of change as readonly Document[]) model.set(document.id, document);
          }
        }
        for (const word of vocabulary) {
          const expected = [...model.values()].filter(({ text }) => text.split(' ').includes(word));
          expect(await foundIds(index(), word)).toEqual(idsOf(expected).sort());
          const inGroup = expected.filter(({ metadata }) => metadata?.group === 1);
          expect(await foundIds(index(), word, { group: 1 })).toEqual(idsOf(inGroup).sort());
        }
        expect(idsOf(await entriesOf(index())).sort()).toEqual([...model.keys()].sort());
      }),
      { numRuns: 40 },
    );
  });
};
