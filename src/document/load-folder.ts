import { createRun, type Run } from '../core/index.js';
import { knownExtensions } from './formats.js';
import { type ListedFile, listFiles, type ListFilesOptions } from './list-files.js';
import { asLoadError } from './load-error.js';
import { loadFile, type LoadFileOptions } from './load-file.js';
import type { LoadFailure, LoadResult } from './loader.js';

export interface LoadFolderOptions extends ListFilesOptions, LoadFileOptions {}

/**
 * Reads the files of folders, patterns and single paths, one after the other, in an order that stays the same. A file that cannot
 * be read comes as `{ type: 'failed', source, error }`, and the rest go on. Tells `progress` to the run.
 * @throws {PipewrightError} only for a wrong option; what is wrong with a file is a result.
 * @example for await (const result of loadFolder('docs')) if (result.type === 'loaded') result.documents.length
 */
export async function* loadFolder(
  paths: string | readonly string[],
  options: LoadFolderOptions = {},
  run: Run = createRun(),
): AsyncGenerator<LoadResult, void, undefined> {
  const own = Object.keys(options.loaders ?? {});
  const listed: (ListedFile | LoadFailure)[] = [];
  const listing = { extensions: [...knownExtensions, ...own], ...options };
  for await (const entry of listFiles(paths, listing, run)) listed.push(entry);
  for (const [index, entry] of listed.entries()) {
    const label = entry.type === 'file' ? entry.path : entry.source;
    yield entry.type === 'file' ? await loadOne(entry.path, options, run) : entry;
    run.emit({ type: 'progress', label, done: index + 1, total: listed.length });
  }
}

const loadOne = async (path: string, options: LoadFolderOptions, run: Run): Promise<LoadResult> => {
  try {
    return await loadFile(path, options, run);
  } catch (error) {
    run.throwIfAborted();
    const known = asLoadError(path, error);
    if (known.code === 'bad-option') throw known;
    return { type: 'failed', source: path, error: known };
  }
};
