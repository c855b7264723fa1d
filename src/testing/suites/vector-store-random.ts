import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  compileFilter,
  type Filter,
  type Hit,
  type Metadata,
  type Random,
  seededRandom,
  type VectorStore,
} from '../../core/index.js';
import { collect, idsOf, type SuiteMetric, type VectorStoreSuite } from './vector-store-entries.js';

/** The score that a store of this metric gives. */
const scoreOf = (metric: SuiteMetric, a: readonly number[], b: readonly number[]): number => {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (const [i, left] of a.entries()) {
    const right = b[i] ?? 0;
    dot += left * right;
    aa += left ** 2;
    bb += right ** 2;
  }
  if (metric === 'dot') return dot;
  return metric === 'cosine' ? dot / Math.sqrt(aa * bb) : 1 / (1 + Math.sqrt(Math.max(0, aa + bb - 2 * dot)));
};

const dimensions = 24;
const k = 10;

type Operation =
  | { readonly type: 'add' | 'upsert'; readonly count: number }
  | { readonly type: 'delete-ids'; readonly count: number }
  | { readonly type: 'delete-filter'; readonly color: number };

const operationArbitrary: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constantFrom('add', 'upsert'), count: fc.integer({ min: 1, max: 400 }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('delete-ids'), count: fc.integer({ min: 1, max: 200 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('delete-filter'), color: fc.nat({ max: 19 }) }) },
);

interface Model {
  readonly metric: SuiteMetric;
  readonly entries: Map<string, { readonly vector: readonly number[]; readonly metadata: Metadata }>;
  readonly deleted: Set<string>;
  lastId: number;
}

/** Vectors in clusters, as those of texts are. */
const clustered = (random: Random): readonly number[] => {
  const center = seededRandom(Math.floor(random() * 12));
  return Array.from({ length: dimensions }, () => center() - 0.5 + 0.4 * (random() - 0.5));
};

const pickIds = (model: Model, count: number, random: Random): string[] => {
  const ids = [...model.entries.keys()];
  return ids.length === 0 ? [] : Array.from({ length: count }, () => ids[Math.floor(random() * ids.length)] as string);
};

const applyOperation = async (
  store: VectorStore,
  model: Model,
  operation: Operation,
  random: Random,
): Promise<void> => {
  switch (operation.type) {
    case 'add':
    case 'upsert': {
      const old = operation.type === 'add' ? [] : pickIds(model, operation.count / 2, random);
      const fresh = Array.from({ length: operation.count - old.length }, () => `e${model.lastId++}`);
      const entries = [...new Set([...old, ...fresh])].map((id) => {
        const metadata = { color: Math.floor(random() * 20), half: random() < 0.5 };
        return { id, text: `text ${id}`, vector: clustered(random), metadata };
      });
      await store[operation.type](entries);
      for (const { id, vector, metadata } of entries) model.entries.set(id, { vector, metadata });
      return;
    }
    case 'delete-ids': {
      const ids = new Set(pickIds(model, operation.count, random));
      expect(await store.delete([...ids])).toBe(ids.size);
      for (const id of ids) {
        model.entries.delete(id);
        model.deleted.add(id);
      }
      return;
    }
    case 'delete-filter': {
      const matching = [...model.entries].filter(([, { metadata }]) => metadata.color === operation.color);
      expect(await store.delete({ color: operation.color })).toBe(matching.length);
      for (const [id] of matching) {
        model.entries.delete(id);
        model.deleted.add(id);
      }
    }
  }
};

const bruteForce = (model: Model, query: readonly number[], filter: Filter | undefined): string[] => {
  const test = filter === undefined ? () => true : compileFilter(filter);
  return [...model.entries]
    .filter(([, { metadata }]) => test(metadata))
    .map(([id, { vector }]) => ({ id, score: scoreOf(model.metric, query, vector) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, k)
    .map(({ id }) => id);
};

const checkHits = (hits: readonly Hit[], model: Model, query: readonly number[], filter: Filter | undefined): void => {
  expect(new Set(idsOf(hits)).size).toBe(hits.length);
  for (const [i, { id, score, metadata }] of hits.entries()) {
    const known = model.entries.get(id);
    expect(known, `${id} was deleted: ${model.deleted.has(id)}`).toBeDefined();
    expect(score).toBeCloseTo(scoreOf(model.metric, query, known?.vector ?? []), 4);
    expect(score).toBeLessThanOrEqual(hits[i - 1]?.score ?? Infinity);
    if (filter !== undefined) expect(compileFilter(filter)(metadata)).toBe(true);
  }
};

const filters: readonly (Filter | undefined)[] = [
  undefined,
  undefined,
  { half: true },
  { color: 3 },
  { color: { $lt: 4 } },
];

/** Searches as the model does, and returns how many of the wanted hits were found, and how many were wanted. */
const compareWithModel = async (
  store: VectorStore,
  model: Model,
  random: Random,
): Promise<readonly [number, number]> => {
  let found = 0;
  let wanted = 0;
  for (const filter of filters) {
    const query = clustered(random);
    const hits = await store.search(query, filter === undefined ? { k } : { k, filter });
    const best = bruteForce(model, query, filter);
    checkHits(hits, model, query, filter);
    expect(hits).toHaveLength(best.length);
    wanted += best.length;
    found += best.filter((id) => hits.some((hit) => hit.id === id)).length;
  }
  return [found, wanted];
};

export interface RandomWritesOptions {
  readonly metric: SuiteMetric;
  readonly maxEntries: number;
}

/** Random writes, each followed by searches that are compared with comparing with all. */
export const describeRandomWrites = (
  open: VectorStoreSuite['open'],
  { metric, maxEntries }: RandomWritesOptions,
): void => {
  it(`Q23 recalls 0.95 of what comparing with all finds, and never a deleted id, whatever is written (${metric})`, async () => {
    let found = 0;
    let wanted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(operationArbitrary, { minLength: 4, maxLength: 12 }),
        fc.nat(),
        async (operations, seed) => {
          const random = seededRandom(seed);
          await using store = await open({ dimensions, ...(metric !== 'cosine' && { metric }) });
          const model: Model = { metric, entries: new Map(), deleted: new Set(), lastId: 0 };
          await applyOperation(store, model, { type: 'add', count: maxEntries / 2 }, random);
          for (const operation of operations) {
            if (operation.type === 'add' && model.entries.size + operation.count > maxEntries) continue;
            await applyOperation(store, model, operation, random);
            const [foundNow, wantedNow] = await compareWithModel(store, model, random);
            found += foundNow;
            wanted += wantedNow;
          }
          expect(await store.stats()).toMatchObject({ count: model.entries.size });
          expect(idsOf(await collect(store.entries())).sort()).toEqual([...model.entries.keys()].sort());
        },
      ),
      { numRuns: 5 },
    );
    expect(found / wanted).toBeGreaterThanOrEqual(0.95);
  });
};
