import { readFile, stat } from 'node:fs/promises';
import { checkAtLeast, createRun, PipewrightError, type Run } from '../core/index.js';
import { readApart } from './apart.js';
import { docxImages } from './docx-images.js';
import { extensionOf, sniffExtension } from './formats.js';
import { htmlImages } from './html-images.js';
import { asLoadError } from './load-error.js';
import type { SourceFile } from './loader.js';
import { fromBytes, pdfDeadline } from './pdf-file.js';
import { pdfImages } from './pdf-images.js';

/** A picture that stands in a document, or is one. */
export interface DocumentImage {
  /** `${source}#image=2`, or `${source}#page=3&image=1`: images count from 1 on each page. */
  readonly id: string;
  readonly source: string;
  /** The bytes of an image file, of the type in `mediaType`. */
  readonly data: Uint8Array;
  /** Such as `image/png`. */
  readonly mediaType: string;
  /** Page, from 1, of a PDF. */
  readonly page?: number;
  /** Size in pixels, where it is known. */
  readonly width?: number;
  readonly height?: number;
  /** What the document says the picture shows: its alternative text or its caption. */
  readonly alt?: string;
}

/** The pictures of one file. */
export interface FoundImages {
  readonly images: readonly DocumentImage[];
  /** Pictures that could not be read or were left out, and why. */
  readonly notices: readonly string[];
}

export interface ImagesOptions {
  /** Pictures smaller than this in width or height are left out: lines, bullets and logos say nothing. @default 48 */
  readonly minPixels?: number;
  /** Further pictures are left out, with a notice. @default 500 */
  readonly maxImages?: number;
  /** A picture larger than this is left out, with a notice. @default 50_000_000 */
  readonly maxPixels?: number;
}

export type ImageLimits = Required<ImagesOptions>;

export type FindImages = (file: SourceFile, limits: ImageLimits, run: Run) => Promise<FoundImages>;

/** Image files that vision models and OCR engines read. */
const mediaTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.bmp': 'image/bmp',
};

/** What takes longer is given up: the pictures of a PDF have to be decoded. */
const timeoutMs = 300_000;

const finders: Readonly<Record<string, FindImages>> = {
  '.pdf': pdfImages,
  '.docx': docxImages,
  '.html': htmlImages,
  '.htm': htmlImages,
  '.xhtml': htmlImages,
};

export const imageExtensions: readonly string[] = Object.keys(mediaTypes);

const resolve = ({ minPixels = 48, maxImages = 500, maxPixels = 50_000_000 }: ImagesOptions): ImageLimits => {
  checkAtLeast('minPixels', minPixels, 0);
  checkAtLeast('maxImages', maxImages, 1);
  checkAtLeast('maxPixels', maxPixels, 1);
  return { minPixels, maxImages, maxPixels };
};

/** The pictures in the bytes of a file; see `loadImages`. */
export const imagesOf = async (
  file: SourceFile,
  options: ImagesOptions = {},
  run: Run = createRun(),
): Promise<FoundImages> => {
  const limits = resolve(options);
  run.throwIfAborted();
  const extension = extensionOf(file.source);
  const mediaType = mediaTypes[extension];
  if (mediaType !== undefined) {
    return { images: [{ id: file.source, source: file.source, data: file.bytes, mediaType }], notices: [] };
  }
  const find = finders[extension] ?? finders[sniffExtension(file.bytes) ?? ''];
  if (find === undefined) return { images: [], notices: [] };
  const call = { name: 'imagesOf', rest: [limits] };
  const apart = find === pdfImages ? { deadline: pdfDeadline(timeoutMs), fromBytes } : {};
  const { images, notices } = await readApart(call, (one, inner) => find(one, limits, inner), apart)(file, run);
  if (images.length <= limits.maxImages) return { images, notices };
  const left = `${file.source}: pictures left out because of \`maxImages\`: ${images.length - limits.maxImages}.`;
  return { images: images.slice(0, limits.maxImages), notices: [...notices, left] };
};

/**
 * The pictures of a file: those in a PDF, in a DOCX, those that stand in an HTML page itself (`data:` addresses; nothing is
 * fetched), or the file when it is a picture. A file of another kind has none.
 * @throws {PipewrightError} `not-found`, `not-allowed`, `document-damaged`, `document-encrypted`, or `dependency-missing`.
 * @example (await loadImages('report.pdf')).images.map(({ page, width, height }) => [page, width, height])
 */
export const loadImages = async (
  path: string,
  options: ImagesOptions = {},
  run: Run = createRun(),
): Promise<FoundImages> => {
  try {
    const { size } = await stat(path);
    if (size > maxFileBytes) {
      throw new PipewrightError('document-unsupported', `${path} has ${size} bytes, more than ${maxFileBytes}.`, {
        details: { where: path },
      });
    }
    return await imagesOf({ source: path, bytes: await readFile(path, { signal: run.signal }) }, options, run);
  } catch (error) {
    run.throwIfAborted();
    throw asLoadError(path, error);
  }
};

const maxFileBytes = 209_715_200;
