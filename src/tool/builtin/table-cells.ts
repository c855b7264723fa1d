import { PipewrightError } from '../../core/index.js';

/** What a cell holds; null where it is empty. Dates are texts that sort as the days do: `2024-03-05`. */
export type CellValue = string | number | boolean | null;

export type ColumnType = 'number' | 'boolean' | 'date' | 'text';

export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** What its numbers are of, where the cells say so: `%`, `$`, `EUR`. */
  readonly unit?: string;
  readonly values: readonly CellValue[];
  /** What keeps a column of nearly all numbers from being one: the first such row, counted from 1, and how many there are. */
  readonly stray?: { readonly row: number; readonly text: string; readonly count: number };
}

export type DecimalMark = '.' | ',';

interface CellNumber {
  readonly value: number;
  readonly unit: string;
}

/** Ways to say that there is nothing. */
const missing: ReadonlySet<string> = new Set(['', '-', '–', '—', 'n/a', 'na', 'nan', 'null', 'none', '#n/a']);

const currency = '[$€£¥₹]|[A-Z]{3}(?![A-Za-z])';
const numberForm = (group: string, mark: string): RegExp =>
  new RegExp(
    `^(\\()?([-+−])?\\s?(${currency})?\\s?([-−])?(\\d{1,3}(?:[${group}'’\\u00a0\\u202f ]\\d{3})+|0|[1-9]\\d*)?(?:${mark}(\\d+))?(e[-+]?\\d{1,3})?\\s?(%|${currency})?(\\))?$`,
    'u',
  );
const forms: Readonly<Record<DecimalMark, RegExp>> = { '.': numberForm(',', '\\.'), ',': numberForm('.', ',') };

/**
 * The number that a cell is, and what it is of: `1,234.5`, `-12 %`, `$5`, `(1 200)` for a negative one; undefined for any other text.
 * Digits with a zero before them are no number but a code (`007`).
 */
export const cellNumber = (text: string, mark: DecimalMark): CellNumber | undefined => {
  const match = forms[mark].exec(text);
  if (match === null) return undefined;
  const [, open, sign, before = '', innerSign, whole = '', part = '', power = '', behind = '', close] = match;
  if ((whole === '' && part === '') || (open === undefined) !== (close === undefined)) return undefined;
  if (before !== '' && behind !== '') return undefined;
  const digits = whole.replace(/\D/gu, '');
  const value = Number(`${digits}${part === '' ? '' : `.${part}`}${power}`);
  const isNegative = open !== undefined || /[-−]/u.test(`${sign ?? ''}${innerSign ?? ''}`);
  return Number.isFinite(value) ? { value: isNegative ? -value : value, unit: before + behind } : undefined;
};

const dateForm = /^\d{4}-(\d\d)-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/u;
const isDate = (text: string): boolean => {
  const match = dateForm.exec(text);
  return match !== null && Number(match[1]) <= 12 && Number(match[2]) <= 31;
};

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
  ['yes', true],
  ['no', false],
]);

/** Reads the cells of one column, row by row, and tells what they are. */
export interface ColumnReader {
  readonly add: (cell: unknown) => void;
  readonly finish: () => TableColumn;
}

/** Such a part of a column being numbers, the others look like mistakes. */
const mostlyRatio = 0.9;

const textOf = (cell: unknown): string => (typeof cell === 'string' ? cell.trim() : JSON.stringify(cell));

export const columnReader = (name: string, mark: DecimalMark): ColumnReader => {
  const texts: (string | null)[] = [];
  const numbers: (number | null)[] = [];
  const units = new Set<string>();
  let [present, numeric, dates, booleanCount] = [0, 0, 0, 0];
  let stray: { readonly row: number; readonly text: string } | undefined;

  const add = (cell: unknown): void => {
    const text = cell === null || cell === undefined ? '' : textOf(cell);
    if (missing.has(text.toLowerCase())) {
      texts.push(null);
      numbers.push(null);
      return;
    }
    present++;
    texts.push(text);
    const number = typeof cell === 'number' ? { value: cell, unit: '' } : cellNumber(text, mark);
    numbers.push(number?.value ?? null);
    if (number === undefined) {
      stray ??= { row: texts.length, text: text.slice(0, 40) };
      if (isDate(text)) dates++;
      else if (booleans.has(text.toLowerCase())) booleanCount++;
      return;
    }
    numeric++;
    units.add(number.unit);
  };

  const finish = (): TableColumn => {
    // A percentage beside a plain number may be a hundred times as much: that is for people to tell.
    const isMixed = units.size > 2 || (units.size === 2 && (!units.has('') || units.has('%')));
    const unit = [...units].find((each) => each !== '');
    if (present > 0 && numeric === present && !isMixed) {
      return { name, type: 'number', values: numbers, ...(unit === undefined ? {} : { unit }) };
    }
    if (present > 0 && dates === present) return { name, type: 'date', values: texts };
    if (present > 0 && booleanCount === present) {
      return { name, type: 'boolean', values: texts.map((text) => booleans.get((text ?? '').toLowerCase()) ?? null) };
    }
    const isNearly = stray !== undefined && numeric >= present * mostlyRatio;
    const told = isNearly && stray !== undefined ? { stray: { ...stray, count: present - numeric } } : {};
    return { name, type: 'text', values: texts, ...told };
  };
  return { add, finish };
};

/** The numbers of a column, without the cells that are empty. */
export const numbersOf = ({ name, type, values, stray }: TableColumn, rows?: readonly number[]): Float64Array => {
  if (type !== 'number') {
    const first = stray ?? {
      row: values.findIndex((value) => value !== null) + 1,
      text: String(values.find((value) => value !== null) ?? ''),
    };
    throw new PipewrightError(
      'bad-input',
      `The column \`${name}\` holds ${type === 'text' ? 'texts' : `${type}s`}, not numbers: row ${first.row} has "${first.text}".`,
      { details: { where: name } },
    );
  }
  const numbers: number[] = [];
  if (rows === undefined) for (const value of values) if (typeof value === 'number') numbers.push(value);
  for (const row of rows ?? []) {
    const value = values[row];
    if (typeof value === 'number') numbers.push(value);
  }
  return Float64Array.from(numbers);
};
