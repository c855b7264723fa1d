import { PipewrightError } from '../core/index.js';

/** How nearness is measured. */
export type Metric = 'cosine' | 'dot' | 'euclidean';

/** What vectors of a collection must be. */
export interface VectorShape {
  readonly dimensions: number;
  readonly metric: Metric;
}

/** What callers may give as a vector. */
export type VectorInput = Float32Array | readonly number[];

const bad = (message: string): PipewrightError => new PipewrightError('bad-input', message);

/** Sums above this do not fit the 32-bit floats that the graph computes with. */
const maxSquare = 3.4e38;

/** The sum of squares of a vector that has the right length and only finite numbers; throws for any other. */
const checkedSquare = (values: VectorInput, dimensions: number, what: string): number => {
  if (!(Array.isArray(values) || values instanceof Float32Array)) {
    throw bad(`${what} must be a Float32Array or a list of numbers.`);
  }
  if (values.length !== dimensions) throw bad(`${what} has ${values.length} dimensions, not ${dimensions}.`);
  let square = 0;
  for (let i = 0; i < dimensions; i++) {
    const value: unknown = values[i];
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw bad(
        `${what} holds ${typeof value === 'string' ? `the text "${value}"` : String(value)} at position ${i}, not a finite number.`,
      );
    }
    square += value * value;
  }
  if (!(square < maxSquare)) throw bad(`${what} is too long: its numbers do not fit 32-bit floats.`);
  return square;
};

/**
 * A copy of a vector, checked, and scaled to length 1 where the metric looks at directions only.
 * @param what names the vector in errors.
 */
export const toVector = (values: VectorInput, { dimensions, metric }: VectorShape, what: string): Float32Array => {
  const square = checkedSquare(values, dimensions, what);
  const vector = new Float32Array(values);
  if (metric !== 'cosine') return vector;
  if (square === 0) throw bad(`${what} has length 0, so it points nowhere; the cosine metric needs a direction.`);
  const length = Math.sqrt(square);
  for (let i = 0; i < dimensions; i++) vector[i] = (values[i] as number) / length;
  return vector;
};

/** Throws `bad-input` where `toVector` would. */
export const checkVector = (values: VectorInput, { dimensions, metric }: VectorShape, what: string): void => {
  const square = checkedSquare(values, dimensions, what);
  if (metric === 'cosine' && square === 0) toVector(values, { dimensions, metric }, what);
};

// Four sums at once: one sum would wait for itself at every step.
const dotProduct = (a: Float32Array, b: Float32Array, bAt: number): number => {
  const length = a.length;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += (a[i] as number) * (b[bAt + i] as number);
    s1 += (a[i + 1] as number) * (b[bAt + i + 1] as number);
    s2 += (a[i + 2] as number) * (b[bAt + i + 2] as number);
    s3 += (a[i + 3] as number) * (b[bAt + i + 3] as number);
  }
  for (; i < length; i++) s0 += (a[i] as number) * (b[bAt + i] as number);
  return s0 + s1 + s2 + s3;
};

const squaredDistance = (a: Float32Array, b: Float32Array, bAt: number): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[bAt + i] as number);
    sum += difference * difference;
  }
  return sum;
};

/** How well `b`, from `bAt` on, matches `a`: higher is nearer. */
export type Similarity = (a: Float32Array, b: Float32Array, bAt: number) => number;

/** The score of a hit: the cosine, the dot product, or 1 / (1 + distance). */
export const similarityOf = (metric: Metric): Similarity =>
  metric === 'euclidean' ? (a, b, bAt) => 1 / (1 + Math.sqrt(squaredDistance(a, b, bAt))) : dotProduct;

const blockRows = 1_024;

/** Vectors by row, in blocks, so that growing never copies what is there. */
export interface Matrix {
  readonly bytes: number;
  readonly set: (row: number, vector: Float32Array) => void;
  /** The vector itself, not a copy: it changes when the row is set anew. */
  readonly row: (row: number) => Float32Array;
  readonly score: (query: Float32Array, row: number) => number;
}

export const createMatrix = ({ dimensions, metric }: VectorShape): Matrix => {
  const blocks: Float32Array[] = [];
  const similarity = similarityOf(metric);
  const blockOf = (row: number): Float32Array => {
    const index = Math.floor(row / blockRows);
    blocks[index] ??= new Float32Array(blockRows * dimensions);
    return blocks[index];
  };
  const offsetOf = (row: number): number => (row % blockRows) * dimensions;
  return {
    get bytes() {
      return blocks.length * blockRows * dimensions * Float32Array.BYTES_PER_ELEMENT;
    },
    set: (row, vector) => blockOf(row).set(vector, offsetOf(row)),
    row: (row) => blockOf(row).subarray(offsetOf(row), offsetOf(row) + dimensions),
    score: (query, row) => similarity(query, blockOf(row), offsetOf(row)),
  };
};
