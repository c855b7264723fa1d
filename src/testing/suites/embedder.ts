import { beforeEach, describe, expect, it } from 'vitest';
import { createRun, type Embedder, inspect } from '../../core/index.js';

export interface EmbedderSuite {
  readonly create: () => Embedder | Promise<Embedder>;
}

const texts = [
  'How do I get my money back?',
  'Refunds are paid within five days.',
  'The lift of a swept wing.',
] as const;

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

/** What every `Embedder` must do. Run it in a vitest file of the implementation. */
export const describeEmbedder = (name: string, suite: EmbedderSuite): void => {
  describe(`${name} as an embedder`, () => {
    let embedder: Embedder;
    beforeEach(async () => {
      embedder = await suite.create();
    });

    it('says its id and dimensions, and shows as a step', () => {
      expect(embedder.id).not.toBe('');
      expect(Number.isSafeInteger(embedder.dimensions) && embedder.dimensions > 0).toBe(true);
      expect(inspect(embedder).kind).toBe('embedder');
    });

    it('gives one vector of length 1 for each text, in order', async () => {
      const vectors = await embedder(texts);
      expect(vectors).toHaveLength(texts.length);
      for (const vector of vectors) {
        expect(vector).toBeInstanceOf(Float32Array);
        expect(vector).toHaveLength(embedder.dimensions);
        expect(dot(vector, vector)).toBeCloseTo(1, 4);
      }
      for (const [at, text] of texts.entries()) {
        const [alone] = await embedder([text]);
        expect(dot(alone ?? new Float32Array(0), vectors[at] ?? new Float32Array(0))).toBeCloseTo(1, 3);
      }
    });

    it('gives no vectors for no texts', async () => {
      expect(await embedder([])).toEqual([]);
    });

    it('puts different texts at different places', async () => {
      const [first, second] = await embedder([texts[0], texts[2]]);
      expect(dot(first ?? new Float32Array(0), second ?? new Float32Array(0))).toBeLessThan(0.99);
    });

    it('takes texts that are empty, long, or in any script', async () => {
      const odd = ['', ' ', '!?', '\u0000', '\ud800', '😀', '日本語の文章', 'ß'.repeat(5000), 'word '.repeat(20_000)];
      const vectors = await embedder(odd);
      expect(vectors).toHaveLength(odd.length);
      for (const vector of vectors) expect(dot(vector, vector)).toBeCloseTo(1, 4);
    });

    it('rejects with the reason of a run that is aborted', async () => {
      await expect(embedder(texts, createRun({ signal: AbortSignal.abort('gone') }))).rejects.toBe('gone');
    });

    it('refuses what is no text', async () => {
      await expect(embedder([1] as unknown as string[])).rejects.toMatchObject({ code: 'bad-input' });
    });
  });
};
