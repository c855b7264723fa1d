import fc from 'fast-check';
import { expect, it } from 'vitest';
import { requestBatches } from './text-batches.js';

it('sends every text once, in order, within the limits, and no batch that could have held the next text', () => {
  const texts = fc.array(fc.string({ maxLength: 12, unit: 'grapheme' }), { maxLength: 40 });
  const options = { maxTexts: fc.integer({ min: 1, max: 9 }), maxBytes: fc.integer({ min: 1, max: 60 }) };
  fc.assert(
    fc.property(texts, options.maxTexts, options.maxBytes, fc.nat(5), (all, maxTexts, maxBytes, extraBytes) => {
      const batches = [...requestBatches(all, { maxTexts, maxBytes, extraBytes })];
      expect(batches.flatMap((batch) => batch.texts)).toEqual(all);
      const weigh = (some: readonly string[]): number =>
        some.reduce((sum, text) => sum + Buffer.byteLength(text) + extraBytes, 0);
      let start = 0;
      for (const batch of batches) {
        expect(batch.start).toBe(start);
        start += batch.texts.length;
        expect(batch.texts.length).toBeGreaterThan(0);
        expect(batch.texts.length === 1 || weigh(batch.texts) <= maxBytes).toBe(true);
        const next = all.slice(start, start + 1);
        const isFull = batch.texts.length === maxTexts || weigh([...batch.texts, ...next]) > maxBytes;
        expect(batch.texts.length <= maxTexts && (next.length === 0 || isFull)).toBe(true);
      }
    }),
  );
});
