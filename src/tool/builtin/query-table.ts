import { compileFilter, createRun, type Filter, type Metadata, PipewrightError, type Run } from '../../core/index.js';
import { mean, quantile, sortedNumbers, sum, variance } from './statistics.js';
import { sortedRows } from './sorted-rows.js';
import { columnOf, rowsAtOnce, type Table, turns } from './table.js';
import { type CellValue, numbersOf, type TableColumn } from './table-cells.js';

export type Aggregate = 'count' | 'sum' | 'mean' | 'min' | 'max' | 'median' | 'stdev' | 'distinct';

export interface TableAggregate {
  readonly fn: Aggregate;
  /** `count` without one counts rows, with one the values that are there. */
  readonly column?: string;
}

export interface TableSort {
  readonly column: string;
  readonly isDescending?: boolean;
}

export interface TableQuery {
  /** Rows that count. @default all */
  readonly where?: Filter;
  /** One row comes out for each group. @default one group, where there are aggregates */
  readonly groupBy?: readonly string[];
  /** Columns `mean price`, `count`, … @default none */
  readonly aggregates?: readonly TableAggregate[];
  /** The values of this column become columns themselves: with `groupBy` and one aggregate. @default none */
  readonly pivot?: string;
  /** Of the result. @default the order of the table */
  readonly sort?: readonly TableSort[];
  /** Columns that come out, in this order. @default all */
  readonly select?: readonly string[];
  /** @default all rows */
  readonly limit?: number;
}

const wrong = (message: string): PipewrightError => new PipewrightError('bad-input', message);

const fieldsOf = (filter: unknown): readonly string[] => {
  if (typeof filter !== 'object' || filter === null) return [];
  return Object.entries(filter).flatMap(([key, value]) => {
    if (key === '$and' || key === '$or') return Array.isArray(value) ? value.flatMap(fieldsOf) : [];
    if (key === '$not') return fieldsOf(value);
    return key.startsWith('$') ? [] : [key];
  });
};

const matchingRows = async (table: Table, where: Filter | undefined, run: Run): Promise<readonly number[]> => {
  if (where === undefined) return Array.from({ length: table.rowCount }, (_, row) => row);
  const test = compileFilter(where);
  const columns = [...new Set(fieldsOf(where))].map((name) => columnOf(table, name));
  const turn = turns(run);
  const rows: number[] = [];
  for (let row = 0; row < table.rowCount; row++) {
    if (row % rowsAtOnce === 0) await turn();
    const cells: [string, string | number | boolean][] = [];
    for (const { name, values } of columns) {
      const value = values[row] ?? null;
      // What is missing is not there at all: `$exists` asks for that.
      if (value !== null) cells.push([name, value]);
    }
    if (test(Object.fromEntries(cells) as Metadata)) rows.push(row);
  }
  return rows;
};

const picked = ({ values, ...column }: TableColumn, rows: readonly number[]): TableColumn => ({
  ...column,
  values: rows.map((row) => values[row] ?? null),
});

/** These rows of these columns, with a turn for the event loop after each. */
const tableOf = async (columns: readonly TableColumn[], rows: readonly number[], run: Run): Promise<Table> => {
  const turn = turns(run);
  const shown: TableColumn[] = [];
  for (const column of columns) {
    await turn();
    shown.push(picked(column, rows));
  }
  return { columns: shown, rowCount: rows.length };
};

const present = ({ values }: TableColumn, rows: readonly number[]): readonly CellValue[] =>
  rows.map((row) => values[row] ?? null).filter((value) => value !== null);

const extreme = (column: TableColumn, rows: readonly number[], isMax: boolean): CellValue => {
  let best: CellValue = null;
  for (const value of present(column, rows)) {
    if (best === null || (isMax ? (value as string) > (best as string) : (value as string) < (best as string)))
      best = value;
  }
  return best;
};

const ofNumbers: Readonly<Record<'sum' | 'mean' | 'median' | 'stdev', (values: Float64Array) => number>> = {
  sum,
  mean,
  median: (values) => quantile(sortedNumbers(values), 0.5),
  stdev: (values) => Math.sqrt(variance(values)),
};

/** The last digits of a binary fraction are noise. */
const rounded = (value: number): CellValue => (Number.isFinite(value) ? Number(value.toPrecision(12)) : null);

const aggregated = (fn: Aggregate, column: TableColumn | undefined, rows: readonly number[]): CellValue => {
  if (column === undefined) return rows.length;
  switch (fn) {
    case 'count':
      return present(column, rows).length;
    case 'distinct':
      return new Set(present(column, rows)).size;
    case 'min':
    case 'max':
      return extreme(column, rows, fn === 'max');
    default: {
      const values = numbersOf(column, rows);
      return values.length === 0 ? null : rounded(ofNumbers[fn](values));
    }
  }
};

const aggregateColumn = (table: Table, { fn, column }: TableAggregate): TableColumn | undefined => {
  if (column === undefined && fn !== 'count') throw wrong(`\`${fn}\` must name a column.`);
  return column === undefined ? undefined : columnOf(table, column);
};

const titleOf = ({ fn, column }: TableAggregate): string => (column === undefined ? fn : `${fn} ${column}`);

/** The type of what an aggregate gives: of its column for the least and greatest, else numbers. */
const typed = (
  fn: Aggregate,
  column: TableColumn | undefined,
  name: string,
  values: readonly CellValue[],
): TableColumn =>
  column !== undefined && (fn === 'min' || fn === 'max')
    ? { ...column, name, values }
    : { name, type: 'number', values };

/** Rows that are alike in these columns, in the order in which the groups come up. */
const groupsOf = async (
  columns: readonly TableColumn[],
  rows: readonly number[],
  run: Run,
): Promise<readonly number[][]> => {
  const groups = new Map<string, number[]>();
  const turn = turns(run);
  for (const [index, row] of rows.entries()) {
    if (index % rowsAtOnce === 0) await turn();
    const key = JSON.stringify(columns.map(({ values }) => values[row] ?? null));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return columns.length === 0 ? [[...rows]] : [...groups.values()];
};

const grouped = async (table: Table, rows: readonly number[], query: TableQuery, run: Run): Promise<Table> => {
  const keys = (query.groupBy ?? []).map((name) => columnOf(table, name));
  const aggregates = query.aggregates ?? [{ fn: 'count' }];
  const sources = aggregates.map((each) => aggregateColumn(table, each));
  const groups = await groupsOf(keys, rows, run);
  const firsts = groups.map(([first = -1]) => first);
  const values: CellValue[][] = aggregates.map(() => []);
  const turn = turns(run);
  for (const group of groups) {
    await turn();
    for (const [index, { fn }] of aggregates.entries()) values[index]?.push(aggregated(fn, sources[index], group));
  }
  const results = aggregates.map((each, index) => typed(each.fn, sources[index], titleOf(each), values[index] ?? []));
  return { columns: [...keys.map((key) => picked(key, firsts)), ...results], rowCount: groups.length };
};

const maxPivotColumns = 100;

/** The groups by all columns, spread out: one row for each of the others, one column for each value of the last. */
const pivoted = async (table: Table, rows: readonly number[], query: TableQuery, run: Run): Promise<Table> => {
  const { pivot = '', groupBy = [], aggregates = [{ fn: 'count' }] } = query;
  const [aggregate] = aggregates;
  if (aggregate === undefined || aggregates.length > 1 || groupBy.length === 0) {
    throw wrong('`pivot` takes `groupBy` for the rows, and one aggregate for the cells.');
  }
  const long = await grouped(table, rows, { groupBy: [...groupBy, pivot], aggregates: [aggregate] }, run);
  const heads = columnOf(long, pivot).values.map((value) => String(value ?? '(missing)'));
  const names = [...new Set(heads)].sort();
  if (names.length > maxPivotColumns) {
    throw wrong(`\`${pivot}\` has ${names.length} values, and ${maxPivotColumns} columns are the most. Filter first.`);
  }
  const keys = groupBy.map((name) => columnOf(long, name));
  const groups = await groupsOf(keys, Array.from(heads.keys()), run);
  const cells = long.columns.at(-1) as TableColumn;
  const spread = names.map((name): TableColumn => {
    const values = groups.map((group) => {
      const row = group.find((each) => heads[each] === name);
      return row === undefined ? null : (cells.values[row] ?? null);
    });
    return { ...cells, name, values };
  });
  const firsts = groups.map(([first = -1]) => first);
  return { columns: [...keys.map((key) => picked(key, firsts)), ...spread], rowCount: groups.length };
};

/**
 * Filters, groups, pivots, sorts and cuts a table, in this order; the result is a table again. Missing values match no condition, count
 * for no aggregate, and come last in any order. Long tables are worked through in slices.
 * @throws {PipewrightError} `not-found` for a column that is not there, `bad-input` for an aggregate of what is no number,
 * `bad-option` for a malformed filter.
 * @example (await queryTable(await readTable('a,b\nx,1\nx,3\ny,5'), { groupBy: ['a'], aggregates: [{ fn: 'mean', column: 'b' }] })).columns[1]?.values // => [2, 5]
 */
export const queryTable = async (table: Table, query: TableQuery, run: Run = createRun()): Promise<Table> => {
  const rows = await matchingRows(table, query.where, run);
  let result: Table;
  if (query.pivot !== undefined) result = await pivoted(table, rows, query, run);
  else if (query.groupBy !== undefined || query.aggregates !== undefined)
    result = await grouped(table, rows, query, run);
  else result = await tableOf(table.columns, rows, run);
  const { sort = [], limit = Number.POSITIVE_INFINITY } = query;
  const keys = sort.map(({ column, isDescending = false }) => ({ ...columnOf(result, column), isDescending }));
  const shown = query.select?.map((name) => columnOf(result, name)) ?? result.columns;
  const order = keys.length === 0 ? undefined : await sortedRows(result.rowCount, keys, run);
  const rowCount = Math.min(result.rowCount, Math.max(0, limit));
  if (order === undefined && rowCount === result.rowCount) return { columns: shown, rowCount };
  const kept = order?.slice(0, rowCount) ?? Array.from({ length: rowCount }, (_, row) => row);
  return tableOf(shown, kept, run);
};
