import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRun, PipewrightError, type Run, randomId } from '../core/index.js';
import { formatPrompt, type FileVersion, type PromptFile } from './markdown.js';
import { parsePrompt } from './parse-markdown.js';
import type { ListedPrompt, PromptLibrary, PromptVersion } from './types.js';

export interface ExportOptions {
  /** All versions, or the latest of each prompt. @default 'all' */
  readonly versions?: 'all' | 'latest';
}

/** What an import found in a folder. */
export interface ImportedPrompt {
  readonly name: string;
  readonly file: string;
  /** The versions that hold the contents of the file now, oldest first. */
  readonly versions: readonly PromptVersion[];
}

/** Names that Windows keeps for devices. */
const reserved = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/;

/** A file name that every file system takes and no two prompts share, however it treats upper case and Unicode. */
const fileName = (name: string): string => {
  if (/^[a-z0-9][a-z0-9._-]{0,79}$/.test(name) && !reserved.test(name) && !name.endsWith('.')) return `${name}.md`;
  const readable = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-|-$/g, '');
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${readable === '' ? 'prompt' : readable}--${hash}.md`;
};

const versionsOf = async (
  library: PromptLibrary,
  { name, latest }: ListedPrompt,
  which: 'all' | 'latest',
): Promise<readonly PromptVersion[]> => {
  if (which === 'latest') return [latest];
  const all: PromptVersion[] = [];
  for (let before = latest.version + 1; ; ) {
    const page = await library.versions(name, { before, limit: 100 });
    all.push(...page);
    const last = page.at(-1);
    if (last === undefined) return all.reverse();
    before = last.version;
  }
};

/** Without what the name and the content tell. */
const fileVersion = ({ name: _name, hash: _hash, ...version }: PromptVersion): FileVersion => version;

const fileOf = (prompt: ListedPrompt, versions: readonly PromptVersion[]): PromptFile => {
  const { name, description, tags, labels } = prompt;
  const numbers = new Set(versions.map(({ version }) => version));
  return {
    name,
    ...(description === undefined ? {} : { description }),
    tags,
    labels: Object.fromEntries(Object.entries(labels).filter(([, number]) => numbers.has(number))),
    versions: versions.map(fileVersion),
  };
};

/** A crash leaves the old file or the new one, never half of one. */
const writeWhole = async (path: string, text: string, run: Run): Promise<void> => {
  const draft = `${path}.${randomId(run.random)}.tmp`;
  await writeFile(draft, text);
  await rename(draft, path);
};

/**
 * Writes every prompt of the library into a folder, one Markdown file for each (see `formatPrompt`), and returns the paths. Files
 * of the same name are replaced, others left alone. Statistics stay with the library: they tell of the place where it is used.
 */
export const exportPrompts = async (
  library: PromptLibrary,
  folder: string,
  { versions = 'all' }: ExportOptions = {},
  run: Run = createRun(),
): Promise<readonly string[]> => {
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await library.list(after === undefined ? {} : { after });
    for (const prompt of page.prompts) {
      run.throwIfAborted();
      const path = join(folder, fileName(prompt.name));
      await writeWhole(path, formatPrompt(fileOf(prompt, await versionsOf(library, prompt, versions))), run);
      paths.push(path);
    }
    if (page.next === undefined) return paths;
    after = page.next;
  }
};

const readText = async (path: string): Promise<string> => {
  const bytes = await readFile(path);
  const text = new TextDecoder().decode(bytes);
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text;
  } catch (cause) {
    const where = `${path}:${text.slice(0, text.indexOf('\ufffd')).split('\n').length}`;
    throw new PipewrightError('document-damaged', `${where}: The file is not UTF-8.`, { cause, details: { where } });
  }
};

const readFolder = async (folder: string, run: Run): Promise<ReadonlyMap<string, PromptFile>> => {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.md')).sort();
  const found = new Map<string, PromptFile>();
  const owners = new Map<string, string>();
  for (const file of files) {
    run.throwIfAborted();
    const path = join(folder, file);
    const prompt = parsePrompt(await readText(path), path);
    const owner = owners.get(prompt.name);
    if (owner !== undefined) {
      const message = `${path}: The prompt \`${prompt.name}\` is in ${owner} already. Give one of them another name.`;
      throw new PipewrightError('duplicate-id', message, { details: { where: path } });
    }
    owners.set(prompt.name, path);
    found.set(path, prompt);
  }
  return found;
};

const restoreFile = async (library: PromptLibrary, file: PromptFile, run: Run): Promise<readonly PromptVersion[]> => {
  const { name, versions, description, tags, labels = {} } = file;
  const restored: PromptVersion[] = [];
  const numbers = new Map<number, number>();
  for (const { version, content, createdMs = run.clock.now(), author, note } of versions) {
    run.throwIfAborted();
    const said = { ...(author === undefined ? {} : { author }), ...(note === undefined ? {} : { note }) };
    const put =
      version === undefined
        ? await library.save(name, content, said, run)
        : await library.restore({ name, version, content, createdMs, hash: '', ...said }, run);
    if (version !== undefined) numbers.set(version, put.version);
    restored.push(put);
  }
  const moved = Object.entries(labels).map(([label, number]) => [label, numbers.get(number) ?? number] as const);
  const facts = { ...(description === undefined ? {} : { description }), ...(tags === undefined ? {} : { tags }) };
  await library.change(name, { ...facts, labels: Object.fromEntries(moved) }, run);
  return restored;
};

/**
 * Reads every Markdown file of a folder into the library. All files are read before anything is written. Versions that are there
 * already stay as they are; a number that holds another content here makes the content the next version; description, tags and
 * labels become those of the file.
 * @throws {PipewrightError} `document-damaged` with file and line; `duplicate-id` when two files hold the same prompt.
 */
export const importPrompts = async (
  library: PromptLibrary,
  folder: string,
  run: Run = createRun(),
): Promise<readonly ImportedPrompt[]> => {
  const imported: ImportedPrompt[] = [];
  for (const [file, prompt] of await readFolder(folder, run)) {
    imported.push({ name: prompt.name, file, versions: await restoreFile(library, prompt, run) });
  }
  return imported;
};
