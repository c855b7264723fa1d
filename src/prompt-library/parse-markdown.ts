import {
  fromJson,
  isPipewrightError,
  type Json,
  messageOf,
  type Part,
  PipewrightError,
  isRecord,
} from '../core/index.js';
import { isContent, type PromptContent, type PromptItem, renderStep } from './content.js';
import { checkLabel, checkName, checkTag } from './keys.js';
import type { FileVersion, PromptFile } from './markdown.js';
import { isCount, isFigure } from './state.js';

/** The lines of a file, read one by one. */
interface Reader {
  readonly lines: readonly string[];
  readonly where: string;
  /** Of the next line, from 0. */
  at: number;
}

const bad = ({ where }: Reader, line: number, problem: string): PipewrightError =>
  new PipewrightError('document-damaged', `${where}:${line + 1}: ${problem}`, {
    details: { where: `${where}:${line + 1}` },
  });

/** Adds the place to what a check throws. */
const checked = <T>(reader: Reader, line: number, check: () => T): T => {
  try {
    return check();
  } catch (error) {
    throw isPipewrightError(error) && error.code === 'document-damaged' ? error : bad(reader, line, messageOf(error));
  }
};

const skipBlank = (reader: Reader): string | undefined => {
  while (reader.lines[reader.at]?.trim() === '') reader.at++;
  return reader.lines[reader.at];
};

/** JSON, or plain text as people write it in front matter. */
const readValue = (reader: Reader, line: number, text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    if (!/^["'[{|>&*!%@`#]/.test(text)) return text;
    throw bad(reader, line, `\`${text.slice(0, 60)}\` is no JSON. Write text in double quotes, lists as ["a", "b"].`);
  }
};

interface Entry {
  readonly line: number;
  readonly value: unknown;
}

/** `key: value` lines, while they last; each key once. */
const readEntries = (reader: Reader, form: RegExp, known: readonly string[]): ReadonlyMap<string, Entry> => {
  const entries = new Map<string, Entry>();
  for (;;) {
    const line = reader.at;
    const [, key = '', text = ''] = form.exec(reader.lines[line] ?? '') ?? [];
    if (key === '') return entries;
    if (!known.includes(key)) throw bad(reader, line, `\`${key}\` is not known here. Known: ${known.join(', ')}.`);
    if (entries.has(key)) throw bad(reader, line, `\`${key}\` stands here twice.`);
    entries.set(key, { line, value: readValue(reader, line, text.trim()) });
    reader.at++;
  }
};

const field = <T>(
  reader: Reader,
  entries: ReadonlyMap<string, Entry>,
  key: string,
  check: (value: unknown) => T | undefined,
  what: string,
): { readonly [key: string]: T } => {
  const entry = entries.get(key);
  if (entry === undefined) return {};
  const value = checked(reader, entry.line, () => check(entry.value));
  if (value === undefined) throw bad(reader, entry.line, `\`${key}\` must be ${what}.`);
  return { [key]: value };
};

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const tagsIn = (value: unknown): readonly string[] | undefined => {
  if (!Array.isArray(value) || !value.every((tag) => typeof tag === 'string')) return undefined;
  for (const tag of value) checkTag(tag);
  return value;
};

const labelsIn = (value: unknown): Readonly<Record<string, number>> | undefined => {
  if (!isRecord(value) || !Object.values(value).every(isCount)) return undefined;
  for (const label of Object.keys(value)) checkLabel(label);
  return value as Readonly<Record<string, number>>;
};

const timeIn = (value: unknown): number | undefined => {
  const ms = typeof value === 'string' ? Date.parse(value) : value;
  return isFigure(ms) ? ms : undefined;
};

type Facts = Omit<PromptFile, 'versions'>;

const readFacts = (reader: Reader): Facts => {
  if (reader.lines[0]?.trimEnd() !== '---') {
    throw bad(reader, 0, 'A prompt begins with front matter: `---`, `name: "…"`, `---`.');
  }
  reader.at = 1;
  const entries = readEntries(reader, /^([a-z]+):(?: (.*))?$/s, ['name', 'description', 'tags', 'labels']);
  if (reader.lines[reader.at]?.trimEnd() !== '---') {
    throw bad(reader, reader.at, 'Expected `key: value`, or `---` at the end of the front matter.');
  }
  reader.at++;
  const name = entries.get('name');
  if (typeof name?.value !== 'string')
    throw bad(reader, name?.line ?? 1, 'The front matter must have a `name`, as text.');
  checked(reader, name.line, () => checkName(name.value as string));
  return {
    name: name.value,
    ...field(reader, entries, 'description', text, 'text'),
    ...field(reader, entries, 'tags', tagsIn, 'a list of texts'),
    ...field(reader, entries, 'labels', labelsIn, 'numbers of versions by label, such as {"production": 2}'),
  };
};

/** The lines of a fenced block, and what its first line says of them. */
const readBlock = (
  reader: Reader,
): { readonly form: string; readonly lines: readonly string[]; readonly line: number } => {
  const [, fence, form = ''] = /^(`{3,})(.*)$/s.exec(skipBlank(reader) ?? '') ?? [];
  if (fence === undefined) throw bad(reader, reader.at, 'Expected a block: ```text.');
  const line = reader.at;
  const end = reader.lines.indexOf(fence, line + 1);
  if (end === -1) throw bad(reader, line, `The block is never closed by a line \`${fence}\`.`);
  reader.at = end + 1;
  return { form: form.trim(), lines: reader.lines.slice(line + 1, end), line };
};

const jsonLine = (reader: Reader, json: string, line: number): string => {
  const value = json.trim() === '' ? '' : readValue(reader, line, json);
  if (typeof value !== 'string') throw bad(reader, line, 'Each line of this block must be a JSON text.');
  return value;
};

const readText = (reader: Reader): string | readonly Part[] => {
  const { form, lines, line } = readBlock(reader);
  if (form === 'text' || form === '') return lines.join('\n');
  if (form === 'json lines') return lines.map((each, index) => jsonLine(reader, each, line + 1 + index)).join('');
  if (form !== 'json parts')
    throw bad(reader, line, `A block is \`text\`, \`json lines\` or \`json parts\`, not \`${form}\`.`);
  const parts = checked(reader, line, () => fromJson(JSON.parse(lines.join('\n')) as Json));
  if (!isContent([{ role: 'user', content: parts }])) throw bad(reader, line, 'These are no parts of a message.');
  return parts as readonly Part[];
};

const readItems = (reader: Reader): readonly PromptItem[] => {
  const items: PromptItem[] = [];
  for (;;) {
    const heading = skipBlank(reader);
    if (heading === undefined || heading.startsWith('## ')) return items;
    const line = reader.at;
    const [, head = '', rest = ''] = /^### (\S+)(?: (.+))?$/s.exec(heading.trimEnd()) ?? [];
    reader.at++;
    if ((head === 'history' || head === 'sources') && rest !== '') {
      items.push({ slot: head, name: String(readValue(reader, line, rest)) });
    } else if (['system', 'user', 'assistant', 'tool'].includes(head) && rest === '') {
      items.push({ role: head as 'user', content: readText(reader) });
    } else {
      throw bad(
        reader,
        line,
        'Expected `### system`, `### user`, `### assistant`, `### history "…"` or `### sources "…"`.',
      );
    }
  }
};

const readContent = (reader: Reader): PromptContent => {
  const heading = skipBlank(reader)?.trimEnd();
  const line = reader.at;
  if (heading !== '### template' && heading !== '### chat') {
    throw bad(reader, line, 'Expected `### template` before a text, or `### chat` before messages.');
  }
  reader.at++;
  const content = heading === '### chat' ? readItems(reader) : readText(reader);
  // A stray brace is found here, where its place is known.
  checked(reader, line, () => renderStep(content as PromptContent));
  return content as PromptContent;
};

const readVersion = (reader: Reader): FileVersion => {
  const [, number] = /^## Version(?: ([1-9]\d{0,14}))?$/.exec(skipBlank(reader)?.trimEnd() ?? '') ?? [undefined, ''];
  if (number === '') throw bad(reader, reader.at, 'Expected `## Version` and a number.');
  reader.at++;
  skipBlank(reader);
  const entries = readEntries(reader, /^- ([a-z]+):(?: (.*))?$/s, ['created', 'author', 'note']);
  const { created } = field(reader, entries, 'created', timeIn, 'a time such as "2026-11-21T10:00:00.000Z"');
  return {
    ...(number === undefined ? {} : { version: Number(number) }),
    ...(created === undefined ? {} : { createdMs: created }),
    ...field(reader, entries, 'author', text, 'text'),
    ...field(reader, entries, 'note', text, 'text'),
    content: readContent(reader),
  };
};

/**
 * Reads a prompt from the text of a file as `formatPrompt` writes it, also after a person has edited it: values of the front
 * matter may be plain text, versions may lack number, time, author and note. `where` is what errors call the file.
 * @throws {PipewrightError} `document-damaged` with file and line.
 * @example parsePrompt(formatPrompt({ name: 'hi', versions: [{ content: 'Hi' }] })) // => { name: 'hi', versions: [{ content: 'Hi' }] }
 */
export const parsePrompt = (fileText: string, where = 'prompt'): PromptFile => {
  // Where our own line ends came back as CRLF, whatever copied the file has changed all of them.
  const plain = /^---[ \t]*\r\n/.test(fileText) ? fileText.replaceAll('\r\n', '\n') : fileText;
  const reader: Reader = { lines: plain.split('\n'), where, at: 0 };
  const facts = readFacts(reader);
  const versions: FileVersion[] = [];
  while (skipBlank(reader) !== undefined) {
    const line = reader.at;
    const version = readVersion(reader);
    if (version.version !== undefined && version.version <= (versions.at(-1)?.version ?? 0)) {
      throw bad(reader, line, 'Versions must stand in order, the oldest first.');
    }
    versions.push(version);
  }
  const numbers = new Set(versions.map(({ version }) => version));
  for (const [label, number] of Object.entries(facts.labels ?? {})) {
    if (!numbers.has(number))
      throw bad(reader, 0, `The label \`${label}\` is at version ${number}, which the file does not have.`);
  }
  if (versions.length === 0) throw bad(reader, reader.lines.length - 1, 'The file has no `## Version`.');
  return { ...facts, versions };
};
