import type { Filter, Metadata } from '../core/index.js';
import { filterIndex, partitionedMap, type RowSet } from '../filter/index.js';

/** A document as the table knows it; its metadata goes into the filter index, its text stays where the documents are. */
export interface Entry {
  readonly id: string;
  /** Number of the entry in the store: grows with every entry ever written, and is never used again. */
  readonly key: number;
  readonly metadata: Metadata | undefined;
}

/**
 * What is in the collection, in numbered rows. A row that was taken out comes back only after `release`; it then holds an
 * entry with a larger key, so that a row and a key together name one entry for ever.
 */
export interface Table {
  readonly count: number;
  /** One above the highest row that was ever used. */
  readonly length: number;
  /** Bytes, as near as it can tell. */
  readonly bytes: number;
  readonly rowOf: (id: string) => number | undefined;
  /** The largest key that was ever taken in; -1 before the first. */
  readonly newestKey: number;
  /** -1 for a row without an entry. */
  readonly keyOf: (row: number) => number;
  readonly add: (entry: Entry) => number;
  /** Puts an entry into a row of its own choice, as it was when it was saved. */
  readonly restore: (row: number, entry: Entry) => void;
  /** Takes out the entry of a row that has one. */
  readonly remove: (row: number) => void;
  /** How many rows wait to be used again. */
  readonly freeCount: number;
  /** Counts rows below this one as used. */
  readonly grow: (length: number) => void;
  /** Lets a row without an entry be used again. */
  readonly release: (row: number) => void;
  readonly select: (filter: Filter) => RowSet;
  readonly all: () => RowSet;
}

// Measured: a string of one-byte letters, its place in the Map and in the array.
const rowBytes = 72;

interface Keys extends Pick<Table, 'keyOf' | 'newestKey' | 'bytes'> {
  readonly set: (row: number, key: number) => void;
}

const createKeys = (): Keys => {
  let keys = new Float64Array(64).fill(-1);
  let newestKey = -1;
  return {
    get newestKey() {
      return newestKey;
    },
    get bytes() {
      return keys.byteLength;
    },
    keyOf: (row) => keys[row] ?? -1,
    set: (row, key) => {
      if (row >= keys.length) {
        const larger = new Float64Array(Math.max(row + 1, Math.ceil(keys.length * 1.5))).fill(-1);
        larger.set(keys);
        keys = larger;
      }
      keys[row] = key;
      newestKey = Math.max(newestKey, key);
    },
  };
};

export const createTable = (): Table => {
  const ids: (string | undefined)[] = [];
  const keys = createKeys();
  const rowById = partitionedMap<number>();
  const free: number[] = [];
  const filters = filterIndex();
  let idLetters = 0;

  // Without holes, which would make the array a dictionary.
  const grow = (length: number): void => {
    while (ids.length < length) ids.push(undefined);
  };
  const restore = (row: number, { id, key, metadata }: Entry): void => {
    grow(row);
    ids[row] = id;
    keys.set(row, key);
    rowById.set(id, row);
    filters.add(row, metadata);
    idLetters += id.length;
  };
  return {
    get count() {
      return rowById.size;
    },
    get length() {
      return ids.length;
    },
    get bytes() {
      return rowById.size * rowBytes + idLetters + keys.bytes + ids.length * 8 + filters.bytes;
    },
    get newestKey() {
      return keys.newestKey;
    },
    rowOf: (id) => rowById.get(id),
    keyOf: keys.keyOf,
    add: (entry) => {
      const row = free.pop() ?? ids.length;
      restore(row, entry);
      return row;
    },
    restore,
    remove: (row) => {
      const id = ids[row] as string;
      rowById.delete(id);
      ids[row] = undefined;
      keys.set(row, -1);
      filters.remove(row);
      idLetters -= id.length;
    },
    get freeCount() {
      return free.length;
    },
    grow,
    release: (row) => {
      free.push(row);
    },
    select: filters.select,
    all: filters.all,
  };
};
