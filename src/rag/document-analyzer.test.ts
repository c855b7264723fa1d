import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRun, type Message, partsOf } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { scripted } from '../testing/index.js';
import { byModality, captioner, documentAnalyzer, numberIn, tableColumns } from './index.js';

const shared = `${process.env.PIPEWRIGHT_DATA ?? '../shared/data'}/documents`;
const isThere = existsSync(shared);
if (!isThere) console.warn(`Left out: the analysis of real documents, because ${shared} is absent.`);

const manual = {
  source: 'manual.md',
  bytes: Buffer.from(
    [
      '# Pump P-7',
      '',
      'The pump P-7 moves cooling water through the northern hall of the plant. It was installed on 3 May 2019.',
      'The pump must be serviced every 6 months by a trained technician. Ask service@plant.example for an appointment.',
      '',
      '## Costs',
      '',
      'A service of the pump costs €1,250 and takes 4 hours. The price of the pump rose by 12 % in 2022-03-01.',
      '',
      '| Part | Price | Note |',
      '| --- | --- | --- |',
      '| Seal | €40 | spare |',
      '| Rotor | €1,100.50 | |',
      '| Valve | (€15) | returned |',
    ].join('\n'),
  ),
};

describe('documentAnalyzer', () => {
  it('gives outline, summary, facts and tables of a document, each with its place, without a model', async () => {
    const analysis = await documentAnalyzer({ maxPoints: 2 })(manual);
    expect(analysis).toMatchObject({ source: 'manual.md', title: 'Pump P-7', notices: [], images: [] });
    expect(analysis.statistics).toMatchObject({ tables: 1, images: 0 });
    expect(analysis.outline.map(({ path }) => path)).toEqual([['Pump P-7'], ['Pump P-7', 'Costs']]);
    expect(analysis.summary).toHaveLength(2);
    const text = manual.bytes.toString();
    for (const { text: point, verdict, evidence } of analysis.summary) {
      expect(verdict).toBe('verbatim');
      expect(text.slice(evidence!.start, evidence!.end)).toBe(evidence!.quote);
      expect(evidence!.label).toMatch(/^manual\.md:\d+$/u);
      expect(point).toContain('pump');
    }
    expect(analysis.facts.map(({ kind, text: fact }) => [kind, fact])).toEqual([
      ['date', '3 May 2019'],
      ['measure', '6 months'],
      ['email', 'service@plant.example'],
      ['money', '€1,250'],
      ['measure', '4 hours'],
      ['percentage', '12 %'],
      ['date', '2022-03-01'],
      ['money', '€40'],
      ['money', '€1,100.50'],
      ['money', '€15'],
    ]);
    expect(analysis.facts[3]?.evidence.quote).toContain('A service of the pump costs');
    expect(analysis.keyTerms.slice(0, 2)).toContain('pump');
    expect(analysis.tables[0]?.summary).toEqual([
      { name: 'Part', type: 'text', filled: 3, distinct: 3 },
      {
        name: 'Price',
        type: 'number',
        filled: 3,
        min: -15,
        max: 1_100.5,
        mean: expect.closeTo(375.17, 1),
        sum: 1_125.5,
      },
      { name: 'Note', type: 'text', filled: 2, distinct: 2 },
    ]);
  });

  it('checks each claim of a summary that a model writes, and hides what the model says on the way', async () => {
    const model = scripted(['The pump P-7 moves cooling water [1]. It costs 99 euros a year [1]. Everybody likes it.']);
    const shown: string[] = [];
    const run = createRun({ on: (event) => event.type === 'text-delta' && shown.push(event.text) });
    const { summary } = await documentAnalyzer({ model })(manual, run);
    expect(summary.map(({ text, verdict }) => [text, verdict])).toEqual([
      ['The pump P-7 moves cooling water.', 'verbatim'],
      ['It costs 99 euros a year.', 'absent'],
      ['Everybody likes it.', 'absent'],
    ]);
    expect(shown).toEqual([]);
  });

  it('says which file is not there, and stops when it is aborted', async () => {
    await expect(documentAnalyzer()('no-such-file.pdf')).rejects.toMatchObject({ code: 'not-found' });
    await expect(documentAnalyzer()(manual, createRun({ signal: AbortSignal.abort('gone') }))).rejects.toBe('gone');
    expect(() => documentAnalyzer({ maxPoints: 0 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });

  it.runIf(isThere)('reads the table of a PDF with its sums', async () => {
    const { tables, statistics } = await documentAnalyzer()(`${shared}/pdf/table-ruled.pdf`);
    expect(statistics).toMatchObject({ pages: 1, tables: 1 });
    const [table] = tables;
    expect(table?.columns.slice(0, 2)).toEqual(['State / Territory', 'Permit']);
    expect(table?.rows.length).toBeGreaterThanOrEqual(55);
    expect(table?.document.place?.page).toBe(1);
    expect(table?.summary.at(-1)).toMatchObject({ name: 'Totals', type: 'number' });
  });
});

describe('tableColumns', () => {
  it('knows numbers with separators, money, per cent and negative ones from texts', () => {
    const numbers = ['1', '-2', '(3)', '1,234,567.8', '1 234', '€40', '12 %', '−5'].map(numberIn);
    expect(numbers).toEqual([1, -2, -3, 1_234_567.8, 1_234, 40, 12, -5]);
    for (const text of ['', 'P-7', '2019-05-03', '1-2', '12,34,5', 'n/a', '1.2.3'])
      expect(numberIn(text)).toBeUndefined();
    expect(tableColumns({ columns: ['a'], rows: [] })).toEqual([{ name: 'a', filled: 0, type: 'text', distinct: 0 }]);
  });
});

describe('captioner', () => {
  const image = { id: 'a.png', source: 'a.png', mediaType: 'image/png', data: Buffer.from('x'), alt: 'A pump' };

  it('shows the picture to the model, and tells what the document calls it', async () => {
    const model = scripted(['  A blue pump. '], { features: { images: true } });
    expect(await captioner(model, { instructions: 'In short.' })(image)).toBe('A blue pump.');
    const [rules, question] = model.requests[0]!.messages as readonly [Message, Message];
    expect(partsOf(rules).some((part) => part.type === 'text' && part.text.endsWith('In short.'))).toBe(true);
    const [picture, text] = partsOf(question);
    expect(picture).toMatchObject({ type: 'image', mediaType: 'image/png' });
    expect(text).toMatchObject({ type: 'text', text: expect.stringContaining('A pump') });
  });
});

describe('byModality', () => {
  it('lets a table through that texts would crowd out, and keeps to filters and weights', async () => {
    await using index = await bm25();
    await index.add([
      ...Array.from({ length: 20 }, (_, i) => ({
        id: `text ${i}`,
        text: `The price of a seal, and of a seal again, is told elsewhere. Seal price ${i}.`,
        metadata: { modality: 'text', year: 2020 },
      })),
      {
        id: 'table',
        text: '| Part | Price |\n| --- | --- |\n| Seal | 40 |',
        metadata: { modality: 'table', year: 2024 },
      },
    ]);
    const plain = await index.retriever()({ text: 'seal price', k: 5 });
    expect(plain.map(({ id }) => id)).not.toContain('table');
    const search = byModality(index.retriever());
    expect((await search({ text: 'seal price', k: 5 })).map(({ id }) => id)).toContain('table');
    expect((await search({ text: 'seal price', filter: { year: 2024 } })).map(({ id }) => id)).toEqual(['table']);
    const textOnly = byModality(index.retriever(), { weights: { table: 0 } });
    expect((await textOnly({ text: 'seal price', k: 30 })).map(({ id }) => id)).not.toContain('table');
    expect(() => byModality(index.retriever(), { weights: { table: -1 } })).toThrow();
  });
});
