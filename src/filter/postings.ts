import type { Column } from './column.js';
import type { Dictionary } from './dictionary.js';

/** The rows of a field by value, as they were at one moment; a row with a list stands under each of its members. */
export interface Postings {
  /** One more than the highest code there was. */
  readonly size: number;
  /** The rows of a code are `rows` from `starts[code]` to `starts[code + 1]`. */
  readonly starts: Uint32Array;
  readonly rows: Uint32Array;
  /** The value of each code where it is a number, else NaN. */
  readonly numbers: Float64Array;
  readonly bytes: number;
}

const numbersOf = ({ size, scalarOf }: Dictionary): Float64Array => {
  const numbers = new Float64Array(size);
  for (let code = 0; code < size; code++) {
    const value = scalarOf(code);
    numbers[code] = typeof value === 'number' ? value : Number.NaN;
  }
  return numbers;
};

/** Sorts the rows of a column by code: counts them, then puts each in its place. */
export const postingsOf = (column: Column, dictionary: Dictionary): Postings => {
  const { size, lists } = dictionary;
  const membersOf = new Map([...lists].map(([code, members]) => [code, [...new Set(members)]]));
  const forEach = (visit: (row: number, code: number) => void): void =>
    column.forEach((row, code) => {
      const members = membersOf.get(code);
      if (members === undefined) visit(row, code);
      else for (const member of members) visit(row, member);
    });
  const starts = new Uint32Array(size + 1);
  forEach((_, code) => {
    starts[code + 1] = (starts[code + 1] as number) + 1;
  });
  for (let code = 0; code < size; code++) starts[code + 1] = (starts[code + 1] as number) + (starts[code] as number);
  const rows = new Uint32Array(starts[size] as number);
  const next = starts.slice();
  forEach((row, code) => {
    const at = next[code] as number;
    rows[at] = row;
    next[code] = at + 1;
  });
  const numbers = numbersOf(dictionary);
  return { size, starts, rows, numbers, bytes: starts.byteLength + rows.byteLength + numbers.byteLength };
};
