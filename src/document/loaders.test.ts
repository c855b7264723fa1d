import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRun, type Document } from '../core/index.js';
import {
  codeLoader,
  csvLoader,
  docxLoader,
  htmlLoader,
  jsonLinesLoader,
  jsonLoader,
  loadBytes,
  type Loaded,
  type Loader,
  loadFile,
  markdownLoader,
  markdownSplitter,
  pdfLoader,
  textLoader,
} from './index.js';

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

describe('textLoader and codeLoader', () => {
  it('keep the text letter by letter, with its lines', async () => {
    const text = 'one\r\n\ttwo  \r\n\r\nthree';
    const document = only(await read(textLoader(), 'a.txt', `\ufeff${text}`));
    expect(document).toEqual({
      id: 'a.txt',
      text,
      source: 'a.txt',
      place: { startLine: 1, endLine: 4 },
      metadata: { format: 'text' },
    });
    const code = only(await read(codeLoader('python'), 'a.py', fixture('tide.py')));
    expect(code.text).toBe(readFileSync(`${folder}/tide.py`, 'utf8'));
    expect(code.metadata).toEqual({ format: 'code', language: 'python' });
  });

  it('understand the usual encodings and say when they had to fall back', async () => {
    const utf16 = new Uint8Array([0xff, 0xfe, 0x48, 0x00, 0xe9, 0x00]);
    expect(only(await read(textLoader(), 'a.txt', utf16)).text).toBe('Hé');
    expect(only(await read(textLoader(), 'a.txt', new Uint8Array([0xfe, 0xff, 0x00, 0x48]))).text).toBe('H');
    const latin = await read(textLoader(), 'a.txt', new Uint8Array([0x63, 0x61, 0x66, 0xe9]));
    expect(only(latin).text).toBe('café');
    expect(latin.notices).toEqual(['a.txt is not valid UTF-8; it was read as Windows-1252.']);
    expect(only(await read(textLoader(), 'a.txt', new Uint8Array([0xe9]), 'iso-8859-2')).text).toBe('é');
    expect(only(await read(textLoader(), 'a.txt', 'ü', 'no-such-charset')).text).toBe('ü');
  });

  it('refuse binary data and tell of an empty file', async () => {
    await expect(read(textLoader(), 'a.txt', new Uint8Array([80, 0, 1]))).rejects.toMatchObject({
      code: 'document-unsupported',
    });
    expect((await read(textLoader(), 'a.txt', ' \n')).notices).toEqual(['a.txt holds no text.']);
  });
});

describe('markdownLoader', () => {
  it('reads the front matter and keeps the body with its lines in the file', async () => {
    const { documents, notices } = await read(markdownLoader(), 'knots.md', fixture('knots.md'));
    const file = new TextDecoder().decode(fixture('knots.md'));
    const document = documents[0]!;
    expect(document.title).toBe('Knots: a guide');
    expect(document.metadata).toEqual({
      title: 'Knots: a guide',
      tags: ['rope', 'bow, line'],
      draft: false,
      version: 1.2,
      authors: ['Ada', 'Ben'],
      'seo.description': 'Folded text',
      format: 'markdown',
    });
    expect(notices).toEqual(['knots.md: front matter not understood, and left out, at line 13.']);
    expect(file.endsWith(document.text)).toBe(true);
    expect(document.place).toEqual({ startLine: 15, endLine: 25 });

    const pieces = await markdownSplitter()(document);
    const lines = file.split('\n');
    expect(pieces.map((piece) => piece.place?.headings)).toEqual([['Knots'], ['Knots', 'Bowline']]);
    for (const { text, place } of pieces) {
      expect(
        lines
          .slice((place?.startLine ?? 0) - 1, place?.endLine)
          .join('\n')
          .trim(),
      ).toBe(text);
    }
  });

  it('takes the first heading for the title where the front matter names none', async () => {
    expect(only(await read(markdownLoader(), 'a.md', 'text\n\n## First ##\n# Second')).title).toBe('First');
    expect(only(await read(markdownLoader(), 'a.md', 'text')).title).toBeUndefined();
  });

  it('leaves a rule, an unclosed fence and odd front matter as they are', async () => {
    for (const text of ['--- \ntext', '---\na: 1\nno end', '----\na: 1\n---\n']) {
      expect(only(await read(markdownLoader(), 'a.md', text)).text).toBe(text);
    }
    const odd =
      "---\n# comment\nempty:\n'quoted: key': it's # a comment\nurl: https://a.b/c#d\nnothing: null\n__proto__: x\ntext: |\n  one\n  two\nmany:\n  deep:\n    - 1\n---\nbody";
    const document = only(await read(markdownLoader(), 'a.md', odd));
    expect(document.text).toBe('body');
    expect(Object.entries(document.metadata ?? {})).toEqual([
      ['quoted: key', "it's"],
      ['url', 'https://a.b/c#d'],
      ['nothing', null],
      ['__proto__', 'x'],
      ['text', 'one\ntwo'],
      ['many.deep', [1]],
      ['format', 'markdown'],
    ]);
  });
});

describe('htmlLoader', () => {
  it('takes the article as Markdown, without hidden parts and navigation', async () => {
    const document = only(await read(htmlLoader(), 'https://port.example/docs/harbour.html', fixture('harbour.html')));
    expect(document.title).toBe('Harbours of the north');
    expect(document.metadata).toEqual({ format: 'html', author: 'A. Pilot', language: 'en' });
    expect(document.text).toContain('## Depths');
    expect(document.text).toContain('[harbour office](https://port.example/office), which keeps the variable_name');
    expect(document.text).toContain(
      'Basins\n\n| Basin | Depth |\n| --- | --- |\n| Old \\| inner | 4 m |\n| New | 11 m (dredged) |',
    );
    for (const unwanted of ['hidden', 'So is this one', 'Contact', 'imprint', 'never', '<']) {
      expect(document.text).not.toContain(unwanted);
    }
  });

  it('takes the whole page when asked', async () => {
    const document = only(await read(htmlLoader({ content: 'page' }), 'a.html', fixture('harbour.html')));
    expect(document.text).toContain('[Contact us now](/contact)');
    expect(document.text).toContain('# Harbours of the north');
  });

  it('reads pages without an article, fragments and layout tables', async () => {
    const text = async (html: string): Promise<string> =>
      only(await read(htmlLoader({ content: 'page' }), 'a.html', html)).text;
    expect(await text('<h1>Hi</h1><p>You</p>')).toBe('# Hi\n\nYou');
    expect(
      await text('<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td><td>side</td></tr></table>'),
    ).toContain('| a | b |');
    expect(await text('<table><tr><td>only</td></tr><tr><td>text</td></tr></table>')).toBe('only\n\ntext');
    expect(await text('<table><tr><th colspan="2">both</th></tr><tr><td>1</td><td></td></tr></table>')).toBe(
      '| both |  |\n| --- | --- |\n| 1 |  |',
    );
    expect(
      await text(
        '<p># no heading <a href="#x">here</a> <img src="data:image/png;base64,AA" alt="A map"><img src="x.png"></p>',
      ),
    ).toBe('\\# no heading here ![A map]()');
    const short = '<title>Hours</title><article><h2>Opening hours</h2><p>We open at nine.</p></article>';
    expect(only(await read(htmlLoader(), 'a.html', short)).title).toBe('Hours');
    const empty = await read(htmlLoader(), 'a.html', '<p hidden>Home</p><script>1</script>');
    expect(empty.notices).toEqual(['a.html holds no readable text.']);
  });

  it('follows the character set that the page names', async () => {
    const html = Buffer.from('<meta charset="iso-8859-1"><p>caf\u00e9</p>', 'latin1');
    expect(only(await read(htmlLoader({ content: 'page' }), 'a.html', html)).text).toBe('café');
  });
});

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

describe('pdfLoader', () => {
  it('reads pages with columns in reading order, tables by row, and tells of a page without text', async () => {
    const { documents, notices } = await loadFile(`${folder}/tides.pdf`);
    expect(documents.map(({ id, title, place }) => [id, title, place])).toEqual([
      [`${folder}/tides.pdf#page=1`, 'Tides', { page: 1 }],
      [`${folder}/tides.pdf#page=2`, 'Tides', { page: 2 }],
      [`${folder}/tides.pdf#page=3`, 'Tides', { page: 3 }],
    ]);
    expect(documents[0]?.text).toBe(
      'A Short Book of Tides\n\n' +
        'The sea rises and falls twice a day because the moon pulls the water on the near side more than the water on the far side. ' +
        'The left column ends with the word anchor, and no other line has it.\n\n' +
        'The right column begins with harbours, which fill and empty with the tide. A sailor reads the tide table before he leaves, ' +
        'and the right column ends with the word lighthouse as its very last word.\n\n1',
    );
    expect(documents[1]?.text).toBe('');
    expect(documents[2]?.text).toContain('Brest 06:12 18:40\nCuxhaven 04:55 17:21');
    expect(notices).toEqual([`${folder}/tides.pdf: page 2 has no text; it may be a scan, which needs OCR.`]);
  });

  it('recovers what a damaged file still holds, and reports what holds nothing', async () => {
    const whole = await loadFile(`${folder}/tides.pdf`);
    const damaged = await loadFile(`${folder}/tides-damaged.pdf`);
    expect(damaged.documents.map(({ text }) => text)).toEqual(whole.documents.map(({ text }) => text));
    await expect(loadFile(`${folder}/broken.pdf`)).rejects.toMatchObject({ code: 'document-damaged' });
  });

  it('opens an encrypted file with its password only', async () => {
    const load = (loader: Loader): Promise<Loaded> => loadFile(`${folder}/locked.pdf`, { loaders: { '.pdf': loader } });
    await expect(loadFile(`${folder}/locked.pdf`)).rejects.toMatchObject({
      code: 'document-encrypted',
      message: expect.stringMatching(/Give its password/),
    });
    await expect(load(pdfLoader({ password: 'wrong' }))).rejects.toMatchObject({
      code: 'document-encrypted',
      message: expect.stringMatching(/does not open it/),
    });
    expect(only(await load(pdfLoader({ password: 'sesame' }))).text).toBe('The key lies under the mat.');
  });

  it('leaves out pages beyond the limit, with a notice, and tells its progress', async () => {
    const events: string[] = [];
    const run = createRun({ on: (event) => event.type === 'progress' && events.push(`${event.done}/${event.total}`) });
    const { documents, notices } = await pdfLoader({ maxPages: 1 })(
      { source: 't.pdf', bytes: fixture('tides.pdf') },
      run,
    );
    expect(documents.length).toBe(1);
    expect(notices).toEqual(['t.pdf: pages 2 to 3 were left out because of `maxPages`.']);
    expect(events).toEqual(['1/1']);
    expect(() => pdfLoader({ maxPages: 0 })).toThrow(/maxPages/);
  });

  it('gives up at its deadline and when the run is cancelled, and leaves no timer', async () => {
    let pending = 0;
    const clockWith = (onTimer: (fire: () => void) => void) => ({
      now: () => 0,
      after: (_ms: number, callback: () => void) => {
        pending++;
        onTimer(callback);
        return () => {
          pending--;
        };
      },
    });
    const bytes = fixture('tides.pdf');
    const late = pdfLoader()({ source: 't.pdf', bytes }, createRun({ clock: clockWith(queueMicrotask) }));
    await expect(late).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/t\.pdf could not be read within 120000 ms/),
    });
    const clock = clockWith(() => undefined);
    const controller = new AbortController();
    const cancelled = pdfLoader()({ source: 't.pdf', bytes }, createRun({ signal: controller.signal, clock }));
    controller.abort(new Error('enough'));
    await expect(cancelled).rejects.toThrow('enough');
    expect(pending).toBe(0);
    expect(bytes.byteLength).toBeGreaterThan(0);
  });
});

describe('docxLoader', () => {
  it('keeps heading levels, tables and footnotes', async () => {
    const document = only(await loadFile(`${folder}/report.docx`));
    expect(document.title).toBe('Harbour Report');
    expect(document.text).toBe(
      '# Harbour Report\n\n## Depths\n\nThe basin is nine metres deep[^1].\n\n### By berth\n\n' +
        '| Berth | Depth \\| m |\n| --- | --- |\n| north_1 | 9 |\n| north_2 | 7 |\n\n## Outlook\n\nDredging begins in May.\n\n' +
        '[^1]: Measured at the pier.',
    );
  });

  it('tells damaged, encrypted, old and enormous files apart', async () => {
    const whole = fixture('report.docx');
    await expect(read(docxLoader(), 'a.docx', whole.subarray(0, 900))).rejects.toMatchObject({
      code: 'document-damaged',
    });
    const compound = [0xd0, 0xcf, 0x11, 0xe0];
    const sealed = new Uint8Array([...compound, ...Buffer.from('EncryptedPackage', 'utf16le')]);
    await expect(read(docxLoader(), 'a.docx', sealed)).rejects.toMatchObject({ code: 'document-encrypted' });
    await expect(read(docxLoader(), 'a.doc', new Uint8Array(compound))).rejects.toMatchObject({
      code: 'document-unsupported',
    });
    const bomb = Buffer.from(whole);
    bomb.writeUInt32LE(0x7fffffff, bomb.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 24);
    await expect(read(docxLoader(), 'a.docx', bomb)).rejects.toMatchObject({
      code: 'document-damaged',
      message: expect.stringMatching(/would unpack to more/),
    });
  });
});

describe('loadBytes', () => {
  it('picks the loader by media type, then by name, then by content', async () => {
    expect(only(await loadBytes(utf8('# A'), { mediaType: 'text/markdown; charset=utf-8' })).metadata?.format).toBe(
      'markdown',
    );
    expect(only(await loadBytes(utf8('{"a":1}'), { mediaType: 'application/problem+json' })).text).toBe('a: 1');
    expect(only(await loadBytes(utf8('a,b\n1,2'), { name: 'x.CSV' })).text).toBe('a: 1\nb: 2');
    expect((await loadBytes(fixture('tides.pdf'))).documents.length).toBe(3);
    expect(only(await loadBytes(fixture('report.docx'), { name: 'upload.bin' })).metadata?.format).toBe('docx');
    expect(only(await loadBytes(utf8('<!DOCTYPE html><p>Hi</p>'))).text).toBe('Hi');
    expect(only(await loadBytes(utf8('plain'))).source).toBe('upload');
    expect(only(await loadBytes(new Uint8Array([0xe9]), { mediaType: 'text/plain; charset=ISO-8859-1' })).text).toBe(
      'é',
    );
  });

  it('takes loaders of your own before the built-in ones', async () => {
    const shout: Loader = ({ source, bytes }) => ({
      type: 'loaded',
      source,
      documents: [{ id: source, text: new TextDecoder().decode(bytes).toUpperCase() }],
      notices: [],
    });
    const loaders = { '.txt': shout, '.xyz': shout };
    expect(only(await loadBytes(utf8('hi'), { name: 'a.txt', loaders })).text).toBe('HI');
    expect(only(await loadBytes(utf8('hi'), { name: 'a.xyz', loaders })).text).toBe('HI');
    const broken: Loader = () => {
      throw new TypeError('bug in a parser');
    };
    await expect(loadBytes(utf8('hi'), { name: 'a.txt', loaders: { '.txt': broken } })).rejects.toMatchObject({
      code: 'document-damaged',
      message: 'a.txt cannot be read: bug in a parser.',
    });
  });

  it('refuses what no loader reads, what is too large, and a wrong limit', async () => {
    await expect(loadBytes(new Uint8Array([0, 1, 2]), { name: 'constructor' })).rejects.toMatchObject({
      code: 'document-unsupported',
    });
    await expect(loadBytes(utf8('12345'), { maxFileBytes: 4 })).rejects.toThrow(
      'upload has 5 bytes, more than `maxFileBytes` (4)',
    );
    await expect(loadBytes(utf8('1'), { maxFileBytes: Number.NaN })).rejects.toMatchObject({ code: 'bad-option' });
  });
});
