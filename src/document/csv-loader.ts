import type { Step } from '../core/index.js';
import { csvRows, type Row } from './csv-rows.js';
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
    const { rows, notices } = await csvRows(text, delimiter, run);
    const [header = []] = hasHeader ? rows.splice(0, 1) : [];
    const documents = await rowDocuments(rowTexts(rows, header), { source, format: 'csv', maxChars }, run);
    const all = [...decodeNotices, ...notices, ...(hasHeader ? widthNotices(rows, header.length) : [])];
    if (documents.length === 0) all.push('it has no rows.');
    return { documents, notices: all.map((notice) => (notice.startsWith(source) ? notice : `${source}: ${notice}`)) };
  });

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
