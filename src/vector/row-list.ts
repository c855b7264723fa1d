/** Different rows in no particular order. Each change takes the same short time, however many there are. */
export interface RowList {
  readonly count: number;
  readonly add: (row: number) => void;
  /** False when it was not there. */
  readonly remove: (row: number) => boolean;
  /** A copy of the first rows, of all if there is no limit. */
  readonly first: (most?: number) => Uint32Array;
}

const grown = (array: Uint32Array<ArrayBuffer>, needed: number): Uint32Array<ArrayBuffer> => {
  if (needed <= array.length) return array;
  const larger = new Uint32Array(Math.max(needed, 2 * array.length));
  larger.set(array);
  return larger;
};

export const createRowList = (from: Iterable<number> = []): RowList => {
  let rows = new Uint32Array(64);
  /** By row: one more than its place in the list; 0 for a row that is not in it. */
  let places = new Uint32Array(64);
  let count = 0;

  const add = (row: number): void => {
    places = grown(places, row + 1);
    if (places[row] !== 0) return;
    rows = grown(rows, count + 1);
    rows[count++] = row;
    places[row] = count;
  };
  for (const row of from) add(row);
  return {
    get count() {
      return count;
    },
    add,
    remove: (row) => {
      const place = places[row] ?? 0;
      if (place === 0) return false;
      const last = rows[--count] as number;
      rows[place - 1] = last;
      places[last] = place;
      places[row] = 0;
      return true;
    },
    first: (most = count) => rows.slice(0, Math.min(most, count)),
  };
};
