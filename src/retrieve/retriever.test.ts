import { describe, expect, it } from 'vitest';
import { createRun, type Document, inspect } from '../core/index.js';
import { describeRetriever } from '../testing/suites/index.js';
import { words } from '../text/index.js';
import { retriever } from './index.js';

/** Counts shared words, and knows nothing of `k`, filters or scores. */
const overlap =
  (documents: readonly Document[]) =>
  async ({ text }: { readonly text: string }) => {
    const wanted = new Set(words(text));
    return documents.map((document) => {
      const shared = words(document.text).filter((word) => wanted.has(word));
      return { ...document, score: new Set(shared).size };
    });
  };

describeRetriever('retriever of a plain search function', {
  create: async (documents) => retriever(overlap(documents), { name: 'overlap' }),
});

describe('retriever', () => {
  it('gives the function the query spelt out and the run', async () => {
    const seen: unknown[] = [];
    const run = createRun();
    const search = retriever(
      (query, given) => {
        seen.push(query, given);
        return [];
      },
      { k: 3 },
    );
    await search('x', run);
    await search({ text: 'y', k: 7, minScore: 1, filter: { a: 1 } }, run);
    expect(seen).toEqual([{ text: 'x', k: 3 }, run, { text: 'y', k: 7, minScore: 1, filter: { a: 1 } }, run]);
  });

  it('takes its name from the function, and refuses a k below 1', () => {
    const searchWeb = () => [];
    expect(inspect(retriever(searchWeb)).name).toBe('searchWeb');
    expect(inspect(retriever(() => [])).name).toBe('retriever');
    expect(() => retriever(searchWeb, { k: 0 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });

  it('does not start the search for a run that is aborted', async () => {
    let isStarted = false;
    const search = retriever(() => {
      isStarted = true;
      return [];
    });
    await expect(search('x', createRun({ signal: AbortSignal.abort('gone') }))).rejects.toBe('gone');
    expect(isStarted).toBe(false);
  });
});
