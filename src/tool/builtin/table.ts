import {
  createRun,
  isRecord,
  messageOf,
  PipewrightError,
  type Run,
  sliceTimer,
  yieldToEventLoop,
} from '../../core/index.js';
import { csvRows } from '../../document/index.js';
import { type ColumnReader, columnReader, type DecimalMark, type TableColumn } from './table-cells.js';

/** Rows by column. */
export interface Table {
  readonly columns: readonly TableColumn[];
  readonly rowCount: number;
}

export interface ReadTableOptions {
  /** @default JSON for a text that begins with a bracket, else CSV */
  readonly format?: 'csv' | 'json';
  /** Between the cells of CSV. @default the one of , ; tab | that the first line has most of */
  readonly delimiter?: string;
  /** What parts the whole from its fraction: `1,5` is one and a half with `,`, and fifteen written wrong with `.`. @default '.' */
  readonly decimalMark?: DecimalMark;
}

const wrong = (message: string): PipewrightError => new PipewrightError('bad-input', message);

/** Gives the event loop a turn when one is due. Call it every so many rows. */
export const turns = (run: Run): (() => Promise<void> | undefined) => {
  const isTurnDue = sliceTimer();
  return () => {
    if (!isTurnDue()) return undefined;
    run.throwIfAborted();
    return yieldToEventLoop();
  };
};

/** Rows between two looks at the clock. */
export const rowsAtOnce = 256;

const finished = async (readers: Iterable<ColumnReader>, rowCount: number, run: Run): Promise<Table> => {
  const turn = turns(run);
  const columns: TableColumn[] = [];
  for (const reader of readers) {
    await turn();
    columns.push(reader.finish());
  }
  return { columns, rowCount };
};

/** Names that are empty or there already get a number. */
const uniqueNames = (names: readonly string[]): readonly string[] => {
  const seen = new Set<string>();
  return names.map((name, index) => {
    const wanted = name.trim() === '' ? `column ${index + 1}` : name.trim();
    let unique = wanted;
    for (let number = 2; seen.has(unique); number++) unique = `${wanted} ${number}`;
    seen.add(unique);
    return unique;
  });
};

const readCsv = async (text: string, options: ReadTableOptions, mark: DecimalMark, run: Run): Promise<Table> => {
  const { rows, notices } = await csvRows(text.replace(/^\ufeff/u, ''), options.delimiter, run);
  const quote = notices.find((notice) => /quote/iu.test(notice));
  if (quote !== undefined) throw wrong(`The table cannot be read: ${quote}`);
  const header = rows[0];
  if (header === undefined) throw wrong('The table is empty: its first line must name the columns.');
  const readers = uniqueNames(header).map((name) => columnReader(name, mark));
  const turn = turns(run);
  for (let index = 0; index < rows.length - 1; index++) {
    if (index % rowsAtOnce === 0) await turn();
    const row = rows[index + 1] ?? [];
    const extra = row.slice(readers.length).findIndex((cell) => cell.trim() !== '');
    if (extra !== -1) {
      const message = `Row ${index + 1} has ${row.length} cells, and there are ${readers.length} columns.`;
      throw wrong(`${message} Name the delimiter, or mend the row: "${row.join(' | ').slice(0, 120)}".`);
    }
    for (const [column, reader] of readers.entries()) reader.add(row[column]);
  }
  return finished(readers, rows.length - 1, run);
};

const parsed = (text: string, place: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw wrong(`${place} is no JSON: ${messageOf(error)}.`);
  }
};

/** The rows of a list, or of lines of which each is JSON; these are read one by one. */
function* jsonRows(text: string): Generator<unknown, void, undefined> {
  if (!text.trimStart().startsWith('{')) {
    const list = parsed(text, 'The table');
    if (!Array.isArray(list)) throw wrong('The table must be a list of objects, in JSON.');
    yield* list as readonly unknown[];
    return;
  }
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() !== '') yield parsed(line, `Line ${index + 1}`);
  }
}

const readJson = async (text: string, mark: DecimalMark, run: Run): Promise<Table> => {
  const readers = new Map<string, ColumnReader>();
  const turn = turns(run);
  let rowCount = 0;
  for (const row of jsonRows(text)) {
    if (rowCount % rowsAtOnce === 0) await turn();
    if (!isRecord(row)) throw wrong(`Row ${rowCount + 1} is no object: ${JSON.stringify(row)?.slice(0, 80)}.`);
    for (const name of Object.keys(row)) {
      if (readers.has(name)) continue;
      const reader = columnReader(name, mark);
      // It was missing in the rows before.
      for (let before = 0; before < rowCount; before++) reader.add(null);
      readers.set(name, reader);
    }
    for (const [name, reader] of readers) reader.add(Object.hasOwn(row, name) ? row[name] : null);
    rowCount++;
  }
  return finished(readers.values(), rowCount, run);
};

/**
 * Reads CSV, TSV, JSON (a list of objects) or JSON lines into columns, and finds out what each holds: numbers (`1,234.5`, `12 %`,
 * `$5`), days (`2024-03-05`), yes or no, or texts. Empty cells, `n/a`, `null` and the like are missing values. Long tables are read in
 * slices; a JSON list is parsed at once, lines of JSON one by one. CSV needs the package `papaparse`.
 * @throws {PipewrightError} `bad-input` that names the row; `dependency-missing`.
 * @example (await readTable('city,share\nBern,"1,5 %"', { decimalMark: ',' })).columns[1]?.values // => [1.5]
 */
export const readTable = async (
  text: string,
  options: ReadTableOptions = {},
  run: Run = createRun(),
): Promise<Table> => {
  const { format = /^\s*[[{]/u.test(text) ? 'json' : 'csv', decimalMark = '.' } = options;
  return format === 'json' ? readJson(text, decimalMark, run) : readCsv(text, options, decimalMark, run);
};

/** @throws {PipewrightError} `not-found` that names the columns there are. */
export const columnOf = ({ columns }: Table, name: string): TableColumn => {
  const found = columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  const names = columns.map((column) => `\`${column.name}\``).join(', ');
  throw new PipewrightError('not-found', `There is no column \`${name}\`. There are: ${names.slice(0, 1_000)}.`);
};
