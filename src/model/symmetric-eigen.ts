import { type Run, sliceTimer, yieldToEventLoop } from '../core/index.js';

export interface Eigen {
  /** Largest first. */
  readonly values: Float64Array;
  /** Row `i` is the vector of length 1 that belongs to `values[i]`. */
  readonly vectors: Float64Array;
}

const maxSweeps = 30;
/** Off-diagonal entries this small beside the diagonal no longer matter. */
const tolerance = 1e-10;

/** Rows `p` and `q` turned against each other: `x[p] = c x[p] - s x[q]`, `x[q] = s x[p] + c x[q]`. */
const turnRows = (x: Float64Array, size: number, p: number, q: number, c: number, s: number): void => {
  for (let k = 0; k < size; k++) {
    const first = x[p * size + k] as number;
    const second = x[q * size + k] as number;
    x[p * size + k] = c * first - s * second;
    x[q * size + k] = s * first + c * second;
  }
};

const turnColumns = (x: Float64Array, size: number, p: number, q: number, c: number, s: number): void => {
  for (let start = 0; start < size * size; start += size) {
    const first = x[start + p] as number;
    const second = x[start + q] as number;
    x[start + p] = c * first - s * second;
    x[start + q] = s * first + c * second;
  }
};

/** The rotation that makes the entry at (p, q) zero (Golub and Van Loan, Matrix Computations, 8.5); undefined where it is none. */
const rotation = (
  x: Float64Array,
  size: number,
  p: number,
  q: number,
): { readonly c: number; readonly s: number } | undefined => {
  const off = x[p * size + q] as number;
  const first = x[p * size + p] as number;
  const second = x[q * size + q] as number;
  if (Math.abs(off) <= tolerance * Math.sqrt(Math.abs(first * second)) || off === 0) return undefined;
  const tau = (second - first) / (2 * off);
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const c = 1 / Math.sqrt(1 + t * t);
  return { c, s: t * c };
};

/** The eigenvalues and eigenvectors of a symmetric matrix, by Jacobi's method; the matrix is used up. */
export const symmetricEigen = async (matrix: Float64Array, size: number, run: Run): Promise<Eigen> => {
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1;
  const isDue = sliceTimer();
  for (let sweep = 0, turned = 1; sweep < maxSweeps && turned > 0; sweep++) {
    turned = 0;
    for (let p = 0; p < size - 1; p++) {
      for (let q = p + 1; q < size; q++) {
        const turn = rotation(matrix, size, p, q);
        if (turn === undefined) continue;
        turned++;
        turnColumns(matrix, size, p, q, turn.c, turn.s);
        turnRows(matrix, size, p, q, turn.c, turn.s);
        turnRows(vectors, size, p, q, turn.c, turn.s);
      }
      if (isDue()) {
        await yieldToEventLoop();
        run.throwIfAborted();
      }
    }
  }
  return sorted(matrix, vectors, size);
};

const sorted = (matrix: Float64Array, vectors: Float64Array, size: number): Eigen => {
  const valueAt = (i: number): number => matrix[i * size + i] as number;
  const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => valueAt(b) - valueAt(a) || a - b);
  const inOrder = new Float64Array(size * size);
  for (const [to, from] of order.entries()) inOrder.set(vectors.subarray(from * size, (from + 1) * size), to * size);
  return { values: Float64Array.from(order, valueAt), vectors: inOrder };
};
