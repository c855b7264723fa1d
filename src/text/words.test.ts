import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze, analyzer, identifierWords, stem, stopWords, textPieces, wordRarity, words } from './index.js';

describe('words', () => {
  it('takes `e-mail` and `email` for the same word, and leaves other hyphens alone', () => {
    expect(words('E-Mail, e-books; the-mail, e-3')).toEqual(['email', 'ebooks', 'the', 'mail', 'e', '3']);
    expect(words('Über e-Mail')).toEqual(['über', 'email']);
  });

  it('gives letters and digits in lower case', () => {
    expect(words("Don't_stop: p-retry 3.14 X15!")).toEqual(['don', 't', 'stop', 'p', 'retry', '3', '14', 'x15']);
    expect(words('')).toEqual([]);
    expect(words('—…!')).toEqual([]);
  });

  it('brings different spellings of a character together', () => {
    expect(words('ﬁne Cafe\u0301 ＡＢＣ ２')).toEqual(['fine', 'café', 'abc', '2']);
  });

  it('gives pairs of characters for scripts without spaces', () => {
    expect(words('検索する LLMで我')).toEqual(['検索', '索す', 'する', 'llm', 'で我']);
    expect(words('我 ok')).toEqual(['我', 'ok']);
  });

  it('does the same for plain ASCII as for any other text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 60 }), (text) => {
        expect(words(text)).toEqual(words(`${text} é`).slice(0, -1));
      }),
    );
  });
});

describe('identifierWords', () => {
  it('takes compound names apart and keeps them whole too', () => {
    expect(identifierWords('maxRetries')).toEqual(['maxretries', 'max', 'retries']);
    expect(identifierWords('parseURLFast')).toEqual(['parseurlfast', 'parse', 'url', 'fast']);
    expect(identifierWords('p-retry max_retries fs.promises')).toEqual([
      'p-retry',
      'p',
      'retry',
      'max_retries',
      'max',
      'retries',
      'fs.promises',
      'fs',
      'promises',
    ]);
    expect(identifierWords('sha256 Plain UPPER.')).toEqual(['sha256', 'plain', 'upper']);
  });
});

describe('stem', () => {
  it('brings the forms of an English word together', () => {
    expect(['retrieve', 'retrieves', 'retrieving', 'retrieved'].map(stem)).toEqual(new Array(4).fill('retriev'));
    expect(stem('flows')).toBe('flow');
  });

  it('leaves short words, numbers and other scripts alone', () => {
    expect(['is', '1990s', 'größe', 'данные', ''].map(stem)).toEqual(['is', '1990s', 'größe', 'данные', '']);
  });
});

describe('analyze', () => {
  it('stems, and leaves out stop words when it is told to', () => {
    expect(analyze('The refunds of wings')).toEqual(['the', 'refund', 'of', 'wing']);
    expect(analyze('The refunds of wings', { stopWords })).toEqual(['refund', 'wing']);
    expect(analyze('refunds', { isStemmed: false })).toEqual(['refunds']);
    expect(analyze('maxRetries', { hasIdentifiers: true })).toEqual(['maxretri', 'max', 'retri']);
  });

  it('gives the same terms however many words one analyzer has seen', () => {
    const many = analyzer();
    for (let at = 0; at < 50_000; at++) many(`ing${at.toString(36).replace(/\d/gu, 'q')}ings`);
    expect(many('retrieving wings')).toEqual(['retriev', 'wing']);
  });
});

describe('wordRarity', () => {
  it('rises from stop words over frequent words to all others', () => {
    const rarities = ['the', 'people', 'theory', 'slipstream'].map(wordRarity);
    expect(rarities).toEqual([...rarities].sort((a, b) => a - b));
    expect(rarities[0]).toBe(0.05);
    expect(rarities[3]).toBe(1);
    expect(wordRarity('constructor')).toBe(1);
  });
});

describe('textPieces', () => {
  it('cuts a long text at spaces, never inside a character, and loses nothing', () => {
    const long = 'some words '.repeat(20_000);
    const pieces = [...textPieces(long)];
    expect(pieces.join('')).toBe(long);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(1 << 16);
    expect(pieces.slice(1).every((piece) => piece.startsWith(' '))).toBe(true);
    const unbroken = [...textPieces(`x${'😀'.repeat(100_000)}`)];
    expect(unbroken.every((piece) => !/^[\udc00-\udfff]/u.test(piece))).toBe(true);
    expect([...textPieces('')]).toEqual([]);
  });
});
