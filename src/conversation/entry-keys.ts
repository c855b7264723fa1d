import { checkStoreKey, PipewrightError } from '../core/index.js';

const digits = 16;
const maxIdLength = 200;

/** A number that orders as text as it does as a number. */
export const numberText = (value: number): string => String(Math.trunc(value)).padStart(digits, '0');

/** `/` stands between the parts of a key, so none may hold it. */
export const keyPart = (text: string): string => text.replace(/[%/]/g, encodeURIComponent);

export const partText = (part: string): string => part.replace(/%(?:25|2F)/g, decodeURIComponent);

/** The bounds of all keys that begin with `prefix/`: `0` follows `/`. */
export const below = (prefix: string): { readonly from: string; readonly to: string } => ({
  from: `${prefix}/`,
  to: `${prefix}0`,
});

/**
 * The id as it is.
 * @throws {PipewrightError} `bad-input` unless it has 1 to 200 characters.
 */
export const checkedId = (what: string, id: string): string => {
  if (typeof id !== 'string' || id.trim() === '' || id.length > maxIdLength) {
    throw new PipewrightError('bad-input', `\`${what}\` must have 1 to ${maxIdLength} characters.`);
  }
  checkStoreKey(id);
  return id;
};
