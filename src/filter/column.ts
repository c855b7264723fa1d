import { missing } from './dictionary.js';

const pageRows = 256;

/** One code for each row, in pages, so that a field that few documents have takes little. */
export interface Column {
  /** Rows that have a code. */
  readonly count: number;
  readonly bytes: number;
  readonly get: (row: number) => number;
  readonly set: (row: number, code: number) => void;
  /** Every row that has a code. */
  readonly forEach: (visit: (row: number, code: number) => void) => void;
}

interface Page {
  readonly codes: Uint32Array;
  count: number;
}

export const createColumn = (): Column => {
  // By number, not a list: the pages of a rare field are far apart.
  const pages = new Map<number, Page>();
  let count = 0;
  return {
    get count() {
      return count;
    },
    get bytes() {
      return pages.size * pageRows * Uint32Array.BYTES_PER_ELEMENT;
    },
    get: (row) => pages.get(Math.floor(row / pageRows))?.codes[row % pageRows] ?? missing,
    set: (row, code) => {
      const index = Math.floor(row / pageRows);
      const at = row % pageRows;
      const page = pages.get(index) ?? { codes: new Uint32Array(pageRows), count: 0 };
      const change = (code === missing ? 0 : 1) - (page.codes[at] === missing ? 0 : 1);
      page.codes[at] = code;
      page.count += change;
      count += change;
      if (page.count === 0) pages.delete(index);
      else pages.set(index, page);
    },
    forEach: (visit) => {
      for (const [index, { codes }] of pages) {
        const first = index * pageRows;
        for (let at = 0; at < pageRows; at++) {
          const code = codes[at] as number;
          if (code !== missing) visit(first + at, code);
        }
      }
    },
  };
};
