import { beforeEach, describe, expect, it } from 'vitest';
import { createRun, type Document, type Filter, inspect, type Retriever } from '../../core/index.js';

export interface RetrieverSuite {
  /** Makes a retriever over exactly these documents. */
  readonly create: (documents: readonly Document[]) => Promise<Retriever>;
}

const topics = [
  'the refund of money',
  'the delivery of parcels',
  'the lift of a wing',
  'money for a late delivery',
] as const;
const documents: readonly Document[] = Array.from({ length: 24 }, (_, at) => ({
  id: `d${at}`,
  title: `Page ${at}`,
  text: `Part ${at} tells of ${topics[at % topics.length]}.`,
  metadata: { topic: at % topics.length, half: at < 12 ? 'first' : 'second' },
}));

/** What every `Retriever` must do. Run it in a vitest file of the implementation. */
export const describeRetriever = (name: string, suite: RetrieverSuite): void => {
  describe(`${name} as a retriever`, () => {
    let retriever: Retriever;
    beforeEach(async () => {
      retriever = await suite.create(documents);
    });

    it('shows as a step with a kind of its own', () => {
      expect(inspect(retriever).kind).not.toBe('function');
    });

    it('finds documents with all their fields, best first, each once', async () => {
      const hits = await retriever({ text: 'delivery of parcels', k: 10 });
      expect(hits[0]?.metadata?.topic).toBe(1);
      expect(new Set(hits.map((hit) => hit.id)).size).toBe(hits.length);
      const scores = hits.map((hit) => hit.score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      for (const { score: _, ...document } of hits) {
        expect(document).toEqual(documents.find(({ id }) => id === document.id));
      }
    });

    it('takes a plain text as a query', async () => {
      const hits = await retriever('the lift of a wing');
      expect(hits[0]?.metadata?.topic).toBe(2);
      expect((await retriever({ text: 'the lift of a wing' })).map((hit) => hit.id)).toEqual(hits.map((hit) => hit.id));
    });

    it('gives at most k hits, and refuses a k below 1', async () => {
      expect(await retriever({ text: 'money', k: 3 })).toHaveLength(3);
      await expect(retriever({ text: 'money', k: 0 })).rejects.toMatchObject({ code: 'bad-option' });
    });

    it('keeps to the filter, and fills k with what matches', async () => {
      const hits = await retriever({ text: 'money', k: 5, filter: { half: 'second' } });
      expect(hits).toHaveLength(5);
      expect(hits.every((hit) => hit.metadata?.half === 'second')).toBe(true);
      expect(await retriever({ text: 'money', filter: { half: 'third' } })).toEqual([]);
      const filter = { half: { $near: 1 } } as unknown as Filter;
      await expect(retriever({ text: 'money', filter })).rejects.toMatchObject({ code: 'bad-option' });
    });

    it('leaves out hits below minScore', async () => {
      const hits = await retriever({ text: 'refund of money', k: 24 });
      const minScore = hits[0]?.score ?? Number.NaN;
      const best = await retriever({ text: 'refund of money', k: 24, minScore });
      expect(best.length).toBeGreaterThan(0);
      expect(best.every((hit) => hit.score >= minScore)).toBe(true);
      expect(best.length).toBeLessThan(hits.length);
    });

    it('rejects with the reason of a run that is aborted', async () => {
      await expect(retriever('money', createRun({ signal: AbortSignal.abort('gone') }))).rejects.toBe('gone');
    });
  });
};
