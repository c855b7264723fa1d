import {
  createLock,
  defineStep,
  loadOptional,
  messageOf,
  PipewrightError,
  raceAbort,
  type Step,
  type StepLike,
} from '../core/index.js';
import type { DocumentImage } from './images.js';

/** What an engine read in a picture. */
export interface OcrText {
  readonly text: string;
  /** 0 to 1, as the engine judges it. */
  readonly confidence: number;
}

/** Reads the letters in a picture: any function of this form is an engine. */
export type Ocr = StepLike<DocumentImage, OcrText>;

/** Where the trained data of a language lies, as the packages `@tesseract.js-data/…` export it. */
export interface TesseractLanguage {
  /** Such as `eng` or `deu`. */
  readonly code: string;
  readonly langPath: string;
  readonly gzip: boolean;
}

export interface TesseractOptions {
  /** @default the package `@tesseract.js-data/eng` */
  readonly language?: TesseractLanguage;
}

/** An engine with a thread of its own. Dispose it at the end. */
export interface Tesseract extends Step<DocumentImage, OcrText>, AsyncDisposable {}

const defaultLanguage = async (): Promise<TesseractLanguage> => {
  const loaded: { readonly default: TesseractLanguage } = await loadOptional(
    '@tesseract.js-data/eng',
    'reading English letters in pictures',
    () => import('@tesseract.js-data/eng'),
  );
  return loaded.default;
};

const load = async ({ code, langPath, gzip }: TesseractLanguage) => {
  const { createWorker } = await loadOptional(
    'tesseract.js',
    'reading letters in pictures',
    () => import('tesseract.js'),
  );
  // Nothing is fetched and nothing is written beside the data.
  return await createWorker(code, 1, { langPath, gzip, cacheMethod: 'none', errorHandler: () => undefined });
};

/** How the files begin that the engine reads: PNG, JPEG, GIF, BMP, WebP (RIFF), TIFF in both byte orders. */
const signatures: readonly string[] = ['\x89PNG', '\xff\xd8\xff', 'GIF8', 'BM', 'RIFF', 'II*\0', 'MM\0*'];

/** The engine complains on the terminal of what is no picture at all; this keeps it from that. */
const checkPicture = ({ id, source, data }: DocumentImage): void => {
  const head = Buffer.from(data.buffer, data.byteOffset, Math.min(4, data.byteLength)).toString('latin1');
  if (signatures.some((signature) => head.startsWith(signature))) return;
  throw new PipewrightError(
    'document-damaged',
    `${id} is no picture of a kind that is read (PNG, JPEG, GIF, BMP, WebP, TIFF).`,
    {
      details: { where: source },
    },
  );
};

/**
 * Starts the OCR engine Tesseract in a thread, offline. It reads one picture at a time, about half a second a page.
 * @throws {PipewrightError} `dependency-missing` without `tesseract.js` and the data of a language; the step throws
 * `document-damaged` for bytes that are no picture.
 * @example await using ocr = await tesseract()
 */
export const tesseract = async (options: TesseractOptions = {}): Promise<Tesseract> => {
  const worker = await load(options.language ?? (await defaultLanguage()));
  const lock = createLock();
  let isClosed = false;
  const step = defineStep({ kind: 'ocr', name: 'tesseract' }, (image: DocumentImage, run) =>
    lock.run(async (): Promise<OcrText> => {
      run.throwIfAborted();
      if (isClosed)
        throw new PipewrightError('store-closed', 'The OCR engine was closed. Start another with `tesseract()`.');
      checkPicture(image);
      try {
        const { data } = await raceAbort(worker.recognize(Buffer.from(image.data)), run);
        return { text: data.text.trim(), confidence: data.confidence / 100 };
      } catch (cause) {
        run.throwIfAborted();
        throw new PipewrightError(
          'document-damaged',
          `${image.id} cannot be read as a picture (${messageOf(cause)}).`,
          {
            cause,
            details: { where: image.source },
          },
        );
      }
    }, run.signal),
  );
  return Object.assign(step, {
    [Symbol.asyncDispose]: async () => {
      if (isClosed) return;
      isClosed = true;
      await worker.terminate();
    },
  });
};
