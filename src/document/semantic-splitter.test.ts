import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineStepWith, type Document, type Embedder } from '../core/index.js';
import { localEmbedder } from '../model/index.js';
import { testRun } from '../testing/index.js';
import { semanticSplitter } from './index.js';

const document = (text: string): Document => ({ id: 'doc', text });

/** Texts about cats, ships and bread are at right angles; anything else is nowhere near them. */
const topics: Embedder = defineStepWith(
  { kind: 'embedder', name: 'topics' },
  { id: 'topics', dimensions: 4 },
  async (texts: readonly string[]) =>
    texts.map((text) => {
      const counts = [/cat/gu, /ship/gu, /bread/gu].map((word) => text.match(word)?.length ?? 0);
      const vector = Float32Array.of(...counts, counts.some((count) => count > 0) ? 0 : 1);
      const length = Math.hypot(...vector);
      return vector.map((value) => value / length);
    }),
);

const texts = async (text: string, options: Parameters<typeof semanticSplitter>[1]): Promise<readonly string[]> =>
  (await semanticSplitter(topics, options)(document(text))).map((piece) => piece.text);

const about = (topic: string, sentences: number): string =>
  Array.from({ length: sentences }, (_, n) => `Sentence ${n} tells of a ${topic}.`).join(' ');

describe('semanticSplitter', () => {
  it.each(['percentile', 'standard-deviation', 'gradient'] as const)(
    'cuts where the topic changes, by %s',
    async (method) => {
      const parts = [about('cat', 8), about('ship', 6), about('bread', 9)];
      const pieces = await texts(parts.join('\n'), { method, maxChars: 1_000, minChars: 20, windowSentences: 2 });
      expect(pieces).toEqual(parts);
    },
  );

  it('cuts a topic that is too long at its largest change, not where it happens to be full', async () => {
    const text = [about('cat', 4), about('ship', 7)].join(' ');
    const pieces = await texts(text, { maxChars: 250, minChars: 20, windowSentences: 1, threshold: 100 });
    expect(pieces[0]).toBe(about('cat', 4));
  });

  it('makes no piece of a topic that is shorter than a piece may be', async () => {
    const text = `${about('cat', 4)} One ship. ${about('bread', 4)}`;
    const pieces = await texts(text, { maxChars: 500, minChars: 40, windowSentences: 1, threshold: 50 });
    for (const piece of pieces.slice(0, -1)) expect(piece.length).toBeGreaterThanOrEqual(40);
    expect(pieces).not.toContain('One ship.');
  });

  it('asks for about one vector a sentence, in calls of bounded size, and gives the same pieces again', async () => {
    const sizes: number[] = [];
    const inner = localEmbedder({ dimensions: 32 });
    const counting: Embedder = defineStepWith(
      { kind: 'embedder' },
      { id: 'counting', dimensions: 32 },
      (all: readonly string[], run) => {
        sizes.push(all.length);
        return inner(all, run);
      },
    );
    const splitter = semanticSplitter(counting);
    const text = [about('cat', 200), about('ship', 200), about('bread', 100)].join(' ');
    const pieces = await splitter(document(text));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(128);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(502);
    expect(await splitter(document(text))).toEqual(pieces);
  });

  it('stops when its run is aborted', async () => {
    const { run, abort } = testRun();
    const aborting: Embedder = defineStepWith({ kind: 'embedder' }, { id: 'aborting', dimensions: 1 }, async () => {
      abort('enough');
      return [];
    });
    await expect(semanticSplitter(aborting)(document(about('cat', 9)), run)).rejects.toBe('enough');
  });

  it('says so when the embedder does not answer text by text, and refuses numbers that make no sense', async () => {
    const short: Embedder = defineStepWith({ kind: 'embedder' }, { id: 'short', dimensions: 1 }, async () => []);
    await expect(semanticSplitter(short)(document(about('cat', 9)))).rejects.toMatchObject({ code: 'output-invalid' });
    for (const options of [
      { maxChars: 1 },
      { maxChars: 90, minChars: 31 },
      { windowSentences: 0 },
      { threshold: Number.NaN },
    ]) {
      expect(() => semanticSplitter(topics, options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    }
  });

  it('needs no embedder for a text without a border', async () => {
    const never: Embedder = defineStepWith({ kind: 'embedder' }, { id: 'never', dimensions: 1 }, async () => {
      throw new Error('not needed');
    });
    expect(await semanticSplitter(never)(document('One sentence.'))).toHaveLength(1);
    expect(await semanticSplitter(never)(document(' \n '))).toEqual([]);
  });

  it('Q22 leaves no piece but the last below its minimum, where white space leaves the choice', async () => {
    const anyText = fc
      .array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constantFrom('. ', '\n\n', ' ', 'A word. ')), {
        maxLength: 60,
      })
      .map((parts) => parts.join(''));
    const embedder = localEmbedder({ dimensions: 16 });
    await fc.assert(
      fc.asyncProperty(
        anyText,
        fc.integer({ min: 6, max: 90 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (text, maxChars, ratio) => {
          const minChars = Math.floor((maxChars / 3) * ratio);
          const pieces = await semanticSplitter(embedder, { maxChars, minChars, threshold: 50 })(document(text));
          for (const [at, piece] of pieces.slice(0, -1).entries()) {
            const gap = (pieces[at + 1]?.place?.start ?? 0) - (piece.place?.end ?? 0);
            if (gap < maxChars / 3) expect(piece.text.length).toBeGreaterThanOrEqual(minChars);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
