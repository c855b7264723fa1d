import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createRun, type Run } from '../core/index.js';
import { extensionOf, knownExtensions } from './formats.js';
import { globRoot, globToRegExp, isGlob } from './glob.js';
import { asLoadError } from './load-error.js';
import type { LoadFailure } from './loader.js';

export interface ListFilesOptions {
  /** Names or patterns of files and folders to pass over; with a `/` they are taken from the root. @default `defaultIgnore` */
  readonly ignore?: readonly string[];
  /** Which files in folders count, by extension in lower case. @default all that a loader reads */
  readonly extensions?: readonly string[];
  /** Whether names that begin with a dot count. @default false */
  readonly shouldIncludeHidden?: boolean;
}

/** What a file is known by without reading it: if size and time are as before, it need not be read again. */
export interface ListedFile {
  readonly type: 'file';
  readonly path: string;
  readonly sizeBytes: number;
  /** Last change, in milliseconds since 1970. */
  readonly modifiedMs: number;
}

export const defaultIgnore: readonly string[] = [
  'node_modules',
  'bower_components',
  '__pycache__',
  'package-lock.json',
  '*.min.js',
  '*.min.css',
];

/**
 * Lists the files that `loadFolder` would read, in an order that stays the same, without reading them. Each path may be a file, a
 * folder (with all folders in it) or a pattern such as `docs/**\/*.md`. Ignored and hidden names hold below the path named, not
 * for that path itself. Links are followed, once; what cannot be looked at comes as `{ type: 'failed' }`.
 * @example for await (const file of listFiles('docs')) if (file.type === 'file') file.modifiedMs
 */
export async function* listFiles(
  paths: string | readonly string[],
  options: ListFilesOptions = {},
  run: Run = createRun(),
): AsyncGenerator<ListedFile | LoadFailure, void, undefined> {
  const seen = new Set<string>();
  for (const path of typeof paths === 'string' ? [paths] : paths) {
    let count = 0;
    for await (const entry of listPath(path, options, run)) {
      count++;
      const key = resolve(entry.type === 'file' ? entry.path : entry.source);
      if (!seen.has(key)) yield entry;
      seen.add(key);
    }
    if (count === 0)
      run.emit({ type: 'warning', message: `Nothing to read in ${path}: no file with a known extension.` });
  }
}

async function* listPath(
  path: string,
  options: ListFilesOptions,
  run: Run,
): AsyncGenerator<ListedFile | LoadFailure, void, undefined> {
  const found = await statOf(path, run);
  if (!('error' in found)) {
    if (found.isDirectory()) yield* walkFrom(path, () => true, options, run);
    else yield fileOf(path, found);
  } else if (found.error.code === 'not-found' && isGlob(path)) {
    const pattern = globToRegExp(withoutDot(path));
    const root = globRoot(path);
    const rootStats = await statOf(root, run);
    if (!('error' in rootStats)) yield* walkFrom(root, (file) => pattern.test(withoutDot(file)), options, run);
  } else yield found;
}

const withoutDot = (path: string): string => path.replace(/^\.\//, '');

const fileOf = (path: string, { size, mtimeMs }: Stats): ListedFile => ({
  type: 'file',
  path,
  sizeBytes: size,
  modifiedMs: mtimeMs,
});

const failureOf = (source: string, error: unknown, run: Run): LoadFailure => {
  run.throwIfAborted();
  return { type: 'failed', source, error: asLoadError(source, error) };
};

const statOf = async (path: string, run: Run): Promise<Stats | LoadFailure> => {
  run.throwIfAborted();
  try {
    return await stat(path);
  } catch (error) {
    return failureOf(path, error, run);
  }
};

interface Walk {
  readonly run: Run;
  /** Real path of where it began, with a slash behind it. */
  readonly rootReal: string;
  /** Folders outside of the root that links have led to. */
  readonly linked: Set<string>;
  readonly isPassedOver: (name: string, path: string) => boolean;
  readonly isWanted: (path: string) => boolean;
}

async function* walkFrom(
  root: string,
  isWanted: (path: string) => boolean,
  options: ListFilesOptions,
  run: Run,
): AsyncGenerator<ListedFile | LoadFailure, void, undefined> {
  const folder = root.length > 1 && root.endsWith('/') ? root.slice(0, -1) : root;
  const { extensions = knownExtensions, ignore = defaultIgnore, shouldIncludeHidden = false } = options;
  const known = new Set(extensions);
  const patterns = ignore.map((pattern) => ({ regExp: globToRegExp(pattern), isPath: pattern.includes('/') }));
  const prefixLength = folder === '.' ? 0 : folder === '/' ? 1 : folder.length + 1;
  yield* walk(folder, {
    run,
    rootReal: `${await realpath(folder)}/`,
    linked: new Set(),
    isPassedOver: (name, path) =>
      (name.startsWith('.') && !shouldIncludeHidden) ||
      patterns.some(({ regExp, isPath }) => regExp.test(isPath ? path.slice(prefixLength) : name)),
    isWanted: (path) => known.has(extensionOf(path)) && isWanted(path),
  });
}

/** A folder and all below it, names in the order of their code units. */
async function* walk(folder: string, context: Walk): AsyncGenerator<ListedFile | LoadFailure, void, undefined> {
  const { run, isPassedOver, isWanted } = context;
  const entries = await entriesOf(folder, run);
  if (!Array.isArray(entries)) return yield entries as LoadFailure;
  for (const entry of entries as readonly Dirent[]) {
    const path = folder === '.' ? entry.name : `${folder === '/' ? '' : folder}/${entry.name}`;
    if (isPassedOver(entry.name, path)) continue;
    if (entry.isDirectory()) yield* walk(path, context);
    else if (entry.isSymbolicLink() && (await isFolder(path))) {
      if (await leadsElsewhere(path, context)) yield* walk(path, context);
    } else if (isWanted(path) && (entry.isFile() || entry.isSymbolicLink())) {
      const found = await statOf(path, run);
      yield 'error' in found ? found : fileOf(path, found);
    }
  }
}

const entriesOf = async (folder: string, run: Run): Promise<readonly Dirent[] | LoadFailure> => {
  run.throwIfAborted();
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    return failureOf(folder, error, run);
  }
};

const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // A link to nothing: it is reported where a file is looked for.
  }
};

/** Whether a link leads to a folder that the walk does not come to otherwise: so a loop of links ends. */
const leadsElsewhere = async (path: string, { rootReal, linked }: Walk): Promise<boolean> => {
  const real = `${await realpath(path)}/`;
  if (real.startsWith(rootReal) || rootReal.startsWith(real) || linked.has(real)) return false;
  linked.add(real);
  return true;
};
