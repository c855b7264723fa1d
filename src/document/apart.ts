import type { Run } from '../core/index.js';
import { entryUrl, type HelperThread, helperThread, isInHelperThread } from '../thread/index.js';
import type { LoadedParts, SourceFile } from './loader.js';

/** A loader as the thread finds it: its public name, and its options. */
export interface LoaderCall {
  readonly loader: 'htmlLoader' | 'docxLoader';
  readonly options?: object;
}

/** Less than this is read in some ten milliseconds. */
const smallBytes = 16_384;

/** What the thread does: the same as the caller would, from the same files. */
const program = `({ entry }) => {
  const loaders = import(entry);
  return async ({ loader, options, file }) => {
    const { documents, notices } = await (await loaders)[loader](options)(file);
    return { documents, notices };
  };
}`;

/** One thread for all: a folder of pages is read in it one after the other, as it would be without. */
let shared: HelperThread | undefined;

const threadFor = (): HelperThread | undefined => {
  if (shared !== undefined || isInHelperThread()) return shared;
  const entry = entryUrl('document');
  if (entry !== undefined) shared = helperThread({ program, data: { entry } });
  return shared;
};

/**
 * Reads large files on another thread: the parsers of HTML and DOCX take a file in one go, some milliseconds for each ten kilobytes.
 * Where the package was packed into a bundle there is no file that the thread could load; then they are read here.
 */
export const readApart =
  (call: LoaderCall, read: (file: SourceFile, run: Run) => Promise<LoadedParts>) =>
  async (file: SourceFile, run: Run): Promise<LoadedParts> => {
    const thread = file.bytes.byteLength < smallBytes ? undefined : threadFor();
    return thread === undefined ? read(file, run) : ((await thread.ask({ ...call, file }, run)) as LoadedParts);
  };
