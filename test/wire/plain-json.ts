import { expect } from 'vitest';
import type { Recording } from './recordings.js';

/** A vector brought to length 1, compared within the rounding of float32. */
export const ofLengthOne = (vector: readonly number[]): unknown => {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  const wanted = vector.map((value) => value / length);
  return expect.toSatisfy(
    (got: Float32Array) =>
      got.length === wanted.length && wanted.every((value, at) => Math.abs(value - (got[at] ?? 9)) < 1e-6),
    `a vector of ${vector.length} numbers like ${wanted.slice(0, 3).join(', ')}`,
  );
};

/** The body that was sent, in the shape that its API gives it. */
export const requestBody = <Body extends object>({ request }: Recording): Body => {
  if (request === null) throw new Error('Only the answer was recorded.');
  return request.body as Body;
};

/** For APIs to which a null is a field that is not there. */
export const withoutNulls = (body: unknown): unknown =>
  Object.fromEntries(Object.entries(body as object).filter(([, value]) => value !== null));
