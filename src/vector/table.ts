import type { Metadata } from '../core/index.js';
import { createMatrix, type Matrix, type VectorShape } from './vectors.js';

/** A document in a row: all of it that a search needs before it fetches the texts. */
export interface Row {
  readonly id: string;
  /** Number of the entry in the store: grows with every entry ever written, and is never used again. */
  readonly key: number;
  readonly metadata: Metadata | undefined;
}

/** What is in the collection, in rows. A row that was given up is used again, for an entry with another key. */
export interface Table {
  readonly count: number;
  /** Rows in use and rows given up. */
  readonly length: number;
  /** Goes up with every change. */
  readonly version: number;
  readonly matrix: Matrix;
  readonly at: (row: number) => Row | undefined;
  readonly rowOf: (id: string) => number | undefined;
  readonly add: (entry: Row, vector: Float32Array) => number;
  /** Gives up the row of an id that is there, and returns it. */
  readonly remove: (id: string) => number;
}

export const createTable = (shape: VectorShape): Table => {
  const matrix = createMatrix(shape);
  const rows: (Row | undefined)[] = [];
  const rowById = new Map<string, number>();
  const free: number[] = [];
  let version = 0;
  return {
    get count() {
      return rowById.size;
    },
    get length() {
      return rows.length;
    },
    get version() {
      return version;
    },
    matrix,
    at: (row) => rows[row],
    rowOf: (id) => rowById.get(id),
    add: (entry, vector) => {
      const row = free.pop() ?? rows.length;
      rows[row] = entry;
      rowById.set(entry.id, row);
      matrix.set(row, vector);
      version++;
      return row;
    },
    remove: (id) => {
      const row = rowById.get(id) as number;
      rowById.delete(id);
      rows[row] = undefined;
      free.push(row);
      version++;
      return row;
    },
  };
};
