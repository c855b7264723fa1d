import type { HierarchicalNSW } from 'hnswlib-node';
import type { Hnswlib } from './hnswlib.js';
import type { Table } from './table.js';
import type { Metric } from './vectors.js';

/** How the graph is built and searched (Malkov and Yashunin 2016). */
export interface GraphSettings {
  readonly m: number;
  readonly efConstruction: number;
  readonly dimensions: number;
  readonly metric: Metric;
}

/**
 * An HNSW graph over rows of a table. Only here is hnswlib-node called, and only with values that it can bear: vectors from
 * the table, labels of our own that count up and are never used twice, and no callbacks.
 */
export interface Graph {
  /** Rows in it that are alive. */
  readonly count: number;
  /** Rows in it that were removed; they slow searches down until the graph is built anew. */
  readonly deadCount: number;
  readonly bytes: number;
  readonly has: (row: number) => boolean;
  readonly add: (row: number) => void;
  readonly remove: (row: number) => void;
  /** About the `k` nearest rows, in no promised order. */
  readonly nearest: (query: Float32Array, k: number, ef: number) => readonly number[];
  /** Writes the library's file and returns the keys of the entries by label, -1 for removed ones. Nothing may be added until it resolves. */
  readonly write: (path: string) => Promise<readonly number[]>;
}

const spaces = { cosine: 'ip', dot: 'ip', euclidean: 'l2' } as const;
const firstCapacity = 1_024;
/** Levels are drawn with this seed: the same entries in the same order make the same graph. */
const randomSeed = 100;

/** The library takes arrays of numbers only; one array serves all calls. */
const numbersOf = (dimensions: number): ((vector: Float32Array) => number[]) => {
  const numbers = new Array<number>(dimensions).fill(0);
  return (vector) => {
    for (let i = 0; i < dimensions; i++) numbers[i] = vector[i] as number;
    return numbers;
  };
};

const wrap = (index: HierarchicalNSW, table: Table, rowOfLabel: number[], { m, dimensions }: GraphSettings): Graph => {
  const labelOfRow = new Map<number, number>();
  for (const [label, row] of rowOfLabel.entries()) if (row >= 0) labelOfRow.set(row, label);
  const toNumbers = numbersOf(dimensions);
  let isWriting = false;
  // Removed while the file was written: they are marked when that is over.
  const unmarked: number[] = [];

  return {
    get count() {
      return labelOfRow.size;
    },
    get deadCount() {
      return rowOfLabel.length - labelOfRow.size;
    },
    get bytes() {
      return index.getMaxElements() * (dimensions * 4 + (2 * m + 1) * 4 + 8);
    },
    has: (row) => labelOfRow.has(row),
    add: (row) => {
      const label = rowOfLabel.length;
      if (label >= index.getMaxElements()) index.resizeIndex(Math.max(firstCapacity, Math.ceil(label * 1.5)));
      index.addPoint(toNumbers(table.matrix.row(row)), label);
      rowOfLabel.push(row);
      labelOfRow.set(row, label);
    },
    remove: (row) => {
      const label = labelOfRow.get(row);
      if (label === undefined) return;
      labelOfRow.delete(row);
      rowOfLabel[label] = -1;
      if (isWriting) unmarked.push(label);
      else index.markDelete(label);
    },
    nearest: (query, k, ef) => {
      if (labelOfRow.size === 0) return [];
      const wanted = Math.min(k + unmarked.length, rowOfLabel.length);
      // Set at every search: the library forgets it when it reads a file.
      index.setEf(Math.max(ef, wanted));
      const { neighbors } = index.searchKnn(toNumbers(query), wanted);
      return neighbors.map((label) => rowOfLabel[label] ?? -1).filter((row) => row >= 0);
    },
    write: async (path) => {
      // Now, not afterwards: a row may hold another entry by then.
      const keys = rowOfLabel.map((row) => table.at(row)?.key ?? -1);
      isWriting = true;
      try {
        await index.writeIndex(path);
      } finally {
        isWriting = false;
        for (const label of unmarked.splice(0)) index.markDelete(label);
      }
      return keys;
    },
  };
};

/** An empty graph. */
export const createGraph = (hnswlib: Hnswlib, table: Table, settings: GraphSettings): Graph => {
  const index = new hnswlib(spaces[settings.metric], settings.dimensions);
  index.initIndex({ maxElements: firstCapacity, m: settings.m, efConstruction: settings.efConstruction, randomSeed });
  return wrap(index, table, [], settings);
};

/** Some labels to compare: enough to tell a file that belongs to other vectors. */
const sampleLabels = 64;

/** Which entries the labels in a file stand for. */
export interface Labels {
  /** -1 for those that are gone. */
  readonly rowOfLabel: number[];
  /** Labels whose entries went after the file was written, so that it does not have them marked. */
  readonly gone: readonly number[];
}

/** The graph in a file of the library, which must be whole. Undefined when it holds other vectors than the table. */
export const readGraph = async (
  hnswlib: Hnswlib,
  path: string,
  table: Table,
  { rowOfLabel, gone }: Labels,
  settings: GraphSettings,
): Promise<Graph | undefined> => {
  const index = new hnswlib(spaces[settings.metric], settings.dimensions);
  await index.readIndex(path);
  if (index.getCurrentCount() !== rowOfLabel.length) return undefined;
  const stride = Math.max(1, Math.floor(rowOfLabel.length / sampleLabels));
  for (let label = 0; label < rowOfLabel.length; label += stride) {
    const row = rowOfLabel[label] as number;
    if (row < 0) continue;
    const stored = index.getPoint(label);
    if (!table.matrix.row(row).every((value, i) => value === stored[i])) return undefined;
  }
  for (const label of gone) index.markDelete(label);
  return wrap(index, table, rowOfLabel, settings);
};
