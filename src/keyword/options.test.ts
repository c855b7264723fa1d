import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Document, type KeywordSearchOptions, seededRandom } from '../core/index.js';
import { words } from '../text/index.js';
import { analyzer, bm25 } from './index.js';
import { createVocabulary, termsLike, termsWithPrefix } from './vocabulary.js';

/** Edits between two words, from the definition: optimal string alignment. */
const editsBetween = (a: string, b: string): number => {
  const table = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (__, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  const at = (i: number, j: number): number => table[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const row = table[i] as number[];
      row[j] = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        isSwap ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
  }
  return at(a.length, b.length);
};

/** What each term counts for a query, from the rules of docs/keywords.md. */
const factorsFor = (
  word: string,
  vocabulary: Iterable<string>,
  { maxEdits = 0, isPrefix = false }: KeywordSearchOptions,
): ReadonlyMap<string, number> => {
  const allowed = Math.min(maxEdits, word.length < 3 ? 0 : word.length < 6 ? 1 : 2);
  const factors = new Map<string, number>();
  for (const term of vocabulary) {
    const edits = editsBetween(word, term);
    const factor = Math.max(
      edits <= allowed ? 0.5 ** edits : 0,
      isPrefix && term.startsWith(word) ? word.length / term.length : 0,
    );
    if (factor > 0) factors.set(term, factor);
  }
  return factors;
};

const bruteForce = (
  documents: readonly Document[],
  query: string,
  options: KeywordSearchOptions,
): readonly { readonly id: string; readonly score: number }[] => {
  const read = documents.map(({ id, text }) => ({ id, terms: words(text) }));
  const average = read.reduce((sum, { terms }) => sum + terms.length, 0) / read.length;
  const vocabulary = new Set(read.flatMap(({ terms }) => terms));
  const idf = (term: string): number => {
    const having = read.filter(({ terms }) => terms.includes(term)).length;
    return having === 0 ? Number.POSITIVE_INFINITY : Math.log(1 + (read.length - having + 0.5) / (having + 0.5));
  };
  const weights = new Map<string, number>();
  const asked = words(query);
  for (const word of new Set(asked)) {
    const isLast = word === asked.at(-1);
    const factors = factorsFor(word, vocabulary, { ...options, isPrefix: isLast && options.isPrefix === true });
    for (const [term, factor] of factors) {
      const count = asked.filter((other) => other === word).length;
      const weight = Math.min(idf(term), idf(word)) * factor * count;
      weights.set(term, (weights.get(term) ?? 0) + weight);
    }
  }
  return read
    .map(({ id, terms }) => {
      let score = 0;
      for (const [term, weight] of weights) {
        const f = terms.filter((other) => other === term).length;
        if (f > 0) score += (weight * f * 2.2) / (f + 1.2 * (0.25 + (0.75 * terms.length) / average));
      }
      return { id, score };
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score);
};

const wordArbitrary = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 7 });
const textArbitrary = fc.array(wordArbitrary, { maxLength: 8 }).map((some) => some.join(' '));
const documentsArbitrary = fc.array(fc.record({ id: fc.nat(12).map(String), text: textArbitrary }), { maxLength: 25 });
const optionsArbitrary = fc.record({ maxEdits: fc.constantFrom(0, 1, 2), isPrefix: fc.boolean() });

describe('bm25 with beginnings and misspelt words', () => {
  it('scores exactly as its rules say, also after replacing and deleting', async () => {
    await fc.assert(
      fc.asyncProperty(documentsArbitrary, textArbitrary, optionsArbitrary, async (documents, query, options) => {
        await using index = await bm25({ analyzer: words });
        for (const document of documents) await index.upsert([document]);
        await index.delete(['3', '7']);
        const living = new Map(documents.map((document) => [document.id, document]));
        for (const id of ['3', '7']) living.delete(id);
        const expected = bruteForce([...living.values()], query, options as KeywordSearchOptions);
        const hits = await index.search(query, { ...(options as KeywordSearchOptions), k: 100 });
        expect(hits.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort());
        hits.forEach((hit, at) => {
          expect(hit.score).toBeCloseTo(expected[at]?.score ?? Number.NaN, 5);
          expect(hit.score).toBeCloseTo(expected.find(({ id }) => id === hit.id)?.score ?? Number.NaN, 5);
        });
      }),
      { numRuns: 150 },
    );
  });

  it('Q27 takes at most fifty other words for one, the most frequent', async () => {
    await using index = await bm25({ analyzer: words });
    const rare = Array.from({ length: 200 }, (_, at) => ({ id: `rare${at}`, text: `marker${at}` }));
    await index.add([...rare, { id: 'a', text: 'markerplus' }, { id: 'b', text: 'markerplus' }]);
    const hits = await index.search('marker', { isPrefix: true, k: 1000 });
    expect(hits).toHaveLength(51);
    expect(hits.map(({ id }) => id)).toEqual(expect.arrayContaining(['a', 'b']));
  });

  it('takes the last word for whole once a space follows it', async () => {
    await using index = await bm25({ analyzer: words });
    await index.add([
      { id: 'wing', text: 'wing' },
      { id: 'wings', text: 'wings' },
    ]);
    expect(await index.search('wing', { isPrefix: true })).toHaveLength(2);
    expect(await index.search('wing ', { isPrefix: true })).toHaveLength(1);
  });

  it('gives a retriever the same options, which those of a question win over', async () => {
    await using index = await bm25({ analyzer: words });
    await index.add([{ id: 'wings', text: 'wings' }]);
    const [typed] = await index.retriever({ isPrefix: true, isHighlighted: true })('win');
    expect(typed?.highlights).toEqual([{ start: 0, end: 5 }]);
    const mistyped = index.retriever({ maxEdits: 1 });
    expect(await mistyped('wigns')).toHaveLength(1);
    expect(await mistyped({ text: 'wigns', minScore: 100 })).toEqual([]);
  });

  it('does not look for words like a hash', async () => {
    await using index = await bm25({ analyzer: words });
    const hash = 'f00d'.repeat(20);
    await index.add([{ id: 'hash', text: hash }]);
    expect(await index.search(`${hash.slice(1)}0`, { maxEdits: 2 })).toEqual([]);
    expect(await index.search(hash, { maxEdits: 2 })).toHaveLength(1);
  });

  it('takes parts of a name in code for beginnings, too', async () => {
    await using index = await bm25({ analyzer: analyzer({ hasIdentifiers: true }) });
    await index.add([
      { id: 'retries', text: 'set maxRetries to 3' },
      { id: 'wait', text: 'set maxWaitMs to 3' },
    ]);
    const [hit] = await index.search('maxRet', { isPrefix: true, isHighlighted: true });
    expect(hit?.id).toBe('retries');
    expect(hit?.highlights).toEqual([{ start: 4, end: 14 }]);
  });
});

const vocabularyArbitrary = fc.uniqueArray(
  fc.oneof(wordArbitrary, fc.string({ unit: 'binary', minLength: 1, maxLength: 4 })),
  { maxLength: 80 },
);

describe('vocabulary', () => {
  it('finds the terms that begin with a prefix or are like a word, sorted or not', async () => {
    await fc.assert(
      fc.asyncProperty(vocabularyArbitrary, wordArbitrary, fc.constantFrom(1, 2), async (terms, word, maxEdits) => {
        const expected = terms.filter((term) => editsBetween(word, term) <= maxEdits).sort();
        for (const vocabulary of [
          { sorted: [...terms].sort(), recent: [] },
          { sorted: terms.slice(0, 40).sort(), recent: terms.slice(40) },
        ]) {
          const like = await termsLike(vocabulary, word, maxEdits);
          expect(like.map(({ term }) => term).sort()).toEqual(expected);
          for (const { term, edits } of like) expect(edits).toBe(editsBetween(word, term));
          const beginning = termsWithPrefix(vocabulary, word);
          expect([...beginning].sort()).toEqual(terms.filter((term) => term.startsWith(word)).sort());
        }
      }),
      { numRuns: 300 },
    );
  });

  it('stays sorted while terms come, also when two ask at once', async () => {
    const random = seededRandom(3);
    const names: string[] = [];
    const vocabularyOf = createVocabulary();
    for (const count of [10, 700, 5000, 3, 600]) {
      for (let i = 0; i < count; i++) names.push(`${Math.floor(random() * 1e9).toString(36)}.${names.length}`);
      for (const { sorted, recent } of await Promise.all([vocabularyOf(names), vocabularyOf(names)])) {
        expect([...sorted, ...recent].sort()).toEqual([...names].sort());
        expect(sorted).toEqual([...sorted].sort());
        expect(recent.length).toBeLessThanOrEqual(512);
      }
    }
  });
});
