import {
  checkAtLeast,
  type Document,
  isPipewrightError,
  messageOf,
  type Metadata,
  raceAbort,
  type Run,
  type Step,
} from '../core/index.js';
import { readApart } from './apart.js';
import { defineLoader, documentOf, type Loaded, type LoadedParts, type SourceFile } from './loader.js';
import { damagedPdf, fromBytes, pdfDeadline, type Pdf, type PdfPage, withPdf } from './pdf-file.js';
import type { PageWord } from './pdf-layout.js';
import { pageText } from './pdf-text.js';

export interface PdfLoaderOptions {
  /** User or owner password of an encrypted file. */
  readonly password?: string;
  /** Pages after these are left out, with a notice. @default 5000 */
  readonly maxPages?: number;
  /** A file that takes longer is given up. @default 120000 */
  readonly timeoutMs?: number;
}

/**
 * Reads the text of a PDF, one document per page with `place.page`, columns in reading order. A page without text (a scan) gives an
 * empty text and a notice; a damaged page gives a notice, and the others are read. It works on another thread.
 * @throws {PipewrightError} `document-encrypted` without the right password, `document-damaged` when no page can be read, `timeout`,
 * or `dependency-missing` without the package `unpdf`.
 * @example loadFile('secret.pdf', { loaders: { '.pdf': pdfLoader({ password: '…' }) } })
 */
export const pdfLoader = (options: PdfLoaderOptions = {}): Step<SourceFile, Loaded> => {
  const { password, maxPages = 5_000, timeoutMs = 120_000 } = options;
  checkAtLeast('maxPages', maxPages, 1);
  checkAtLeast('timeoutMs', timeoutMs, 1);
  const read = (file: SourceFile, run: Run): Promise<LoadedParts> =>
    withPdf(file, { password, hasImages: false }, run, (pdf) => readPages(pdf, file.source, maxPages, run));
  const deadline = pdfDeadline(timeoutMs);
  return defineLoader('pdf', readApart({ name: 'pdfLoader', options: [options] }, read, { deadline, fromBytes }));
};

/** What is said of a page without text. */
export const noTextNotice = (source: string, page: number): string =>
  `${source}: page ${page} has no text; it may be a scan, which needs OCR.`;

const readPages = async (pdf: Pdf, source: string, maxPages: number, run: Run): Promise<LoadedParts> => {
  const { title, metadata } = await factsOf(pdf, run);
  const documents: Document[] = [];
  const notices: string[] = [];
  const lastPage = Math.min(pdf.numPages, maxPages);
  let failure: unknown;
  for (let page = 1; page <= lastPage; page++) {
    try {
      const text = pageText(await wordsOf(await raceAbort(pdf.getPage(page), run), run));
      documents.push(documentOf({ id: `${source}#page=${page}`, text, source, title, place: { page }, metadata }));
      if (text === '') notices.push(noTextNotice(source, page));
    } catch (error) {
      run.throwIfAborted();
      failure = error;
      notices.push(`${source}: page ${page} is damaged and was left out (${messageOf(error)}).`);
    }
    run.emit({ type: 'progress', label: source, done: page, total: lastPage });
  }
  if (documents.length === 0)
    throw damagedPdf(source, failure === undefined ? 'it has no pages' : messageOf(failure), failure);
  if (lastPage < pdf.numPages) {
    notices.push(`${source}: pages ${lastPage + 1} to ${pdf.numPages} were left out because of \`maxPages\`.`);
  }
  return { documents, notices };
};

/** What the file says about itself. */
const factsOf = async (
  pdf: Pdf,
  run: Run,
): Promise<{ readonly title: string | undefined; readonly metadata: Metadata }> => {
  const base = { format: 'pdf', pages: pdf.numPages };
  try {
    const { info } = await raceAbort(pdf.getMetadata(), run);
    const { Title: title, Author: author } = info as { readonly Title?: unknown; readonly Author?: unknown };
    return {
      title: typeof title === 'string' ? title.trim() : undefined,
      metadata: typeof author === 'string' && author.trim() !== '' ? { ...base, author: author.trim() } : base,
    };
  } catch (error) {
    if (run.signal.aborted || isPipewrightError(error)) throw error;
    return { title: undefined, metadata: base }; // Broken facts do not make the text unreadable.
  }
};

type Matrix = readonly [number, number, number, number, number, number];

/** The words of a page as a reader sees it: turned pages upright, y downwards. */
const wordsOf = async (page: PdfPage, run: Run): Promise<readonly PageWord[]> => {
  const { items } = await raceAbort(page.getTextContent(), run);
  const view = page.getViewport({ scale: 1 }).transform as unknown as Matrix;
  const words: PageWord[] = [];
  let hasSpaceBefore = false;
  for (const item of items) {
    if (!('str' in item)) continue;
    const text = item.str.trim();
    if (text !== '')
      words.push(wordOf(item.str, multiply(view, item.transform as unknown as Matrix), item.width, hasSpaceBefore));
    hasSpaceBefore = text === '';
  }
  return words;
};

const multiply = (a: Matrix, b: Matrix): Matrix => [
  a[0] * b[0] + a[2] * b[1],
  a[1] * b[0] + a[3] * b[1],
  a[0] * b[2] + a[2] * b[3],
  a[1] * b[2] + a[3] * b[3],
  a[0] * b[4] + a[2] * b[5] + a[4],
  a[1] * b[4] + a[3] * b[5] + a[5],
];

/** Text that runs up or down is turned to run to the right, so that its lines are rows too. */
const wordOf = (text: string, [a, b, c, d, e, f]: Matrix, width: number, hasSpaceBefore: boolean): PageWord => {
  const size = Math.hypot(c, d);
  const isSideways = Math.abs(b) > Math.abs(a);
  const x = isSideways ? f * Math.sign(b) : e;
  const y = isSideways ? -e * Math.sign(b) : f;
  return { text, x, right: x + width, y, size, hasSpaceBefore };
};
