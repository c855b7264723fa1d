import { messageOf, PipewrightError } from '../../core/index.js';
import { truncate } from '../../model/index.js';

export const textOperations = [
  'upper',
  'lower',
  'title',
  'sentence',
  'camel',
  'snake',
  'kebab',
  'slug',
  'trim',
  'wrap',
  'sort-lines',
  'unique-lines',
  'number-lines',
  'truncate',
  'fill',
  'json-pretty',
  'json-minify',
] as const;
export type TextOperation = (typeof textOperations)[number];

export interface TextEdit {
  readonly operation: TextOperation;
  readonly text: string;
  /** Characters of a line, for `wrap`. @default 80 */
  readonly width?: number;
  /** For `truncate`. @default 1000 */
  readonly maxTokens?: number;
  /** For `sort-lines`. @default false */
  readonly isDescending?: boolean;
  /** For `fill`: what stands for `{{name}}`. */
  readonly values?: Readonly<Record<string, unknown>>;
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();

/** The words of a name, however it is written: `userName`, `user_name`, `User name`. */
const partsOf = (text: string): readonly string[] =>
  text
    .replace(/(\p{Ll}|\d)(?=\p{Lu})/gu, '$1 ')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== '');

const camel = (text: string): string =>
  partsOf(text)
    .map((part, index) => (index === 0 ? part.toLowerCase() : capital(part)))
    .join('');

/** Letters without their marks, for addresses; letters of other scripts stay. */
const slug = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== '')
    .join('-');

/** Words that do not fit go to the next line; a longer one stands alone. Lines that are there stay apart. */
const wrapLine = (line: string, width: number): string => {
  const lines: string[] = [];
  let held = '';
  for (const word of line.split(/[ \t]+/u)) {
    if (held !== '' && held.length + 1 + word.length > width) {
      lines.push(held);
      held = word;
    } else held = held === '' ? word : `${held} ${word}`;
  }
  return [...lines, held].join('\n');
};

const fill = (text: string, values: Readonly<Record<string, unknown>>): string =>
  text.replace(/\{\{\s*([\p{L}\w.-]{1,80})\s*\}\}/gu, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) {
      const names = Object.keys(values).join(', ');
      throw new PipewrightError(
        'bad-input',
        `values: \`${name}\` has none. There are: ${names === '' ? 'none' : names}.`,
      );
    }
    return typeof value === 'string' ? value : JSON.stringify(value);
  });

const json = (text: string, space: number): string => {
  try {
    return JSON.stringify(JSON.parse(text), null, space);
  } catch (error) {
    throw new PipewrightError('bad-input', `text: is no JSON: ${messageOf(error)}.`);
  }
};

const byLocale = new Intl.Collator('en', { numeric: true });

/**
 * Changes a text in one of the usual ways.
 * @throws {PipewrightError} `bad-input` for JSON that is none, and for a value that `fill` lacks.
 * @example await editText({ operation: 'slug', text: 'Über uns!' }) // => 'uber-uns'
 */
export const editText = async (edit: TextEdit): Promise<string> => {
  const { operation, text, width = 80, maxTokens = 1_000, isDescending = false, values = {} } = edit;
  const lines = text.split('\n');
  switch (operation) {
    case 'upper':
      return text.toUpperCase();
    case 'lower':
      return text.toLowerCase();
    case 'title':
      return text.replace(/[\p{L}\p{N}][\p{L}\p{N}'’]*/gu, capital);
    case 'sentence':
      return text
        .toLowerCase()
        .replace(/(^|[.!?]\s+)(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase());
    case 'camel':
      return camel(text);
    case 'snake':
      return partsOf(text).join('_').toLowerCase();
    case 'kebab':
      return partsOf(text).join('-').toLowerCase();
    case 'slug':
      return slug(text);
    case 'trim':
      return lines
        .map((line) => line.trim())
        .join('\n')
        .replace(/\n{3,}/gu, '\n\n')
        .trim();
    case 'wrap':
      return lines.map((line) => wrapLine(line, width)).join('\n');
    case 'sort-lines':
      return lines.sort((a, b) => (isDescending ? byLocale.compare(b, a) : byLocale.compare(a, b))).join('\n');
    case 'unique-lines':
      return [...new Set(lines)].join('\n');
    case 'number-lines':
      return lines.map((line, index) => `${index + 1}. ${line}`).join('\n');
    case 'truncate':
      return (await truncate(text, { maxTokens })).text;
    case 'fill':
      return fill(text, values);
    case 'json-pretty':
      return json(text, 2);
    case 'json-minify':
      return json(text, 0);
  }
};
