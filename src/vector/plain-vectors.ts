import type { VectorShape } from '../core/index.js';
import type { Nearest, ScanOptions, VectorKernel } from './kernel/index.js';
import { topK } from './top-k.js';

/** Vectors in rows that can be compared with all: what a kernel does, and what plain JavaScript does for few of them. */
export interface Vectors
  extends Pick<VectorKernel, 'set' | 'get' | 'isLive' | 'remove' | 'distance' | 'isExact' | 'bytes'> {
  readonly scan: (query: Float32Array, options: RankedScanOptions) => Nearest;
}

export interface RankedScanOptions extends ScanOptions {
  /** Of rows that are equally near the one of the lowest rank comes first. A kernel asks nobody. @default the row itself */
  readonly rankOf?: (row: number) => number;
}

// Four sums at once: one sum would wait for itself at every step.
const negativeDot = (a: Float32Array, b: Float32Array): number => {
  const { length } = a;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += (a[i] as number) * (b[i] as number);
    s1 += (a[i + 1] as number) * (b[i + 1] as number);
    s2 += (a[i + 2] as number) * (b[i + 2] as number);
    s3 += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (; i < length; i++) s0 += (a[i] as number) * (b[i] as number);
  return -(s0 + s1 + s2 + s3);
};

const squaredDistance = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    sum += difference * difference;
  }
  return sum;
};

/** The distance of two vectors as a kernel measures it: the negative dot product, or the squared distance. */
export const distanceOf = ({ metric }: VectorShape): ((a: Float32Array, b: Float32Array) => number) =>
  metric === 'euclidean' ? squaredDistance : negativeDot;

const isIn = (bits: Uint32Array, row: number): boolean => (((bits[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 1;

/** Holds a few vectors without a kernel, whose memory would be larger than they are. */
export const plainVectors = (shape: VectorShape): Vectors => {
  const rows: (Float32Array | undefined)[] = [];
  const distance = distanceOf(shape);
  let count = 0;

  const scan = (query: Float32Array, { k, rows: only, bits, rankOf }: RankedScanOptions): Nearest => {
    const top = topK(k, rankOf);
    const offer = (row: number): void => {
      const vector = rows[row];
      if (vector !== undefined && (bits === undefined || isIn(bits, row))) top.offer(row, distance(query, vector));
    };
    if (only === undefined) for (let row = 0; row < rows.length; row++) offer(row);
    else for (let i = 0; i < only.length; i++) offer(only[i] as number);
    return top.nearest();
  };
  return {
    isExact: true,
    get bytes() {
      return count * (shape.dimensions * Float32Array.BYTES_PER_ELEMENT + 120);
    },
    set: (row, vector) => {
      while (rows.length < row) rows.push(undefined); // no holes: they would make the array a dictionary
      rows[row] = vector.slice();
      count++;
    },
    get: (row) => (rows[row] as Float32Array).slice(),
    isLive: (row) => rows[row] !== undefined,
    remove: (row) => {
      rows[row] = undefined;
      count--;
      return true;
    },
    scan,
    distance: (rowA, rowB) => distance(rows[rowA] as Float32Array, rows[rowB] as Float32Array),
  };
};
