import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hit } from '../core/index.js';
import { estimateTokens } from '../model/index.js';
import { packSources } from './index.js';

const hit = (id: string, text: string, more: Partial<Hit> = {}): Hit => ({ id, text, score: 1, ...more });
const sentences = (count: number, about: string): string =>
  Array.from({ length: count }, (_, i) => `Fact ${i} about ${about} says ${about}${i * 7} of ${i + 3}.`).join(' ');

describe('packSources', () => {
  it('keeps whole passages by rank while they fit and reports the rest', () => {
    const hits = ['tea', 'rain', 'iron'].map((about) => hit(about, sentences(8, about)));
    const one = estimateTokens(hits[0]!.text) + 8;
    const packed = packSources(hits, { maxTokens: 2 * one + 20 });
    expect(packed.sources.map(({ id }) => id)).toEqual(['tea', 'rain']);
    expect(packed.leftOut).toEqual([{ hit: hits[2], reason: 'budget' }]);
  });

  it('cuts the first passage that does not fit at the end of a sentence, with its place', () => {
    const text = `${sentences(10, 'tea')}\n${sentences(10, 'milk')}`;
    const long = hit('a', text, {
      place: { parentId: 'd', start: 100, end: 100 + text.length, startLine: 7, endLine: 8 },
    });
    const packed = packSources([long, hit('b', sentences(5, 'rain'))], { maxTokens: 120 });
    const [cut] = packed.sources;
    expect(packed.sources).toHaveLength(1);
    expect(text.startsWith(cut!.text)).toBe(true);
    expect(cut!.text.endsWith('.')).toBe(true);
    expect(cut!.place).toEqual({ parentId: 'd', start: 100, end: 100 + cut!.text.length, startLine: 7, endLine: 7 });
    expect(packed.leftOut.map(({ reason }) => reason)).toEqual(['cut', 'budget']);
    expect(packed.tokens).toBeLessThanOrEqual(120);
  });

  it('leaves out what repeats an earlier passage, and the same id twice', () => {
    const text = sentences(6, 'tea');
    const packed = packSources([
      hit('a', text),
      hit('b', `${text} `),
      hit('c', text.slice(0, -30)),
      hit('a', 'Other words.'),
    ]);
    expect(packed.sources.map(({ id }) => id)).toEqual(['a']);
    expect(packed.leftOut.map(({ reason }) => reason)).toEqual(['duplicate', 'duplicate', 'duplicate']);
  });

  it('keeps passages that only overlap at their ends', () => {
    const text = sentences(12, 'tea');
    const packed = packSources([hit('a', text.slice(0, 300)), hit('b', text.slice(240, 560))]);
    expect(packed.sources).toHaveLength(2);
  });

  it('refuses a negative budget', () => {
    expect(() => packSources([], { maxTokens: -1 })).toThrow(/maxTokens/);
  });

  it('never exceeds the budget, loses no hit, and cuts only beginnings (10,000 random cases)', () => {
    const text = fc.array(
      fc.oneof(fc.lorem({ maxCount: 12 }), fc.string(), fc.constant('\n\n'), fc.constant('Ünïcode 漢字 😀.')),
      { maxLength: 12 },
    );
    const anyHit = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd', '__proto__'),
      parts: text,
      title: fc.option(fc.string(), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(anyHit, { maxLength: 6 }), fc.integer({ min: 0, max: 400 }), (raw, maxTokens) => {
        const hits = raw.map(({ id, parts, title }) => hit(id, parts.join(' '), title === undefined ? {} : { title }));
        const { sources, tokens, leftOut } = packSources(hits, { maxTokens });
        const counted = sources.reduce(
          (sum, one) => sum + estimateTokens(one.title ?? '') + estimateTokens(one.text),
          0,
        );
        const whole = leftOut.filter(({ reason }) => reason !== 'cut').length;
        return (
          tokens <= maxTokens &&
          counted <= tokens &&
          sources.length + whole === hits.length &&
          sources.every((one) => hits.some(({ id, text: full }) => id === one.id && full.startsWith(one.text)))
        );
      }),
      { numRuns: 10_000 },
    );
  });
});
