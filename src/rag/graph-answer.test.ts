import { describe, expect, it } from 'vitest';
import { type Document, explain, inspect, user } from '../core/index.js';
import { type KnowledgeGraph, knowledgeGraph, modelReporter } from '../graph/index.js';
import { bm25 } from '../keyword/index.js';
import { extractive } from '../provider/extractive/index.js';
import { scripted, testRun } from '../testing/index.js';
import { graphAnswer } from './index.js';

const documents: readonly Document[] = [
  {
    id: 'plant',
    text: 'In Leipzig Siemens hired Clara Vogt. The plant makes trains.',
    title: 'Plant',
    metadata: { year: 2001 },
  },
  { id: 'vogt', text: 'Before that Clara Vogt studied physics in Zurich.', title: 'Vogt', metadata: { year: 1999 } },
  {
    id: 'gouda',
    text: 'The cheese of Gouda is sold in Utrecht and Delft. Every Thursday Gouda has a market.',
    title: 'Cheese',
  },
  { id: 'utrecht', text: 'The trains from Gouda to Utrecht take twenty minutes.', title: 'Trains' },
];

const setUp = async (): Promise<{
  readonly graph: KnowledgeGraph;
  readonly keywords: Awaited<ReturnType<typeof bm25>>;
}> => {
  const graph = await knowledgeGraph();
  await graph.add(documents);
  const keywords = await bm25();
  await keywords.add(documents);
  return { graph, keywords };
};

describe('graphAnswer', () => {
  it('answers a question about an entity from the documents around it, with citations into them', async () => {
    const { graph, keywords } = await setUp();
    const ask = graphAnswer(graph, keywords.retriever(), extractive());
    const result = await ask('Where did Clara Vogt study physics?');
    expect(result).toMatchObject({ isAnswered: true, text: 'Before that Clara Vogt studied physics in Zurich.' });
    expect(result.citations[0]).toMatchObject({
      verdict: 'verbatim',
      sourceId: 'vogt',
      evidence: { start: 0, end: 49 },
    });
    expect(result.sources.map(({ id }) => id)).toContain('plant');
    expect(result.trace.map(({ action }) => action)).toEqual(['choose', 'search', 'answer']);
    expect(result.trace[0]?.detail).toBe('Answered as a local question: it names Clara Vogt.');
  });

  it('answers a question about the whole from the passages of the communities', async () => {
    const { graph, keywords } = await setUp();
    const model = scripted([
      ({ messages }) => {
        const sources = (messages.at(-1)?.content ?? []) as readonly {
          readonly type: string;
          readonly text?: string;
        }[];
        const number = sources.findIndex(({ text }) => text?.includes('cheese')) + 1;
        return `The cheese of Gouda is sold in Utrecht and Delft [${number}]. A unicorn lives there [1].`;
      },
    ]);
    const { run, events } = testRun();
    const result = await graphAnswer(graph, keywords.retriever(), model)('What are the main themes?', run);
    expect(events).toContainEqual(expect.objectContaining({ type: 'choice-made', chosen: 'global' }));
    expect(result.citations[0]).toMatchObject({
      verdict: 'verbatim',
      evidence: { place: { parentId: 'gouda', start: 0, end: 48 } },
    });
    expect(result.citations[1]?.verdict).not.toBe('verbatim');
    expect(result.query).toBe('What are the main themes?');
    expect(result.trace.map(({ action }) => action)).toEqual(['choose', 'search', 'search', 'answer']);
    expect(result.sources.every(({ id }) => documents.some((document) => id.startsWith(`${document.id}@`)))).toBe(true);
  });

  it('quotes the best passages when there is no model', async () => {
    const { graph, keywords } = await setUp();
    const ask = graphAnswer(graph, keywords.retriever(), extractive({ minConfidence: 0 }), { mode: 'global' });
    const result = await ask('Where is the cheese of Gouda sold?');
    expect(result.text).toContain('The cheese of Gouda is sold in Utrecht and Delft.');
    expect(result.citations.every(({ verdict }) => verdict === 'verbatim')).toBe(true);
  });

  it('shows the model the written reports as an outline, never as a source', async () => {
    const { graph, keywords } = await setUp();
    const writer = scripted([JSON.stringify({ title: 'Dutch things', summary: 'SECRET OUTLINE' })], {
      shouldRepeat: true,
    });
    const model = scripted(['Nothing is known.', 'Nothing is known.'], { shouldRepeat: true });
    const ask = graphAnswer(graph, keywords.retriever(), model, {
      mode: 'global',
      reports: { reporter: modelReporter(writer) },
    });
    const result = await ask({ question: 'And the rest?', history: [user('I like trains.')] });
    const messages = model.requests[0]?.messages ?? [];
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user', 'user']);
    expect(JSON.stringify(messages[2])).toContain('SECRET OUTLINE');
    expect(JSON.stringify(messages.at(-1))).not.toContain('SECRET OUTLINE');
    expect(result.isAnswered).toBe(false);
    expect(result.query).toBe('And the rest?');
    const asked = writer.requests.length;
    await ask('Again?');
    expect(writer.requests).toHaveLength(asked);
  });

  it('quotes what the largest communities say, when a broad question meets no model', async () => {
    const { graph, keywords } = await setUp();
    const { run, events } = testRun();
    const result = await graphAnswer(graph, keywords.retriever(), extractive())('What are the main themes?', run);
    expect(result.isAnswered).toBe(true);
    expect(result.citations.map(({ verdict }) => verdict)).toEqual(result.citations.map(() => 'verbatim'));
    expect(result.text).toContain('The cheese of Gouda is sold in Utrecht and Delft. [');
    expect(result.uncited).toEqual([]);
    expect(events).toContainEqual(expect.objectContaining({ type: 'text-delta', text: result.text }));
  });

  it('keeps to the filter of the question on both ways', async () => {
    const { graph, keywords } = await setUp();
    const filter = { year: 2001 };
    for (const mode of ['local', 'global'] as const) {
      const ask = graphAnswer(graph, keywords.retriever(), extractive({ minConfidence: 0 }), { mode });
      const { sources } = await ask({ question: 'What did Clara Vogt do in Leipzig?', filter });
      expect(sources.length).toBeGreaterThan(0);
      expect(sources.every(({ metadata }) => metadata?.year === 2001)).toBe(true);
    }
  });

  it('says that nothing is there when the graph is empty', async () => {
    const ask = graphAnswer(await knowledgeGraph(), (await bm25()).retriever(), scripted([]), { mode: 'global' });
    expect(await ask('What are the main themes?')).toMatchObject({ isAnswered: false, sources: [] });
  });

  it('shows its ways, and what they cost', async () => {
    const { graph, keywords } = await setUp();
    const model = scripted([]);
    const shown = inspect(graphAnswer(graph, keywords.retriever(), model));
    expect(shown).toMatchObject({ kind: 'graph-answer', details: { mode: 'auto' } });
    expect(shown.children.map(({ kind }) => kind)).toEqual(['answer', 'global-answer']);
    expect(explain(graphAnswer(graph, keywords.retriever(), model, { mode: 'local' })).maxModelCalls).toBe(1);
    expect(() => graphAnswer(graph, keywords.retriever(), model, { mode: 'some' as 'local' })).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
    await expect(graphAnswer(graph, keywords.retriever(), model)(' ')).rejects.toMatchObject({ code: 'bad-input' });
  });
});
