import { type Document, type Metadata, type Run, sliceTimer, yieldToEventLoop } from '../core/index.js';
import { documentOf } from './loader.js';

/** One record as readable text, and its number in the file, from 1. */
export interface RowText {
  readonly row: number;
  readonly text: string;
}

export interface RowDocumentsOptions {
  readonly source: string;
  readonly format: string;
  /** Rows go together into one document until it is this long; one row is never cut. */
  readonly maxChars: number;
}

/**
 * Documents of a few rows each, so that a hit leads to its rows: the rows stand apart by an empty line, `metadata` has the first
 * and the last of them.
 */
export const rowDocuments = async (
  rows: Iterable<RowText>,
  { source, format, maxChars }: RowDocumentsOptions,
  run: Run,
): Promise<readonly Document[]> => {
  const documents: Document[] = [];
  const isTurnDue = sliceTimer();
  let held: RowText[] = [];
  let length = 0;
  const close = (): void => {
    const firstRow = held[0]?.row;
    const lastRow = held.at(-1)?.row;
    if (firstRow === undefined || lastRow === undefined) return;
    const metadata: Metadata = { format, firstRow, lastRow };
    const text = held.map((row) => row.text).join('\n\n');
    documents.push(documentOf({ id: `${source}#rows=${firstRow}-${lastRow}`, text, source, metadata }));
    held = [];
    length = 0;
  };
  for (const row of rows) {
    if (held.length > 0 && length + row.text.length > maxChars) close();
    held.push(row);
    length += row.text.length + 2;
    if (isTurnDue()) {
      await yieldToEventLoop();
      run.throwIfAborted();
    }
  }
  close();
  return documents;
};
