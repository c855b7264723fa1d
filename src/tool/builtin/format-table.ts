import type { CellValue } from './table-cells.js';

export type TableForm = 'markdown' | 'csv' | 'text';

const oneLine = (value: CellValue): string => (value === null ? '' : String(value)).replace(/\s*\r?\n\s*/gu, ' ');

const csvCell = (value: CellValue): string => {
  const text = value === null ? '' : String(value);
  return /[",\r\n]|^\s|\s$/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Characters as people count them, not code units. */
const widthOf = (text: string): number => Array.from(text).length;

/** Columns as wide as their widest cell, numbers to the right. */
const aligned = (columns: readonly string[], rows: readonly (readonly CellValue[])[]): string => {
  const cells = [columns, ...rows].map((row) => columns.map((_, column) => oneLine(row[column] ?? null)));
  const widths = columns.map((_, column) =>
    cells.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), 0),
  );
  const isNumber = columns.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof (row[column] ?? 0) === 'number'),
  );
  const padded = (text: string, column: number): string => {
    const space = ' '.repeat((widths[column] ?? 0) - widthOf(text));
    return isNumber[column] === true ? space + text : text + space;
  };
  const lines = cells.map((row) => row.map(padded).join('  ').trimEnd());
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [lines[0] ?? '', rule, ...lines.slice(1)].join('\n');
};

/**
 * Rows as a table in Markdown, as CSV (RFC 4180), or as text in columns. Cells with line breaks stay whole in CSV and become one line
 * elsewhere.
 * @example formatTable(['a', 'b'], [[1, 'x|y']], 'markdown') // => '| a | b |\n| --- | --- |\n| 1 | x\\|y |'
 */
export const formatTable = (
  columns: readonly string[],
  rows: readonly (readonly CellValue[])[],
  form: TableForm,
): string => {
  if (form === 'text') return aligned(columns, rows);
  const cells = (row: readonly CellValue[]): readonly CellValue[] => columns.map((_, column) => row[column] ?? null);
  if (form === 'csv') return [columns, ...rows].map((row) => cells(row).map(csvCell).join(',')).join('\n');
  const line = (row: readonly CellValue[]): string =>
    `| ${cells(row)
      .map((cell) => oneLine(cell).replaceAll('\\', '\\\\').replaceAll('|', '\\|'))
      .join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
};
