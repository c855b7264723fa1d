import { describe, expect, it } from 'vitest';
import { createRun, defineStep, type Embedder, explain, type Hit, type Query } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { memoryStore } from '../store/index.js';
import { tokenCounter } from '../model/index.js';
import { hnsw } from '../vector/index.js';
import { type Example, exampleStore, type ExampleStore, exampleText, type StoredExample } from './index.js';

/** Words of a small world, one direction each: alike texts share directions. */
const world = ['refund', 'money', 'parcel', 'late', 'broken', 'password', 'login', 'card'];
const embedder: Embedder = Object.assign(
  async (texts: readonly string[]) =>
    texts.map((text) => {
      const vector = Float32Array.from(world, (word) => (text.toLowerCase().includes(word) ? 1 : 0.01));
      const length = Math.hypot(...vector);
      return vector.map((value) => value / length);
    }),
  { id: 'words', dimensions: world.length },
);

const shots: readonly Example[] = [
  { input: 'My refund is late', output: 'billing', category: 'team' },
  { input: 'refund is late, late!', output: 'billing', category: 'team' },
  { input: 'No money, no refund', output: 'billing', category: 'team' },
  { input: 'The parcel is late', output: 'shipping', category: 'team' },
  { input: 'The parcel came broken', output: 'shipping', category: 'team' },
  { input: 'I forgot my password', output: 'account', category: 'team' },
  { input: 'My refund is late', output: 'angry', category: 'mood' },
];

const all = async (list: AsyncIterable<StoredExample>): Promise<readonly StoredExample[]> => {
  const found: StoredExample[] = [];
  for await (const example of list) found.push(example);
  return found;
};

const indexes = {
  vectors: () => hnsw({ embedder }),
  keywords: () => bm25(),
};

describe.each(Object.entries(indexes))('exampleStore over %s', (_, open) => {
  const filled = async (): Promise<ExampleStore> => {
    const store = exampleStore(await open());
    await store.add(shots);
    return store;
  };

  it('picks the examples most like the question, the most similar last', async () => {
    const store = await filled();
    const chosen = await store.selector({ maxExamples: 2 })({ text: 'A broken parcel', category: 'team' });
    expect(chosen.map(({ input }) => input)).toEqual(['The parcel is late', 'The parcel came broken']);
    const best = store.selector({ maxExamples: 1, order: 'best-first' });
    expect(await best('forgot the password')).toMatchObject([{ output: 'account', category: 'team' }]);
  });

  it('leaves out the question itself, whoever asks it, and keeps one of each input', async () => {
    const store = await filled();
    const chosen = await store.selector()('my REFUND is late.');
    expect(chosen.map(({ input }) => input.toLowerCase())).not.toContain('my refund is late');
    expect(chosen.length).toBeGreaterThan(0);
    await store.add([{ id: 'own', input: 'the parcel came broken', output: 'other' }]);
    const inputs = (await store.selector()('parcel broken')).map(({ input }) => input.toLowerCase());
    expect(new Set(inputs).size).toBe(inputs.length);
  });

  it('grows, replaces what has the same input, forgets and lists', async () => {
    const store = await filled();
    expect(await all(store.list())).toHaveLength(7);
    const [id] = await store.add([{ input: 'MY refund is late!', output: 'finance', category: 'team' }]);
    const team = await all(store.list({ category: 'team' }));
    expect(team).toHaveLength(6);
    expect(team.find((example) => example.id === id)).toMatchObject({ output: 'finance' });
    expect(await store.add([shots[5] as Example, shots[5] as Example])).toHaveLength(2);
    expect(await all(store.list())).toHaveLength(7);
    expect(await store.remove([id as string, 'nobody'])).toBe(1);
    expect(await store.remove({ category: 'mood' })).toBe(1);
    expect((await all(store.list())).map(({ category }) => category)).toEqual(Array(5).fill('team'));
    const [first] = await all(store.list());
    expect(await all(store.list({ after: first?.id as string }))).toHaveLength(4);
    const chosen = await store.selector({ maxExamples: 10 })('refund late money');
    expect(chosen.map((example) => (example as StoredExample).id)).not.toContain(id);
  });

  it('keeps to the tokens of the form in which the examples are shown', async () => {
    const store = await filled();
    const counter = tokenCounter('gpt-5');
    for (const maxTokens of [0, 20, 30, 45, 60, 100]) {
      const chosen = await store.selector({ maxExamples: 7, maxTokens, render: exampleText })('refund late parcel');
      expect((await counter.count(exampleText(chosen))).tokens).toBeLessThanOrEqual(maxTokens);
      expect(chosen.length).toBe(Math.min(chosen.length, Math.floor(maxTokens / 20)));
      if (maxTokens === 100) expect(chosen.length).toBeGreaterThan(1);
    }
  });

  it('refuses what is no example, and an index of something else', async () => {
    const index = await open();
    const store = exampleStore(index);
    await expect(store.add([{ input: 'x' } as never])).rejects.toMatchObject({
      code: 'bad-input',
      details: { where: 'output' },
    });
    await index.add([{ id: 'page', text: 'A parcel' }]);
    await expect(store.selector()('parcel')).rejects.toMatchObject({ code: 'bad-input', details: { where: 'page' } });
  });
});

describe('exampleStore', () => {
  it('prefers examples that differ where mmr is asked for', async () => {
    const store = exampleStore(await hnsw({ embedder }));
    await store.add(shots.filter(({ category }) => category === 'team'));
    const near = await store.selector({ maxExamples: 2, order: 'best-first' })('refund late parcel');
    const varied = await store.selector({ maxExamples: 2, order: 'best-first', mmr: { lambda: 0.3 } })('refund late');
    expect(near).toHaveLength(2);
    expect(new Set(varied.map(({ output }) => output)).size).toBe(2);
    const keywords = exampleStore(await bm25());
    expect(() => keywords.selector({ mmr: {} })).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });

  it('keeps what its index keeps', async () => {
    const store = memoryStore();
    const first = await bm25({ store });
    await exampleStore(first).add(shots);
    await first.close();
    const again = exampleStore(await bm25({ store }));
    expect(await all(again.list())).toHaveLength(7);
    expect(await again.selector({ maxExamples: 1 })('forgot password')).toMatchObject([{ output: 'account' }]);
  });

  it('searches with a retriever of the caller, through the run', async () => {
    const asked: Query[] = [];
    const retriever = defineStep({ kind: 'retriever' }, async (query: Query): Promise<readonly Hit[]> => {
      asked.push(query);
      return [{ id: 'a', text: 'x', score: 1, metadata: { output: 'y' } }];
    });
    const pick = exampleStore(await bm25()).selector({ retriever, maxExamples: 1 });
    expect(await pick({ text: 'q', category: 'c' })).toEqual([{ id: 'a', input: 'x', output: 'y' }]);
    expect(asked).toEqual([{ text: 'q', k: 5, filter: { category: 'c' } }]);
    expect(await pick({ text: 'q', maxExamples: 0 })).toEqual([]);
    expect(asked).toHaveLength(1);
    const signal = AbortSignal.abort('gone');
    await expect(pick('q', createRun({ signal }))).rejects.toBe('gone');
    expect(explain(pick).parts.map(({ kind }) => kind)).toContain('retriever');
  });

  it('gives no example of a low score where a least score is asked for', async () => {
    const store = exampleStore(await hnsw({ embedder }));
    await store.add(shots);
    expect(await store.selector({ minScore: 0.99 })('card')).toEqual([]);
  });
});
