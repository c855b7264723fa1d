import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fitClassifier, type LabelledText, openClassifier } from './index.js';

const examples = [
  { text: 'Please refund my money, the invoice is wrong', label: 'billing' },
  { text: 'I was charged twice on my card', label: 'billing' },
  { text: 'The invoice shows the wrong amount', label: 'billing' },
  { text: 'When do I get my refund for the invoice', label: 'billing' },
  { text: 'The app crashes when I open settings', label: 'bug' },
  { text: 'An error message shows and the app freezes', label: 'bug' },
  { text: 'Login fails with an error', label: 'bug' },
  { text: 'The page crashes with an error', label: 'bug' },
] as const;

describe('a fitted classifier', () => {
  it('puts labels to texts by their words, with a confidence that grows with the evidence', async () => {
    const classify = await fitClassifier(examples);
    const sure = await classify('The app shows an error and crashes');
    expect(sure).toMatchObject({ label: 'bug', by: 'counts' });
    expect((await classify('wrong error')).confidence).toBeLessThan(sure.confidence);
  });

  it('is unsure of a text without a known word', async () => {
    const classify = await fitClassifier(examples);
    expect(await classify('Guten Tag')).toMatchObject({ label: 'unsure', confidence: 0 });
    expect((await classify('')).label).toBe('unsure');
  });

  it('comes back the same from JSON', async () => {
    const classify = await fitClassifier(examples);
    const opened = openClassifier(JSON.parse(JSON.stringify(classify.export())) as ReturnType<typeof classify.export>);
    for (const text of ['refund', 'a crash of the invoice page', ''])
      expect(await opened(text)).toEqual(await classify(text));
    expect(opened.report).toEqual(classify.report);
  });

  it('refuses what it cannot fit or open', async () => {
    await expect(fitClassifier([{ text: 'a', label: 'a' }])).rejects.toMatchObject({ code: 'bad-input' });
    const data = (await fitClassifier(examples)).export();
    expect(() => openClassifier({ ...data, weights: [] })).toThrow('no classifier');
    expect(() => openClassifier({ ...data, version: 2 as 1 })).toThrow('Update pipewright');
  });

  it('measures examples of one group by those of others', async () => {
    // Each text stands twice: told by its twin it looks easy.
    const words = ['red', 'blue', 'green', 'black', 'white', 'grey', 'pink', 'brown', 'gold', 'ochre', 'lilac', 'teal'];
    const twins = words.flatMap((word, at) =>
      [1, 2].map(() => ({ text: word, label: at % 2 === 0 ? 'even' : 'odd', group: word })),
    );
    const apart = twins.map(({ text, label }) => ({ text, label }));
    expect((await fitClassifier(apart)).report.accuracy).toBe(1);
    expect((await fitClassifier(twins)).report.accuracy).toBe(0);
  });
});

const folder = join(process.env.PIPEWRIGHT_DATA ?? '../shared/data', 'retrieval/xquad-en');

interface Figures {
  readonly accuracy: number;
  readonly sureShare: number;
  readonly sureAccuracy: number;
  readonly foretold: number;
}

const jsonLines = <T>(file: string): readonly T[] =>
  readFileSync(join(folder, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

/** Fitted to three paragraphs of each article, or their questions; measured on the other two. */
const measured = async (rows: readonly (LabelledText & { readonly isHeldOut: boolean })[]): Promise<Figures> => {
  const classify = await fitClassifier(rows.filter(({ isHeldOut }) => !isHeldOut));
  const results: { readonly isSure: boolean; readonly isRight: boolean }[] = [];
  for (const { text, label } of rows.filter(({ isHeldOut }) => isHeldOut)) {
    const found = await classify(text);
    results.push({ isSure: found.label !== 'unsure', isRight: found.best === label });
  }
  const share = (of: readonly { readonly isRight: boolean }[]) =>
    of.filter(({ isRight }) => isRight).length / of.length;
  const sure = results.filter(({ isSure }) => isSure);
  return {
    accuracy: share(results),
    sureShare: sure.length / results.length,
    sureAccuracy: share(sure),
    foretold: classify.report.accuracy,
  };
};

describe.skipIf(!existsSync(folder))('on paragraphs and questions of 48 articles', () => {
  const corpus = () => jsonLines<{ id: string; title: string; text: string }>('corpus.jsonl');
  const isHeldOut = (paragraph: string): boolean => Number(paragraph.split('-')[1]) >= 3;

  it('tells the article of an unseen paragraph, and is right where it is sure', async () => {
    const figures = await measured(
      corpus().map(({ id, title, text }) => ({ text, label: title, group: id, isHeldOut: isHeldOut(id) })),
    );
    console.log('article of 96 unseen paragraphs, 3 examples a label:', figures);
    expect(figures.accuracy).toBeGreaterThan(0.74);
    expect(figures.sureAccuracy).toBeGreaterThan(0.84);
  });

  it('tells the article of a question about an unseen paragraph in half of the cases, and knows which', async () => {
    const titles = new Map(corpus().map(({ id, title }) => [id, title]));
    const lines = readFileSync(join(folder, 'qrels.tsv'), 'utf8').trim().split('\n').slice(1);
    const paragraphs = new Map(lines.map((line) => [line.split('\t')[0], line.split('\t')[1] ?? '']));
    const figures = await measured(
      jsonLines<{ id: string; text: string }>('queries.jsonl').map(({ id, text }) => {
        const group = paragraphs.get(id) ?? '';
        return { text, label: titles.get(group) ?? '', group, isHeldOut: isHeldOut(group) };
      }),
    );
    console.log('article of 434 questions about unseen paragraphs:', figures);
    expect(figures.accuracy).toBeGreaterThan(0.45);
    expect(figures.sureAccuracy).toBeGreaterThan(0.78);
    expect(Math.abs(figures.accuracy - figures.foretold)).toBeLessThan(0.05);
  });
});

if (!existsSync(folder)) console.log(`Left out: the classifier on real texts, as there is no ${folder}.`);
