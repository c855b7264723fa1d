import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRun, type Hit, inspect, type Query, type Retriever, type RunEvent } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { describeRetriever } from '../testing/suites/index.js';
import { hybrid, retriever } from './index.js';

const hit = (id: string, score: number): Hit => ({ id, text: `text of ${id}`, score });
const fixed = (name: string, ...hits: readonly Hit[]): Retriever => retriever(() => hits, { name });
const failing = (error: unknown): Retriever => retriever(() => Promise.reject(error), { name: 'broken' });
const scoresOf = (hits: readonly Hit[]): [string, number][] => hits.map(({ id, score }) => [id, +score.toFixed(6)]);

for (const fusion of ['reciprocal-rank', 'relative-score'] as const) {
  describeRetriever(`hybrid by ${fusion}`, {
    create: async (documents) => {
      const stemmed = await bm25();
      const titles = await bm25({ titleWeight: 4 });
      await stemmed.add(documents);
      await titles.add(documents);
      return hybrid([stemmed.retriever({ k: 8 }), titles.retriever({ k: 8 })], { fusion });
    },
  });
}

describe('hybrid', () => {
  const first = fixed('first', hit('a', 9), hit('b', 5), hit('c', 1));
  const second = fixed('second', hit('c', 0.9), hit('a', 0.8), hit('d', 0.1));

  it('fuses by reciprocal rank: 1 / (60 + rank) of each list', async () => {
    expect(scoresOf(await hybrid([first, second])('x'))).toEqual(
      scoresOf([hit('a', 1 / 61 + 1 / 62), hit('c', 1 / 63 + 1 / 61), hit('b', 1 / 62), hit('d', 1 / 63)]),
    );
  });

  it('takes weights and another rank constant', async () => {
    const hits = await hybrid([first, second], { weights: [1, 3], rankConstant: 0 })('x');
    expect(scoresOf(hits)).toEqual(
      scoresOf([hit('c', 1 / 3 + 3), hit('a', 1 + 3 / 2), hit('d', 3 / 3), hit('b', 1 / 2)]),
    );
  });

  it('fuses by relative score: each list scaled to 0 to 1', async () => {
    const hits = await hybrid([first, second], { fusion: 'relative-score', weights: [1, 0.5] })('x');
    expect(scoresOf(hits)).toEqual(
      scoresOf([hit('a', 1 + 0.5 * (0.7 / 0.8)), hit('b', 0.5), hit('c', 0.5), hit('d', 0)]),
    );
  });

  it('counts a single hit, and hits that all score alike, in full', async () => {
    const alike = fixed('alike', hit('e', 2), hit('f', 2));
    const hits = await hybrid([fixed('one', hit('e', 7)), alike], { fusion: 'relative-score' })('x');
    expect(scoresOf(hits)).toEqual([
      ['e', 2],
      ['f', 1],
    ]);
  });

  it('keeps the first form of a document, and counts an id that one list repeats once', async () => {
    const repeating = fixed('repeating', hit('a', 9), hit('a', 8), hit('b', 7));
    const other = fixed('other', { ...hit('a', 1), text: 'another text' });
    const hits = await hybrid([repeating, other])('x');
    expect(scoresOf(hits)).toEqual(scoresOf([hit('a', 2 / 61), hit('b', 1 / 63)]));
    expect(hits[0]?.text).toBe('text of a');
  });

  it('gives each id once and loses none, for any lists', async () => {
    const listArbitrary = fc.uniqueArray(
      fc.record({ id: fc.nat(20).map(String), score: fc.integer({ min: 0, max: 9 }) }),
      {
        selector: ({ id }) => id,
        maxLength: 15,
      },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(listArbitrary, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('reciprocal-rank' as const, 'relative-score' as const),
        async (lists, fusion) => {
          const parts = lists.map((list) => fixed('part', ...list.map(({ id, score }) => hit(id, score))));
          const hits = await hybrid(parts, { fusion, k: 100 })('x');
          const ids = hits.map(({ id }) => id);
          expect([...ids].sort()).toEqual([...new Set(lists.flat().map(({ id }) => id))].sort());
          const scores = hits.map(({ score }) => score);
          expect(scores).toEqual([...scores].sort((a, b) => b - a));
        },
      ),
    );
  });

  it('asks each retriever for more than it gives, with the filter and without minScore', async () => {
    const asked: Query[] = [];
    const listening = retriever((query) => {
      asked.push(query);
      return [hit('a', 2), hit('b', 1)];
    });
    const filter = { $not: { year: 1 } };
    expect(await hybrid([listening])({ text: 'x', k: 1, filter, minScore: 0 })).toHaveLength(1);
    await hybrid([listening], { k: 8 })('x');
    await hybrid([listening], { fetchK: 50 })({ text: 'x', k: 60 });
    expect(asked).toEqual([
      { text: 'x', k: 4, filter },
      { text: 'x', k: 32 },
      { text: 'x', k: 60 },
    ]);
    expect(scoresOf(await hybrid([first, second])({ text: 'x', minScore: 0.03 }))).toHaveLength(2);
  });

  it('rejects when a retriever fails, and aborts the others', async () => {
    let reason: unknown;
    const waiting = retriever(
      (_, run) =>
        new Promise<readonly Hit[]>((_resolve, reject) => {
          run.signal.addEventListener('abort', () => {
            reason = run.signal.reason;
            reject(reason);
          });
        }),
    );
    const error = new Error('no connection');
    await expect(hybrid([waiting, failing(error)])('x')).rejects.toBe(error);
    expect(reason).toBe(error);
  });

  it('goes on without a retriever that fails when told to, and warns', async () => {
    const events: RunEvent[] = [];
    const run = createRun({ on: (event) => events.push(event) });
    const search = hybrid([failing(new Error('no connection')), first], { onFailure: 'skip', weights: [5, 1] });
    expect((await search('x', run)).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect((await search('x', run))[0]?.score).toBeCloseTo(1 / 61);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: 'The retriever broken failed: no connection' }),
    );
  });

  it('rejects when all retrievers fail, whatever it is told', async () => {
    const search = hybrid([failing(new Error('one')), failing(new Error('two'))], { onFailure: 'skip' });
    await expect(search('x')).rejects.toThrow('one');
  });

  it('does not take an abort for a failure to skip', async () => {
    const controller = new AbortController();
    const aborting = retriever(() => {
      controller.abort('gone');
      throw new Error('late');
    });
    const search = hybrid([aborting, first], { onFailure: 'skip' });
    await expect(search('x', createRun({ signal: controller.signal }))).rejects.toBe('gone');
  });

  it('shows its parts, and tells of them while it runs', async () => {
    const search = hybrid([first, second]);
    expect(inspect(search)).toMatchObject({
      kind: 'hybrid',
      details: { fusion: 'reciprocal-rank', weights: '1, 1' },
      children: [
        { kind: 'retriever', name: 'first' },
        { kind: 'retriever', name: 'second' },
      ],
    });
    const events: RunEvent[] = [];
    await search('x', createRun({ on: (event) => events.push(event) }));
    expect(events.filter(({ type }) => type === 'step-end').map(({ span }) => span.name)).toEqual(['first', 'second']);
  });

  it('refuses options that make no sense', () => {
    const bad = (make: () => unknown): void => expect(make).toThrow(expect.objectContaining({ code: 'bad-option' }));
    bad(() => hybrid([]));
    bad(() => hybrid([first], { weights: [1, 1] }));
    bad(() => hybrid([first], { weights: [-1] }));
    bad(() => hybrid([first], { weights: [Number.NaN] }));
    bad(() => hybrid([first], { k: 0 }));
    bad(() => hybrid([first], { fetchK: 0 }));
    bad(() => hybrid([first], { rankConstant: -1 }));
  });
});
