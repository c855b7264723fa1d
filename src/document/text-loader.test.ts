import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRun, type Document } from '../core/index.js';
import { codeLoader, type Loaded, type Loader, markdownLoader, markdownSplitter, textLoader } from './index.js';

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

  it('takes the main heading for the title where the front matter names none', async () => {
    const titleOf = async (text: string) => only(await read(markdownLoader(), 'a.md', text)).title;
    expect(await titleOf('text\n\n## First ##\n\n### Second')).toBe('First');
    expect(await titleOf('## Before\n\n# Main\n\n# Later')).toBe('Main');
    expect(await titleOf('# <img src="logo.svg" alt=""> Client for [Tea](https://tea.example) ![Build](b.svg)')).toBe(
      'Client for Tea',
    );
    expect(await titleOf('<p>logo</p>\n\n<h1 align="center">\n  Teapot\n</h1>\n\n## Use')).toBe('Teapot');
    expect(await titleOf('# ![Logo](logo.svg)\n\n## Use')).toBe('Use');
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
