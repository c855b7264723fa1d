import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineStepWith, type Embedder, PipewrightError, type Run } from '../core/index.js';
import { testRun } from '../testing/index.js';
import { batchedEmbedder } from './index.js';

/** The vector of a text is its length and its first code; it takes as long as the test says. */
const embedderOf = (
  answer: (texts: readonly string[], run: Run) => Promise<void> = async () => undefined,
): { readonly embedder: Embedder; readonly calls: (readonly string[])[] } => {
  const calls: (readonly string[])[] = [];
  const embedder = defineStepWith(
    { kind: 'embedder', name: 'fake' },
    { id: 'fake', dimensions: 2 },
    async (texts: readonly string[], run) => {
      calls.push(texts);
      await answer(texts, run);
      return texts.map((text) => Float32Array.of(text.length, text.charCodeAt(0)));
    },
  );
  return { embedder, calls };
};

describe('batchedEmbedder', () => {
  it('keeps the order of any texts, and its limits of texts and tokens', async () => {
    const texts = fc.array(fc.string({ minLength: 1, maxLength: 9 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 20 }),
        async (all, maxTexts, maxTokens) => {
          const { embedder, calls } = embedderOf();
          const batched = batchedEmbedder(embedder, { maxTexts, maxTokens, countTokens: (text) => text.length });
          const vectors = await batched(all);
          expect(vectors.map(([length, code]) => [length, code])).toEqual(
            all.map((text) => [text.length, text.charCodeAt(0)]),
          );
          for (const call of calls) {
            expect(call.length).toBeLessThanOrEqual(maxTexts);
            expect(call.length === 1 || call.join('').length <= maxTokens).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('has only so many calls under way, and tells its progress in texts', async () => {
    let underWay = 0;
    let most = 0;
    const { run, events, clock } = testRun();
    const { embedder } = embedderOf(async (_, inner) => {
      most = Math.max(most, ++underWay);
      await new Promise<void>((resolve) => inner.clock.after(10, resolve));
      underWay -= 1;
    });
    const work = batchedEmbedder(embedder, { maxTexts: 2, concurrency: 3 })(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'],
      run,
    );
    await clock.advance(100);
    expect(await work).toHaveLength(9);
    expect(most).toBe(3);
    const told = events.flatMap((event) => (event.type === 'progress' ? [[event.label, event.done, event.total]] : []));
    expect(told.map(([, done]) => done)).toEqual([2, 4, 6, 8, 9]);
    expect(told.at(-1)).toEqual(['embed', 9, 9]);
  });

  it('finds the texts that are refused, embeds all others, and says which they are', async () => {
    const embedded = new Set<string>();
    const { embedder } = embedderOf(async (texts) => {
      if (texts.some((text) => text.startsWith('bad'))) throw new PipewrightError('context-too-long', 'Too long.');
      for (const text of texts) embedded.add(text);
    });
    const texts = Array.from({ length: 50 }, (_, n) => (n === 7 || n === 33 ? `bad${n}` : `text${n}`));
    await expect(batchedEmbedder(embedder, { maxTexts: 16 })(texts)).rejects.toMatchObject({
      code: 'context-too-long',
      message: '2 of 50 texts could not be embedded (items 7, 33): Too long.',
      details: { items: [7, 33] },
      retryable: false,
    });
    expect(embedded.size).toBe(48);
  });

  it('stops at once, and starts no further call, when the embedder itself fails', async () => {
    const { embedder, calls } = embedderOf(async () => {
      throw new PipewrightError('rate-limited', 'Slow down.', { retryable: true });
    });
    const work = batchedEmbedder(embedder, { maxTexts: 1, concurrency: 2 })(['a', 'b', 'c', 'd', 'e', 'f']);
    await expect(work).rejects.toMatchObject({ code: 'rate-limited', retryable: true });
    expect(calls.length).toBeLessThanOrEqual(2);
  });

  it('is aborted with its run, in the middle of a call', async () => {
    const { run, abort } = testRun();
    const { embedder, calls } = embedderOf(async () => {
      abort('enough');
      throw new PipewrightError('bad-input', 'An abort is no fault of the text.');
    });
    await expect(batchedEmbedder(embedder, { maxTexts: 2 })(['a', 'b', 'c'], run)).rejects.toBe('enough');
    expect(calls).toHaveLength(1);
  });

  it('says so when the embedder does not answer text by text', async () => {
    const short: Embedder = defineStepWith({ kind: 'embedder' }, { id: 'short', dimensions: 1 }, async () => []);
    await expect(batchedEmbedder(short)(['a'])).rejects.toMatchObject({ code: 'output-invalid' });
  });

  it('refuses numbers that make no sense', () => {
    const { embedder } = embedderOf();
    for (const options of [{ maxTexts: 0 }, { maxTexts: 1.5 }, { maxTokens: 0 }, { concurrency: Number.NaN }]) {
      expect(() => batchedEmbedder(embedder, options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    }
  });
});
