import { messageOf, PipewrightError, type Step } from '../core/index.js';
import { decodeText } from './decode.js';
import { jsonText } from './json-text.js';
import { linesOf } from './lines.js';
import { defineLoader, documentOf, type Loaded, type SourceFile } from './loader.js';
import { rowDocuments, type RowText } from './row-documents.js';

export interface JsonLoaderOptions {
  /** Records of a list go together into one document until its text is this long, in UTF-16 code units. @default 1000 */
  readonly maxChars?: number;
}

/**
 * Reads JSON as lines of `path.to.key: value`. A list becomes documents of a few records each, with `firstRow` and `lastRow` (from
 * 1) in their metadata; anything else becomes one document.
 * @throws {PipewrightError} `document-damaged` when it is not JSON.
 * @example (await jsonLoader()({ source: 'a.json', bytes: Buffer.from('{"a":{"b":1}}') })).documents[0]?.text // => 'a.b: 1'
 */
export const jsonLoader = ({ maxChars = 1_000 }: JsonLoaderOptions = {}): Step<SourceFile, Loaded> =>
  defineLoader('json', async ({ source, bytes, charset }, run) => {
    const { text, notices } = decodeText(bytes, source, charset);
    const value = parse(text, source);
    if (Array.isArray(value)) {
      const documents = await rowDocuments(recordsOf(value), { source, format: 'json', maxChars }, run);
      return { documents, notices: documents.length > 0 ? notices : [...notices, `${source} holds an empty list.`] };
    }
    return {
      documents: [documentOf({ id: source, text: jsonText(value), source, metadata: { format: 'json' } })],
      notices,
    };
  });

/**
 * Reads JSON Lines, one record per line, like a list in JSON; `firstRow` and `lastRow` are line numbers. A line that is not JSON is
 * left out with a notice.
 * @throws {PipewrightError} `document-damaged` when no line is JSON.
 * @example (await jsonLinesLoader()({ source: 'a.jsonl', bytes: Buffer.from('{"a":1}\n{"a":2}') })).documents[0]?.text // => 'a: 1\n\na: 2'
 */
export const jsonLinesLoader = ({ maxChars = 1_000 }: JsonLoaderOptions = {}): Step<SourceFile, Loaded> =>
  defineLoader('jsonl', async ({ source, bytes, charset }, run) => {
    const { text, notices: decodeNotices } = decodeText(bytes, source, charset);
    const badLines: number[] = [];
    const documents = await rowDocuments(lineRecords(text, badLines), { source, format: 'jsonl', maxChars }, run);
    if (documents.length === 0 && badLines.length > 0) throw damaged(source, 'no line of it is JSON');
    return { documents, notices: [...decodeNotices, ...badLineNotices(source, badLines)] };
  });

const parse = (text: string, source: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damaged(source, `it is not JSON (${messageOf(error)})`, error);
  }
};

const damaged = (source: string, what: string, cause?: unknown): PipewrightError =>
  new PipewrightError('document-damaged', `${source} cannot be read: ${what}. Check the file, or load it as text.`, {
    cause,
    details: { where: source },
  });

function* recordsOf(records: readonly unknown[]): Generator<RowText, void, undefined> {
  for (const [index, record] of records.entries()) yield { row: index + 1, text: jsonText(record) };
}

function* lineRecords(text: string, badLines: number[]): Generator<RowText, void, undefined> {
  let row = 0;
  for (const { start, end } of linesOf(text)) {
    row++;
    const line = text.slice(start, end).trim();
    if (line === '') continue;
    try {
      yield { row, text: jsonText(JSON.parse(line)) };
    } catch {
      badLines.push(row); // Told in a notice: one bad line does not spoil the others.
    }
  }
}

const shownLines = 10;

const badLineNotices = (source: string, badLines: readonly number[]): readonly string[] => {
  if (badLines.length === 0) return [];
  const shown = badLines.slice(0, shownLines).join(', ');
  const more = badLines.length > shownLines ? `, and ${badLines.length - shownLines} more` : '';
  return [`${source}: lines that are not JSON were left out: ${shown}${more}.`];
};
