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

/** The score of a hit from the distance that a kernel measures: the cosine, the dot product, or 1 / (1 + distance). */
export const scoreOf = (metric: Metric, distance: number): number => {
  if (metric === 'euclidean') return 1 / (1 + Math.sqrt(Math.max(0, distance)));
  // Rounding may carry the cosine of equal directions a little above 1.
  return metric === 'cosine' ? Math.max(-1, Math.min(1, -distance)) : 0 - distance;
};
