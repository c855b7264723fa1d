import { describe, expect, it, onTestFinished } from 'vitest';
import { createRun, type Reranker, type RunEvent } from '../../core/index.js';
import { type Behaviour, type Behaviours, badServer, type RecordedRequest } from '../../testing/index.js';
import { describeReranker } from '../../testing/suites/index.js';
import { voyageReranker } from '../voyage/index.js';
import { cohereReranker, type CohereRerankerOptions, type RerankServer } from './index.js';

const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[a-z]+/g) ?? [];

type Body = Readonly<Record<string, unknown>>;
const bodyOf = ({ body }: RecordedRequest): Body => body as Body;

/** Scores by the share of the query's words that a text has; in the order of the input, as servers need not sort. */
const scored = (request: RecordedRequest): readonly { readonly index: number; readonly score: number }[] => {
  const { query, documents, texts } = bodyOf(request);
  const asked = new Set(wordsOf(String(query)));
  return ((documents ?? texts) as readonly string[]).map((text, index) => ({
    index,
    score: new Set(wordsOf(text).filter((word) => asked.has(word))).size / asked.size,
  }));
};

const best = (
  request: RecordedRequest,
  limit: unknown,
): readonly { readonly index: number; readonly score: number }[] =>
  [...scored(request)].sort((a, b) => b.score - a.score).slice(0, typeof limit === 'number' ? limit : undefined);

const relevant = ({ index, score }: { index: number; score: number }): object => ({ index, relevance_score: score });

const likeCohere = (request: RecordedRequest): Behaviour => ({
  type: 'json',
  body: {
    results: best(request, bodyOf(request).top_n).map(relevant),
    meta: { billed_units: { search_units: Math.ceil((bodyOf(request).documents as string[]).length / 100) } },
  },
});
const likeVoyage = (request: RecordedRequest): Behaviour => ({
  type: 'json',
  body: { data: best(request, bodyOf(request).top_k).map(relevant), usage: { total_tokens: 40 } },
});
const likeTei = (request: RecordedRequest): Behaviour => ({ type: 'json', body: scored(request) });

const serving = async (behaviours: Behaviours): Promise<{ url: string; requests: readonly RecordedRequest[] }> => {
  const server = await badServer(behaviours);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
};

const cohereAt = async (behaviours: Behaviours, options: CohereRerankerOptions = {}): Promise<Reranker> =>
  cohereReranker('rerank-v3.5', { baseUrl: (await serving(behaviours)).url, ...options });

describeReranker('cohereReranker', { create: () => cohereAt(likeCohere) });
describeReranker('cohereReranker with Text Embeddings Inference', {
  create: () => cohereAt(likeTei, { server: 'tei' }),
});
describeReranker('voyageReranker', {
  create: async () => voyageReranker('rerank-2.5', { baseUrl: (await serving(likeVoyage)).url }),
});

const query = 'Which animal barks?';
const texts = ['A dog barks.', 'A cat purrs.', 'Which animal barks? A dog.'];

describe('cohereReranker', () => {
  it('writes the request in the form of the server that it is told', async () => {
    const wants: readonly (readonly [RerankServer, string, Body])[] = [
      ['cohere', '/v2/rerank', { documents: texts, top_n: 1 }],
      ['jina', '/v1/rerank', { documents: texts, top_n: 1, return_documents: false }],
      ['together', '/v1/rerank', { documents: texts, top_n: 1 }],
      ['vllm', '/v2/rerank', { documents: texts, top_n: 1 }],
      ['tei', '/rerank', { texts, truncate: true }],
    ];
    for (const [server, path, fields] of wants) {
      const { url, requests } = await serving(likeTei);
      const reranker = cohereReranker('m', { baseUrl: url, server, apiKey: 'given' });
      expect(reranker.id).toBe(`${server}:m`);
      expect((await reranker({ query, texts, k: 1 }))[0]?.index).toBe(2);
      expect(requests[0]?.path).toBe(path);
      expect(requests[0]?.headers.authorization).toBe('Bearer given');
      expect(requests[0]?.body).toEqual({ model: 'm', query, ...fields });
    }
    expect(() => cohereReranker('m', { server: 'other' as RerankServer })).toThrow(/cohere, jina, together, vllm, tei/);
  });

  it('reads any of the forms, and takes a form of its own', async () => {
    const { url, requests } = await serving(likeVoyage);
    const form = { path: '/rank', limitField: 'top_k' };
    const options = { baseUrl: `${url}/`, form, headers: { 'x-own': '1' }, providerOptions: { truncation: true } };
    expect(await cohereReranker('m', options)({ query, texts, k: 2 })).toEqual([
      { index: 2, score: 1 },
      { index: 0, score: 1 / 3 },
    ]);
    expect(requests[0]?.path).toBe('/rank');
    expect(requests[0]?.headers['x-own']).toBe('1');
    expect(requests[0]?.body).toEqual({ model: 'm', query, documents: texts, top_k: 2, truncation: true });
  });

  it('sends what one request cannot take in several, one after the other, and ranks all together', async () => {
    const { url, requests } = await serving(likeTei);
    const many = Array.from({ length: 70 }, (_, index) => (index === 66 ? 'it barks' : 'it purrs'));
    const reranker = cohereReranker('m', { baseUrl: url, server: 'tei' });
    expect((await reranker({ query, texts: many, k: 1 }))[0]?.index).toBe(66);
    expect(requests.map(({ body }) => ((body as Body).texts as string[]).length)).toEqual([32, 32, 6]);
    const bySize = cohereReranker('m', { baseUrl: url, form: { path: '/rerank', maxBytes: 60 } });
    await bySize({ query: 'twenty bytes of text', texts: ['a'.repeat(10), 'b'.repeat(10), 'c'.repeat(200), 'd'] });
    expect(requests.slice(3).map(({ body }) => ((body as Body).documents as string[]).length)).toEqual([2, 1, 1]);
  });

  it('Q18 counts searches or tokens as the server tells them, and what they cost', async () => {
    const events: RunEvent[] = [];
    const run = createRun({ on: (event) => events.push(event) });
    const price = { input: 0, output: 0, searchUnit: 2_000 };
    const reranker = await cohereAt(likeCohere, { price });
    await reranker({ query, texts: Array.from({ length: 1_150 }, () => 'text') }, run);
    const { spent } = run.meter;
    expect(spent.calls).toBe(2);
    expect(spent.usage).toMatchObject({ isEstimated: true, billed: { searchUnits: 12 } });
    expect(spent.usage.inputTokens).toBeGreaterThan(1_150);
    expect(spent.costUsd).toBeCloseTo(12 * 0.002, 9);
    expect(events.filter(({ type }) => type === 'usage')).toHaveLength(2);

    const tokens = createRun();
    const { url } = await serving(likeVoyage);
    await voyageReranker('rerank-2.5', { baseUrl: url, price: { input: 0.05, output: 0 } })({ query, texts }, tokens);
    expect(tokens.meter.spent).toMatchObject({ usage: { inputTokens: 40, isEstimated: false }, calls: 1 });
    expect(tokens.meter.spent.costUsd).toBeCloseTo((40 * 0.05) / 1e6, 12);
  });

  it('Q20 keeps to a budget before anything is sent', async () => {
    const { url, requests } = await serving(likeCohere);
    const reranker = cohereReranker('m', { baseUrl: url, price: { input: 0, output: 0, searchUnit: 2_000 } });
    const run = createRun({ budget: { maxCostUsd: 0.001 } });
    await expect(reranker({ query, texts }, run)).rejects.toMatchObject({ code: 'budget-exceeded' });
    const unpriced = cohereReranker('m', { baseUrl: url });
    await expect(unpriced({ query, texts }, run)).rejects.toMatchObject({ code: 'price-unknown' });
    expect(requests).toHaveLength(0);
  });

  it('refuses scores that are not those of the texts', async () => {
    const item = (index: unknown, score: unknown = 0.5): object => ({ index, relevance_score: score });
    const wrong: readonly unknown[] = [
      {},
      [],
      'text',
      null,
      { results: [item(0), item(1)] },
      { results: [item(0), item(1), item(1)] },
      { results: [item(0), item(1), item(3)] },
      { results: [item(0), item(1), item(-1)] },
      { results: [item(0), item(1), item('2')] },
      { results: [item(0), item(1), item(2, null)] },
      { results: [item(0), item(1), null] },
    ];
    const reranker = await cohereAt(wrong.map((body): Behaviour => ({ type: 'json', body })));
    for (const _ of wrong) {
      await expect(reranker({ query, texts })).rejects.toMatchObject({ code: 'model-failed', retryable: true });
    }
  });

  it('takes the best of a server that does not know how to limit', async () => {
    const reranker = await cohereAt(likeTei);
    expect(await reranker({ query, texts, k: 1 })).toEqual([{ index: 2, score: 1 }]);
  });
});
