import { checkStoreKey, type MemoryScope, PipewrightError } from '../core/index.js';

const maxIdLength = 100;

const checkedId = (what: string, id: string): string => {
  if (typeof id !== 'string' || id.trim() === '' || id.length > maxIdLength) {
    throw new PipewrightError('bad-input', `\`${what}\` must have 1 to ${maxIdLength} characters.`);
  }
  checkStoreKey(id);
  return id;
};

/** `/` stands between the parts of a key, so none may hold it. */
const keyPart = (id: string): string => id.replace(/[%/]/gu, encodeURIComponent);

const defaultId = 'default';

export const userOf = ({ userId = defaultId }: MemoryScope): string => checkedId('userId', userId);

export const conversationOf = ({ conversationId = defaultId }: MemoryScope): string =>
  checkedId('conversationId', conversationId);

/** The user as a part of a key. */
export const userKey = (scope: MemoryScope): string => keyPart(userOf(scope));

/**
 * The id that the conversation of a scope has in a `MessageLog`: that of the conversation, and behind the user's where there is one,
 * so that no two users share a conversation by chance.
 * @throws {PipewrightError} `bad-input` for an id that is empty or longer than 100 characters.
 * @example logIdOf({ userId: 'ann', conversationId: 'trip' }) // => 'ann/trip'
 */
export const logIdOf = (scope: MemoryScope): string => {
  const conversation = keyPart(conversationOf(scope));
  return userOf(scope) === defaultId ? conversation : `${userKey(scope)}/${conversation}`;
};
