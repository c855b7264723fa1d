// Of the package as users have it: the thread loads a file of it, which the sources do not have.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createRun } from '../../src/core/index.js';
import { htmlLoader as htmlLoaderHere } from '../../src/document/index.js';
import { countThreads } from '../count-threads.js';

type DocumentFolder = typeof import('../../src/document/index.js');

const built = (file: string): string => new URL(`../../dist/${file}`, import.meta.url).pathname;
const { docxLoader, htmlLoader } = (await import(/* @vite-ignore */ built('document.js'))) as DocumentFolder;

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
