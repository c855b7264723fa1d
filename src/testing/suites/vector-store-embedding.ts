import { expect, it } from 'vitest';
import { defineStepWith, type Embedder, type Random, seededRandom, stepInfo } from '../../core/index.js';
import { collect, idsOf, type OpenVectorStore } from './vector-store-entries.js';

/** Turns each text into a direction of its own; equal texts into equal ones. */
const testEmbedder = (dimensions: number): Embedder & { readonly calls: string[][] } => {
  const calls: string[][] = [];
  return defineStepWith({ kind: 'embedder' }, { id: 'test', dimensions, calls }, async (texts: readonly string[]) => {
    calls.push([...texts]);
    return texts.map((text) => {
      const seed = [...text].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7);
      return Float32Array.from({ length: dimensions }, vectorFrom(seededRandom(seed)));
    });
  });
};

const vectorFrom = (random: Random) => (): number => random() - 0.5;

export const describeEmbedding = (open: OpenVectorStore): void => {
  it('embeds texts that come without a vector, in one call, and the questions to a retriever', async () => {
    const embedder = testEmbedder(8);
    await using store = await open({ dimensions: 8, embedder });
    const own = Float32Array.from({ length: 8 }, (_, i) => i + 1);
    await store.add([
      { id: 'a', text: 'apples', metadata: { n: 1 } },
      { id: 'own', text: 'x', vector: own },
      { id: 'b', text: 'bears' },
    ]);
    expect(embedder.calls).toEqual([['apples', 'bears']]);
    const retrieve = store.retriever({ k: 2 });
    expect((await retrieve('bears'))[0]).toMatchObject({ id: 'b', score: expect.closeTo(1, 5) });
    expect(await retrieve('bears')).toHaveLength(2);
    // So `explain` counts what the embedder costs.
    expect(stepInfo(retrieve).children?.map(({ step }) => step)).toEqual([embedder]);
    expect(await retrieve({ text: 'bears', k: 1 })).toHaveLength(1);
    expect(idsOf(await retrieve({ text: 'bears', filter: { n: 1 } }))).toEqual(['a']);
    expect((await store.search(own, { k: 1 }))[0]?.id).toBe('own');
  });

  it('gives the embedder the title together with the text', async () => {
    const embedder = testEmbedder(4);
    await using store = await open({ dimensions: 4, embedder });
    await store.add([{ id: 'a', title: 'Fruit', text: 'apples' }]);
    expect(embedder.calls).toEqual([['Fruit\napples']]);
  });

  it('needs vectors and answers no questions in words without an embedder', async () => {
    await using store = await open({ dimensions: 2 });
    await expect(store.add([{ id: 'a', text: 'a' }])).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('`a`'),
    });
    expect(() => store.retriever()).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });

  it('adds nothing when the embedder fails or does not keep its word', async () => {
    const failing = defineStepWith(
      { kind: 'embedder' },
      { id: 'failing', dimensions: 2 },
      async (texts: readonly string[]) => {
        if (texts.includes('fail')) throw new Error('no answer');
        return [];
      },
    );
    await using store = await open({ dimensions: 2, embedder: failing });
    await expect(store.add([{ id: 'a', text: 'fail' }])).rejects.toThrow('no answer');
    await expect(store.add([{ id: 'a', text: 'short' }])).rejects.toMatchObject({ code: 'output-invalid' });
    expect(await collect(store.entries())).toEqual([]);
  });
};
