import { type Random, type Run, sliceTimer, yieldToEventLoop } from '../core/index.js';
import { addProduct, type SparseRows } from './sparse-rows.js';
import { symmetricEigen } from './symmetric-eigen.js';

export interface SingularVectors {
  /** Largest first; as many as the matrix has, at most as many as were asked for. */
  readonly values: Float64Array;
  /** For each column of the matrix a row with its place on each of the directions. */
  readonly directions: Float32Array;
}

/** Directions looked at beyond those asked for: then those asked for come out right. */
const oversampling = 16;
/** Each round multiplies the gaps between the singular values; two find what a search can tell apart. */
const rounds = 2;
/** Directions below this share of the strongest one are noise of the arithmetic. */
const leastShare = 1e-7;

/**
 * The strongest right singular vectors of a sparse matrix by randomized subspace iteration (Halko, Martinsson and Tropp 2011,
 * algorithm 4.4 on the product of the transposed matrix with the matrix). Holds two dense matrices of columns × directions,
 * takes time by entries × directions, and gives the event loop its turns.
 */
export const singularVectors = async (
  rows: SparseRows,
  count: number,
  random: Random,
  run: Run,
): Promise<SingularVectors> => {
  const rowCount = rows.starts.length - 1;
  const width = Math.min(count + oversampling, rowCount, rows.columnCount);
  let basis = new Float64Array(rows.columnCount * width);
  await slicedLoop(rows.columnCount, run, (column) => {
    for (let j = 0; j < width; j++) basis[column * width + j] = gaussian(random);
  });
  for (let round = 0; round < rounds; round++) {
    basis = await timesSquare(rows, basis, width, run);
    await orthonormalize(basis, width, run);
  }
  const eigen = await symmetricEigen(await innerSquare(rows, basis, width, run), width, run);
  const strongest = eigen.values[0] ?? 0;
  const rank = eigen.values.findIndex((value) => !(value > leastShare * strongest));
  const kept = Math.min(count, rank < 0 ? width : rank);
  const directions = await turned(basis, eigen.vectors, { width, kept }, run);
  return { values: eigen.values.slice(0, kept).map(Math.sqrt), directions };
};

/** Box and Muller. */
const gaussian = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Calls `each` for the numbers below `end`, and gives the event loop its turns. */
const slicedLoop = async (end: number, run: Run, each: (index: number) => void): Promise<void> => {
  const isDue = sliceTimer();
  for (let index = 0; index < end; index++) {
    each(index);
    if (!isDue()) continue;
    await yieldToEventLoop();
    run.throwIfAborted();
  }
};

const rangeOf = ({ starts }: SparseRows, row: number): readonly [number, number] => [
  starts[row] as number,
  starts[row + 1] as number,
];

/** Aᵀ(A·basis), row by row of A, so that A·basis is never held. */
const timesSquare = async (
  rows: SparseRows,
  basis: Float64Array,
  width: number,
  run: Run,
): Promise<Float64Array<ArrayBuffer>> => {
  const product = new Float64Array(basis.length);
  const sums = new Float64Array(width);
  await slicedLoop(rows.starts.length - 1, run, (row) => {
    const [from, to] = rangeOf(rows, row);
    addProduct(rows, [from, to], { matrix: basis, width, sums: sums.fill(0) });
    for (let at = from; at < to; at++) {
      const value = rows.values[at] as number;
      const start = (rows.columns[at] as number) * width;
      for (let j = 0; j < width; j++) product[start + j] = (product[start + j] as number) + value * (sums[j] as number);
    }
  });
  return product;
};

/** (A·basis)ᵀ(A·basis). */
const innerSquare = async (rows: SparseRows, basis: Float64Array, width: number, run: Run): Promise<Float64Array> => {
  const rowCount = rows.starts.length - 1;
  const square = new Float64Array(width * width);
  const four = new Float64Array(width * 4);
  const sumsOf = (place: number): Float64Array => four.subarray(place * width, (place + 1) * width).fill(0);
  await slicedLoop(Math.ceil(rowCount / 4), run, (block) => {
    for (let place = 0; place < 4; place++) {
      const sums = sumsOf(place);
      const row = block * 4 + place;
      if (row < rowCount) addProduct(rows, rangeOf(rows, row), { matrix: basis, width, sums });
    }
    addOuter(square, four, 0, width);
  });
  return mirrored(square, width);
};

/** Adds to the upper half of `square` the products of the numbers of four rows: one at a time would wait for memory. */
const addOuter = (square: Float64Array, rows: Float64Array, start: number, width: number): void => {
  const second = start + width;
  const third = second + width;
  const fourth = third + width;
  for (let i = 0; i < width; i++) {
    const a = rows[start + i] as number;
    const b = rows[second + i] as number;
    const c = rows[third + i] as number;
    const d = rows[fourth + i] as number;
    for (let j = i, at = i * width + i; j < width; j++, at++) {
      square[at] =
        (square[at] as number) +
        a * (rows[start + j] as number) +
        b * (rows[second + j] as number) +
        c * (rows[third + j] as number) +
        d * (rows[fourth + j] as number);
    }
  }
};

const mirrored = (square: Float64Array, width: number): Float64Array => {
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) square[i * width + j] = square[j * width + i] as number;
  return square;
};

/** Makes the columns orthonormal by Cholesky's decomposition of their products; one that depends on others becomes zero. */
const orthonormalize = async (basis: Float64Array, width: number, run: Run): Promise<void> => {
  const square = new Float64Array(width * width);
  const blockLength = width * 4;
  await slicedLoop(Math.ceil(basis.length / blockLength), run, (block) => {
    const start = block * blockLength;
    if (start + blockLength <= basis.length) return addOuter(square, basis, start, width);
    const rest = new Float64Array(blockLength);
    rest.set(basis.subarray(start));
    addOuter(square, rest, 0, width);
  });
  choleskyOf(square, width);
  await slicedLoop(basis.length / width, run, (row) => {
    const start = row * width;
    for (let i = 0; i < width; i++) {
      const pivot = square[i * width + i] as number;
      const value = pivot === 0 ? 0 : (basis[start + i] as number) / pivot;
      basis[start + i] = value;
      if (value === 0) continue;
      for (let j = i + 1; j < width; j++) {
        basis[start + j] = (basis[start + j] as number) - value * (square[i * width + j] as number);
      }
    }
  });
};

/** Turns the upper half of a positive matrix into R with RᵀR = the matrix; a row without weight of its own becomes zero. */
const choleskyOf = (square: Float64Array, width: number): void => {
  for (let i = 0; i < width; i++) {
    const own = square[i * width + i] as number;
    let left = own;
    for (let k = 0; k < i; k++) left -= (square[k * width + i] as number) ** 2;
    const pivot = left > 1e-12 * own ? Math.sqrt(left) : 0;
    square[i * width + i] = pivot;
    for (let j = i + 1; j < width; j++) {
      let sum = square[i * width + j] as number;
      for (let k = 0; k < i; k++) sum -= (square[k * width + i] as number) * (square[k * width + j] as number);
      square[i * width + j] = pivot === 0 ? 0 : sum / pivot;
    }
  }
};

/** basis · vectorsᵀ, the first `kept` of them. */
const turned = async (
  basis: Float64Array,
  vectors: Float64Array,
  { width, kept }: { readonly width: number; readonly kept: number },
  run: Run,
): Promise<Float32Array> => {
  const rowCount = basis.length / width;
  const directions = new Float32Array(rowCount * kept);
  await slicedLoop(rowCount, run, (row) => {
    for (let i = 0; i < kept; i++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += (basis[row * width + j] as number) * (vectors[i * width + j] as number);
      directions[row * kept + i] = sum;
    }
  });
  return directions;
};
