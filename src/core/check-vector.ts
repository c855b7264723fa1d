import type { Embedder, VectorEntry } from './document.js';
import { PipewrightError } from './errors.js';
import type { Run } from './run.js';
import { callStep } from './step.js';

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

/** Sums above this do not fit 32-bit floats. */
const maxSquare = 3.4e38;

const isFloats = (values: unknown): values is Float32Array => values instanceof Float32Array;

const notFinite = (what: string, value: unknown, i: number): PipewrightError =>
  bad(
    `${what} holds ${typeof value === 'string' ? `the text "${value}"` : String(value)} at position ${i}, not a finite number.`,
  );

// One loop for each form: a loop that sees both is several times slower.
const squareOfFloats = (values: Float32Array): number => {
  let square = 0;
  for (let i = 0; i < values.length; i++) square += (values[i] as number) * (values[i] as number);
  return square;
};

const squareOfList = (values: readonly unknown[], what: string): number => {
  let square = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value !== 'number' || !Number.isFinite(value)) throw notFinite(what, value, i);
    square += value * value;
  }
  return square;
};

/** The sum of squares of a vector that has the right length and only finite numbers; throws for any other. */
const checkedSquare = (values: VectorInput, dimensions: number, what: string): number => {
  if (!(isFloats(values) || Array.isArray(values))) {
    throw bad(`${what} must be a Float32Array or a list of numbers.`);
  }
  if (values.length !== dimensions) throw bad(`${what} has ${values.length} dimensions, not ${dimensions}.`);
  const square = isFloats(values) ? squareOfFloats(values) : squareOfList(values, what);
  if (square < maxSquare) return square;
  const odd = values.findIndex((value) => !Number.isFinite(value));
  throw odd >= 0
    ? notFinite(what, values[odd], odd)
    : bad(`${what} is too long: its numbers do not fit 32-bit floats.`);
};

/**
 * A copy of a vector, checked, and scaled to length 1 where the metric looks at directions only: every vector store checks
 * what it is given with this. `what` names the vector in errors.
 * @throws {PipewrightError} `bad-input` for what is no vector of the shape.
 * @example toVector([3, 4], { dimensions: 2, metric: 'cosine' }, 'It')[1]?.toFixed(1) // => '0.8'
 */
export const toVector = (values: VectorInput, { dimensions, metric }: VectorShape, what: string): Float32Array => {
  const square = checkedSquare(values, dimensions, what);
  const vector = new Float32Array(values);
  if (metric !== 'cosine') return vector;
  if (square === 0) throw bad(`${what} has length 0, so it points nowhere; the cosine metric needs a direction.`);
  const scale = 1 / Math.sqrt(square);
  for (let i = 0; i < dimensions; i++) vector[i] = (vector[i] as number) * scale;
  return vector;
};

/** Throws `bad-input` where `toVector` would. */
export const checkVector = (values: VectorInput, { dimensions, metric }: VectorShape, what: string): void => {
  const square = checkedSquare(values, dimensions, what);
  if (metric === 'cosine' && square === 0) toVector(values, { dimensions, metric }, what);
};

/** What an embedder reads of a document. A title often names what the text only points at. */
export const embeddedText = ({ title, text }: VectorEntry): string =>
  title === undefined ? text : `${title}\n${text}`;

/**
 * Calls the embedder and checks that it keeps its word.
 * @throws {PipewrightError} `output-invalid` when it returns another number of vectors than there were texts.
 */
export const embedTexts = async (
  embedder: Embedder,
  texts: readonly string[],
  run: Run,
): Promise<readonly Float32Array[]> => {
  const vectors = await callStep(embedder, texts, run);
  if (vectors.length === texts.length) return vectors;
  throw new PipewrightError(
    'output-invalid',
    `The embedder ${embedder.id} returned ${vectors.length} vectors for ${texts.length} texts.`,
  );
};
