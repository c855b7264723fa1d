import type { Parser, ParseResult } from 'papaparse';
import { loadOptional, type Run, sliceTimer, yieldToEventLoop } from '../core/index.js';

/** The cells of a row, as they are written. */
export type Row = readonly string[];

const delimiters: readonly string[] = [',', ';', '\t', '|'];

/** The delimiter that stands most often in the first line, outside of quotes. */
const likelyDelimiter = (text: string): string => {
  const newline = text.indexOf('\n');
  const firstLine = text.slice(0, newline === -1 ? undefined : newline).replace(/"[^"]*"/g, '');
  const count = (delimiter: string): number => firstLine.split(delimiter).length;
  return delimiters.reduce((best, next) => (count(next) > count(best) ? next : best));
};

const chunkChars = 262_144;

export interface CsvRows {
  readonly rows: Row[];
  /** What is wrong with the file, such as a quote that does not end. */
  readonly notices: readonly string[];
}

/**
 * The rows of CSV or TSV, parsed in chunks with turns for the event loop between them; empty lines are left out. Without a delimiter
 * it is the one of `,` `;` tab `|` that the first line has most of.
 * @throws {PipewrightError} `dependency-missing` without the package `papaparse`.
 */
export const csvRows = async (text: string, delimiter: string | undefined, run: Run): Promise<CsvRows> => {
  const { default: papa } = await loadOptional('papaparse', 'reading CSV files', () => import('papaparse'));
  const rows: Row[] = [];
  const notices = new Set<string>();
  const isTurnDue = sliceTimer();
  await new Promise<void>((resolve, reject) => {
    papa.parse<string[]>(text, {
      delimiter: delimiter ?? likelyDelimiter(text),
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
