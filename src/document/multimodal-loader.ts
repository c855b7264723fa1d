import {
  callStep,
  createRun,
  defineStep,
  type Document,
  messageOf,
  type Run,
  type Step,
  type StepLike,
} from '../core/index.js';
import { extensionOf, loaderFor, sniffExtension } from './formats.js';
import { type DocumentImage, imageExtensions, imagesOf } from './images.js';
import { documentOf, type Loaded, type Loader, type SourceFile } from './loader.js';
import { noTextNotice } from './pdf-loader.js';
import { type DocumentTable, tablesOf } from './tables.js';
import type { Ocr } from './tesseract.js';

/** What a text in an index was made from. The metadata field `modality` says it; filters can ask for it. */
export type Modality = 'text' | 'table' | 'image';

export interface MultimodalLoaderOptions {
  /** Reads the letters in pictures, as `tesseract()` does. @default pictures are not read */
  readonly ocr?: Ocr;
  /** Says in words what a picture shows, as `captioner(model)` does. @default pictures are not described */
  readonly caption?: StepLike<DocumentImage, string>;
  /** What reads the text of the file. @default the built-in loader for its extension */
  readonly loader?: Loader;
  /** Pictures whose text the engine is less sure of are not taken for text. 0 to 1. @default 0.5 */
  readonly minConfidence?: number;
}

const withModality = (document: Document, modality: Modality): Document => ({
  ...document,
  metadata: { ...document.metadata, modality },
});

const textsOf = async (file: SourceFile, own: Loader | undefined, run: Run): Promise<Loaded> => {
  const extension = extensionOf(file.source);
  const loader = own ?? loaderFor(extension) ?? loaderFor(sniffExtension(file.bytes) ?? '');
  if (loader !== undefined && !imageExtensions.includes(extension)) return await callStep(loader, file, run);
  return { type: 'loaded', source: file.source, documents: [], notices: [] };
};

/** A picture and what was made of it. */
export interface ReadImage {
  readonly image: DocumentImage;
  /** What the caption model says; empty without one. */
  readonly caption: string;
  /** What the OCR engine reads; empty without one, and where it is not sure. */
  readonly text: string;
}

/** The parts of a file, by what they are made of. */
export interface MultimodalParts {
  /** As the loader of the file gives them, the pages of scans with the text of their pictures and `isScan` in the metadata. */
  readonly texts: readonly Document[];
  readonly tables: readonly DocumentTable[];
  readonly images: readonly ReadImage[];
  readonly notices: readonly string[];
}

const readImage = async (
  image: DocumentImage,
  { ocr, caption, minConfidence = 0.5 }: MultimodalLoaderOptions,
  run: Run,
): Promise<ReadImage> => {
  const read = ocr === undefined ? undefined : await callStep(ocr, image, run, 'ocr');
  const said = caption === undefined ? '' : await callStep(caption, image, run, 'caption');
  return { image, caption: said.trim(), text: (read?.confidence ?? 0) >= minConfidence ? (read?.text ?? '') : '' };
};

/** A picture as a document: what the file, the model and the engine say of it. Undefined when none says anything. */
const imageDocument = ({ image, caption, text }: ReadImage, title: string | undefined): Document | undefined => {
  const { id, source, page, alt = '', mediaType, width, height } = image;
  const parts = [alt, caption, text].filter((part) => part !== '');
  if (parts.length === 0) return undefined;
  const size = width === undefined || height === undefined ? {} : { width, height };
  return documentOf({
    id,
    text: parts.join('\n\n'),
    source,
    title,
    ...(page === undefined ? {} : { place: { page } }),
    metadata: { modality: 'image', mediaType, ...size },
  });
};

/** The text of a scanned page is what its pictures hold. */
const fillScans = (documents: readonly Document[], images: readonly ReadImage[]): readonly Document[] =>
  documents.map((document) => {
    const page = document.place?.page;
    if (document.text !== '' || page === undefined) return document;
    const text = images.flatMap((one) => (one.image.page === page && one.text !== '' ? [one.text] : [])).join('\n\n');
    return text === '' ? document : { ...document, text, metadata: { ...document.metadata, isScan: true } };
  });

/** Reads text, tables and pictures of a file; see `multimodalLoader`. */
export const multimodalParts = async (
  file: SourceFile,
  options: MultimodalLoaderOptions = {},
  run: Run = createRun(),
): Promise<MultimodalParts> => {
  const loaded = await textsOf(file, options.loader, run);
  const found = await imagesOf(file, {}, run);
  const notices = [...loaded.notices, ...found.notices];
  const images: ReadImage[] = [];
  for (const image of found.images) {
    try {
      images.push(await readImage(image, options, run));
    } catch (error) {
      run.throwIfAborted();
      notices.push(`${image.id} was left out: ${messageOf(error)}`);
    }
  }
  const texts = fillScans(loaded.documents, images);
  const outdated = scansOf(texts).map((page) => noTextNotice(file.source, page));
  return {
    texts,
    tables: texts.flatMap(tablesOf),
    images,
    notices: notices.filter((notice) => !outdated.includes(notice)),
  };
};

/** The pages whose text was read by the engine. */
const scansOf = (texts: readonly Document[]): readonly number[] =>
  texts.flatMap(({ metadata, place }) => (metadata?.isScan === true && place?.page !== undefined ? [place.page] : []));

/**
 * A loader that gives the text, the tables and the pictures of a file as documents side by side, so that each can be found:
 * `metadata.modality` tells them apart. A table is its Markdown with its place in the text; a picture is what its alternative
 * text, the caption model and the OCR engine say. The pages of a scan get the text that the engine read. A picture that cannot be
 * read is a notice.
 * @throws {PipewrightError} what the loader of the file throws.
 * @example loadFile('report.pdf', { loaders: { '.pdf': multimodalLoader({ ocr }) } })
 */
export const multimodalLoader = (options: MultimodalLoaderOptions = {}): Step<SourceFile, Loaded> =>
  defineStep({ kind: 'loader', name: 'multimodal' }, async (file, run) => {
    const { texts, tables, images, notices } = await multimodalParts(file, options, run);
    const scans = scansOf(texts);
    // The text of a scanned page is in the index already.
    const isNews = ({ image, caption }: ReadImage): boolean => caption !== '' || !scans.includes(image.page ?? 0);
    const title = texts[0]?.title;
    const documents = [
      ...texts.map((document) => withModality(document, 'text')),
      ...tables.map(({ document }) => document),
      ...images.filter(isNews).flatMap((image) => imageDocument(image, title) ?? []),
    ];
    return { type: 'loaded', source: file.source, documents, notices };
  });
