import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRun, inspect, type Reranker } from '../../core/index.js';

export interface RerankerSuite {
  /** A reranker for which a text that shares the query's words is better than one that shares none. */
  readonly create: () => Reranker | Promise<Reranker>;
}

const query = 'What does a swept wing change about the lift?';
const texts: readonly string[] = [
  'Bread rises because of yeast.',
  'A swept wing changes the lift: the lift of a swept wing is lower.',
  'Refunds are paid within five days.',
  'The lift of a wing grows with the square of the speed.',
];
const best = 1;

/** What every `Reranker` must do. Run it in a vitest file of the implementation. */
export const describeReranker = (name: string, { create }: RerankerSuite): void => {
  describe(`${name} as a reranker`, () => {
    let reranker: Reranker;
    beforeEach(async () => {
      reranker = await create();
    });

    it('says its id, and shows as a step', () => {
      expect(reranker.id).not.toBe('');
      expect(inspect(reranker).kind).toBe('reranker');
    });

    it('scores every text once, best first', async () => {
      const scores = await reranker({ query, texts });
      expect(scores[0]?.index).toBe(best);
      expect(scores.map(({ index }) => index).sort()).toEqual(texts.map((_, index) => index));
      expect(scores.every(({ score }) => Number.isFinite(score))).toBe(true);
      expect(scores.map(({ score }) => score)).toEqual(scores.map(({ score }) => score).sort((a, b) => b - a));
    });

    it('gives the best `k` only, and all when there are fewer', async () => {
      const all = await reranker({ query, texts });
      expect((await reranker({ query, texts, k: 2 })).map(({ index }) => index)).toEqual(
        all.slice(0, 2).map(({ index }) => index),
      );
      expect(await reranker({ query, texts, k: 50 })).toHaveLength(texts.length);
      expect(await reranker({ query, texts, k: 0 })).toEqual([]);
    });

    it('gives no scores for no texts, without a call', async () => {
      const run = createRun();
      expect(await reranker({ query, texts: [] }, run)).toEqual([]);
      expect(run.meter.spent.calls).toBe(0);
    });

    it('scores the same text the same wherever it stands, and finds the best among many', async () => {
      const many = Array.from({ length: 2_500 }, (_, index) => `Note ${index}: bread and butter.`);
      many[1_700] = texts[best] ?? '';
      many[2_400] = texts[best] ?? '';
      const scores = await reranker({ query, texts: many, k: 3 });
      expect(scores).toHaveLength(3);
      expect(scores.slice(0, 2).map(({ index }) => index)).toEqual([1_700, 2_400]);
      expect(scores[0]?.score).toBeCloseTo(scores[1]?.score ?? Number.NaN, 4);
    });

    it('takes texts that are empty, long, or in any script', async () => {
      const odd = ['', ' ', '\u0000', '\ud800', '😀', '日本語の文章', 'word '.repeat(20_000)];
      expect(await reranker({ query, texts: odd })).toHaveLength(odd.length);
    });

    it('refuses what is no text, and a `k` that is no number of texts', async () => {
      const wrong = [1] as unknown as string[];
      await expect(reranker({ query, texts: wrong })).rejects.toMatchObject({ code: 'bad-input' });
      await expect(reranker({ query, texts, k: 1.5 })).rejects.toMatchObject({ code: 'bad-input' });
      await expect(reranker({ query, texts, k: -1 })).rejects.toMatchObject({ code: 'bad-input' });
    });

    it('rejects with the reason of a run that is aborted, and leaves no listener', async () => {
      await expect(reranker({ query, texts }, createRun({ signal: AbortSignal.abort('gone') }))).rejects.toBe('gone');
      const { signal } = new AbortController();
      for (let call = 0; call < 3; call += 1) await reranker({ query, texts }, createRun({ signal }));
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    });

    it('does not write to its input', async () => {
      const input = Object.freeze({ query, texts: Object.freeze([...texts]) });
      await expect(reranker(input)).resolves.toHaveLength(texts.length);
    });
  });
};
