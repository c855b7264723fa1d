import { checkAtLeast, PipewrightError } from '../core/index.js';

/** Throws `bad-option` unless the value is a whole number of at least `least`. */
export const checkCount = (option: string, value: number, least: number): void => {
  checkAtLeast(option, value, least);
  if (!Number.isSafeInteger(value)) {
    throw new PipewrightError('bad-option', `\`${option}\` must be a whole number, got ${value}.`);
  }
};
