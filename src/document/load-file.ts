import { readFile, stat } from 'node:fs/promises';
import { createRun, PipewrightError, type Run } from '../core/index.js';
import { extensionOf, extensionOfMediaType, knownExtensions, loaderFor, sniffExtension } from './formats.js';
import { asLoadError } from './load-error.js';
import type { Loaded, Loader, SourceFile } from './loader.js';

export interface LoadFileOptions {
  /** Loaders by extension (`.pdf`), which go before the built-in ones. @default none */
  readonly loaders?: Readonly<Record<string, Loader>>;
  /** A file larger than this is refused. @default 52428800 */
  readonly maxFileBytes?: number;
}

export interface LoadBytesOptions extends LoadFileOptions {
  /** Name of the upload: the `source` of its documents; its extension tells the format. @default 'upload' */
  readonly name?: string;
  /** Such as `application/pdf`; goes before the extension. @default the extension, else the content decides */
  readonly mediaType?: string;
}

export const defaultMaxFileBytes = 52_428_800;

/**
 * Reads one file into documents. The extension picks the loader, and the content where the extension says nothing. Text, Markdown
 * and code keep their letters and lines; everything else becomes readable text or Markdown. The path is the `source` of the
 * documents and the beginning of their ids.
 * @throws {PipewrightError} `not-found`, `not-allowed`, `document-unsupported` (also: too large), `document-damaged`,
 * `document-encrypted`, or `dependency-missing` with the package that the format needs.
 * @example (await loadFile('docs/guide.md')).documents[0]?.title
 */
export const loadFile = async (
  path: string,
  options: LoadFileOptions = {},
  run: Run = createRun(),
): Promise<Loaded> => {
  run.throwIfAborted();
  try {
    const { size } = await stat(path);
    checkSize(path, size, options.maxFileBytes);
    const bytes = await readFile(path, { signal: run.signal });
    return await load({ source: path, bytes }, extensionOf(path), options, run);
  } catch (error) {
    run.throwIfAborted();
    throw asLoadError(path, error);
  }
};

/**
 * Reads the bytes of an upload, as `loadFile` reads a file.
 * @throws {PipewrightError} as `loadFile`.
 * @example (await loadBytes(Buffer.from('Hello'), { name: 'note.txt' })).documents[0]?.text // => 'Hello'
 */
export const loadBytes = async (
  bytes: Uint8Array,
  options: LoadBytesOptions = {},
  run: Run = createRun(),
): Promise<Loaded> => {
  const { name = 'upload', mediaType } = options;
  run.throwIfAborted();
  try {
    checkSize(name, bytes.byteLength, options.maxFileBytes);
    const extension = (mediaType === undefined ? undefined : extensionOfMediaType(mediaType)) ?? extensionOf(name);
    const charset = /charset="?([\w-]+)/i.exec(mediaType ?? '')?.[1];
    return await load({ source: name, bytes, ...(charset === undefined ? {} : { charset }) }, extension, options, run);
  } catch (error) {
    run.throwIfAborted();
    throw asLoadError(name, error);
  }
};

const load = async (file: SourceFile, extension: string, { loaders }: LoadFileOptions, run: Run): Promise<Loaded> => {
  const known = loaderFor(extension, loaders);
  const loader = known ?? loaderFor(sniffExtension(file.bytes) ?? '', loaders);
  if (loader === undefined) {
    throw new PipewrightError(
      'document-unsupported',
      `No loader reads ${file.source}: its extension is "${extension}" and its content is none of the known formats ` +
        `(${knownExtensions.join(' ')}). Pass one: \`loaders: { '${extension}': yourLoader }\`.`,
      { details: { where: file.source } },
    );
  }
  return loader(file, run);
};

const checkSize = (source: string, sizeBytes: number, maxFileBytes: number = defaultMaxFileBytes): void => {
  if (!(maxFileBytes > 0))
    throw new PipewrightError('bad-option', `\`maxFileBytes\` must be above 0, got ${maxFileBytes}.`);
  if (sizeBytes <= maxFileBytes) return;
  throw new PipewrightError(
    'document-unsupported',
    `${source} has ${sizeBytes} bytes, more than \`maxFileBytes\` (${maxFileBytes}). Raise that, or split the file.`,
    { details: { where: source } },
  );
};
