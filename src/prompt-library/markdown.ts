import { toJson } from '../core/index.js';
import type { PromptContent, PromptItem } from './content.js';
import type { PromptFacts, PromptVersion } from './types.js';

/** A version in a file; one that a person wrote may leave out everything but the content. */
export interface FileVersion extends Partial<Omit<PromptVersion, 'name' | 'hash' | 'content'>> {
  readonly content: PromptContent;
}

/** A prompt as a file holds it. */
export interface PromptFile extends Partial<PromptFacts> {
  readonly name: string;
  /** Oldest first. */
  readonly versions: readonly FileVersion[];
}

/** Text that comes back letter by letter from a file, also after an editor has had it: no control characters, no half ones. */
const isPlain = (text: string): boolean => !/[^\P{Cc}\n\t]|\p{Surrogate}/u.test(text);

/** Longer than any row of backticks in the text. */
const fenceFor = (text: string): string => {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  return '`'.repeat(longest + 1);
};

const block = (form: string, text: string): string => {
  const fence = fenceFor(text);
  return `${fence}${form}\n${text}\n${fence}`;
};

/** Text as it is; with control characters as one JSON text a line. */
const textBlock = (text: string): string => {
  if (isPlain(text)) return block('text', text);
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return block('json lines', lines.map((line) => JSON.stringify(line)).join('\n'));
};

const itemText = (item: PromptItem): string => {
  if ('slot' in item) return `### ${item.slot} ${JSON.stringify(item.name)}`;
  const { role, content } = item;
  const body =
    typeof content === 'string'
      ? textBlock(content)
      : block('json parts', JSON.stringify(toJson(content, { isExact: true }), null, 2));
  return `### ${role}\n\n${body}`;
};

const contentBlocks = (content: PromptContent): readonly string[] => {
  if (typeof content === 'string') return [`### template\n\n${textBlock(content)}`];
  return ['### chat', ...content.map(itemText)];
};

/** As people write times, where that says the same. */
const timeText = (ms: number): string => {
  const isDate = Number.isInteger(ms) && Math.abs(ms) <= 8.64e15;
  return JSON.stringify(isDate ? new Date(ms).toISOString() : ms);
};

const versionText = ({ version, createdMs, author, note, content }: FileVersion): string => {
  const facts = [
    ...(createdMs === undefined ? [] : [`- created: ${timeText(createdMs)}`]),
    ...(author === undefined ? [] : [`- author: ${JSON.stringify(author)}`]),
    ...(note === undefined ? [] : [`- note: ${JSON.stringify(note)}`]),
  ];
  return [
    version === undefined ? '## Version' : `## Version ${version}`,
    ...(facts.length === 0 ? [] : [facts.join('\n')]),
    ...contentBlocks(content),
  ].join('\n\n');
};

/**
 * A prompt as a Markdown file: facts as front matter (each value is JSON, which YAML reads too), a heading for each version, and
 * the texts in fenced blocks, letter by letter. `parsePrompt` gives back the same.
 * @example formatPrompt({ name: 'hi', versions: [{ content: 'Hi {name}' }] }).includes('Hi {name}') // => true
 */
export const formatPrompt = ({ name, description, tags = [], labels = {}, versions }: PromptFile): string => {
  const head = [
    '---',
    `name: ${JSON.stringify(name)}`,
    ...(description === undefined ? [] : [`description: ${JSON.stringify(description)}`]),
    ...(tags.length === 0 ? [] : [`tags: ${JSON.stringify(tags)}`]),
    ...(Object.keys(labels).length === 0 ? [] : [`labels: ${JSON.stringify(labels)}`]),
    '---',
  ].join('\n');
  return `${[head, ...versions.map(versionText)].join('\n\n')}\n`;
};
