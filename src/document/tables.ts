import type { Document, Metadata } from '../core/index.js';
import { markdownBlocks, plainText } from './markdown-blocks.js';
import { pieceMaker } from './splitter.js';

/** A table that stands in a document, with its cells. */
export interface DocumentTable {
  /**
   * The table as a document: its Markdown letter by letter, with its place in the parent, the caption as title, and `modality:
   * 'table'`, the names of the columns and the number of rows in the metadata.
   */
  readonly document: Document;
  /** The line above it or the heading over it, where there is one. */
  readonly caption?: string;
  readonly columns: readonly string[];
  /** Each with as many cells as there are columns. */
  readonly rows: readonly (readonly string[])[];
}

const maxCaption = 200;

/** The cells of a Markdown row; `\|` is a bar inside one. */
const cellsOf = (line: string): readonly string[] =>
  line
    .trim()
    .replace(/^\|/u, '')
    .replace(/(?<!\\)\|$/u, '')
    .split(/(?<!\\)\|/u)
    .map((cell) => plainText(cell.replaceAll('\\|', '|')).trim());

const parse = (markdown: string): Pick<DocumentTable, 'columns' | 'rows'> => {
  const [head = '', , ...lines] = markdown.trimEnd().split('\n');
  const columns = cellsOf(head);
  const rows = lines.map((line) => {
    const cells = cellsOf(line);
    return columns.map((_, index) => cells[index] ?? '');
  });
  return { columns, rows };
};

/** A short line right above a table that ends no sentence of running text says what it is. */
const captionIn = (text: string): string | undefined => {
  const line = plainText(text.trim()).replace(/[*_:]+$|^[*_]+/gu, '');
  return line === '' || line.includes('\n') || line.length > maxCaption ? undefined : line;
};

/**
 * The tables of a document, in order: those of its Markdown, into which the loaders of HTML, DOCX and PDF write theirs.
 * @example tablesOf({ id: 'a', text: '| city | people |\n| --- | --- |\n| Bonn | 340000 |' })[0]?.rows // => [['Bonn', '340000']]
 */
export const tablesOf = (document: Document): readonly DocumentTable[] => {
  const toPiece = pieceMaker(document);
  const tables: DocumentTable[] = [];
  const headings: { readonly level: number; readonly heading: string }[] = [];
  let above: string | undefined;
  for (const { kind, start, end, level, heading } of markdownBlocks(document.text)) {
    const text = document.text.slice(start, end);
    if (kind === 'heading') {
      while ((headings.at(-1)?.level ?? 0) >= level) headings.pop();
      headings.push({ level, heading });
    }
    if (kind === 'table') {
      const caption = above ?? headings.at(-1)?.heading;
      const piece = toPiece({
        start,
        end: start + text.trimEnd().length,
        headings: headings.map((one) => one.heading),
      });
      const table = { ...parse(text), ...(caption === undefined ? {} : { caption }) };
      tables.push({ ...table, document: tableDocument(document, piece, table, tables.length + 1) });
    }
    above = kind === 'text' ? captionIn(text) : undefined;
  }
  return tables;
};

const tableDocument = (
  parent: Document,
  piece: Document,
  { caption, columns, rows }: Omit<DocumentTable, 'document'>,
  number: number,
): Document => {
  const names = columns.filter((column) => column !== '');
  const metadata: Metadata = { ...parent.metadata, modality: 'table', columns: names, rows: rows.length };
  const title = caption ?? parent.title;
  return { ...piece, id: `${parent.id}#table=${number}`, ...(title === undefined ? {} : { title }), metadata };
};
