import { describe, expect, it } from 'vitest';
import type { Document } from '../core/index.js';
import { tablesOf } from './index.js';

const report: Document = {
  id: 'report',
  title: 'Report',
  source: 'report.md',
  place: { page: 4 },
  metadata: { year: 2024 },
  text: [
    '# Cities',
    '',
    'Many people live in cities, and more will.',
    '',
    '**Table 1: the largest**',
    '',
    '| City | People | Note |',
    '| --- | ---: | --- |',
    '| Bonn | 340,000 | was a capital |',
    '| [Köln](https://koeln.de) | 1,080,000 |',
    '| a \\| b | 1 | 2 | too many |',
    '',
    '## Rivers',
    '',
    'City|River',
    '---|---',
    'Bonn|Rhine',
    '',
    '```',
    '| no | table |',
    '| --- | --- |',
    '```',
  ].join('\n'),
};

describe('tablesOf', () => {
  it('gives cells, caption and place of each table, and its Markdown letter by letter', () => {
    const [first, second, ...others] = tablesOf(report);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ caption: 'Table 1: the largest', columns: ['City', 'People', 'Note'] });
    expect(first?.rows).toEqual([
      ['Bonn', '340,000', 'was a capital'],
      ['Köln', '1,080,000', ''],
      ['a | b', '1', '2'],
    ]);
    expect(second).toMatchObject({ caption: 'Rivers', columns: ['City', 'River'], rows: [['Bonn', 'Rhine']] });
    for (const { document } of [first!, second!]) {
      const { parentId, start, end, page } = document.place!;
      expect(parentId).toBe('report');
      expect(page).toBe(4);
      expect(report.text.slice(start, end)).toBe(document.text);
      expect(document.source).toBe('report.md');
    }
    expect(first!.document).toMatchObject({
      id: 'report#table=1',
      title: 'Table 1: the largest',
      place: { headings: ['Cities'] },
      metadata: { year: 2024, modality: 'table', columns: ['City', 'People', 'Note'], rows: 3 },
    });
    expect(second!.document.place?.headings).toEqual(['Cities', 'Rivers']);
  });

  it('takes a sentence of running text for no caption, and finds nothing where there is nothing', () => {
    const text = `${'A long sentence that says many things about the world. '.repeat(5)}\n\n| a | b |\n| --- | --- |\n| 1 | 2 |`;
    expect(tablesOf({ id: 'x', text })[0]).not.toHaveProperty('caption');
    expect(tablesOf({ id: 'x', text: 'a | b\nc | d' })).toEqual([]);
    expect(tablesOf({ id: 'x', text: '' })).toEqual([]);
  });
});
