import { describe, expect, it } from 'vitest';
import { createRun, explain, type Hit, type Query, type RerankScore } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { scripted, testRun } from '../testing/index.js';
import { describeReranker, describeRetriever } from '../testing/suites/index.js';
import { words } from '../text/index.js';
import { lexicalReranker, listwiseReranker, pointwiseReranker, rerank, retriever } from './index.js';
import type { ChatModel, ChatRequest } from '../model/index.js';
import { partsOf } from '../core/index.js';

interface AskedSources {
  readonly query: string;
  readonly texts: readonly string[];
}
const askedOf = ({ messages }: ChatRequest): AskedSources => {
  const parts = messages.flatMap((message) => (message.role === 'user' ? partsOf(message) : []));
  return {
    query: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    texts: parts.flatMap((part) => (part.type === 'source' ? [part.text] : [])),
  };
};
const shared = (query: string, text: string): number => {
  const asked = new Set(words(query));
  return Math.min(10, new Set(words(text).filter((word) => asked.has(word))).size);
};

/** Grades by shared words. */
const grader = (): ChatModel & { readonly requests: readonly ChatRequest[] } =>
  scripted(
    [
      (request) => {
        const { query, texts } = askedOf(request);
        return JSON.stringify({ score: shared(query, texts[0] ?? '') });
      },
    ],
    { shouldRepeat: true },
  );

/** Ranks by shared words, and names some places twice, some never, and some that are not there. */
const carelessRanker = (): ChatModel & { readonly requests: readonly ChatRequest[] } =>
  scripted(
    [
      (request) => {
        const { query, texts } = askedOf(request);
        const best = texts.map((text, at) => [shared(query, text), at + 1] as const).sort((a, b) => b[0] - a[0]);
        const ranking = best.slice(0, Math.ceil(texts.length / 2)).map(([, at]) => at);
        return JSON.stringify({ ranking: [ranking[0], 99, 0, -1, ...ranking, ranking[0]] });
      },
    ],
    { shouldRepeat: true },
  );

describeReranker('lexicalReranker', { create: () => lexicalReranker() });
describeReranker('pointwiseReranker', { create: () => pointwiseReranker(grader()) });

describe('lexicalReranker', () => {
  const order = async (query: string, texts: readonly string[], options = {}) =>
    (await lexicalReranker(options)({ query, texts })).map(({ index }) => index);

  it('prefers words that stand together as in the query, in any order, and forms of words', async () => {
    const apart = 'The swept floor was far from where any of those birds lifted their old wing.';
    const together = 'The lifting was far from where any of those birds and their wing, swept, were.';
    expect(await order('swept wing', [apart, together])).toEqual([1, 0]);
    expect(await order('swept wing', [apart, together], { proximityWeight: 0 })).toEqual([0, 1]);
  });

  it('counts the first line of several as a title', async () => {
    const inText = 'Notes\nThe refund and a long line of other words that say nothing at all.';
    const inTitle = 'Refund\nThe money and a long line of other words that say nothing at all.';
    expect(await order('refund', [inText, inTitle])).toEqual([1, 0]);
    expect(await order('refund', [inText, inTitle], { titleWeight: 1 })).toEqual([0, 1]);
  });

  it('prefers rare words to frequent ones, and knows the forms of a word', async () => {
    expect(await order('people slipstreams', ['people and people', 'a slipstream'])).toEqual([1, 0]);
  });

  it('calls no model, as explain says', () => {
    expect(
      explain(
        rerank(
          retriever(() => []),
          lexicalReranker(),
        ),
      ).maxModelCalls,
    ).toBe(0);
  });

  it('refuses weights below 0', () => {
    expect(() => lexicalReranker({ titleWeight: -1 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(() => lexicalReranker({ proximityWeight: -1 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});

describe('pointwiseReranker', () => {
  it('has no more texts graded at once than allowed, and shows nothing of what the model writes', async () => {
    let underWay = 0;
    let most = 0;
    const slow = scripted(
      [
        async () => {
          most = Math.max(most, ++underWay);
          await new Promise((resolve) => setImmediate(resolve));
          underWay--;
          return '{"score": 5}';
        },
      ],
      { shouldRepeat: true },
    );
    const { run, events } = testRun();
    await pointwiseReranker(slow, { concurrency: 3 })({ query: 'x', texts: Array.from('abcdefgh') }, run);
    expect(most).toBe(3);
    expect(events.some(({ type }) => type === 'text-delta')).toBe(false);
  });

  it('asks once more for a grade that is none, then fails', async () => {
    const model = scripted(['{"score": 11}', '{"score": 9}']);
    expect(await pointwiseReranker(model)({ query: 'x', texts: ['a'] })).toEqual([{ index: 0, score: 9 }]);
    const broken = scripted(['{"score": "good"}'], { shouldRepeat: true });
    await expect(pointwiseReranker(broken)({ query: 'x', texts: ['a'] })).rejects.toMatchObject({
      code: 'output-invalid',
    });
    expect(broken.requests).toHaveLength(2);
  });

  it('Q20 keeps to the budget of the run', async () => {
    const model = grader();
    const run = createRun({ budget: { maxCalls: 2 } });
    await expect(pointwiseReranker(model)({ query: 'x', texts: ['a', 'b', 'c'] }, run)).rejects.toMatchObject({
      code: 'budget-exceeded',
    });
    expect(model.requests.length).toBeLessThanOrEqual(2);
  });
});

describe('listwiseReranker', () => {
  const texts = Array.from({ length: 25 }, (_, at) => (at === 24 ? 'swept wing' : at === 11 ? 'a wing' : `note ${at}`));

  it('moves a window from the end to the front, and gives every text once, whatever the model ranks', async () => {
    const model = carelessRanker();
    const scores = await listwiseReranker(model, { windowSize: 10, stride: 5 })({ query: 'swept wing', texts });
    expect(scores.slice(0, 2).map(({ index }) => index)).toEqual([24, 11]);
    expect(scores.map(({ index }) => index).sort((a, b) => a - b)).toEqual(texts.map((_, at) => at));
    expect(scores.map(({ score }) => score)).toEqual(scores.map(({ score }) => score).sort((a, b) => b - a));
    expect(model.requests.map((request) => askedOf(request).texts.length)).toEqual([10, 10, 10, 10]);
    expect(model.requests.map((request) => askedOf(request).texts[0])).toEqual([
      'note 15',
      'note 10',
      'note 5',
      'note 0',
    ]);
  });

  it('needs one call where all fit into the window, and none for no texts', async () => {
    const model = carelessRanker();
    const reranker = listwiseReranker(model, { windowSize: 25 });
    expect(await reranker({ query: 'wing', texts, k: 1 })).toEqual([{ index: 11, score: 1 }]);
    expect(model.requests).toHaveLength(1);
    expect(await reranker({ query: 'wing', texts: [] })).toEqual([]);
    expect(await reranker({ query: 'wing', texts, k: 0 })).toEqual([]);
    await expect(reranker({ query: 'wing', texts, k: -1 })).rejects.toMatchObject({ code: 'bad-input' });
    expect(model.requests).toHaveLength(1);
  });

  it('leaves the order as it is where the model ranks nothing, and fails on what is no ranking', async () => {
    const silent = scripted(['{"ranking": []}']);
    expect((await listwiseReranker(silent)({ query: 'x', texts: ['a', 'b'] })).map(({ index }) => index)).toEqual([
      0, 1,
    ]);
    const broken = scripted(['{"ranking": "b, a"}'], { shouldRepeat: true });
    await expect(listwiseReranker(broken)({ query: 'x', texts: ['a'] })).rejects.toMatchObject({
      code: 'output-invalid',
    });
  });

  it('cuts long texts, and refuses windows that would never meet', async () => {
    const model = carelessRanker();
    await listwiseReranker(model, { maxTextLength: 5 })({ query: 'x', texts: ['abcdefghij'] });
    expect(askedOf(model.requests[0] as ChatRequest).texts).toEqual(['abcde']);
    const bad = (options: object): void =>
      expect(() => listwiseReranker(model, options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    bad({ windowSize: 1 });
    bad({ windowSize: 10, stride: 10 });
    bad({ stride: 0 });
  });
});

describeRetriever('rerank', {
  create: async (documents) => {
    const index = await bm25();
    await index.add(documents);
    return rerank(index.retriever(), lexicalReranker());
  },
});
describeRetriever('rerank with a say of the search', {
  create: async (documents) => {
    const index = await bm25();
    await index.add(documents);
    return rerank(index.retriever(), lexicalReranker(), { searchWeight: 0.5 });
  },
});

describe('rerank', () => {
  const hits: readonly Hit[] = Array.from({ length: 6 }, (_, at) => ({
    id: `h${at}`,
    text: `text ${at}`,
    score: 6 - at,
  }));
  const asked: Query[] = [];
  const search = retriever((query) => {
    asked.push(query);
    return hits;
  });
  const reversed = ({ texts }: { texts: readonly string[] }): readonly RerankScore[] =>
    texts.map((_, index) => ({ index, score: index })).sort((a, b) => b.score - a.score);
  const ids = (found: readonly Hit[]): readonly string[] => found.map(({ id }) => id);

  it('asks for candidates with the filter, gives the reranker titles and texts, and keeps its best', async () => {
    asked.length = 0;
    const seen: unknown[] = [];
    const titled = retriever(() => [{ id: 'a', title: 'T', text: 'x', score: 1 }]);
    const noting = (input: { texts: readonly string[] }) => {
      seen.push(input);
      return reversed(input);
    };
    await rerank(titled, noting)('q');
    expect(seen).toEqual([{ query: 'q', texts: ['T\nx'] }]);
    const filter = { $not: { a: 1 } };
    const found = await rerank(search, reversed, { candidates: 4 })({ text: 'q', k: 2, filter, minScore: 3 });
    expect(asked).toEqual([{ text: 'q', k: 4, filter }]);
    expect(ids(found)).toEqual(['h3']);
    expect(ids(await rerank(search, reversed, { candidates: 4 })({ text: 'q', k: 9 }))).toEqual([
      'h3',
      'h2',
      'h1',
      'h0',
    ]);
  });

  it('lets the search have its say by its weight', async () => {
    expect(ids(await rerank(search, reversed, { searchWeight: 0.5 })('q'))[0]).toBe('h5');
    expect(ids(await rerank(search, reversed, { searchWeight: 2 })('q'))[0]).toBe('h0');
  });

  it('keeps the order of the search and warns when the reranker fails, unless told to fail', async () => {
    const { run, events } = testRun();
    const broken = () => Promise.reject(new Error('no server'));
    expect(ids(await rerank(search, broken, { k: 2 })({ text: 'q', minScore: 100 }, run))).toEqual(['h0', 'h1']);
    expect(events).toContainEqual(expect.objectContaining({ type: 'warning', message: 'Reranking failed: no server' }));
    await expect(rerank(search, broken, { onFailure: 'fail' })('q')).rejects.toThrow('no server');
  });

  it('does not take an abort for a failure, nor a failing search', async () => {
    const { run, abort } = testRun();
    const aborting = (): never => {
      abort('gone');
      throw new Error('late');
    };
    await expect(rerank(search, aborting)('q', run)).rejects.toBe('gone');
    const failing = retriever(() => Promise.reject(new Error('no index')));
    await expect(rerank(failing, reversed)('q')).rejects.toThrow('no index');
  });

  it('leaves out scores of texts that it did not give', async () => {
    const inventing = (): readonly RerankScore[] => [
      { index: 99, score: 9 },
      { index: 1, score: 1 },
    ];
    expect(ids(await rerank(search, inventing)('q'))).toEqual(['h1']);
  });

  it('refuses options that make no sense', () => {
    for (const options of [{ k: 0 }, { candidates: 0 }, { searchWeight: -1 }]) {
      expect(() => rerank(search, reversed, options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    }
  });
});
