import { describe, expect, it } from 'vitest';
import { countText, editText, formatTable, readTable, textTools, toolbox } from '../index.js';

describe('editText', () => {
  it.each([
    ['upper', 'straße', 'STRASSE'],
    ['title', "the world's END", "The World's End"],
    ['sentence', 'IT RAINS. WE STAY! yes', 'It rains. We stay! Yes'],
    ['camel', 'User name_of-it', 'userNameOfIt'],
    ['snake', 'userName', 'user_name'],
    ['kebab', 'UserName 2', 'user-name-2'],
    ['slug', ' Äpfel & Größe: 100 % ', 'apfel-grosse-100'],
    ['trim', ' a \n\n\n\n b ', 'a\n\nb'],
    ['sort-lines', 'b10\nB9\na', 'a\nB9\nb10'],
    ['unique-lines', 'a\nb\na', 'a\nb'],
    ['number-lines', 'a\nb', '1. a\n2. b'],
    ['json-minify', '{ "a": [1, 2] }', '{"a":[1,2]}'],
    ['json-pretty', '{"a":1}', '{\n  "a": 1\n}'],
  ] as const)('%s of %j is %j', async (operation, text, expected) => {
    expect(await editText({ operation, text })).toBe(expected);
  });

  it('wraps, cuts and fills', async () => {
    expect(await editText({ operation: 'wrap', text: 'one two three\nfour incomprehensible', width: 9 })).toBe(
      'one two\nthree\nfour\nincomprehensible',
    );
    expect(await editText({ operation: 'truncate', text: 'one two three four', maxTokens: 2 })).toBe('one two');
    const fill = (text: string) => editText({ operation: 'fill', text, values: { name: '$&', n: 2 } });
    expect(await fill('Dear {{ name }}, {{n}} of {{n}}')).toBe('Dear $&, 2 of 2');
    await expect(fill('{{constructor}}')).rejects.toThrow('`constructor` has none. There are: name, n');
    await expect(editText({ operation: 'json-pretty', text: '{' })).rejects.toMatchObject({ code: 'bad-input' });
  });
});

describe('formatTable', () => {
  const columns = ['name', 'n'];
  const rows = [
    ['a|b', 1],
    ['two\nlines, "q"', 10],
    ['ü', null],
  ] as const;

  it('writes Markdown, columns, and CSV that reads back the same', async () => {
    expect(formatTable(columns, rows, 'markdown')).toBe(
      '| name | n |\n| --- | --- |\n| a\\|b | 1 |\n| two lines, "q" | 10 |\n| ü |  |',
    );
    expect(formatTable(columns, rows.slice(0, 2), 'text')).toBe(
      'name             n\n--------------  --\na|b              1\ntwo lines, "q"  10',
    );
    const csv = formatTable(columns, rows, 'csv');
    expect((await readTable(csv)).columns.map(({ values }) => values)).toEqual([
      ['a|b', 'two\nlines, "q"', 'ü'],
      [1, 10, null],
    ]);
  });
});

describe('countText', () => {
  it('counts what people count', () => {
    expect(countText('Hello there. It is me! 👋\n\nSecond paragraph.')).toMatchObject({
      characters: 43,
      words: 7,
      lines: 3,
      paragraphs: 2,
    });
    expect(countText('東京は大きい。').words).toBeGreaterThan(1);
    expect(countText('')).toMatchObject({
      characters: 0,
      words: 0,
      sentences: 0,
      lines: 0,
      paragraphs: 0,
      readingMinutes: 0,
    });
    expect(countText('word '.repeat(476)).readingMinutes).toBe(2);
  });
});

describe('textTools', () => {
  const call = async (name: string, input: unknown) =>
    (await toolbox(textTools({ maxTextLength: 100 }))([{ type: 'tool-call', id: '1', name, input }]))[0];

  it('does what models ask', async () => {
    const table = { columns: ['a'], rows: [[1], []], form: 'csv' };
    expect((await call('format_table', table))?.output).toBe('a\n1\n');
    expect((await call('edit_text', { operation: 'slug', text: 'A b' }))?.output).toBe('a-b');
    expect((await call('count_text', { text: 'a b' }))?.output).toMatchObject({ words: 2 });
  });

  it.each([
    ['format_table', { columns: [], rows: [], form: 'csv' }, 'columns: must name'],
    ['format_table', { columns: ['a'], rows: [[1, 2]], form: 'csv' }, 'row 1 must be a list of up to 1'],
    ['format_table', { columns: ['a'], rows: [], form: 'html' }, 'form: must be one of'],
    ['edit_text', { operation: 'reverse', text: 'a' }, 'operation: must be one of'],
    ['edit_text', { operation: 'fill', text: 'a' }, 'values: must be an object'],
    ['edit_text', { operation: 'wrap', text: 'a', width: 0 }, 'width: must be'],
    ['count_text', { text: 'a'.repeat(101) }, 'at most 100 characters'],
  ])('%s refuses %j', async (name, input, message) => {
    expect(await call(name, input)).toMatchObject({ isError: true, output: expect.stringContaining(message) });
  });
});
