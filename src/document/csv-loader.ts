import type { Parser, ParseResult } from 'papaparse';
import { loadOptional, type Run, type Step, sliceTimer, yieldToEventLoop } from '../core/index.js';
import { decodeText } from './decode.js';
import { defineLoader, type Loaded, type SourceFile } from './loader.js';
import { rowDocuments, type RowText } from './row-documents.js';

export interface CsvLoaderOptions {
  /** @default the one of `,` `;` tab `|` that the first line has most of */
  readonly delimiter?: string;
  /** Whether the first row names the columns; else they are `column 1`, `column 2`, … @default true */
  readonly hasHeader?: boolean;
  /** Rows go together into one document until its text is this long, in UTF-16 code units. @default 1000 */
  readonly maxChars?: number;
}

/**
 * Reads CSV and TSV. Each row becomes lines of `column: value`, so that it can be understood without its header; a few rows make
 * a document, with `firstRow` and `lastRow` (from 1, the header not counted) in its metadata. Empty cells are left out.
 * @throws {PipewrightError} `dependency-missing` without the package `papaparse`.
 * @example (await csvLoader()({ source: 'a.csv', bytes: Buffer.from('city,inhabitants\nBern,134000') })).documents[0]?.text // => 'city: Bern\ninhabitants: 134000'
 */
export const csvLoader = ({
  delimiter,
  hasHeader = true,
  maxChars = 1_000,
}: CsvLoaderOptions = {}): Step<SourceFile, Loaded> =>
  defineLoader('csv', async ({ source, bytes, charset }, run) => {
    const { text, notices: decodeNotices } = decodeText(bytes, source, charset);
    const { rows, notices } = await parseRows(text, delimiter ?? likelyDelimiter(text), run);
    const header = hasHeader ? (rows.shift() ?? []) : [];
    const documents = await rowDocuments(rowTexts(rows, header), { source, format: 'csv', maxChars }, run);
    const all = [...decodeNotices, ...notices, ...(hasHeader ? widthNotices(rows, header.length) : [])];
    if (documents.length === 0) all.push('it has no rows.');
    return { documents, notices: all.map((notice) => (notice.startsWith(source) ? notice : `${source}: ${notice}`)) };
  });

type Row = readonly string[];

const delimiters: readonly string[] = [',', ';', '\t', '|'];

/** The delimiter that stands most often in the first line, outside of quotes. */
const likelyDelimiter = (text: string): string => {
  const newline = text.indexOf('\n');
  const firstLine = text.slice(0, newline === -1 ? undefined : newline).replace(/"[^"]*"/g, '');
  const count = (delimiter: string): number => firstLine.split(delimiter).length;
  return delimiters.reduce((best, next) => (count(next) > count(best) ? next : best));
};

const chunkChars = 262_144;

/** Parses in chunks with turns for the event loop between them. */
const parseRows = async (
  text: string,
  delimiter: string,
  run: Run,
): Promise<{ readonly rows: Row[]; readonly notices: string[] }> => {
  const { default: papa } = await loadOptional('papaparse', 'reading CSV files', () => import('papaparse'));
  const rows: Row[] = [];
  const notices = new Set<string>();
  const isTurnDue = sliceTimer();
  await new Promise<void>((resolve, reject) => {
    papa.parse<string[]>(text, {
      delimiter,
      skipEmptyLines: 'greedy',
      chunkSize: chunkChars,
      chunk: ({ data, errors }: ParseResult<string[]>, parser: Parser) => {
        for (const row of data) rows.push(row);
        for (const error of errors) notices.add(`${error.message} (near row ${rows.length}).`);
        if (run.signal.aborted) parser.abort();
        else if (isTurnDue()) {
          parser.pause();
          void yieldToEventLoop().then(() => parser.resume());
        }
      },
      complete: () => resolve(),
      error: reject,
    });
  });
  run.throwIfAborted();
  return { rows, notices: [...notices] };
};

function* rowTexts(rows: readonly Row[], header: Row): Generator<RowText, void, undefined> {
  for (const [index, row] of rows.entries()) {
    const lines = row.flatMap((cell, column) => {
      const value = cell.trim();
      const name = header[column]?.trim() ?? '';
      return value === '' ? [] : [`${name === '' ? `column ${column + 1}` : name}: ${value}`];
    });
    if (lines.length > 0) yield { row: index + 1, text: lines.join('\n') };
  }
}

const widthNotices = (rows: readonly Row[], width: number): readonly string[] => {
  const first = rows.findIndex((row) => row.length !== width);
  if (first === -1) return [];
  const count = rows.filter((row) => row.length !== width).length;
  return [
    `${count} of ${rows.length} rows do not have ${width} cells as the header has; the first is row ${first + 1}.`,
  ];
};
