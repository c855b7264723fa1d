import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineStepWith, type Document, PipewrightError, type Store } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { testRun } from '../testing/index.js';
import { type Extraction, type Extractor, type GraphData, type KnowledgeGraph, knowledgeGraph } from './index.js';

const curie: readonly Document[] = [
  { id: 'a', text: 'In 1903 Marie Curie shared the Nobel Prize with Pierre Curie.', metadata: { year: 1903 } },
  { id: 'b', text: 'Then Marie Curie moved from Warsaw to Paris.', metadata: { year: 1891 } },
  { id: 'c', text: 'The river Seine flows through Paris. Near Paris lies Versailles.', metadata: { year: 2000 } },
];
const graphOf = async (documents: readonly Document[]): Promise<KnowledgeGraph> => {
  const graph = await knowledgeGraph();
  await graph.upsert(documents);
  return graph;
};
const namesOf = (all: readonly { readonly name: string }[]): readonly string[] => all.map(({ name }) => name);

/** An extractor that says what it is told to. */
const saying = (say: (document: Document) => unknown, id = 'said'): Extractor =>
  defineStepWith({ kind: 'said' }, { id }, async (document: Document) => say(document) as Extraction);

/** A name for every word of the text, each related to the next; `Ada=Bo` is Ada, whom the text also calls Bo. */
const wordByWord = saying(({ id, text }) => {
  const words = [...text.matchAll(/([^\s=]+)(?:=(\S+))?/gu)].map(({ 1: name = '', 2: alias, index }) => ({
    name,
    aliases: alias === undefined ? [] : [alias],
    start: index,
    end: index + name.length,
  }));
  return {
    entities: words.map(({ name, aliases, start, end }) => ({
      name,
      aliases,
      type: 'word',
      mentions: [{ documentId: id, start, end }],
    })),
    relations: words.slice(1).map(({ name, end }, at) => ({
      from: words[at]?.name,
      to: name,
      type: 'before',
      weight: 0.1 + at / 3,
      documentId: id,
      start: words[at]?.start,
      end,
    })),
  };
});

describe('knowledgeGraph', () => {
  it('finds entities by name, by a part of it and in a question, with the passages they come from', async () => {
    const graph = await graphOf(curie);
    const [paris] = graph.find('paris');
    expect(paris).toMatchObject({ id: 'paris', name: 'Paris', degree: 4 });
    expect(
      paris?.mentions.map(({ documentId, start, end }) =>
        curie.find(({ id }) => id === documentId)?.text.slice(start, end),
      ),
    ).toEqual(['Paris', 'Paris', 'Paris']);
    expect(namesOf(graph.find('Curie'))).toEqual(expect.arrayContaining(['Marie Curie', 'Pierre Curie']));
    expect(namesOf(graph.entitiesIn('Did Marie Curie ever see the seine?'))).toEqual(['Marie Curie', 'Seine']);
    expect(graph.find('nobody')).toEqual([]);
  });

  it('tells neighbours and paths, nearest and shortest first', async () => {
    const graph = await graphOf(curie);
    const near = await graph.neighbours('Warsaw');
    expect(near.map(({ entity, hops }) => [entity.name, hops])).toEqual([
      ['Marie Curie', 1],
      ['Paris', 1],
    ]);
    expect(near[0]?.relation.statements[0]).toMatchObject({ type: 'moved from', documentId: 'b' });
    const far = await graph.neighbours('Warsaw', { hops: 2 });
    expect(far.map(({ entity }) => entity.name)).toContain('Versailles');
    const [path] = await graph.paths('Pierre Curie', 'Versailles');
    expect(path?.entities.map(({ name }) => name)).toEqual(['Pierre Curie', 'Marie Curie', 'Paris', 'Versailles']);
    expect(path?.relations).toHaveLength(3);
    expect(await graph.paths('Pierre Curie', 'Versailles', { maxHops: 2 })).toEqual([]);
    expect(await graph.paths('Pierre Curie', 'nobody')).toEqual([]);
    expect(await graph.neighbours('nobody')).toEqual([]);
  });

  it('gives all short paths, each without a circle', async () => {
    await using graph = await knowledgeGraph({ extractor: wordByWord });
    await graph.add([
      { id: '1', text: 'a b d' },
      { id: '2', text: 'a c d' },
      { id: '3', text: 'b c' },
    ]);
    const paths = await graph.paths('a', 'd', { limit: 10 });
    expect(paths.map(({ entities }) => namesOf(entities).join(''))).toEqual(['abd', 'acd', 'abcd', 'acbd']);
  });

  it('takes mentions, relations and orphans along when a document goes', async () => {
    const graph = await graphOf(curie);
    expect(await graph.delete({ year: { $lt: 1900 } })).toBe(1);
    expect(graph.find('Warsaw')).toEqual([]);
    expect(graph.find('Paris')[0]).toMatchObject({ degree: 2 });
    expect(await graph.paths('Marie Curie', 'Paris')).toEqual([]);
    expect(await graph.delete(['a', 'c', 'nothing'])).toBe(2);
    expect(await graph.stats()).toMatchObject({ documents: 0, entities: 0, relations: 0, mentions: 0, types: {} });
  });

  it('merges short names across documents where all agree, and lets them part again', async () => {
    const graph = await graphOf([
      { id: '1', text: 'Then Angela Merkel spoke. Merkel left.' },
      { id: '2', text: 'They asked Merkel in Berlin.' },
    ]);
    expect(graph.find('Merkel')[0]).toMatchObject({ name: 'Angela Merkel', aliases: ['Merkel'] });
    expect(namesOf((await graph.neighbours('Angela Merkel')).map(({ entity }) => entity))).toEqual(['Berlin']);
    await graph.add([{ id: '3', text: 'Here Otto Merkel sat. Then Merkel stood.' }]);
    expect(namesOf(graph.find('Merkel'))).toEqual(expect.arrayContaining(['Merkel', 'Angela Merkel', 'Otto Merkel']));
    await graph.delete(['3', '1']);
    expect(namesOf(graph.find('Merkel'))).toEqual(['Merkel']);
  });

  it('is the same whatever was added and deleted on the way', async () => {
    const text = fc.array(
      fc.constantFrom('Ada', 'ada', 'Bo', 'C', 'D.', '__proto__', 'Ada=Bo', 'Bo=C', 'C=Ada', 'D=C'),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    const change = fc.record({ id: fc.constantFrom('1', '2', '3', '4'), words: fc.option(text) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 25 }), async (changes) => {
        await using graph = await knowledgeGraph({ extractor: wordByWord });
        const left = new Map<string, Document>();
        for (const { id, words } of changes) {
          if (words === null) {
            await graph.delete([id]);
            left.delete(id);
          } else {
            const document = { id, text: words.join(' ') };
            await graph.upsert([document]);
            left.set(id, document);
          }
        }
        await using fresh = await knowledgeGraph({ extractor: wordByWord });
        await fresh.add([...left.values()].reverse());
        expect(await graph.export()).toEqual(await fresh.export());
        expect((await graph.neighbours('ada', { hops: 3 })).map(({ entity }) => entity)).toEqual(
          (await fresh.neighbours('ada', { hops: 3 })).map(({ entity }) => entity),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('refuses an id that is there, and reads again only what has changed', async () => {
    let reads = 0;
    const extractor = saying(() => {
      reads++;
      return { entities: [], relations: [] };
    });
    const graph = await knowledgeGraph({ extractor });
    await graph.add([{ id: 'a', text: 'one' }]);
    await expect(
      graph.add([
        { id: 'b', text: 'two' },
        { id: 'a', text: 'one' },
      ]),
    ).rejects.toMatchObject({ code: 'duplicate-id' });
    expect(reads).toBe(1);
    const change = await graph.upsert([
      { id: 'a', text: 'one' },
      { id: 'b', text: 'two', metadata: { y: 1, x: 2 } },
    ]);
    expect(change).toEqual({ added: 1, unchanged: 1, failures: [] });
    expect(await graph.upsert([{ id: 'b', text: 'two', metadata: { x: 2, y: 1 } }])).toMatchObject({
      added: 0,
      unchanged: 1,
    });
    expect(reads).toBe(2);
  });

  it('reports a document that cannot be read, and goes on with the rest', async () => {
    const extractor = saying(({ id, text }) => {
      if (id === 'bad') throw new Error('no reply');
      if (id === 'worse')
        return { entities: [{ name: 'x', type: 't', mentions: [{ start: 0, end: 99 }] }], relations: [] };
      if (id === 'worst') return 'nonsense';
      return { entities: [{ name: text, type: 'word', mentions: [{ start: 0, end: text.length }] }], relations: [] };
    });
    const { run, events } = testRun();
    const graph = await knowledgeGraph({ extractor });
    const documents = ['good', 'bad', 'worse', 'worst', 'fine'].map((id) => ({ id, text: id }));
    const { added, failures } = await graph.add(documents, run);
    expect(added).toBe(2);
    expect(failures.map(({ documentId }) => documentId).sort()).toEqual(['bad', 'worse', 'worst']);
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(3);
    expect((await graph.stats()).documents).toBe(2);
  });

  it('ends at once when going on makes no sense', async () => {
    let reads = 0;
    const extractor = saying(() => {
      reads++;
      throw new PipewrightError('budget-exceeded', 'Spent.');
    });
    const graph = await knowledgeGraph({ extractor, concurrency: 1 });
    await expect(
      graph.add([
        { id: 'a', text: '' },
        { id: 'b', text: '' },
      ]),
    ).rejects.toMatchObject({ code: 'budget-exceeded' });
    expect(reads).toBe(1);
  });

  it('leaves a whole graph behind when a build is aborted, and goes on where it was', async () => {
    const { run, abort } = testRun();
    let reads = 0;
    const extractor = saying((document) => {
      if (++reads === 3) abort('gone');
      return wordByWord(document);
    }, 'word');
    const store = memoryStore();
    const graph = await knowledgeGraph({ extractor, store, concurrency: 1 });
    const documents = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, text: `Ada ${id}` }));
    await expect(graph.add(documents, run)).rejects.toBe('gone');
    const { documents: left } = await graph.stats();
    expect(left).toBe(2);
    const again = await knowledgeGraph({ extractor, store });
    expect(await again.export()).toEqual(await graph.export());
    expect(await again.upsert(documents)).toMatchObject({ added: 5 - left, unchanged: left });
    expect(reads).toBe(3 + 5 - left);
  });

  it('takes nothing from an extractor that is deaf to an abort and answers late', async () => {
    const { run, abort } = testRun();
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const deaf = Object.assign(
      async (document: Document) => {
        if (document.id === 'fails') abort('gone');
        await asked;
        return wordByWord(document);
      },
      { id: 'deaf' },
    );
    const graph = await knowledgeGraph({ extractor: deaf, concurrency: 2 });
    const building = graph.add(
      [
        { id: 'late', text: 'Ada' },
        { id: 'fails', text: 'Bo' },
      ],
      run,
    );
    answer();
    await expect(building).rejects.toBe('gone');
    await new Promise((resolve) => setImmediate(resolve));
    expect((await graph.stats()).documents).toBe(0);
  });

  it('keeps everything on disk', async () => {
    const path = await mkdtemp(join(tmpdir(), 'graph-'));
    try {
      let before: GraphData;
      {
        await using graph = await knowledgeGraph({ path });
        await graph.add(curie);
        await graph.delete(['c']);
        before = await graph.export();
      }
      await using graph = await knowledgeGraph({ path });
      expect(await graph.export()).toEqual(before);
      expect((await graph.stats()).lastChangedMs).toBeGreaterThan(0);
      expect(await graph.upsert(curie)).toMatchObject({ added: 1, unchanged: 2 });
    } finally {
      await rm(path, { recursive: true });
    }
  });

  it('Q23 a damaged or newer store is a typed error that names the entry', async () => {
    const damage = async (change: (text: string) => string, key?: string): Promise<Store> => {
      const store = memoryStore();
      await (await knowledgeGraph({ store })).add(curie);
      for await (const [at, bytes] of store.range({})) {
        const value = new TextEncoder().encode(change(new TextDecoder().decode(bytes)));
        if (key === undefined || at.startsWith(key)) await store.write([{ type: 'put', key: at, value }]);
      }
      return store;
    };
    const codeOf = async (store: Store): Promise<unknown> =>
      knowledgeGraph({ store }).catch((error: PipewrightError) => error.code);
    expect(await codeOf(await damage((text) => text.slice(0, -3), 'document/'))).toBe('store-damaged');
    expect(await codeOf(await damage(() => 'null'))).toBe('store-damaged');
    expect(await codeOf(await damage(() => '[]', 'document/'))).toBe('store-damaged');
    expect(await codeOf(await damage((text) => text.replace('"start":', '"start":-'), 'document/'))).toBe(
      'store-damaged',
    );
    expect(await codeOf(await damage((text) => text.replace('"version":1', '"version":2'), 'graph'))).toBe(
      'store-newer',
    );
    await expect(
      knowledgeGraph({ store: await damage((text) => text.replace('"id"', '"di"'), 'document/') }),
    ).rejects.toThrow(/document\/0/);
  });

  it('Q24 names like __proto__ and constructor are plain names', async () => {
    const graph = await knowledgeGraph({ extractor: wordByWord });
    await graph.add([{ id: '__proto__', text: '__proto__ constructor toString hasOwnProperty' }]);
    expect(namesOf(graph.find('__proto__'))).toEqual(['__proto__']);
    expect((await graph.neighbours('constructor')).map(({ entity }) => entity.name).sort()).toEqual([
      '__proto__',
      'toString',
    ]);
    const copy = await knowledgeGraph();
    await copy.import(JSON.parse(JSON.stringify(await graph.export())));
    expect(await copy.export()).toEqual(await graph.export());
    const typed = await knowledgeGraph({
      extractor: saying(() => ({
        entities: [{ name: 'x', type: '__proto__', mentions: [{ start: 0, end: 1 }] }],
        relations: [],
      })),
    });
    await typed.add([{ id: 'a', text: 'x' }]);
    expect(Object.entries((await typed.stats()).types)).toEqual([['__proto__', 1]]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it('Q27 one document brings a bounded number of entities and relations, and walks are bounded', async () => {
    const many = saying(({ id }) => ({
      entities: Array.from({ length: 5_001 }, (_, at) => ({
        name: `e${at}`,
        type: 't',
        mentions: [{ documentId: id, start: 0, end: 1 }],
      })),
      relations: [],
    }));
    const graph = await knowledgeGraph({ extractor: many });
    expect((await graph.add([{ id: 'a', text: 'x' }])).failures[0]?.message).toContain('more than 5000 entities');
    const dense = await knowledgeGraph({ extractor: wordByWord });
    const words = Array.from({ length: 40 }, (_, at) => `w${at}`);
    await dense.add(words.flatMap((a) => words.map((b) => ({ id: `${a} ${b}`, text: `${a} ${b}` }))));
    expect(await dense.neighbours('w0', { hops: 5, limit: 7 })).toHaveLength(7);
    expect(await dense.paths('w0', 'w1', { maxHops: 6, limit: 9 })).toHaveLength(9);
  });

  it('imports what it exported, and nothing that is no export', async () => {
    const graph = await graphOf(curie);
    const data: GraphData = JSON.parse(JSON.stringify(await graph.export()));
    const copy = await knowledgeGraph();
    await copy.import(data);
    expect(await copy.export()).toEqual(data);
    expect(await copy.upsert(curie)).toMatchObject({ unchanged: 3 });
    const bad = async (change: unknown): Promise<unknown> =>
      copy.import(change as GraphData).catch((error: PipewrightError) => error.code);
    expect(await bad({})).toBe('bad-input');
    expect(await bad(undefined)).toBe('bad-input');
    expect(await bad({ ...data, graph: { ...data.graph, version: 9 } })).toBe('store-newer');
    expect(
      await bad({ ...data, graph: { ...data.graph, documents: [...data.graph.documents, ...data.graph.documents] } }),
    ).toBe('bad-input');
    expect(
      await bad({
        ...data,
        graph: { ...data.graph, documents: [{ document: { id: 'z', text: '' }, extractorId: 'x' }] },
      }),
    ).toBe('bad-input');
    expect(await copy.export()).toEqual(data);
  });

  it('is closed once and for all', async () => {
    const graph = await graphOf(curie);
    await graph.close();
    for (const call of [
      () => graph.add([]),
      () => graph.stats(),
      () => graph.retriever()('x'),
      () => graph.communities(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'store-closed' });
    }
    expect(() => graph.find('x')).toThrow(expect.objectContaining({ code: 'store-closed' }));
  });

  it('refuses options that make no sense', async () => {
    const isBad = (promise: Promise<unknown>): Promise<void> =>
      expect(promise).rejects.toMatchObject({ code: 'bad-option' });
    await isBad(knowledgeGraph({ concurrency: 0 }));
    await isBad(knowledgeGraph({ path: 'x', store: memoryStore() }));
    const graph = await knowledgeGraph();
    await isBad(graph.neighbours('x', { hops: 0 }));
    await isBad(graph.paths('x', 'y', { limit: 0 }));
    await isBad(graph.communities({ resolution: 0 }));
    expect(() => graph.retriever({ k: 0 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});
