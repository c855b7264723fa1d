// Of the package as users have it: the thread loads a file of it, which the sources do not have.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createRun } from '../../src/core/index.js';
import {
  htmlLoader as htmlLoaderHere,
  imagesOf as imagesOfHere,
  pdfLoader as pdfLoaderHere,
} from '../../src/document/index.js';
import { lexicalExtractor as lexicalExtractorHere } from '../../src/graph/index.js';
import { countThreads } from '../count-threads.js';

type DocumentFolder = typeof import('../../src/document/index.js');

const built = (file: string): string => new URL(`../../dist/${file}`, import.meta.url).pathname;
const { docxLoader, htmlLoader, imagesOf, pdfLoader } = (await import(
  /* @vite-ignore */ built('document.js')
)) as DocumentFolder;
const { lexicalExtractor } = (await import(
  /* @vite-ignore */ built('graph.js')
)) as typeof import('../../src/graph/index.js');

const paragraph = 'Pipes are fitted together, with care, by those who know <b>how</b>, and <a href="/why">why</a>. ';
const page = {
  source: 'https://example.org/pipes',
  bytes: Buffer.from(
    `<html><title>Pipes</title><body><article><h1>Pipes</h1><p>${paragraph.repeat(400)}</p></article>`,
  ),
};

it('a large page is read on another thread, with the same result, in both formats of the package', async () => {
  const threads = countThreads();
  const expected = await htmlLoaderHere()(page);
  expect(threads()).toBe(0);
  expect(await htmlLoader()(page)).toEqual(expected);
  expect(threads()).toBe(1);
  const { htmlLoader: fromCommonJs } = createRequire(import.meta.url)(built('document.cjs')) as DocumentFolder;
  expect(await fromCommonJs({ content: 'page' })(page)).toEqual(await htmlLoaderHere({ content: 'page' })(page));
  expect(threads()).toBe(2);
});

it('a small page is read where it is', async () => {
  const threads = countThreads();
  const { documents } = await htmlLoader()({ source: 'a.html', bytes: Buffer.from('<h2>Hi</h2><p>You</p>') });
  expect(documents[0]?.text).toBe('## Hi\n\nYou');
  await turn();
  expect(threads()).toBe(0);
});

it('errors of the other thread keep their codes', async () => {
  const bytes = Buffer.concat([Buffer.from('PK\u0003\u0004'), randomBytes(40_000)]);
  await expect(docxLoader()({ source: 'a.docx', bytes })).rejects.toMatchObject({
    name: 'PipewrightError',
    code: 'document-damaged',
    details: { where: 'a.docx' },
  });
});

it('an abort does not wait for the page', async () => {
  const stopping = new AbortController();
  const large = { source: page.source, bytes: Buffer.from(`<p>${paragraph.repeat(10_000)}</p>`) };
  const reading = htmlLoader()(large, createRun({ signal: stopping.signal }));
  setImmediate(() => stopping.abort(new Error('enough')));
  expect(await reading.then(() => 'read', String)).toBe('Error: enough');
  // The thread is gone with what it was at; the next page starts another.
  expect((await htmlLoader()(page)).documents[0]?.title).toBe('Pipes');
});

/** Until the threads of the tests before have ended, being idle. */
const idleMs = 2_200;

const fixture = (name: string) => ({ source: name, bytes: readFileSync(`test/fixtures/documents/${name}`) });

it('a PDF of any size is read on another thread, with its progress, its password and its errors', async () => {
  await sleep(idleMs);
  const threads = countThreads();
  const file = fixture('tides.pdf');
  const progress: string[] = [];
  const run = createRun({ on: (event) => event.type === 'progress' && progress.push(`${event.done}/${event.total}`) });
  expect(await pdfLoader()(file, run)).toEqual(await pdfLoaderHere()(file));
  expect(progress).toEqual(['1/3', '2/3', '3/3']);
  expect(threads()).toBe(1);
  const locked = fixture('locked.pdf');
  expect((await pdfLoader({ password: 'sesame' })(locked)).documents[0]?.text).toBe('The key lies under the mat.');
  await expect(pdfLoader()(locked)).rejects.toMatchObject({
    code: 'document-encrypted',
    details: { where: 'locked.pdf' },
  });
});

it('a PDF that is not read at its deadline is ended with its thread, and the next one is read on another', async () => {
  const file = fixture('tides.pdf');
  // The thread used last is the next to be used.
  await pdfLoader()(file);
  const threads = countThreads();
  await pdfLoader()(file);
  expect(threads()).toBe(0);
  // Of this clock all time is over at once; that of the thread is not.
  const clock = {
    now: () => 0,
    after: (_ms: number, callback: () => void) => {
      setImmediate(callback);
      return () => undefined;
    },
  };
  const late = pdfLoader()(file, createRun({ clock }));
  await expect(late).rejects.toMatchObject({ code: 'timeout', details: { where: 'tides.pdf' } });
  expect((await pdfLoader()(file)).documents).toHaveLength(3);
  expect(threads()).toBe(1);
});

it('where no threads are allowed, a PDF is read where it is', async () => {
  const program = `
    const { pdfLoader } = require(${JSON.stringify(built('document.cjs'))});
    const bytes = require('node:fs').readFileSync('test/fixtures/documents/tides.pdf');
    pdfLoader()({ source: 'a.pdf', bytes }).then(({ documents }) => console.log(documents.length));
  `;
  const flag = Number(process.versions.node.split('.')[0]) < 23 ? '--experimental-permission' : '--permission';
  const { stdout } = await promisify(execFile)(process.execPath, [flag, '--allow-fs-read=*', '-e', program]);
  expect(stdout.trim()).toBe('3');
});

const scan = join(process.env.PIPEWRIGHT_DATA ?? '../shared/data', 'documents/pdf/scanned-image-only.pdf');
it('pictures are decoded on another thread', async ({ skip }) => {
  if (!existsSync(scan)) skip(`${scan} is absent`);
  await sleep(idleMs);
  const threads = countThreads();
  const file = { source: 'scan.pdf', bytes: readFileSync(scan) };
  const found = await imagesOf(file, { maxImages: 1 });
  expect(threads()).toBe(1);
  const { images, notices } = await imagesOfHere(file, { maxImages: 1 });
  expect(images).toHaveLength(1);
  expect(found).toEqual({ images: images.map((one) => ({ ...one, data: Uint8Array.from(one.data) })), notices });
});

it('compromise works on another thread, and finds the same', async () => {
  const threads = countThreads();
  const document = { id: 'a', text: 'Ada Lovelace met Charles Babbage in London. She worked for the Royal Society.' };
  const options = { names: 'compromise' } as const;
  expect(await lexicalExtractor(options)(document)).toEqual(await lexicalExtractorHere(options)(document));
  expect(threads()).toBe(1);
});
