import type { StoreChange } from './document.js';
import { PipewrightError } from './errors.js';

/** Longest key of a store in UTF-8 bytes. LMDB takes 1,978; the rest is for prefixes of its own. */
const maxKeyBytes = 1_900;

/**
 * Throws `bad-input` unless the key is one that every store can hold: every store checks what it is given with this.
 * @example checkStoreKey('sessions/ann') // => undefined
 */
export const checkStoreKey = (key: string): void => {
  if (typeof key !== 'string')
    throw new PipewrightError('bad-input', `A store key must be a string, got ${typeof key}.`);
  if (/\p{Surrogate}/u.test(key)) {
    throw new PipewrightError('bad-input', `The store key ${JSON.stringify(key)} holds half a character.`);
  }
  const bytes = Buffer.byteLength(key);
  if (bytes > maxKeyBytes) {
    throw new PipewrightError(
      'bad-input',
      `A store key may have ${maxKeyBytes} bytes, \`${key.slice(0, 60)}…\` has ${bytes}. Use a hash of it.`,
    );
  }
};

/** Throws `bad-input` unless the value for `key` is bytes. */
export const checkStoreValue = (key: string, value: unknown): void => {
  if (value instanceof Uint8Array) return;
  throw new PipewrightError('bad-input', `The value for the store key \`${key}\` must be a Uint8Array.`);
};

/** Throws `bad-input` unless key, value and time to live are what they must be. */
export const checkStoreChange = (change: StoreChange): void => {
  checkStoreKey(change.key);
  if (change.type === 'delete') return;
  checkStoreValue(change.key, change.value);
  if (change.ttlMs !== undefined && !(change.ttlMs > 0)) {
    throw new PipewrightError('bad-input', `\`ttlMs\` of \`${change.key}\` must be above 0, got ${change.ttlMs}.`);
  }
};
