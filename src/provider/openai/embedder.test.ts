import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRun, inspect } from '../../core/index.js';
import { badServer, type RecordedRequest } from '../../testing/index.js';
import { describeEmbedder } from '../../testing/suites/index.js';
import { cutText } from './embedding-input.js';
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
    expect(() => openaiEmbedder('text-embedding-3-small', { concurrency: 0 })).toThrow(/concurrency/);
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

  it('has as many requests under way as it may, and keeps the order', async () => {
    let underWay = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const server = createServer((incoming, outgoing) => {
      let text = '';
      incoming.on('data', (chunk: Buffer) => (text += chunk.toString()));
      incoming.on('end', () => {
        most = Math.max(most, ++underWay);
        const reply = JSON.stringify(answer({ body: JSON.parse(text) } as RecordedRequest));
        waiting.push(() => {
          underWay -= 1;
          outgoing.writeHead(200, { 'content-type': 'application/json' }).end(reply);
        });
        // Answers only when as many wait as may, the last first.
        if (waiting.length === 3 || text.includes('the last')) while (waiting.length > 0) waiting.pop()?.();
      });
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const embed = openaiEmbedder('test', { baseUrl, dimensions: 2, maxBatch: 1, concurrency: 3 });
    const texts = ['a', 'bb', 'ccc', 'dddd', 'eeeee', 'ffffff', 'the last'];
    const vectors = await embed(texts);
    expect(vectors.map((vector) => Math.round(vector[0]! / vector[1]!))).toEqual([1, 2, 3, 4, 5, 6, 8]);
    expect(most).toBe(3);
  });

  it('Q04 gives up all requests under way when one fails or the run is aborted', async () => {
    await using server = await badServer((_request, index) =>
      index === 0 ? { type: 'json', status: 400, body: { error: { message: 'No.' } } } : { type: 'silence' },
    );
    const embed = openaiEmbedder('test', { baseUrl: server.url, dimensions: 2, maxBatch: 1 });
    await expect(embed(['a', 'b', 'c'])).rejects.toMatchObject({ code: 'bad-input' });
    for (const index of server.requests.keys()) if (index > 0) expect(await server.requests[index]?.closed).toBe('cut');
    const control = new AbortController();
    const before = server.requests.length;
    const outcome = embed(['a', 'b', 'c'], createRun({ signal: control.signal })).catch((reason: unknown) => reason);
    await server.request(before + 2);
    control.abort('enough');
    expect(await outcome).toBe('enough');
    for (const request of server.requests.slice(before)) expect(await request.closed).toBe('cut');
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
