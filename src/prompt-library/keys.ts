import { PipewrightError } from '../core/index.js';

const maxNameLength = 100;
const maxTagLength = 100;

const hasHalfCharacter = (text: string): boolean => /\p{Surrogate}/u.test(text);

const isPlainLine = (text: unknown, maxLength: number): text is string =>
  typeof text === 'string' &&
  text !== '' &&
  text === text.trim() &&
  text.length <= maxLength &&
  !/\p{Cc}/u.test(text) &&
  !hasHalfCharacter(text);

/** @throws {PipewrightError} `bad-input` for a name that no prompt can have. */
export const checkName = (name: string): void => {
  if (isPlainLine(name, maxNameLength)) return;
  throw new PipewrightError(
    'bad-input',
    `The name of a prompt must be one line of 1 to ${maxNameLength} characters without spaces around it, got ${JSON.stringify(name)}.`,
  );
};

/** @throws {PipewrightError} `bad-input`. */
export const checkTag = (tag: string): void => {
  if (isPlainLine(tag, maxTagLength)) return;
  throw new PipewrightError(
    'bad-input',
    `A tag must be one line of 1 to ${maxTagLength} characters, got ${JSON.stringify(tag)}.`,
  );
};

/** @throws {PipewrightError} `bad-input`. */
export const checkLabel = (label: string): void => {
  if (/^[A-Za-z][\w.-]{0,63}$/.test(label)) return;
  throw new PipewrightError(
    'bad-input',
    `A label begins with a letter and has up to 64 letters, digits, \`.\`, \`_\` and \`-\`, got ${JSON.stringify(label)}.`,
  );
};

// A name may hold `/`, which stands between the parts of a key.
const encoded = (name: string): string => encodeURIComponent(name);
const digits = 16;
const numberText = (version: number): string => String(version).padStart(digits, '0');

export const factsPrefix = 'facts/';
export const factsKey = (name: string): string => factsPrefix + encoded(name);
export const nameOf = (key: string): string => decodeURIComponent(key.slice(factsPrefix.length));
export const versionKey = (name: string, version: number): string => `version/${encoded(name)}/${numberText(version)}`;
/** The versions of a prompt, or those below a number. */
export const versionRange = (name: string, before?: number): { readonly from: string; readonly to: string } => ({
  from: `version/${encoded(name)}/`,
  // `0` follows `/`: behind every version.
  to: before === undefined ? `version/${encoded(name)}0` : versionKey(name, before),
});
export const statsKey = (name: string, version: number): string => `stats/${encoded(name)}/${numberText(version)}`;
export const statsKeyOf = (key: string): string => key.replace('version', 'stats');
