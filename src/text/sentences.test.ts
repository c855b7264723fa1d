import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sentenceSpans } from './index.js';

const sentencesOf = (text: string): string[] => sentenceSpans(text).map(({ start, end }) => text.slice(start, end));

describe('sentenceSpans', () => {
  it('ends sentences at their marks', () => {
    expect(sentencesOf('One. Two? Three! Four...  Five')).toEqual(['One.', 'Two?', 'Three!', 'Four...', 'Five']);
  });

  it.each([
    'Dr. Smith met Mrs. Jones and J. R. R. Tolkien.',
    'See Fig. 3, Eq. 12 and e.g. Table 2, i.e. No. 5.',
    'It was in the U.S. Government, at 3 p.m. Monday, by Acme Inc. Boston.',
    'Node.js 20.19.1 reads config.json at 3.14 times the speed.',
    'Read https://example.com/a.b?Page=1&x=Y.Z and mail a.b@example.com.',
    '"Stop!" he said, and (really?) went on.',
  ])('takes as one sentence: %s', (sentence) => {
    expect(sentencesOf(sentence)).toEqual([sentence]);
    expect(sentencesOf(`${sentence} The next one.`)).toEqual([sentence, 'The next one.']);
  });

  it('ends a sentence behind an abbreviation when a word follows that starts sentences', () => {
    expect(
      sentencesOf('He lives in the U.S. It is large. We sell pens, ink etc. They go to plan B. Then no. No.'),
    ).toEqual([
      'He lives in the U.S.',
      'It is large.',
      'We sell pens, ink etc.',
      'They go to plan B.',
      'Then no.',
      'No.',
    ]);
  });

  it('goes on over a line break inside a paragraph, and ends at a blank line', () => {
    expect(sentencesOf('This goes\non and\r\non. Next\n\nnew paragraph\n \nlast')).toEqual([
      'This goes\non and\r\non.',
      'Next',
      'new paragraph',
      'last',
    ]);
  });

  it('takes Markdown apart: headings, lists, tables, code and quotations', () => {
    const text = `# Refunds
They are paid
soon. Always.
- first item
- [x] second item. With more
  that goes on
12) numbered
* star

| Plan | Price |
|------|-------|
| Basic. Small | 5 |

\`\`\`ts
const a = f(); // Yes. No.

g();
\`\`\`
> Quoted words
---
Title
=====
End.`;
    expect(sentencesOf(text)).toEqual([
      'Refunds',
      'They are paid\nsoon.',
      'Always.',
      'first item',
      'second item.',
      'With more\n  that goes on',
      'numbered',
      'star',
      '| Plan | Price |',
      '| Basic.',
      'Small | 5 |',
      'const a = f(); // Yes. No.',
      'g();',
      'Quoted words',
      'Title',
      'End.',
    ]);
  });

  it('knows the marks of other scripts', () => {
    expect(sentencesOf('你好。再见！真的？')).toEqual(['你好。', '再见！', '真的？']);
    expect(sentencesOf('यह एक है। यह दो है।')).toEqual(['यह एक है।', 'यह दो है।']);
  });

  it('finds nothing in a text of marks or white space', () => {
    for (const text of ['', ' \n\t', '---\n***\n|---|', '```\n```']) expect(sentencesOf(text)).toEqual([]);
  });

  it('does not cut a sentence that is longer than a slice', () => {
    const long = `${'word '.repeat(3000)}end.`;
    expect(sentencesOf(`${long} Next one.`)).toEqual([long, 'Next one.']);
    expect(sentencesOf('😀'.repeat(5001))).toEqual(['😀'.repeat(5001)]);
  });

  it('gives trimmed, ordered spans that leave out nothing but space and marks', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        'Dr. ',
        'e.g. ',
        '. ',
        '? ',
        '\n',
        '\n\n',
        '# ',
        '- ',
        '1. ',
        '| ',
        '```\n',
        '> ',
        '"Oh!" ',
        'Word ',
        'word ',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = pieces.join('');
        let last = 0;
        let left = '';
        for (const { start, end } of sentenceSpans(text)) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          expect(text.slice(start, end)).toBe(text.slice(start, end).trim());
          left += text.slice(last, start);
          last = end;
        }
        left += text.slice(last);
        if (!text.includes('```') && !text.includes('~~~')) expect(left).not.toMatch(/\p{L}/u);
      }),
    );
  });

  it.each([
    ['one unbroken word', 'a'.repeat(400_000)],
    ['words without an end', 'word '.repeat(80_000)],
    ['many sentences', 'This is one. '.repeat(30_000)],
    ['many lines', '- a.\n'.repeat(80_000)],
    ['abbreviations', 'Dr. '.repeat(100_000)],
    ['white space', ' '.repeat(400_000)],
    ['marks', '>>>> |'.repeat(70_000)],
  ])('takes time in proportion to the text: %s', (_, text) => {
    const started = performance.now();
    sentenceSpans(text);
    // The segmenter alone takes 6 s for a text of this length on Node 20.
    expect(performance.now() - started).toBeLessThan(4000);
  });
});
