import type { getDocumentProxy } from 'unpdf';
import { loadOptional, messageOf, PipewrightError, raceAbort, type Run } from '../core/index.js';
import type { Deadline } from './apart.js';
import type { SourceFile } from './loader.js';

export type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;
export type PdfPage = Awaited<ReturnType<Pdf['getPage']>>;

export interface OpenPdfOptions {
  readonly password?: string | undefined;
  /** Whether pictures are decoded; the text needs none. */
  readonly hasImages: boolean;
}

/** PDFs of any size are read on a thread: a small file can hold a page that takes long, and what is lost in it can then be ended. */
export const fromBytes = 0;

/** What takes longer is given up. */
export const pdfDeadline =
  (timeoutMs: number): Deadline =>
  async ({ source }, run, work) => {
    using scope = run.scope();
    const cancelTimer = run.clock.after(timeoutMs, () => scope.abort(tooSlow(source, timeoutMs)));
    try {
      return await work(scope.run);
    } finally {
      cancelTimer();
    }
  };

/** Opens a PDF for some work, and closes it. */
export const withPdf = async <T>(
  file: SourceFile,
  { password, hasImages }: OpenPdfOptions,
  run: Run,
  work: (pdf: Pdf) => Promise<T>,
): Promise<T> => {
  const { getDocumentProxy } = await loadOptional('unpdf', 'reading PDF files', () => import('unpdf'));
  // The parser takes the buffer over: it gets a copy.
  const opening = getDocumentProxy(new Uint8Array(file.bytes), {
    verbosity: 0,
    ...(hasImages ? {} : { maxImageSize: 0 }),
    ...(password === undefined ? {} : { password }),
  });
  const pdf = await opened(opening, file.source, run, password !== undefined);
  try {
    return await work(pdf);
  } finally {
    void pdf.loadingTask.destroy();
  }
};

const tooSlow = (source: string, timeoutMs: number): PipewrightError =>
  new PipewrightError(
    'timeout',
    `${source} could not be read within ${timeoutMs} ms. Raise \`timeoutMs\` if it is only large.`,
    {
      details: { where: source },
    },
  );

const opened = async (opening: Promise<Pdf>, source: string, run: Run, hasPassword: boolean): Promise<Pdf> => {
  try {
    return await raceAbort(opening, run);
  } catch (error) {
    if (run.signal.aborted) {
      opening.then((late) => late.loadingTask.destroy()).catch(() => undefined);
      throw error;
    }
    if ((error as { readonly name?: string }).name === 'PasswordException') throw encrypted(source, hasPassword, error);
    throw damagedPdf(source, messageOf(error), error);
  }
};

const encrypted = (source: string, hasPassword: boolean, cause: unknown): PipewrightError =>
  new PipewrightError(
    'document-encrypted',
    hasPassword
      ? `${source} is encrypted, and the password given does not open it.`
      : `${source} is encrypted. Give its password: \`loaders: { '.pdf': pdfLoader({ password }) }\`.`,
    { cause, details: { where: source } },
  );

export const damagedPdf = (source: string, what: string, cause?: unknown): PipewrightError =>
  new PipewrightError('document-damaged', `${source} cannot be read as PDF (${what}). Save or print it to PDF again.`, {
    cause,
    details: { where: source },
  });
