import { createRun, type Run } from '../../core/index.js';
import { correlation, mean, quantile, sortedNumbers, variance } from './statistics.js';
import { rowsAtOnce, type Table, turns } from './table.js';
import { type CellValue, type ColumnType, numbersOf, type TableColumn } from './table-cells.js';

export interface NumberSummary {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly median: number;
  /** Of a sample: by n − 1. Missing with fewer than two numbers. */
  readonly stdev?: number;
  readonly quantiles: { readonly p05: number; readonly p25: number; readonly p75: number; readonly p95: number };
}

export interface ColumnSummary {
  readonly name: string;
  readonly type: ColumnType;
  readonly unit?: string;
  readonly count: number;
  readonly missing: number;
  readonly distinct: number;
  /** The values that are there most often; none where nearly all differ. */
  readonly top: readonly { readonly value: CellValue; readonly count: number }[];
  readonly numbers?: NumberSummary;
  /** For dates and texts: the first and the last in their order. */
  readonly range?: { readonly min: string; readonly max: string };
  /** What to know before using it. */
  readonly note?: string;
}

export interface TableSummary {
  readonly rowCount: number;
  readonly columns: readonly ColumnSummary[];
  /** Pearson's coefficient of pairs of columns, strongest first; rows where one of the two is missing do not count. */
  readonly correlations: readonly { readonly columns: readonly [string, string]; readonly value: number }[];
}

const topCount = 5;
/** More columns have too many pairs to tell anybody. */
const maxCorrelated = 20;
const maxPairs = 10;

/** Six digits say what there is to say. */
const short = (value: number): number => Number(value.toPrecision(6));

const summaryOf = async (
  column: TableColumn,
  turn: () => Promise<void> | undefined,
): Promise<NumberSummary | undefined> => {
  const values = numbersOf(column);
  if (values.length === 0) return undefined;
  await turn();
  const sorted = sortedNumbers(values);
  await turn();
  const at = (part: number): number => short(quantile(sorted, part));
  return {
    min: sorted[0] as number,
    max: sorted.at(-1) as number,
    mean: short(mean(values)),
    median: at(0.5),
    ...(values.length < 2 ? {} : { stdev: short(Math.sqrt(variance(values))) }),
    quantiles: { p05: at(0.05), p25: at(0.25), p75: at(0.75), p95: at(0.95) },
  };
};

const rangeOf = (
  counts: ReadonlyMap<CellValue, number>,
): { readonly min: string; readonly max: string } | undefined => {
  let [min, max]: [string | undefined, string | undefined] = [undefined, undefined];
  for (const value of counts.keys()) {
    const text = String(value);
    if (min === undefined || text < min) min = text;
    if (max === undefined || text > max) max = text;
  }
  return min === undefined || max === undefined ? undefined : { min: min.slice(0, 80), max: max.slice(0, 80) };
};

const noteOf = ({ stray }: TableColumn): string | undefined =>
  stray === undefined
    ? undefined
    : `Nearly all are numbers, but ${stray.count} are not: row ${stray.row} has "${stray.text}". It counts as text.`;

const describeColumn = async (column: TableColumn, turn: () => Promise<void> | undefined): Promise<ColumnSummary> => {
  const { name, type, unit, values } = column;
  const counts = new Map<CellValue, number>();
  let missing = 0;
  for (let row = 0; row < values.length; row++) {
    if (row % rowsAtOnce === 0) await turn();
    const value = values[row] ?? null;
    if (value === null) missing++;
    else counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  await turn();
  const top = [...counts]
    .filter(([, count]) => count > 1)
    .sort(([, a], [, b]) => b - a)
    .slice(0, topCount)
    .map(([value, count]) => ({ value: typeof value === 'string' ? value.slice(0, 80) : value, count }));
  const numbers = type === 'number' ? await summaryOf(column, turn) : undefined;
  const range = type === 'date' || type === 'text' ? rangeOf(counts) : undefined;
  const note = noteOf(column);
  return {
    name,
    type,
    ...(unit === undefined ? {} : { unit }),
    count: values.length - missing,
    missing,
    distinct: counts.size,
    top,
    ...(numbers === undefined ? {} : { numbers }),
    ...(range === undefined ? {} : { range }),
    ...(note === undefined ? {} : { note }),
  };
};

const pairOf = (a: TableColumn, b: TableColumn): number => {
  const [x, y]: [number[], number[]] = [[], []];
  for (let row = 0; row < a.values.length; row++) {
    const [left, right] = [a.values[row], b.values[row]];
    if (typeof left !== 'number' || typeof right !== 'number') continue;
    x.push(left);
    y.push(right);
  }
  return correlation(x, y);
};

/**
 * What a table holds: for each column its type, how many values are missing and differ, the commonest, and for numbers the least and
 * greatest, mean, median, standard deviation and quantiles (type 7 of Hyndman and Fan 1996); and which columns go together.
 * Takes time in proportion to the cells, in slices.
 * @example (await describeTable(await readTable('a\n1\n3'))).columns[0]?.numbers?.mean // => 2
 */
export const describeTable = async (table: Table, run: Run = createRun()): Promise<TableSummary> => {
  const turn = turns(run);
  const columns: ColumnSummary[] = [];
  for (const column of table.columns) columns.push(await describeColumn(column, turn));
  const numeric = table.columns.filter(({ type }) => type === 'number').slice(0, maxCorrelated);
  const pairs: { columns: [string, string]; value: number }[] = [];
  for (const [index, a] of numeric.entries()) {
    for (const b of numeric.slice(index + 1)) {
      await turn();
      const value = pairOf(a, b);
      if (Number.isFinite(value)) pairs.push({ columns: [a.name, b.name], value: short(value) });
    }
  }
  const correlations = pairs.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, maxPairs);
  return { rowCount: table.rowCount, columns, correlations };
};
