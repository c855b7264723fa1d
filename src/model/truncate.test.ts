import fc from 'fast-check';
import { get_encoding } from 'tiktoken';
import { afterAll, describe, expect, it } from 'vitest';
import { tokenCounter, truncate } from './index.js';

const reference = get_encoding('o200k_base');
afterAll(() => reference.free());

const loneSurrogate = /\p{Cs}/gu;
/** Node and tiktoken may know different versions of Unicode: see the tests of `tokenCounter`. */
const unsettled = /[\u{10000}-\u{effff}]/gu;
const words = fc.constantFrom(
  'One',
  ' sentence',
  ' ends.',
  ' Then',
  ' more?',
  '\n\n',
  ' 😀',
  '你好',
  '。',
  '𠮷',
  'aaaa',
  ' 12345',
  '  ',
);
const binary = fc.string({ unit: 'binary', maxLength: 3 }).map((text) => text.replace(unsettled, ''));
const text = fc
  .array(fc.oneof(words, binary), { minLength: 3, maxLength: 60, size: 'max' })
  .chain((pieces) =>
    fc.integer({ min: 1, max: 20 }).map((times) => pieces.join('').repeat(times).replace(loneSurrogate, '')),
  );

describe('truncate', () => {
  it('never exceeds the budget by one token, cuts no character, and keeps what it says it keeps', async () => {
    const keeps = fc.constantFrom('head' as const, 'tail' as const, 'ends' as const);
    const cuts = fc.constantFrom('character' as const, 'sentence' as const);
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 0, max: 300 }), keeps, cuts, async (whole, maxTokens, keep, cutAt) => {
        const result = await truncate(whole, { maxTokens, keep, cutAt });
        const truth = reference.encode_ordinary(result.text).length;
        expect(truth).toBeLessThanOrEqual(maxTokens);
        expect(result.tokens).toBeLessThanOrEqual(maxTokens);
        expect(result.text.search(loneSurrogate)).toBe(-1);
        expect(result.isTruncated).toBe(result.text !== whole);
        if (keep === 'head') expect(whole.startsWith(result.text)).toBe(true);
        if (keep === 'tail') expect(whole.endsWith(result.text)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps as much as fits', async () => {
    const whole = 'alpha beta gamma delta epsilon zeta eta theta iota kappa '.repeat(400);
    for (const keep of ['head', 'tail', 'ends'] as const) {
      const result = await truncate(whole, { maxTokens: 300, keep });
      expect(result.tokens).toBeGreaterThan(290);
      expect(result.tokens).toBe((await tokenCounter('gpt-5').count(result.text)).tokens);
    }
  });

  it('leaves a text alone that fits', async () => {
    const result = await truncate('one two', { maxTokens: 2 });
    expect(result).toEqual({ text: 'one two', tokens: 2, isTruncated: false });
    expect(await truncate('', { maxTokens: 0 })).toEqual({ text: '', tokens: 0, isTruncated: false });
  });

  it('cuts between sentences where asked, at both ends', async () => {
    const whole = 'First one. Second one is here. Third comes now. Dr. No is fourth. The fifth ends it.';
    const options = { maxTokens: 14, cutAt: 'sentence' } as const;
    expect((await truncate(whole, options)).text).toBe('First one. Second one is here. Third comes now.');
    expect((await truncate(whole, { ...options, keep: 'tail' })).text).toBe('Dr. No is fourth. The fifth ends it.');
    expect((await truncate(whole, { ...options, keep: 'ends' })).text).toBe('First one. … The fifth ends it.');
  });

  it('cuts between characters after all where no sentence fits', async () => {
    const result = await truncate('One endless sentence that goes on and on without an end', {
      maxTokens: 4,
      cutAt: 'sentence',
    });
    expect(result.text).toBe('One endless sentence that');
  });

  it('puts the marker where text was left out and counts it', async () => {
    const whole = 'word '.repeat(100);
    const result = await truncate(whole, { maxTokens: 10, marker: ' [cut]' });
    expect(result.text.endsWith(' [cut]')).toBe(true);
    expect(reference.encode_ordinary(result.text).length).toBeLessThanOrEqual(10);
    expect((await truncate(whole, { maxTokens: 2, marker: ' a marker that is too long' })).text).toBe('');
  });

  it('costs what it keeps, not what it reads', async () => {
    const whole = 'The quick brown fox jumps over the lazy dog. '.repeat(200_000);
    await truncate(whole, { maxTokens: 10 });
    const start = performance.now();
    for (const keep of ['head', 'tail', 'ends'] as const) await truncate(whole, { maxTokens: 500, keep });
    // Counting all nine million characters would take seconds.
    expect(performance.now() - start).toBeLessThan(300);
  });

  it('works by the estimate for a model without a public tokenizer', async () => {
    const result = await truncate('word '.repeat(500), { maxTokens: 50, model: 'claude-sonnet-4-5' });
    expect(result.tokens).toBeLessThanOrEqual(50);
    expect(result.tokens).toBeGreaterThan(45);
  });

  it('refuses a budget below zero', async () => {
    await expect(truncate('text', { maxTokens: -1 })).rejects.toMatchObject({ code: 'bad-option' });
    await expect(truncate('text', { maxTokens: Number.NaN })).rejects.toMatchObject({ code: 'bad-option' });
  });
});
