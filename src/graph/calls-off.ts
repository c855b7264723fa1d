import { type ErrorCode, isPipewrightError } from '../core/index.js';

const codes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'budget-exceeded',
  'circuit-open',
  'dependency-missing',
  'not-allowed',
  'price-unknown',
  'quota-exhausted',
  'store-closed',
]);

/** Whether a failure would befall every further document too, so that going on makes no sense. */
export const callsOff = (error: unknown): boolean => isPipewrightError(error) && codes.has(error.code);
