import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkAtLeast, type Run } from '../../core/index.js';
import { answerSchema, integerSchema, numberIn, objectSchema, type Read, textIn, textSchema } from '../../ask/index.js';
import { type Tool, tool } from '../tool.js';
import { rootedFiles, type RootedFiles, tooLarge } from './rooted-files.js';

export interface FileToolsOptions {
  /** Whether there is a tool that writes files. @default false */
  readonly canWrite?: boolean;
  /** A larger file is not read, and none is written. @default 1048576 */
  readonly maxBytes?: number;
  /** Names that a listing shows at most. @default 500 */
  readonly maxEntries?: number;
  /** Whether somebody else may have written the files. @default true */
  readonly isUntrusted?: boolean;
}

interface Asked {
  readonly path: string;
}
interface AskedLines extends Asked {
  readonly from: number;
  readonly to: number;
}
interface Written extends Asked {
  readonly text: string;
}

const pathSchema = { ...textSchema, description: 'From the root of the files, such as "notes/today.md".' };

const lineSchema = (description: string) => ({ ...integerSchema, minimum: 1, description });

const readPath = (value: unknown): Read<Asked> => ({ value: { path: textIn(value, 'path') || '.' } });

const readLines = (value: unknown): Read<AskedLines> => {
  const path = textIn(value, 'path');
  if (path === '') return { issues: ['path: must name a file'] };
  const from = numberIn(value, 'from') ?? 1;
  const to = numberIn(value, 'to') ?? Number.MAX_SAFE_INTEGER;
  if (!Number.isInteger(from) || from < 1) return { issues: ['from: must be a line number from 1'] };
  return Number.isInteger(to) && to >= from
    ? { value: { path, from, to } }
    : { issues: ['to: must be a line number, not before `from`'] };
};

const readWritten = (value: unknown): Read<Written> => {
  const path = textIn(value, 'path');
  const text = (value as { readonly text?: unknown } | null)?.text;
  if (path === '') return { issues: ['path: must name a file'] };
  return typeof text === 'string' ? { value: { path, text } } : { issues: ['text: must be a text'] };
};

const list = async (files: RootedFiles, { path }: Asked, maxEntries: number): Promise<string> => {
  await using folder = await files.folder(path);
  const lines: string[] = [];
  let count = 0;
  for await (const entry of await opendir(folder.place)) {
    if (++count > maxEntries) continue;
    const isFolder = entry.isDirectory();
    // It may be gone by now.
    const found = entry.isFile() ? await lstat(join(folder.place, entry.name)).catch(() => undefined) : undefined;
    const size = found === undefined ? '' : `\t${found.size} bytes`;
    lines.push(`${entry.name}${isFolder ? '/' : ''}${size}`);
  }
  lines.sort();
  if (count > maxEntries) lines.push(`… and ${count - maxEntries} more`);
  return lines.length === 0 ? 'The folder is empty.' : lines.join('\n');
};

const read = async (files: RootedFiles, { path, from, to }: AskedLines, maxBytes: number): Promise<string> => {
  const lines = (await files.text(path, maxBytes)).split('\n');
  return lines.slice(from - 1, to).join('\n');
};

const write = async (files: RootedFiles, { path, text }: Written, maxBytes: number, run: Run): Promise<string> => {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) throw tooLarge(path, bytes, maxBytes);
  await files.write(path, text, run);
  return `Wrote ${bytes} bytes.`;
};

/**
 * Tools for the files below one folder: `list_files`, `read_file`, and with `canWrite` also `write_file`. Nothing outside of it can be
 * read or written: not by `..`, absolute paths or links, also when a link is put there meanwhile. Only plain files with text are
 * read. Writing replaces a file whole or not at all.
 * @throws {PipewrightError} `bad-option`; `not-found` when there is no such folder. The tools throw `not-allowed` for what leads out.
 * @example (await fileTools('.')).map(({ name }) => name) // => ['list_files', 'read_file']
 */
export const fileTools = async (folder: string, options: FileToolsOptions = {}): Promise<readonly Tool[]> => {
  const { canWrite = false, maxBytes = 1_048_576, maxEntries = 500, isUntrusted = true } = options;
  checkAtLeast('maxBytes', maxBytes, 1);
  checkAtLeast('maxEntries', maxEntries, 1);
  const files = await rootedFiles(folder);
  const lister = tool({
    name: 'list_files',
    description: 'Lists the names in a folder, folders with a / behind them.',
    input: answerSchema({ ...objectSchema({ path: pathSchema }), required: [] }, readPath),
    isReadOnly: true,
    isUntrusted,
    run: (asked) => list(files, asked, maxEntries),
  });
  const lines = { from: lineSchema('First line to read.'), to: lineSchema('Last line to read.') };
  const reader = tool({
    name: 'read_file',
    description: 'Reads a text file, or some of its lines.',
    input: answerSchema({ ...objectSchema({ path: pathSchema, ...lines }), required: ['path'] }, readLines),
    isReadOnly: true,
    isUntrusted,
    run: (asked) => read(files, asked, maxBytes),
  });
  if (!canWrite) return [lister, reader];
  const writer = tool({
    name: 'write_file',
    description: 'Writes a text file. What was in it is replaced.',
    input: answerSchema(objectSchema({ path: pathSchema, text: textSchema }), readWritten),
    run: (asked, run) => write(files, asked, maxBytes, run),
  });
  return [lister, reader, writer];
};
