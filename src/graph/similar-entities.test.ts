import { describe, expect, it } from 'vitest';
import type { Document } from '../core/index.js';
import { localEmbedder } from '../model/index.js';
import { testRun } from '../testing/index.js';
import { type HnswStore, hnsw } from '../vector/index.js';
import { type KnowledgeGraph, knowledgeGraph, similarEntities } from './index.js';

const documents: readonly Document[] = [
  { id: 'a', text: 'In 1903 Marie Curie met Pierre Curie. Then Marie Curie moved to Paris.' },
  { id: 'b', text: 'The prize of Curie Marie was shared with Henri Becquerel.' },
  { id: 'c', text: 'The City of Light is on the Seine. Near Versailles lies Paris.' },
];
const graphOf = async (aliases?: Readonly<Record<string, string>>): Promise<KnowledgeGraph> => {
  const graph = await knowledgeGraph(aliases === undefined ? {} : { aliases });
  await graph.upsert(documents);
  return graph;
};
const storeOf = (): Promise<HnswStore> => hnsw({ embedder: localEmbedder() });

describe('similarEntities', () => {
  it('finds entities that may be one, the most alike first, each pair once, with the one named more in front', async () => {
    const graph = await graphOf();
    await using store = await storeOf();
    const { run, events } = testRun();
    const pairs = await similarEntities(graph, store, {}, run);
    expect(pairs.map(({ entity, other }) => [entity.name, other.name])).toContainEqual(['Marie Curie', 'Curie Marie']);
    expect(pairs.map(({ similarity }) => similarity)).toEqual(
      pairs.map(({ similarity }) => similarity).toSorted((a, b) => b - a),
    );
    expect(new Set(pairs.map(({ entity, other }) => [entity.id, other.id].sort().join())).size).toBe(pairs.length);
    const { entities } = await graph.stats();
    expect(events.filter(({ type }) => type === 'progress')).toMatchObject([{ done: entities, total: entities }]);
    expect((await store.stats()).count).toBe(entities);
  });

  it('keeps to its limits, and refuses a store that holds something', async () => {
    const graph = await graphOf();
    await using store = await storeOf();
    expect(await similarEntities(graph, store, { minSimilarity: 0.1, limit: 1 })).toHaveLength(1);
    await expect(similarEntities(graph, store)).rejects.toMatchObject({ code: 'bad-input' });
    await using other = await storeOf();
    await expect(similarEntities(graph, other, { limit: 0 })).rejects.toMatchObject({ code: 'bad-option' });
    await using empty = await storeOf();
    expect(await similarEntities(await knowledgeGraph(), empty)).toEqual([]);
  });
});

describe('aliases', () => {
  it('make one entity of two names, whatever the documents say of them and in whatever order they come', async () => {
    const aliases = { 'City of Light': 'Paris', 'Curie Marie': 'Marie Curie' };
    const graph = await graphOf(aliases);
    const [paris] = graph.find('the City of Light');
    expect(paris).toMatchObject({ id: 'paris', name: 'Paris', aliases: ['City of Light'] });
    expect(new Set(paris?.mentions.map(({ documentId }) => documentId))).toEqual(new Set(['a', 'c']));
    expect((await graph.neighbours('Paris')).map(({ entity }) => entity.name)).toContain('Seine');
    expect(graph.entitiesIn('Who was Curie Marie?')[0]?.name).toBe('Marie Curie');
    const turned = await knowledgeGraph({ aliases });
    for (const document of documents.toReversed()) await turned.add([document]);
    expect((await turned.export()).nodes).toEqual((await graph.export()).nodes);
  });

  it('go before what documents say, and stay when those are gone', async () => {
    const other = { id: 'e', text: 'Then Marie Curie left for Warsaw. In the end Curie came back.' };
    const undeclared = await graphOf();
    await undeclared.add([other]);
    const namedIn = (one: KnowledgeGraph) => one.entitiesIn('What did Curie do?').map(({ name }) => name);
    expect(namedIn(undeclared)).toEqual(['Marie Curie']);
    const graph = await graphOf({ Curie: 'Pierre Curie' });
    await graph.add([other]);
    expect(namedIn(graph)).toEqual(['Pierre Curie']);
    await graph.delete(['a', 'b', 'e']);
    expect(graph.find('Pierre Curie')).toEqual([]);
    await graph.add([{ id: 'd', text: 'Long after that Curie wrote to Lord Kelvin.' }]);
    // Only the other name is in the documents.
    expect(graph.find('Pierre Curie')[0]).toMatchObject({ id: 'pierre curie', name: 'Curie' });
  });

  it('that go in a ring are one entity', async () => {
    const graph = await graphOf({ Paris: 'Versailles', Versailles: 'Paris' });
    expect(graph.find('Paris')[0]?.id).toBe(graph.find('Versailles')[0]?.id);
  });
});
