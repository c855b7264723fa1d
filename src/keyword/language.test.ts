import { describe, expect, it } from 'vitest';
import { bm25, type Language, languageAnalyzer } from './index.js';

describe('languageAnalyzer', () => {
  it('reduces words to the stems of their language', async () => {
    const pairs: readonly (readonly [Language, string, string])[] = [
      ['german', 'Häuser', 'Haus'],
      ['french', 'mangées', 'manger'],
      ['spanish', 'canciones', 'canción'],
      ['italian', 'gatti', 'gatto'],
      ['russian', 'книги', 'книга'],
      ['swedish', 'flickorna', 'flicka'],
      ['turkish', 'evler', 'ev'],
    ];
    for (const [language, one, other] of pairs) {
      const analyze = await languageAnalyzer(language);
      expect(analyze(one), language).toEqual(analyze(other));
    }
  });

  it('leaves out the stop words of the language when asked, besides those given', async () => {
    const analyze = await languageAnalyzer('german', { shouldDropStopWords: true, stopWords: new Set(['katze']) });
    expect(analyze('Die Katze und das Haus')).toEqual(['haus']);
    expect((await languageAnalyzer('german'))('Die Katze')).toEqual(['die', 'katz']);
  });

  it('finds inflected German words, marks them whole, and takes words without umlauts when marks are folded', async () => {
    await using index = await bm25({ analyzer: await languageAnalyzer('german', { hasDiacritics: false }) });
    await index.add([{ id: 'a', text: 'Viele alte Häuser stehen leer.' }]);
    const [hit] = await index.search('hauser', { isHighlighted: true });
    expect(hit?.highlights?.map(({ start, end }) => hit.text.slice(start, end))).toEqual(['Häuser']);
  });

  it('has an id of its own for each language and option', async () => {
    const ids = await Promise.all([
      languageAnalyzer('german'),
      languageAnalyzer('dutch'),
      languageAnalyzer('english'),
      languageAnalyzer('german', { shouldDropStopWords: true }),
      languageAnalyzer('german', { hasDiacritics: false }),
    ]);
    expect(new Set(ids.map(({ id }) => id)).size).toBe(5);
  });

  it('refuses a language that it does not know, and stop words that there are none of', async () => {
    const unknown = languageAnalyzer('klingon' as Language);
    await expect(unknown).rejects.toMatchObject({ code: 'bad-option', message: expect.stringContaining('german') });
    await expect(languageAnalyzer('constructor' as Language)).rejects.toMatchObject({ code: 'bad-option' });
    const tamil = languageAnalyzer('tamil', { shouldDropStopWords: true });
    await expect(tamil).rejects.toMatchObject({ code: 'unsupported' });
  });
});
