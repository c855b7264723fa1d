import { checkAtLeast, isRecord } from '../../core/index.js';
import {
  answerSchema,
  booleanSchema,
  choiceSchema,
  integerSchema,
  isText,
  listIn,
  listSchema,
  member,
  numberIn,
  objectSchema,
  type Read,
  textIn,
  textSchema,
  textsIn,
} from '../../ask/index.js';
import { estimateTokens } from '../../model/index.js';
import { sentenceSpans } from '../../text/index.js';
import { type Tool, tool } from '../tool.js';
import { editText, type TextEdit, textOperations } from './edit-text.js';
import { formatTable, type TableForm } from './format-table.js';
import type { CellValue } from './table-cells.js';

export interface TextToolsOptions {
  /** A longer text is refused. @default 200000 */
  readonly maxTextLength?: number;
}

export interface FormatTableRequest {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly CellValue[])[];
  readonly form: TableForm;
}

export interface TextCounts {
  readonly characters: number;
  readonly words: number;
  readonly sentences: number;
  readonly lines: number;
  readonly paragraphs: number;
  /** About so many, for any model. */
  readonly tokens: number;
  /** At 238 words a minute (Brysbaert 2019). */
  readonly readingMinutes: number;
}

/**
 * Counts what a text has: characters as people count them, words and sentences in any language.
 * @example countText('Hello there. It is me!').words // => 5
 */
export const countText = (text: string): TextCounts => {
  let words = 0;
  // In pieces: the segmenter takes more than its share of time for one long text.
  const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });
  for (const line of text.split('\n')) {
    for (const { isWordLike } of segmenter.segment(line)) if (isWordLike === true) words++;
  }
  return {
    characters: Array.from(text).length,
    words,
    sentences: [...sentenceSpans(text)].length,
    lines: text === '' ? 0 : text.split('\n').length,
    paragraphs: text.split(/\n\s*\n/u).filter((part) => part.trim() !== '').length,
    tokens: estimateTokens(text),
    readingMinutes: Math.round((words / 238) * 10) / 10,
  };
};

const forms: readonly TableForm[] = ['markdown', 'csv', 'text'];

const isCell = (value: unknown): value is CellValue =>
  value === null || isText(value) || typeof value === 'number' || typeof value === 'boolean';

const readTableRequest = (value: unknown): Read<FormatTableRequest> => {
  const [columns, given] = [textsIn(value, 'columns'), listIn(value, 'rows')];
  const form = forms.find((each) => each === textIn(value, 'form'));
  if (columns === undefined || columns.length === 0) return { issues: ['columns: must name at least one column'] };
  if (form === undefined) return { issues: [`form: must be one of ${forms.join(', ')}`] };
  const rows: (readonly CellValue[])[] = [];
  for (const [index, row] of (given ?? []).entries()) {
    if (!Array.isArray(row) || row.length > columns.length || !row.every(isCell)) {
      return { issues: [`rows: row ${index + 1} must be a list of up to ${columns.length} plain values`] };
    }
    rows.push(row);
  }
  return given === undefined ? { issues: ['rows: must be a list of rows'] } : { value: { columns, rows, form } };
};

const textOf = (value: unknown, maxTextLength: number): Read<string> => {
  const text = member(value, 'text');
  return isText(text) && text.length <= maxTextLength
    ? { value: text }
    : { issues: [`text: must be a text of at most ${maxTextLength} characters`] };
};

const readEdit = (value: unknown, maxTextLength: number): Read<TextEdit> => {
  const read = textOf(value, maxTextLength);
  if ('issues' in read) return read;
  const operation = textOperations.find((each) => each === textIn(value, 'operation'));
  if (operation === undefined) return { issues: [`operation: must be one of ${textOperations.join(', ')}`] };
  const [width, maxTokens, values] = [numberIn(value, 'width'), numberIn(value, 'maxTokens'), member(value, 'values')];
  if (width !== undefined && width < 1) return { issues: ['width: must be at least 1'] };
  if (maxTokens !== undefined && maxTokens < 0) return { issues: ['maxTokens: must be at least 0'] };
  if (operation === 'fill' && !isRecord(values)) return { issues: ['values: must be an object for `fill`'] };
  return {
    value: {
      operation,
      text: read.value,
      isDescending: member(value, 'isDescending') === true,
      ...(width === undefined ? {} : { width }),
      ...(maxTokens === undefined ? {} : { maxTokens }),
      ...(isRecord(values) ? { values } : {}),
    },
  };
};

/**
 * Tools for texts that must be exact, which models get wrong: `format_table` (Markdown, CSV, columns), `edit_text` (case, lines, wrapping,
 * templates, JSON, cutting by tokens) and `count_text`. They change nothing and cost no call of a model.
 * @throws {PipewrightError} `bad-option`.
 * @example textTools().map(({ name }) => name) // => ['format_table', 'edit_text', 'count_text']
 */
export const textTools = (
  options: TextToolsOptions = {},
): readonly [Tool<FormatTableRequest, string>, Tool<TextEdit, string>, Tool<{ readonly text: string }, TextCounts>] => {
  const { maxTextLength = 200_000 } = options;
  checkAtLeast('maxTextLength', maxTextLength, 1);
  const cells = listSchema({ type: ['string', 'number', 'boolean', 'null'] });
  const format = tool({
    name: 'format_table',
    description: 'Writes rows as a table: in Markdown, as CSV, or as text in columns.',
    input: answerSchema(
      objectSchema({ columns: listSchema(textSchema), rows: listSchema(cells), form: choiceSchema(forms) }),
      readTableRequest,
    ),
    isReadOnly: true,
    run: ({ columns, rows, form }) => formatTable(columns, rows, form),
  });
  const edit = tool({
    name: 'edit_text',
    description:
      'Changes a text exactly: case and names (title, camel, snake, kebab, slug), lines (sort, unique, number, wrap at `width`), truncate to `maxTokens`, fill {{name}} from `values`, JSON pretty or minified.',
    input: answerSchema(
      {
        ...objectSchema({
          operation: choiceSchema(textOperations),
          text: textSchema,
          width: { ...integerSchema, minimum: 1 },
          maxTokens: { ...integerSchema, minimum: 0 },
          isDescending: booleanSchema,
          values: { type: 'object', description: 'For fill.' },
        }),
        required: ['operation', 'text'],
      },
      (value) => readEdit(value, maxTextLength),
    ),
    isReadOnly: true,
    run: (asked) => editText(asked),
  });
  const count = tool({
    name: 'count_text',
    description:
      'Counts characters, words, sentences, lines, paragraphs and tokens of a text, and the minutes it takes to read.',
    input: answerSchema<{ readonly text: string }>(objectSchema({ text: textSchema }), (value) => {
      const read = textOf(value, maxTextLength);
      return 'issues' in read ? read : { value: { text: read.value } };
    }),
    isReadOnly: true,
    run: ({ text }) => countText(text),
  });
  return [format, edit, count];
};
