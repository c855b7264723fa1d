import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRun, type Document } from '../core/index.js';
import { csvLoader, jsonLinesLoader, jsonLoader, type Loaded, type Loader } from './index.js';

const folder = 'test/fixtures/documents';
const fixture = (name: string): Uint8Array => readFileSync(`${folder}/${name}`);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (
  loader: Loader,
  source: string,
  content: string | Uint8Array,
  charset?: string,
): Promise<Loaded> | Loaded =>
  loader(
    {
      source,
      bytes: typeof content === 'string' ? utf8(content) : content,
      ...(charset === undefined ? {} : { charset }),
    },
    createRun(),
  );
const only = (loaded: Loaded): Document => {
  expect(loaded.documents.length).toBe(1);
  return loaded.documents[0]!;
};

describe('csvLoader', () => {
  it('writes each row as column: value, some rows to a document', async () => {
    const { documents, notices } = await read(csvLoader({ maxChars: 70 }), 'ports.csv', fixture('ports.csv'));
    expect(documents.map(({ id, text, metadata }) => [id, text, metadata])).toEqual([
      [
        'ports.csv#rows=1-2',
        'name: Brest\ndepth: 9\nnote: deep; and\nwide\n\nname: Lisbon\ndepth: 11',
        { format: 'csv', firstRow: 1, lastRow: 2 },
      ],
      [
        'ports.csv#rows=3-3',
        'name: Cuxhaven\ndepth: 7\nnote: north\ncolumn 4: extra',
        { format: 'csv', firstRow: 3, lastRow: 3 },
      ],
    ]);
    expect(notices).toEqual(['ports.csv: 1 of 3 rows do not have 3 cells as the header has; the first is row 3.']);
  });

  it('reads tables without a header, a header alone, odd column names and unclosed quotes', async () => {
    expect(only(await read(csvLoader({ hasHeader: false }), 'a.csv', '1\t2\n3\t4')).text).toBe(
      'column 1: 1\ncolumn 2: 2\n\ncolumn 1: 3\ncolumn 2: 4',
    );
    expect(only(await read(csvLoader({ delimiter: '#' }), 'a.csv', '__proto__#constructor\nx#y')).text).toBe(
      '__proto__: x\nconstructor: y',
    );
    expect((await read(csvLoader(), 'a.csv', 'a,b\n')).notices).toEqual(['a.csv: it has no rows.']);
    expect((await read(csvLoader(), 'a.csv', 'a,b\n1,"2\n')).notices[0]).toMatch(/^a\.csv: Quoted field unterminated/);
  });

  it('reads a large file in slices and stops when the run is cancelled', async () => {
    const big = utf8(
      `id,text\n${Array.from({ length: 100_000 }, (_, row) => `${row},some text in row ${row}`).join('\n')}`,
    );
    const { documents } = await read(csvLoader(), 'big.csv', big);
    expect(documents.at(-1)?.metadata?.lastRow).toBe(100_000);
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 5);
    const work = csvLoader()({ source: 'big.csv', bytes: big }, createRun({ signal: controller.signal }));
    await expect(work).rejects.toThrow('enough');
  });
});

describe('jsonLoader and jsonLinesLoader', () => {
  it('write values with the path to them', async () => {
    expect(only(await read(jsonLoader(), 'port.json', fixture('port.json'))).text).toBe(
      'port: Brest\n\ntides[0].at: 06:12\ntides[0].high: true\n\ntides[1].at: 18:40\ntides[1].high: false\ntags: deep, old\n__proto__.x: 1',
    );
    expect(only(await read(jsonLoader(), 'a.json', '"text"')).text).toBe('text');
  });

  it('make documents of some records each from a list', async () => {
    const records = Array.from({ length: 5 }, (_, index) => ({ name: `record ${index}` }));
    const { documents } = await read(jsonLoader({ maxChars: 40 }), 'a.json', JSON.stringify(records));
    expect(documents.map((document) => document.id)).toEqual(['a.json#rows=1-2', 'a.json#rows=3-4', 'a.json#rows=5-5']);
    expect((await read(jsonLoader(), 'a.json', '[]')).notices).toEqual(['a.json holds an empty list.']);
  });

  it('survive deep nesting', async () => {
    const depth = 20_000;
    const text = only(await read(jsonLoader(), 'a.json', `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)).text;
    expect(text.endsWith('.a: 1')).toBe(true);
  });

  it('leave out lines that are not JSON, with a notice, and fail when none is', async () => {
    const { documents, notices } = await read(jsonLinesLoader(), 'ports.jsonl', fixture('ports.jsonl'));
    expect(documents.map(({ id, text }) => [id, text])).toEqual([
      ['ports.jsonl#rows=1-4', 'port: Brest\n\nport: Lisbon'],
    ]);
    expect(notices).toEqual(['ports.jsonl: lines that are not JSON were left out: 2.']);
    const many = await read(jsonLinesLoader(), 'a.jsonl', `1\n${'x\n'.repeat(12)}`);
    expect(many.notices[0]).toMatch(/2, 3, .*11, and 2 more\.$/);
    await expect(read(jsonLinesLoader(), 'a.jsonl', 'x\ny')).rejects.toMatchObject({ code: 'document-damaged' });
    await expect(read(jsonLoader(), 'a.json', '{"a":')).rejects.toMatchObject({ code: 'document-damaged' });
  });
});
