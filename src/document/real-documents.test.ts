import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isPipewrightError } from '../core/index.js';
import { type Loaded, loadFile, loadFolder, pdfLoader, splitDocument } from './index.js';

const data = process.env.PIPEWRIGHT_DATA ?? '../shared/data';
const folder = `${data}/documents`;
const isPresent = existsSync(folder);
if (!isPresent) {
  console.warn(`Left out: reading the real documents, because ${folder} is not there. Set PIPEWRIGHT_DATA.`);
}

const load = (name: string): Promise<Loaded> => loadFile(`${folder}/${name}`);
const textOf = async (name: string): Promise<string> => (await load(name)).documents.map(({ text }) => text).join('\n');
const words = (text: string): string => text.replace(/\s+/g, ' ').trim();

describe.runIf(isPresent)('the real documents', () => {
  it('give what is known of the PDF files', async () => {
    const pages = (await load('pdf/text-4-pages.pdf')).documents;
    expect(pages.map(({ text, place }) => [place?.page, text.split('\n').at(-1)])).toEqual([
      [1, '1'],
      [2, '2'],
      [3, '3'],
      [4, '4'],
    ]);
    expect(pages[0]?.text.startsWith('Hello, here is some text without a meaning.')).toBe(true);
    const length = pages.reduce((sum, { text }) => sum + text.length, 0);
    expect(Math.abs(length - 14_600)).toBeLessThan(300);

    const columns = await load('pdf/multicolumn-latex.pdf');
    expect(columns.documents.length).toBe(3);
    const places = [
      'Two-Column Document with Lorem Ipsum',
      'Abstract',
      'This is a sample document with two columns filled with Lorem Ipsum text.',
      'pellentesque ante. Phasellus adipiscing semper elit.',
    ].map((phrase) => words(columns.documents[0]?.text ?? '').indexOf(phrase));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBe(0);

    const table = await textOf('pdf/table-ruled.pdf');
    expect(table.startsWith('NICS Firearm Background Checks\n\nNovember - 2015')).toBe(true);
    expect(table).toContain(
      '\n| Alabama | 18,870 | 23,022 | 22,650 | 859 | 1,178 | 0 | 14 | 15 | 0 | 2,179 | 2,307 | ',
    );
    expect(table).toContain('| Admin | Pre-Pawn Handgun | Pre-Pawn Long Gun | Pre-Pawn *Other | Redemption Handgun | ');
  });

  it('give a notice for a scan, a typed error for what is locked or broken, and text where it can be recovered', async () => {
    const scan = await load('pdf/scanned-image-only.pdf');
    expect(scan.documents.map(({ text }) => text)).toEqual(['']);
    expect(scan.notices).toEqual([expect.stringContaining('page 1 has no text')]);

    const locked = `${folder}/pdf/encrypted-aes256-user-baz.pdf`;
    await expect(loadFile(locked)).rejects.toMatchObject({ code: 'document-encrypted' });
    for (const password of ['baz', 'foo']) {
      const { documents } = await loadFile(locked, { loaders: { '.pdf': pdfLoader({ password }) } });
      expect(documents.map(({ text }) => text)).toEqual(['Secret!']);
    }
    expect(await textOf('pdf/corrupt-zen.pdf')).toContain('Beautiful is better than ugly.');
    const fuzzed = await load('pdf/corrupt-poppler-937-fuzzed.pdf').catch((error: unknown) => error);
    expect(isPipewrightError(fuzzed) && fuzzed.code).toBe('document-damaged');
  });

  it('give what is known of the DOCX files', async () => {
    const headings = await load('docx/headings.docx');
    const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
    expect(lines(headings.documents[0]?.text ?? '')).toEqual(
      lines(readFileSync(`${folder}/docx/headings.expected.md`, 'utf8')),
    );
    expect(headings.documents[0]?.title).toBe('Test Document');

    const notes = await textOf('docx/footnotes.docx');
    expect(notes).toBe('Ouch[^1].[^2]\n\n[^1]: A tachyon walks into a bar.\n[^2]: Fin.');

    const report = (await load('docx/report-with-table-and-images.docx')).documents[0];
    expect(report?.title).toBe('AutoGen: Enabling Next-Gen LLM Applications via Multi-Agent Conversation');
    expect(report?.text).toMatch(/^# AutoGen: .*\n/);
    for (const heading of ['\n## Abstract\n', '\n## Introduction\n']) expect(report?.text).toContain(heading);
    const rows = (report?.text ?? '').split('\n').filter((line) => line.startsWith('|'));
    expect(rows.length).toBe(6);
    expect(rows.every((row) => row.split('|').length === 8)).toBe(true);
    expect(report?.text).toContain('| 49e168b7');
  });

  it('give the articles of the HTML pages', async () => {
    const blog = await textOf('html/mozilla-blog.html');
    expect(blog).toContain('It’s easier than ever to personalize Firefox and make it work the way you do.');
    expect(words(blog)).toContain('## Designed to be redesigned');
    expect(blog).not.toMatch(/<[a-z]/);

    const wiki = await load('html/wikipedia-mozilla.html');
    expect(wiki.documents[0]?.title).toBe('Mozilla - Wikipedia');
    expect(wiki.documents[0]?.text).toContain('| Industry | [Open-source software]');
    expect(wiki.documents[0]?.text).toMatch(/\n##+ History\n/);

    const hidden = await textOf('html/hidden-nodes.html');
    expect(hidden.match(/Lorem ipsum dolor sit amet, consetetur/g)?.length).toBe(3);
    expect(hidden).toContain('## Third header');
  });

  it('give what is known of the tables', async () => {
    const weather = (await load('csv/seattle-weather.csv')).documents;
    expect(weather.at(-1)?.metadata?.lastRow).toBe(1_461);
    expect(weather[0]?.text.split('\n\n')[0]).toBe(
      'date: 2012-01-01\nprecipitation: 0.0\ntemp_max: 12.8\ntemp_min: 5.0\nwind: 4.7\nweather: drizzle',
    );
    expect(weather.reduce((sum, { text }) => sum + text.split('\n\n').length, 0)).toBe(1_461);
    expect(await textOf('csv/quotes-and-newlines.csv')).toBe('a: 1\nb: ha \n"ha" \nha\n\na: 3\nb: 4');
  });

  it('keep the code blocks of Markdown whole', async () => {
    const { documents } = await load('markdown/zod-basics.mdx');
    expect(documents[0]?.title).toBe('Basic usage');
    const text = documents[0]?.text ?? '';
    const fences = text.match(/^```[\s\S]*?^```$/gm) ?? [];
    expect(fences.length).toBeGreaterThan(10);
    const pieces = await splitDocument(documents[0] ?? []);
    for (const fence of fences) expect(pieces.some((piece) => piece.text.includes(fence))).toBe(true);
    const file = readFileSync(`${folder}/markdown/zod-basics.mdx`, 'utf8').split('\n');
    for (const piece of pieces) {
      expect(piece.text.length).toBeLessThanOrEqual(1_000);
      const lines = file.slice((piece.place?.startLine ?? 0) - 1, piece.place?.endLine).join('\n');
      expect(lines).toContain(piece.text);
    }
  });

  it('all come out of one walk, the bad ones reported, the rest read', async () => {
    const failed: string[] = [];
    let loaded = 0;
    for await (const result of loadFolder(folder)) {
      if (result.type === 'loaded') loaded++;
      else failed.push(`${result.error.code} ${result.source.slice(folder.length + 1)}`);
    }
    expect(failed).toEqual([
      'document-damaged pdf/corrupt-poppler-937-fuzzed.pdf',
      'document-encrypted pdf/encrypted-aes256-user-baz.pdf',
    ]);
    expect(loaded).toBeGreaterThanOrEqual(20);
  });
});
