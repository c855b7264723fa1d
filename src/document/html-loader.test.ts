import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRun, type Document } from '../core/index.js';
import { docxLoader, htmlLoader, type Loaded, type Loader, loadFile } from './index.js';

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
