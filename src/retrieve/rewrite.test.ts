import { describe, expect, it } from 'vitest';
import { assistant, explain, type Hit, type Query, queryOf, textOf, user } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { scripted, testRun } from '../testing/index.js';
import { describeRetriever } from '../testing/suites/index.js';
import {
  condense,
  expandQuery,
  filterReader,
  hyde,
  keyTerms,
  lexicalReranker,
  listwiseReranker,
  modelCompressor,
  compress,
  multiHop,
  multiQuery,
  pointwiseReranker,
  relevanceFeedback,
  rerank,
  retriever,
  rewrite,
  selfQuery,
  stepBack,
} from './index.js';

const asked: Query[] = [];
/** Knows which hits each text finds. */
const searchOf = (lists: Readonly<Record<string, readonly string[]>>) =>
  retriever((query) => {
    asked.push(query);
    return (lists[query.text] ?? []).map((id, at): Hit => ({ id, text: id, score: 9 - at }));
  });
const ids = (hits: readonly Hit[]): readonly string[] => hits.map(({ id }) => id);

describeRetriever('rewrite', {
  create: async (documents) => {
    const index = await bm25();
    await index.add(documents);
    return rewrite(index.retriever(), keyTerms());
  },
});
describeRetriever('relevanceFeedback', {
  create: async (documents) => {
    const index = await bm25();
    await index.add(documents);
    return relevanceFeedback(index.retriever(), { feedbackHits: 2, feedbackTerms: 3 });
  },
});

describe('rewrite', () => {
  const search = searchOf({ q: ['a', 'b'], one: ['b', 'c'], two: ['b'] });

  it('searches for the query and its versions, each once, and fuses by reciprocal rank', async () => {
    asked.length = 0;
    const filter = { $not: { x: 1 } };
    const hits = await rewrite(search, () => ['one', ' two ', 'one', 'q', ''])({
      text: 'q',
      k: 2,
      filter,
      minScore: 0.02,
    });
    expect(asked).toEqual([
      { text: 'q', k: 4, filter },
      { text: 'one', k: 4, filter },
      { text: 'two', k: 4, filter },
    ]);
    expect(ids(hits)).toEqual(['b']);
    expect(hits[0]?.score).toBeCloseTo(1 / 62 + 2 / 61);
  });

  it('searches for the one text alone when the query does not count, with its k and minScore', async () => {
    asked.length = 0;
    const hits = await rewrite(search, () => 'one', { originalWeight: 0 })({ text: 'q', minScore: 9 });
    expect(asked).toEqual([{ text: 'one', k: 10, minScore: 9 }]);
    expect(ids(hits)).toEqual(['b']);
  });

  it('searches for no more texts than allowed', async () => {
    asked.length = 0;
    await rewrite(search, () => Array.from({ length: 50 }, (_, at) => `v${at}`), { maxQueries: 2 })('q');
    expect(asked.map((query) => queryOf(query).text)).toEqual(['q', 'v0', 'v1']);
  });

  it('searches for the query as it is when the rewriter fails, and warns', async () => {
    const { run, events } = testRun();
    const broken = () => Promise.reject(new Error('no model'));
    asked.length = 0;
    expect(ids(await rewrite(search, broken, { originalWeight: 0 })({ text: 'q', minScore: 9 }, run))).toEqual(['a']);
    expect(asked).toEqual([{ text: 'q', k: 10, minScore: 9 }]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: 'Rewriting the query failed: no model' }),
    );
    await expect(rewrite(search, broken, { onFailure: 'fail' })('q')).rejects.toThrow('no model');
    expect(ids(await rewrite(search, () => [], { originalWeight: 0 })('q'))).toEqual(['a', 'b']);
  });

  it('Q02 starts no search once the run is aborted in the rewriter', async () => {
    const { run, abort } = testRun();
    asked.length = 0;
    const aborting = (): never => {
      abort('gone');
      throw new Error('late');
    };
    await expect(rewrite(search, aborting)('q', run)).rejects.toBe('gone');
    expect(asked).toEqual([]);
  });

  it('Q20 spends no more than the budget, and searches all the same', async () => {
    const { run, events } = testRun({ budget: { maxCalls: 0 } });
    expect(ids(await rewrite(search, hyde(scripted(['{"passage": "one"}'])))('q', run))).toEqual(['a', 'b']);
    expect(events.some(({ type }) => type === 'warning')).toBe(true);
  });

  it('refuses options that make no sense', () => {
    for (const options of [{ k: 0 }, { fetchK: 0 }, { originalWeight: -1 }, { maxQueries: 0 }, { concurrency: 0 }]) {
      expect(() => rewrite(search, () => 'x', options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    }
  });
});

describe('the rewriters', () => {
  it('multiQuery gives so many versions at most, and repairs an answer without any', async () => {
    const model = scripted(['{"queries": []}', '{"queries": ["a", "b", "c"]}']);
    expect(await multiQuery(model, { count: 2 })('q')).toEqual(['a', 'b']);
    expect(model.requests).toHaveLength(2);
  });

  it('hyde, stepBack and expandQuery give one text', async () => {
    expect(await hyde(scripted(['{"passage": " It takes a week. "}']))('how long?')).toBe('It takes a week.');
    expect(await stepBack(scripted(['{"question": "How do refunds work?"}']))('q')).toBe('How do refunds work?');
    expect(await expandQuery(scripted(['{"terms": "repay reimburse"}']))('refund')).toBe('refund repay reimburse');
    await expect(hyde(scripted(['{"passage": " "}', '{}']))('q')).rejects.toMatchObject({ code: 'output-invalid' });
  });

  it('keyTerms keeps the rarest words in their order, and a query of grammar as it is', async () => {
    expect(await keyTerms({ maxTerms: 3 })('What is the time of a swept wing in a slipstream?')).toBe(
      'swept wing slipstream',
    );
    expect(await keyTerms()('Who is it?')).toBe('Who is it?');
  });

  it('condense gives the model the last turns as data, and calls none without a conversation', async () => {
    const model = scripted(['{"question": "How long do refunds take in Spain?"}']);
    const history = Array.from({ length: 12 }, (_, at) =>
      at % 2 === 0 ? user(`turn ${at}`) : assistant(`turn ${at}`),
    );
    expect(await condense(model)({ question: 'And in Spain?', history: [] })).toBe('And in Spain?');
    expect(await condense(model)({ question: 'And in Spain?', history })).toBe('How long do refunds take in Spain?');
    expect(model.requests).toHaveLength(1);
    const shown = JSON.stringify(model.requests[0]?.messages);
    expect(shown).toContain('user: turn 4');
    expect(shown).not.toContain('turn 3');
    const last = model.requests[0]?.messages.findLast(({ role }) => role === 'user');
    expect(last === undefined ? '' : textOf(last)).toBe('And in Spain?');
  });
});

describe('relevanceFeedback', () => {
  const notes = [
    { id: 'wing', text: 'A wing in supersonic flow has shocks.' },
    { id: 'shock', text: 'Shocks in supersonic flow are thin.' },
    { id: 'bread', text: 'Bread is baked in an oven.' },
  ];

  it('finds what shares words with the first hits only', async () => {
    await using index = await bm25();
    await index.add(notes);
    expect(ids(await index.retriever()('wing'))).toEqual(['wing']);
    expect(ids(await relevanceFeedback(index.retriever())('wing'))).toEqual(['wing', 'shock']);
  });

  it('is the plain search where the first hits bring no further words, or none are found', async () => {
    asked.length = 0;
    const search = searchOf({ a: ['a'] });
    expect(ids(await relevanceFeedback(search)('a'))).toEqual(['a']);
    expect(ids(await relevanceFeedback(search)('b'))).toEqual([]);
    expect(asked.map((query) => queryOf(query).text)).toEqual(['a', 'b']);
  });
});

describe('the cost that explain tells', () => {
  const model = scripted([]);
  const search = retriever(() => []);
  it.each([
    ['rerank by words', rerank(search, lexicalReranker()), 0],
    [
      'rerank, graded one by one: candidates, each with one repair',
      rerank(search, pointwiseReranker(model), { candidates: 20 }),
      40,
    ],
    ['rerank, a window of 20 over 50 in steps of 10: four windows', rerank(search, listwiseReranker(model)), 8],
    ['a reranker by itself', pointwiseReranker(model), Infinity],
    ['multi-query', rewrite(search, multiQuery(model)), 2],
    ['key terms', rewrite(search, keyTerms()), 0],
    [
      'rewriting around a search that calls a model',
      rewrite(rewrite(search, hyde(model)), keyTerms(), { maxQueries: 2 }),
      6,
    ],
    ['feedback', relevanceFeedback(rewrite(search, hyde(model))), 4],
    ['compression', compress(search, modelCompressor(model), { maxHits: 7 }), 14],
    ['self-query', selfQuery(search, filterReader(model, { year: { type: 'number' } })), 2],
    ['multi-hop: the plan and all parts but one', multiHop(search, model, { maxParts: 4 }), 8],
  ])('of %s', (_, step, calls) => {
    const { maxModelCalls, parts } = explain(step);
    expect(maxModelCalls).toBe(calls);
    expect(parts.filter(({ words }) => words === 'runs')).toEqual([]);
  });
});
