import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzer, locateTerms, stopWords, words } from './index.js';

const textArbitrary = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
      fc.constantFrom(
        ' ',
        'e-mail',
        'E-Mail',
        'maxRetries',
        'fs.promises',
        'HTTPServer2',
        'ﬁnd',
        '㎏',
        'ΟΔΟΣ',
        'İstanbul',
      ),
      fc.constantFrom(
        '東京都',
        'กรุงเทพ',
        'e\u0301te\u0301',
        '한국',
        '\u1112\u1161\u11ab',
        '😀',
        '１２',
        '\u00a0',
        '´',
        'Straße',
      ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

describe('analyzer().locate', () => {
  it('gives the terms of the analyzer, in order, for any text and options', () => {
    fc.assert(
      fc.property(textArbitrary, fc.boolean(), fc.boolean(), (text, hasIdentifiers, hasDiacritics) => {
        const analyze = analyzer({ hasIdentifiers, hasDiacritics, stopWords });
        expect(locateTerms(analyze, text).map(({ term }) => term)).toEqual(analyze(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('says where each word stands: read on its own, the stretch gives the word again', () => {
    fc.assert(
      fc.property(textArbitrary, (text) => {
        for (const { word, start, end } of locateTerms(analyzer({ isStemmed: false }), text)) {
          expect(start).toBeLessThan(end);
          expect(end).toBeLessThanOrEqual(text.length);
          const stretch = text.slice(start, end);
          // A stretch may hold more than the word where one character stands for several, and sigma looks at what follows.
          expect(words(stretch).join(' ').replaceAll('ς', 'σ')).toContain(word.replaceAll('ς', 'σ'));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('finds the parts of names, pairs of characters, and words that folding changed', () => {
    const at = (text: string, hasIdentifiers = false): string[] =>
      locateTerms(analyzer({ hasIdentifiers, isStemmed: false }), text).map(
        ({ term, start, end }) => `${term}=${text.slice(start, end)}`,
      );
    expect(at('call maxRetries()', true)).toEqual(['call=call', 'maxretries=maxRetries', 'max=max', 'retries=Retries']);
    expect(at('fs.promises', true)).toEqual(['fs.promises=fs.promises', 'fs=fs', 'promises=promises']);
    expect(at('東京都x')).toEqual(['東京=東京', '京都=京都', 'x=x']);
    expect(at('an E-Mail, ﬁnd １２')).toEqual(['an=an', 'email=E-Mail', 'find=ﬁnd', '12=１２']);
  });

  it('looks at each word on its own where an analyzer cannot tell', () => {
    const upper = (text: string): readonly string[] => text.toUpperCase().match(/[A-Z]+/gu) ?? [];
    expect(locateTerms(upper, 'ab, cd')).toEqual([
      { term: 'AB', word: 'AB', start: 0, end: 2 },
      { term: 'CD', word: 'CD', start: 4, end: 6 },
    ]);
  });
});

describe('analyzer', () => {
  it('folds the marks on letters when asked, also of words that are stemmed', () => {
    const fold = analyzer({ hasDiacritics: false });
    expect(fold('Crème brûlées, Straße, Łódź, Ærø')).toEqual(fold('Creme brulees, Strasse, Lodz, Aero'));
    expect(analyzer({ isStemmed: false })('crème')).toEqual(['crème']);
    // In other scripts a mark is a letter of its own.
    expect(fold('हिन्दी')).toEqual(analyzer()('हिन्दी'));
  });

  it('has an id that tells apart what makes other terms', () => {
    const ids = [
      analyzer(),
      analyzer({ isStemmed: false }),
      analyzer({ hasIdentifiers: true }),
      analyzer({ hasDiacritics: false }),
      analyzer({ stopWords: new Set(['a']) }),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(analyzer({ stopWords: new Set(['a', 'b']) }).id).toBe(analyzer({ stopWords: new Set(['b', 'a']) }).id);
  });
});
