import { describe, expect, it } from 'vitest';
import { createRun, type Document, explain, inspect } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { hybrid } from '../retrieve/index.js';
import { memoryStore } from '../store/index.js';
import { scripted, testRun } from '../testing/index.js';
import { describeRetriever } from '../testing/suites/index.js';
import { knowledgeGraph, modelReporter, passagesOfReports, rankReports } from './index.js';

describeRetriever('a graph with keyword seeds beside keywords', {
  create: async (documents) => {
    const keywords = await bm25();
    await keywords.add(documents);
    const graph = await knowledgeGraph();
    await graph.add(documents);
    const search = keywords.retriever({ k: 30 });
    return hybrid([search, graph.retriever({ seeds: search })]);
  },
});

const documents: readonly Document[] = [
  { id: 'plant', text: 'In Leipzig Siemens hired Clara Vogt. It was late.', metadata: { year: 2001 } },
  { id: 'vogt', text: 'Here Clara Vogt studied in Zurich.', metadata: { year: 1999 } },
  { id: 'zurich', text: 'The lake near Zurich is cold. It feeds the Limmat.', metadata: { year: 2010 } },
  { id: 'cheese', text: 'The cheese of Gouda is sold in Utrecht.', metadata: { year: 2005 } },
];

const company = (hub: string, parts: readonly string[]): readonly Document[] =>
  parts.map((part, at) => ({
    id: `${hub}-${part}`,
    text: `In the town of ${hub}, ${part} met ${parts[(at + 1) % parts.length]}.`,
    title: hub,
  }));
const towns = [
  ...company('Alba', ['Anna', 'Arno', 'Agnes', 'Albert']),
  ...company('Borg', ['Berta', 'Bruno', 'Birgit', 'Boris']),
  ...company('Cork', ['Clara', 'Conrad', 'Carla', 'Cyril']),
];

describe('graph.retriever', () => {
  it('finds documents around the entities of a question that share no word with it', async () => {
    const graph = await knowledgeGraph();
    await graph.add(documents);
    const near = await graph.retriever({ hops: 0 })('Who is behind Siemens?');
    expect(near.map(({ id }) => id)).toEqual(['plant']);
    const far = await graph.retriever({ hops: 2 })('Who is behind Siemens?');
    expect(far.map(({ id }) => id)).toEqual(['plant', 'vogt', 'zurich']);
    expect(far.some(({ id }) => id === 'cheese')).toBe(false);
    expect(await graph.retriever()('What is nothing?')).toEqual([]);
  });

  it('shows where hits name the entities, when asked to', async () => {
    const graph = await knowledgeGraph();
    await graph.add(documents);
    const [hit] = await graph.retriever({ hops: 0, isHighlighted: true })('Clara Vogt');
    expect(hit?.highlights?.map(({ start, end }) => hit.text.slice(start, end))).toEqual(['Clara Vogt']);
    expect((await graph.retriever()('Clara Vogt'))[0]).not.toHaveProperty('highlights');
  });

  it('keeps to the filter, to k and to minScore', async () => {
    const graph = await knowledgeGraph();
    await graph.add(documents);
    const search = graph.retriever({ hops: 2 });
    const hits = await search({ text: 'Clara Vogt in Zurich', filter: { year: { $gte: 2001 } } });
    expect(hits.map(({ id }) => id).sort()).toEqual(['plant', 'zurich']);
    expect(await search({ text: 'Clara Vogt', k: 1 })).toHaveLength(1);
    expect(await search({ text: 'Clara Vogt', minScore: 1e9 })).toEqual([]);
    const asked = { text: 'x', filter: { year: { $near: 1 } } };
    await expect(search(asked as never)).rejects.toMatchObject({ code: 'bad-option' });
  });

  it('shows its settings and its seeds', async () => {
    const keywords = await bm25();
    const graph = await knowledgeGraph();
    const shown = inspect(graph.retriever({ seeds: keywords.retriever(), hops: 2 }));
    expect(shown).toMatchObject({ name: 'graph', details: { hops: 2 }, children: [{ label: 'seeds', name: 'bm25' }] });
  });
});

describe('communities and reports', () => {
  it('finds the groups that there are, the same whatever the order of the documents', async () => {
    const graph = await knowledgeGraph();
    await graph.add(towns);
    const found = await graph.communities();
    const finest = found.filter(({ level }) => level === 0);
    expect(finest.map(({ entities }) => entities.map(({ name }) => name.charAt(0)).join('')).sort()).toEqual([
      'AAAAA',
      'BBBBB',
      'CCCCC',
    ]);
    expect(finest[0]?.entities[0]?.name).toMatch(/^(?:Alba|Borg|Cork)$/u);
    const other = await knowledgeGraph();
    await other.add([...towns].reverse());
    expect(await other.communities()).toEqual(found);
    expect(await graph.communities()).toBe(found);
    expect(await graph.communities({ minEntities: 6 })).toEqual([]);
    expect(await (await knowledgeGraph()).communities()).toEqual([]);
  });

  it('quotes passages with their places, when nobody writes', async () => {
    const graph = await knowledgeGraph();
    await graph.add(towns);
    const [report] = await graph.reports();
    expect(report).toMatchObject({ isWritten: false, size: 5 });
    expect(report?.title).toMatch(/Alba|Borg|Cork/u);
    for (const { id, text, place } of report?.passages ?? []) {
      const source = towns.find((one) => one.id === place?.parentId);
      expect(source?.text.slice(place?.start, place?.end)).toBe(text);
      expect(id).toBe(`${source?.id}@${place?.start}-${place?.end}`);
      expect(report?.summary).toContain(text);
    }
  });

  it('gives the place in the file where documents are pieces of one', async () => {
    const graph = await knowledgeGraph();
    const place = { parentId: 'file.md', start: 100, end: 140, page: 3 };
    await graph.add([{ id: 'piece', text: 'Then Ada Lovelace met Charles Babbage in London.', place }]);
    expect((await graph.reports())[0]?.passages[0]?.place).toEqual({
      parentId: 'file.md',
      start: 100,
      end: 148,
      page: 3,
    });
  });

  it('writes again only the reports of communities that changed, also after it was opened anew', async () => {
    const writing = () =>
      scripted([() => JSON.stringify({ title: 'A town', summary: 'People met.' })], { shouldRepeat: true });
    const store = memoryStore();
    const model = writing();
    const graph = await knowledgeGraph({ store });
    await graph.add(towns);
    const options = { reporter: modelReporter(model), level: 0 };
    const reports = await graph.reports(options);
    expect(reports.map(({ title, isWritten }) => [title, isWritten])).toEqual(
      Array.from({ length: 3 }, () => ['A town', true]),
    );
    expect(model.requests).toHaveLength(3);
    await graph.reports(options);
    await graph.add([{ id: 'new', text: 'In the town of Borg, Berta met Basil.' }]);
    await graph.reports(options);
    expect(model.requests).toHaveLength(4);
    const later = writing();
    await (await knowledgeGraph({ store })).reports({ reporter: modelReporter(later), level: 0 });
    expect(later.requests).toHaveLength(0);
    let kept = 0;
    for await (const _ of store.range({ from: 'report/', to: 'report0' })) kept++;
    expect(kept).toBe(3);
  });

  it('quotes where the reporter fails, and says so', async () => {
    const model = scripted([
      'no JSON',
      'none',
      JSON.stringify({ title: '', summary: 1 }),
      '{}',
      JSON.stringify({ title: 'T', summary: 'S' }),
    ]);
    const { run, events } = testRun();
    const graph = await knowledgeGraph();
    await graph.add(towns);
    const reports = await graph.reports({ reporter: modelReporter(model), level: 0, concurrency: 1 }, run);
    expect(reports.map(({ isWritten }) => isWritten)).toEqual([false, false, true]);
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(2);
    expect(events.some(({ type }) => type === 'text-delta')).toBe(false);
    expect(explain(modelReporter(model)).maxModelCalls).toBe(2);
  });

  it('ranks reports by the words of a question, else by size, and takes passages in turn', async () => {
    const graph = await knowledgeGraph();
    await graph.add([...towns, { id: 'more', text: 'In the town of Cork, Clara met Celia.' }]);
    const reports = await graph.reports({ level: 0 });
    expect(rankReports(reports, 'What happened to Berta?')[0]?.entities).toContain('Berta');
    expect(rankReports(reports, 'What are the main themes?')[0]?.entities).toContain('Cork');
    const hits = passagesOfReports(rankReports(reports, 'themes'), 4);
    expect(
      hits
        .map(({ title }) => title)
        .slice(0, 3)
        .sort(),
    ).toEqual(['Alba', 'Borg', 'Cork']);
    expect(hits).toHaveLength(4);
    expect(passagesOfReports(reports, 9, { year: 1 })).toEqual([]);
  });

  it('rejects with the reason of a run that is aborted', async () => {
    const graph = await knowledgeGraph();
    await graph.add(towns);
    const run = createRun({ signal: AbortSignal.abort('gone') });
    await expect(graph.reports({ reporter: modelReporter(scripted([])) }, run)).rejects.toBe('gone');
    await expect(graph.retriever()('Berta', run)).rejects.toBe('gone');
  });
});
