import { describe, expect, it } from 'vitest';
import type { Document, Hit, KeywordIndex, KeywordSearchOptions } from '../../core/index.js';

/** Search options that an implementation may leave out; it then refuses them with `unsupported`. */
export interface KeywordIndexSupport {
  /** @default true */
  readonly isPrefix?: boolean;
  /** @default true */
  readonly maxEdits?: boolean;
  /** @default true */
  readonly isHighlighted?: boolean;
}

/** Gives the index under test, which holds the documents of the suite. */
type IndexOf = () => KeywordIndex;

const idsOf = (documents: readonly Document[]): string[] => documents.map(({ id }) => id);
const search = async (index: IndexOf, text: string, options: KeywordSearchOptions): Promise<string[]> =>
  idsOf(await index().search(text, options));
const sortedIds = async (index: IndexOf, text: string, options: KeywordSearchOptions): Promise<string[]> =>
  (await search(index, text, options)).sort();

/** The option's own tests or, where it is said to be missing, that the index says so too. */
const describeOption = (
  name: keyof KeywordIndexSupport,
  isThere: boolean,
  index: IndexOf,
  options: KeywordSearchOptions,
  tests: () => void,
): void => {
  describe(`with ${name}`, () => {
    if (isThere) tests();
    else {
      it('says that it cannot do it', async () => {
        await expect(index().search('money', options)).rejects.toMatchObject({ code: 'unsupported' });
      });
    }
  });
};

/** What an index does with the options of a keyword search that other searches do not have. */
export const describeKeywordOptions = (index: IndexOf, supports: KeywordIndexSupport): void => {
  const { isPrefix = true, maxEdits = true, isHighlighted = true } = supports;
  describeOption('isPrefix', isPrefix, index, { isPrefix: true }, () => {
    describePrefix(index);
  });
  describeOption('maxEdits', maxEdits, index, { maxEdits: 1 }, () => {
    describeEdits(index);
  });
  describeOption('isHighlighted', isHighlighted, index, { isHighlighted: true }, () => {
    describeHighlights(index);
    if (!isPrefix || !maxEdits) return;
    it('marks the words that stand for a beginning or a misspelt word', async () => {
      const options = { isHighlighted: true, isPrefix: true, maxEdits: 1 } as const;
      expect((await index().search('ling supers', options)).map(marked)).toEqual([['wing', 'supersonic']]);
    });
  });
};

const describePrefix = (index: IndexOf): void => {
  const isPrefix = true;

  it('takes the last word of a query for the beginning of one, and only the last', async () => {
    expect(await search(index, 'supers', {})).toEqual([]);
    expect(await search(index, 'supers', { isPrefix })).toEqual(['wings']);
    expect(await sortedIds(index, 'money supers', { isPrefix })).toEqual(['refunds', 'shipping', 'wings']);
    expect(await sortedIds(index, 'supers money', { isPrefix })).toEqual(['refunds', 'shipping']);
    expect(await search(index, '', { isPrefix })).toEqual([]);
    expect(await search(index, 'xylo', { isPrefix })).toEqual([]);
  });

  it('finds a word at every letter that is typed from the third on', async () => {
    for (const word of ['supersonic', 'arrive', 'delivery', 'refund']) {
      for (let length = 3; length <= word.length; length++) {
        const found = await search(index, word.slice(0, length), { isPrefix });
        expect(found, word.slice(0, length)).toContain(
          word === 'supersonic' ? 'wings' : word === 'refund' ? 'refunds' : 'shipping',
        );
      }
    }
  });

  it('puts the word itself before longer ones', async () => {
    await index().add([
      { id: 'longer', text: 'zebrawood' },
      { id: 'itself', text: 'zebra' },
    ]);
    expect(await search(index, 'zebra', { isPrefix })).toEqual(['itself', 'longer']);
  });

  it('keeps to the filter and to k', async () => {
    expect(await search(index, 'mon', { isPrefix, filter: { year: 2020 } })).toEqual(['shipping']);
    expect(await search(index, 'mon', { isPrefix, k: 1 })).toHaveLength(1);
  });
};

const describeEdits = (index: IndexOf): void => {
  it('finds words that differ by as many letters as allowed, and no others', async () => {
    for (const [query, edits] of [
      ['supersonic', 0],
      ['sypersonic', 1],
      ['suprsonic', 1],
      ['superssonic', 1],
      ['sypursonic', 2],
      ['xyzersonic', 3],
    ] as const) {
      for (const maxEdits of [0, 1, 2] as const) {
        const expected = edits <= maxEdits ? ['wings'] : [];
        expect(await search(index, query, { maxEdits }), `${query} with ${maxEdits}`).toEqual(expected);
      }
    }
  });

  it('lets every word of a query differ', async () => {
    expect(await sortedIds(index, 'supersinic parcal', { maxEdits: 1 })).toEqual(['shipping', 'wings']);
  });

  it('takes short words as they are', async () => {
    await index().add([{ id: 'ox', text: 'ox' }]);
    expect(await search(index, 'ax', { maxEdits: 2 })).toEqual([]);
    expect(await search(index, 'ox', { maxEdits: 2 })).toEqual(['ox']);
  });

  it('puts the word itself before similar ones, however rare these are', async () => {
    await index().add([
      { id: 'similar', text: 'garbles' },
      { id: 'itself', text: 'marbles' },
      { id: 'also', text: 'marbles' },
    ]);
    expect((await search(index, 'marbles', { maxEdits: 2 })).at(-1)).toBe('similar');
    expect(await search(index, 'garbles', { maxEdits: 1, k: 1 })).toEqual(['similar']);
  });

  it('keeps to the filter, and refuses a number of edits that it does not know', async () => {
    expect(await search(index, 'muney', { maxEdits: 1, filter: { year: 2020 } })).toEqual(['shipping']);
    for (const maxEdits of [3, -1, 0.5, Number.NaN] as unknown as readonly (0 | 1 | 2)[]) {
      await expect(index().search('money', { maxEdits })).rejects.toMatchObject({ code: 'bad-option' });
    }
  });
};

const marked = ({ text, highlights = [] }: Hit): string[] => highlights.map(({ start, end }) => text.slice(start, end));

const describeHighlights = (index: IndexOf): void => {
  const isHighlighted = true;

  it('tells where the words of the query stand in the text', async () => {
    const hits = await index().search('money refund', { isHighlighted });
    expect(hits.map(marked)).toEqual([['money'], ['money']]);
    expect(hits[0]?.highlights).toEqual([{ start: 12, end: 17 }]);
  });

  it('marks inflected words whole, in order', async () => {
    const [hit] = await index().search('arriving parcel', { isHighlighted });
    expect(hit && marked(hit)).toEqual(['Parcels', 'arrive']);
  });

  it('marks nothing in a text whose title alone matched, and leaves highlights out unless asked', async () => {
    expect((await index().search('refund', { isHighlighted }))[0]?.highlights).toEqual([]);
    expect((await index().search('money'))[0]).not.toHaveProperty('highlights');
  });

  it('counts in UTF-16 code units, whatever stands before', async () => {
    const text = '😀 Ｍoney ﬁrst, e\u0301te\u0301 — zebra\u00a0zebra, ZEBRA!\n\nİstanbul zebra';
    await index().add([{ id: 'mixed', text }]);
    const [hit] = await index().search('zebra', { isHighlighted });
    expect(hit && marked(hit)).toEqual(['zebra', 'zebra', 'ZEBRA', 'zebra']);
  });
};
