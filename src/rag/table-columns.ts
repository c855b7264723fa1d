import type { DocumentTable } from '../document/index.js';

/** What a column of a table holds. */
export interface TableColumn {
  readonly name: string;
  /** `number` when nearly all of its cells are one, thousands separators, units of money and per cent signs allowed. */
  readonly type: 'number' | 'text';
  /** Cells that are not empty. */
  readonly filled: number;
  /** Of numbers. */
  readonly min?: number;
  readonly max?: number;
  readonly mean?: number;
  readonly sum?: number;
  /** Of texts: how many different ones. */
  readonly distinct?: number;
}

const numeric = /^[-+−(]?\s*[$€£¥]?\s*\d{1,3}(?:[,\u00a0\u202f' ]?\d{3})*(?:\.\d+)?\s*(?:%|[$€£¥])?\)?$/u;
/** A column is one of numbers when at least this share of its filled cells is. */
const minNumberShare = 0.8;

/** The number in a cell; parentheses and the minus sign make it negative. Undefined for anything else. */
export const numberIn = (cell: string): number | undefined => {
  const trimmed = cell.trim();
  if (!numeric.test(trimmed)) return undefined;
  const value = Number(trimmed.replace(/[^\d.]/gu, ''));
  return /^[-−(]/u.test(trimmed) ? -value : value;
};

const columnOf = (name: string, cells: readonly string[]): TableColumn => {
  const filled = cells.filter((cell) => cell.trim() !== '');
  const numbers = filled.flatMap((cell) => numberIn(cell) ?? []);
  const base = { name, filled: filled.length };
  if (numbers.length === 0 || numbers.length < minNumberShare * filled.length) {
    return { ...base, type: 'text', distinct: new Set(filled).size };
  }
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of numbers) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return { ...base, type: 'number', min, max, mean: sum / numbers.length, sum };
};

/**
 * What the columns of a table hold.
 * @example tableColumns({ columns: ['n'], rows: [['1,000'], ['3,000']] })[0]?.mean // => 2000
 */
export const tableColumns = ({ columns, rows }: Pick<DocumentTable, 'columns' | 'rows'>): readonly TableColumn[] =>
  columns.map((name, index) =>
    columnOf(
      name,
      rows.map((row) => row[index] ?? ''),
    ),
  );
