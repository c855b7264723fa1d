import { checkAtLeast, type Filter, isRecord, PipewrightError, type Run } from '../../core/index.js';
import {
  answerSchema,
  booleanSchema,
  choiceSchema,
  isText,
  listIn,
  listSchema,
  member,
  numberIn,
  objectSchema,
  type Read,
  textIn,
  textSchema,
  textsIn,
} from '../../ask/index.js';
import { type Tool, tool } from '../tool.js';
import { describeTable, type TableSummary } from './describe-table.js';
import { joinTables } from './join-tables.js';
import { type Aggregate, queryTable, type TableAggregate, type TableQuery, type TableSort } from './query-table.js';
import { rootedFiles } from './rooted-files.js';
import { readTable, type Table } from './table.js';
import type { CellValue, DecimalMark } from './table-cells.js';

export interface TableToolsOptions {
  /** Files below this folder may be read; without one a table comes as text alone. @default none */
  readonly folder?: string;
  /** A larger file is not read. @default 67108864 */
  readonly maxBytes?: number;
  /** Rows that a model is shown at most. @default 50 */
  readonly maxRows?: number;
  /** @default 60000 */
  readonly timeoutMs?: number;
}

/** Where a table is: a file, or the text itself. */
export interface TableSource {
  readonly path?: string;
  readonly text?: string;
  readonly delimiter?: string;
  readonly decimalMark?: DecimalMark;
}

/** Another table whose column `right` holds the same as `left` of the first. */
export interface TableJoin {
  readonly source: TableSource;
  readonly left: string;
  readonly right: string;
  /** @default 'inner' */
  readonly kind?: 'inner' | 'left';
}

export interface TableRequest extends TableQuery {
  readonly source: TableSource;
  readonly join?: TableJoin;
}

/** Rows as a model is shown them. */
export interface ShownRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly CellValue[])[];
  /** Rows that came out beside these. */
  readonly leftOut: number;
}

const aggregates: readonly Aggregate[] = ['count', 'sum', 'mean', 'min', 'max', 'median', 'stdev', 'distinct'];

const sourceSchema = (hasFolder: boolean) => ({
  ...objectSchema({
    ...(hasFolder ? { path: { ...textSchema, description: 'A file: CSV, TSV, JSON or JSON lines.' } } : {}),
    text: {
      ...textSchema,
      description: hasFolder ? 'The table itself, in place of a file.' : 'The table: CSV, TSV, JSON or JSON lines.',
    },
    delimiter: textSchema,
    decimalMark: { ...choiceSchema(['.', ',']), description: '"," where 1,5 is one and a half.' },
  }),
  required: [],
});

const querySchema = (hasFolder: boolean) => {
  const column = { ...textSchema, description: 'Name of a column.' };
  const source = sourceSchema(hasFolder);
  const keys = listSchema(column);
  return {
    ...objectSchema({
      source,
      join: {
        ...objectSchema({ source, left: column, right: column, kind: choiceSchema(['inner', 'left']) }),
        description: 'Another table whose column `right` holds the same as `left`.',
        required: ['source', 'left', 'right'],
      },
      where: {
        type: 'object',
        description:
          'Rows that count: {"city": "Bern", "price": {"$gt": 5}}. There are $eq $ne $gt $gte $lt $lte $in $nin $exists, and $and $or $not.',
      },
      groupBy: keys,
      aggregates: {
        ...listSchema({ ...objectSchema({ fn: choiceSchema(aggregates), column }), required: ['fn'] }),
        description: 'Come out as columns such as "mean price".',
      },
      pivot: { ...textSchema, description: 'A column whose values become columns; with groupBy and one aggregate.' },
      sort: listSchema({
        ...objectSchema({ column, isDescending: booleanSchema }),
        required: ['column'],
      }),
      select: keys,
      limit: { type: 'integer', minimum: 1 },
    }),
    required: ['source'],
  };
};

const readSource = (value: unknown, at: string): TableSource => {
  const [path, text] = [textIn(value, 'path'), member(value, 'text')];
  const [delimiter, mark] = [member(value, 'delimiter'), textIn(value, 'decimalMark')];
  if ((path === '') === !isText(text)) throw new TypeError(`${at}: must have a path, or the text of a table`);
  if (mark !== '' && mark !== '.' && mark !== ',') throw new TypeError(`${at}.decimalMark: must be "." or ","`);
  return {
    ...(path === '' ? { text: String(text) } : { path }),
    ...(isText(delimiter) && delimiter !== '' ? { delimiter: delimiter === '\\t' ? '\t' : delimiter } : {}),
    ...(mark === '' ? {} : { decimalMark: mark }),
  };
};

const readAggregate = (value: unknown): TableAggregate => {
  const fn = aggregates.find((each) => each === textIn(value, 'fn'));
  if (fn === undefined) throw new TypeError(`aggregates: fn must be one of ${aggregates.join(', ')}`);
  const column = textIn(value, 'column');
  return column === '' ? { fn } : { fn, column };
};

const readSort = (value: unknown): TableSort => {
  const column = textIn(value, 'column');
  if (column === '') throw new TypeError('sort: each must name a column');
  return { column, isDescending: member(value, 'isDescending') === true };
};

const readJoin = (value: unknown): TableJoin => {
  const [left, right] = [textIn(value, 'left'), textIn(value, 'right')];
  if (left === '' || right === '') throw new TypeError('join: must name the columns `left` and `right`');
  const kind = textIn(value, 'kind') === 'left' ? 'left' : 'inner';
  return { source: readSource(member(value, 'source'), 'join.source'), left, right, kind };
};

const readRequest = (value: unknown): TableRequest => {
  const [where, join, pivot] = [member(value, 'where'), member(value, 'join'), textIn(value, 'pivot')];
  const [groupBy, select, limit] = [textsIn(value, 'groupBy'), textsIn(value, 'select'), numberIn(value, 'limit')];
  if (where !== undefined && where !== null && !isRecord(where))
    throw new TypeError('where: must be an object of conditions');
  return {
    source: readSource(member(value, 'source'), 'source'),
    ...(isRecord(join) ? { join: readJoin(join) } : {}),
    ...(isRecord(where) && Object.keys(where).length > 0 ? { where: where as Filter } : {}),
    ...(groupBy === undefined || groupBy.length === 0 ? {} : { groupBy }),
    ...(select === undefined || select.length === 0 ? {} : { select }),
    ...((listIn(value, 'aggregates') ?? []).length === 0
      ? {}
      : { aggregates: listIn(value, 'aggregates')?.map(readAggregate) ?? [] }),
    ...(pivot === '' ? {} : { pivot }),
    sort: listIn(value, 'sort')?.map(readSort) ?? [],
    ...(limit === undefined ? {} : { limit }),
  };
};

/** What is wrong with the arguments is thrown inside as a `TypeError` and told as an issue. */
const reading =
  <Out>(read: (value: unknown) => Out) =>
  (value: unknown): Read<Out> => {
    try {
      return { value: read(value) };
    } catch (error) {
      if (error instanceof TypeError) return { issues: [error.message] };
      throw error;
    }
  };

const shownRows = ({ columns, rowCount }: Table, maxRows: number): ShownRows => {
  const count = Math.min(rowCount, maxRows);
  return {
    columns: columns.map(({ name }) => name),
    rows: Array.from({ length: count }, (_, row) => columns.map(({ values }) => values[row] ?? null)),
    leftOut: rowCount - count,
  };
};

/**
 * Tools for tables in CSV, TSV and JSON: `describe_table` tells what the columns hold, with statistics; `query_table` joins, filters,
 * groups, pivots and sorts. With `folder` they read the files below it, and nothing outside of it. Tables are read anew at each call.
 * Cost no call of a model: of 200,000 rows some tenths of a second, in slices. Need `papaparse` for CSV.
 * The tools throw `not-found` for a file or column, `bad-input` that names the row or column, `not-allowed`, `bad-option` for a filter.
 * @throws {PipewrightError} `bad-option`; `not-found` when there is no such folder.
 * @example (await tableTools()).map(({ name }) => name) // => ['describe_table', 'query_table']
 */
export const tableTools = async (
  options: TableToolsOptions = {},
): Promise<readonly [Tool<{ readonly source: TableSource }, TableSummary>, Tool<TableRequest, ShownRows>]> => {
  const { folder, maxBytes = 67_108_864, maxRows = 50, timeoutMs = 60_000 } = options;
  checkAtLeast('maxBytes', maxBytes, 1);
  checkAtLeast('maxRows', maxRows, 1);
  const files = folder === undefined ? undefined : await rootedFiles(folder);
  const load = async ({ path, text = '', ...how }: TableSource, run: Run): Promise<Table> => {
    if (path === undefined) return readTable(text, how, run);
    if (files === undefined)
      throw new PipewrightError('not-allowed', 'There are no files here. Give the text of the table.');
    const isTabbed = how.delimiter === undefined && /\.(?:tsv|tab)$/iu.test(path);
    return readTable(await files.text(path, maxBytes), isTabbed ? { ...how, delimiter: '\t' } : how, run);
  };
  const joined = async (left: Table, { source, kind = 'inner', ...on }: TableJoin, run: Run): Promise<Table> =>
    joinTables(left, await load(source, run), { on, kind }, run);
  const hasFolder = files !== undefined;
  const describe = tool({
    name: 'describe_table',
    description:
      'Tells what a table holds: for each column its type, missing and distinct values, the commonest, and least, greatest, mean, ' +
      'median, deviation and quantiles of numbers; and which columns correlate. Use it before query_table.',
    input: answerSchema(
      objectSchema({ source: sourceSchema(hasFolder) }),
      reading((value) => ({ source: readSource(member(value, 'source'), 'source') })),
    ),
    timeoutMs,
    isReadOnly: true,
    run: async ({ source }, run) => describeTable(await load(source, run), run),
  });
  const query = tool({
    name: 'query_table',
    description: `Joins, filters, groups, pivots, sorts and cuts a table, in this order, and gives up to ${maxRows} rows.`,
    input: answerSchema(querySchema(hasFolder), reading(readRequest)),
    timeoutMs,
    isReadOnly: true,
    run: async ({ source, join, ...rest }, run) => {
      const left = await load(source, run);
      const table = join === undefined ? left : await joined(left, join, run);
      return shownRows(await queryTable(table, rest, run), maxRows);
    },
  });
  return [describe, query];
};
