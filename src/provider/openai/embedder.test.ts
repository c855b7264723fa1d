import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRun, inspect } from '../../core/index.js';
import { badServer, type RecordedRequest } from '../../testing/index.js';
import { describeEmbedder } from '../../testing/suites/index.js';
import { batchesOf, cutText } from './embedding-input.js';
import { openaiEmbedder } from './index.js';

interface Body {
  readonly input: readonly string[];
  readonly [field: string]: unknown;
}

/** Embeds a text as [its length, 1], in the form that was asked for, in reverse order. */
const answer = (request: RecordedRequest, isNumbers = false): object => {
  const { input } = request.body as Body;
  const data = input.map((text, index) => {
    const numbers = [text.length, 1];
    const embedding = isNumbers ? numbers : Buffer.from(Float32Array.from(numbers).buffer).toString('base64');
    return { index, embedding };
  });
  return { data: data.reverse(), usage: { prompt_tokens: input.length * 5 } };
};

describeEmbedder('openaiEmbedder', {
  create: async () => {
    const server = await badServer((request) => {
      const data = (request.body as Body).input.map((text) => ({
        embedding: [Math.sin(text.length), Math.cos(text.length)],
      }));
      return { type: 'json', body: { data } };
    });
    onTestFinished(() => server[Symbol.asyncDispose]());
    return openaiEmbedder('test', { baseUrl: server.url, dimensions: 2 });
  },
});

describe('openaiEmbedder', () => {
  it('gives one vector of length 1 for each text, in order, whatever the order of the server', async () => {
    for (const isNumbers of [false, true]) {
      await using server = await badServer((request) => ({ type: 'json', body: answer(request, isNumbers) }));
      const embed = openaiEmbedder('test', { baseUrl: server.url, dimensions: 2 });
      const vectors = await embed(['a', 'abc', '']);
      expect(vectors.map((vector) => vector[0]! / vector[1]!)).toEqual([1, expect.closeTo(3, 5), 1]);
      for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
      expect(server.requests[0]?.body).toEqual({ model: 'test', input: ['a', 'abc', ' '], encoding_format: 'base64' });
    }
  });

  it('sends nothing for no texts', async () => {
    await using server = await badServer({ type: 'reset' });
    expect(await openaiEmbedder('test', { baseUrl: server.url, dimensions: 2 })([])).toEqual([]);
    expect(server.requests).toHaveLength(0);
  });

  it('says what it is, and asks for fewer dimensions where the model has more', async () => {
    const embed = openaiEmbedder('text-embedding-3-small', { apiKey: 'hunter2-hunter2' });
    expect({ ...embed }).toMatchObject({ id: 'openai:text-embedding-3-small', dimensions: 1536, maxInputTokens: 8191 });
    expect(JSON.stringify([{ ...embed }, inspect(embed)])).not.toContain('hunter2');
    await using server = await badServer((request) => ({ type: 'json', body: answer(request) }));
    await openaiEmbedder('text-embedding-3-large', { baseUrl: server.url, dimensions: 2 })(['a']);
    expect(server.requests[0]?.body).toMatchObject({ dimensions: 2 });
  });

  it('refuses options that cannot be', () => {
    expect(() => openaiEmbedder('unknown')).toThrow(/dimensions/);
    expect(() => openaiEmbedder('unknown', { dimensions: 0 })).toThrow(/dimensions/);
    expect(() => openaiEmbedder('text-embedding-3-small', { maxBatch: 0 })).toThrow(/maxBatch/);
  });

  it('splits many texts into requests and counts each', async () => {
    await using server = await badServer((request) => ({ type: 'json', body: answer(request) }));
    const run = createRun();
    const embed = openaiEmbedder('text-embedding-3-small', { baseUrl: server.url, dimensions: 2, maxBatch: 2 });
    const texts = ['a', 'bb', 'ccc', 'dddd', 'eeeee'];
    const vectors = await embed(texts, run);
    expect(vectors.map((vector) => Math.round(vector[0]! / vector[1]!))).toEqual([1, 2, 3, 4, 5]);
    expect(server.requests).toHaveLength(3);
    expect(run.meter.spent).toMatchObject({
      calls: 3,
      usage: { inputTokens: 25 },
      costUsd: expect.closeTo(25 * 2e-8, 12),
    });
  });

  it('keeps to the budget of the run', async () => {
    await using server = await badServer((request) => ({ type: 'json', body: answer(request) }));
    const embed = openaiEmbedder('test', { baseUrl: server.url, dimensions: 2 });
    const run = createRun({ budget: { maxTokens: 3 } });
    await expect(embed(['a long text of more than three tokens'], run)).rejects.toMatchObject({
      code: 'budget-exceeded',
    });
    expect(server.requests).toHaveLength(0);
  });

  it('counts an estimate where the server gives no figures', async () => {
    await using server = await badServer({ type: 'json', body: { data: [{ embedding: [1, 0] }] } });
    const run = createRun();
    await openaiEmbedder('test', { baseUrl: server.url, dimensions: 2 })(['three small words'], run);
    expect(run.meter.spent.usage.isEstimated).toBe(true);
    expect(run.meter.spent.usage.inputTokens).toBeGreaterThan(1);
  });

  it('fails when vectors are missing or have another size than was said', async () => {
    await using server = await badServer([
      { type: 'json', body: { data: [{ index: 1, embedding: [1, 0] }] } },
      { type: 'json', body: {} },
      { type: 'json', body: { data: [{ embedding: [1, 0, 0] }] } },
    ]);
    const embed = openaiEmbedder('test', { baseUrl: server.url, dimensions: 2 });
    await expect(embed(['a', 'b'])).rejects.toMatchObject({ code: 'model-failed', retryable: true });
    await expect(embed(['a'])).rejects.toMatchObject({ code: 'model-failed' });
    await expect(embed(['a'])).rejects.toThrow('Set it to 3');
  });

  it('cuts texts that are longer than the model reads', async () => {
    await using server = await badServer((request) => ({ type: 'json', body: answer(request) }));
    const embed = openaiEmbedder('test', { baseUrl: server.url, dimensions: 2, maxInputTokens: 10 });
    await embed(['word '.repeat(100)]);
    const [sent] = (server.requests[0]!.body as Body).input;
    expect(sent?.length).toBeLessThan(60);
    expect(sent?.length).toBeGreaterThan(20);
  });
});

describe('batchesOf', () => {
  it('keeps all texts in order and within both limits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 20 }).map((text) => text.repeat(3000))),
        fc.integer({ min: 1, max: 5 }),
        (texts, max) => {
          const batches = [...batchesOf(texts, max)];
          expect(batches.flat()).toEqual(texts);
          for (const batch of batches) {
            expect(batch.length).toBeLessThanOrEqual(max);
            const bytes = batch.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
            expect(batch.length === 1 || bytes <= 300_000).toBe(true);
          }
        },
      ),
    );
  });
});

describe('cutText', () => {
  it('gives a beginning of the text, and never half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (text, max) => {
        const cut = cutText(text, max);
        expect(text.startsWith(cut)).toBe(true);
        expect(Buffer.from(cut).toString()).toBe(cut);
      }),
    );
  });
});
