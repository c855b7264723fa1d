import { APICallError } from '@ai-sdk/provider';
import { MockEmbeddingModelV4 } from 'ai/test';
import { describe, expect, it } from 'vitest';
import { createRun } from '../../core/index.js';
import { fromAiSdkEmbedder } from './index.js';

describe('fromAiSdkEmbedder', () => {
  it('gives vectors of length 1 in the batches that the model takes, and counts', async () => {
    const model = new MockEmbeddingModelV4({
      maxEmbeddingsPerCall: 2,
      doEmbed: async ({ values }) => ({ embeddings: values.map(() => [3, 4]), usage: { tokens: 5 }, warnings: [] }),
    });
    const embed = fromAiSdkEmbedder(model, { dimensions: 2, price: { input: 1, output: 0 } });
    const run = createRun();
    const vectors = await embed(['a', 'b', 'c'], run);
    expect(vectors.map((vector) => [...vector])).toEqual(Array(3).fill([Math.fround(0.6), Math.fround(0.8)]));
    expect(run.meter.spent).toMatchObject({ calls: 2, usage: { inputTokens: 10 }, costUsd: 10 / 1e6 });
    await expect(fromAiSdkEmbedder(model, { dimensions: 3 })(['a'])).rejects.toMatchObject({ code: 'bad-option' });
    expect(embed.id).toBe('mock-provider:mock-model-id');
  });

  it('maps failures, and aborts the model', async () => {
    const failing = new MockEmbeddingModelV4({
      doEmbed: () =>
        Promise.reject(new APICallError({ message: 'Slow', url: '', requestBodyValues: {}, statusCode: 429 })),
    });
    await expect(fromAiSdkEmbedder(failing, { dimensions: 2 })(['a'])).rejects.toMatchObject({ code: 'rate-limited' });
    const control = new AbortController();
    const waiting = new MockEmbeddingModelV4({
      doEmbed: ({ abortSignal }) =>
        new Promise((_resolve, reject) => abortSignal?.addEventListener('abort', () => reject(abortSignal.reason))),
    });
    const outcome = fromAiSdkEmbedder(waiting, { dimensions: 2 })(['a'], createRun({ signal: control.signal })).catch(
      (reason: unknown) => reason,
    );
    await new Promise((resolve) => setImmediate(resolve));
    control.abort('enough');
    expect(await outcome).toBe('enough');
  });
});
