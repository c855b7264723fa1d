import type { Metadata, MetadataValue } from '../core/index.js';

export interface FrontMatter {
  readonly metadata: Metadata;
  /** Where the body begins, in UTF-16 code units. */
  readonly bodyStart: number;
  readonly bodyLine: number;
  /** Lines, from 1, that were not understood. */
  readonly skippedLines: readonly number[];
}

const none: FrontMatter = { metadata: {}, bodyStart: 0, bodyLine: 1, skippedLines: [] };

const isFence = (line: string): boolean => /^(?:---|\.\.\.)\s*$/.test(line);

/**
 * Reads the YAML front matter of a Markdown file: scalars, lists, block texts, and nested maps as `outer.inner`. Of YAML that is
 * what front matter uses; what is beyond it is skipped and counted, never guessed.
 */
export const readFrontMatter = (text: string): FrontMatter => {
  if (!/^---[ \t]*\r?\n/.test(text)) return none;
  const lines: string[] = [];
  let at = text.indexOf('\n') + 1;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline + 1;
    const line = text.slice(at, end).replace(/\r?\n$/, '');
    at = end;
    if (isFence(line)) return { ...readLines(lines), bodyStart: at, bodyLine: lines.length + 3 };
    lines.push(line);
  }
  return none; // The fence is never closed: a rule, not front matter.
};

type Scalar = string | number | boolean;

interface Reader {
  readonly values: Map<string, MetadataValue>;
  /** The lists among the values, while they grow. */
  readonly lists: Map<string, Scalar[]>;
  /** Keys of the maps that are open, with their indentation. */
  readonly open: { readonly key: string; readonly indent: number }[];
  readonly skipped: number[];
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

const readLines = (lines: readonly string[]): { metadata: Metadata; skippedLines: readonly number[] } => {
  const reader: Reader = { values: new Map(), lists: new Map(), open: [], skipped: [] };
  for (let index = 0; index < lines.length; ) index = readEntry(reader, lines, index);
  return { metadata: Object.fromEntries(reader.values), skippedLines: reader.skipped };
};

/** The key and value of a line; undefined when it is no `key: value`. */
const keyAndValue = (line: string): { readonly key: string; readonly value: string } | undefined => {
  const trimmed = line.trim();
  const quoted = /^(?:"[^"]*"|'[^']*')(?=\s*:(?:\s|$))/.exec(trimmed)?.[0];
  if (quoted === undefined && /^(?:[[{"'&*!%@`|>]|-(?:\s|$))/.test(trimmed)) return undefined;
  const colon = `${trimmed} `.indexOf(': ', quoted?.length ?? 0);
  if (colon <= 0) return undefined;
  return { key: unquote(trimmed.slice(0, colon).trim()), value: withoutComment(trimmed.slice(colon + 1).trim()) };
};

/** Reads the entry that begins at a line; returns the line after it. */
const readEntry = (reader: Reader, lines: readonly string[], index: number): number => {
  const line = lines[index] ?? '';
  if (line.trim() === '' || line.trimStart().startsWith('#')) return index + 1;
  const entry = keyAndValue(line);
  if (entry === undefined) {
    // The first line of the front matter is line 2 of the file.
    if (!readItem(reader, line)) reader.skipped.push(index + 2);
    return index + 1;
  }
  const indent = indentOf(line);
  while ((reader.open.at(-1)?.indent ?? -1) >= indent) reader.open.pop();
  const key = [...reader.open.map((map) => map.key), entry.key].join('.');
  const { value } = entry;
  if (/^[|>][+-]?$/.test(value))
    return readBlock(reader, lines, index + 1, { key, indent, isFolded: value[0] === '>' });
  if (value === '') reader.open.push({ key: entry.key, indent });
  else reader.values.set(key, toValue(value));
  return index + 1;
};

const readItem = (reader: Reader, line: string): boolean => {
  const trimmed = line.trim();
  const key = reader.open.map((map) => map.key).join('.');
  if (key === '' || !/^-\s/.test(trimmed)) return false;
  const item = scalarOf(withoutComment(trimmed.slice(1).trim()));
  const list = reader.lists.get(key);
  if (list !== undefined) list.push(item);
  else {
    const begun = [item];
    reader.lists.set(key, begun);
    reader.values.set(key, begun);
  }
  return true;
};

interface Block {
  readonly key: string;
  readonly indent: number;
  readonly isFolded: boolean;
}

const readBlock = (reader: Reader, lines: readonly string[], from: number, block: Block): number => {
  let to = from;
  while (to < lines.length && (lines[to]?.trim() === '' || indentOf(lines[to] ?? '') > block.indent)) to++;
  const texts = lines.slice(from, to);
  const indent = Math.min(...texts.filter((line) => line.trim() !== '').map(indentOf));
  const text = texts.map((line) => line.slice(indent)).join(block.isFolded ? ' ' : '\n');
  reader.values.set(block.key, text.trim());
  return to;
};

const withoutComment = (value: string): string =>
  /^["'[]/.test(value) ? value.trim() : value.replace(/(^|\s)#.*$/, '').trim();

const unquote = (value: string): string => {
  const quote = value[0];
  if (value.length < 2 || (quote !== '"' && quote !== "'") || !value.endsWith(quote)) return value;
  const inner = value.slice(1, -1);
  return quote === "'" ? inner.replaceAll("''", "'") : inner.replace(/\\(["\\])/g, '$1').replaceAll('\\n', '\n');
};

const scalarOf = (value: string): Scalar => {
  if (value === 'true' || value === 'false') return value === 'true';
  if (/^-?(?:0|[1-9]\d{0,14})(?:\.\d+)?$/.test(value)) return Number(value);
  return unquote(value);
};

const toValue = (value: string): MetadataValue => {
  if (value === 'null' || value === '~') return null;
  if (!value.startsWith('[') || !value.endsWith(']')) return scalarOf(value);
  const items = value.slice(1, -1).match(/"(?:\\.|[^"\\])*"|'[^']*'|[^,\s][^,]*/g) ?? [];
  return items.map((item) => scalarOf(item.trim()));
};
