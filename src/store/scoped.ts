import { PipewrightError, type Store, type StoreChange } from '../core/index.js';

/**
 * A part of a store as a store of its own, so that one file holds several things. Closing the part leaves the whole open;
 * closing the whole closes the part.
 * @throws {PipewrightError} `bad-option` when the name is empty or holds `/`, which stands between a name and its keys.
 * @example await scoped(memoryStore(), 'sessions').get('ann') // => undefined
 */
export const scoped = (store: Store, name: string): Store => {
  if (name === '' || name.includes('/')) {
    throw new PipewrightError(
      'bad-option',
      `The name of a part of a store must not be empty or hold \`/\`, got \`${name}\`.`,
    );
  }
  const prefix = `${name}/`;
  // `0` follows `/`: behind every key of this part.
  const end = `${name}0`;
  const inWhole = (change: StoreChange): StoreChange => ({ ...change, key: prefix + change.key });
  let isClosed = false;
  const checkOpen = (): void => {
    if (isClosed) throw new PipewrightError('store-closed', `The part \`${name}\` of the store is closed.`);
  };
  const part: Store = {
    get: async (key) => {
      checkOpen();
      return store.get(prefix + key);
    },
    range: async function* ({ from = '', to, ...rest }) {
      const whole = store.range({ ...rest, from: prefix + from, to: to === undefined ? end : prefix + to });
      for await (const [key, value] of whole) {
        checkOpen();
        yield [key.slice(prefix.length), value];
      }
    },
    write: async (changes) => {
      checkOpen();
      await store.write(changes.map(inWhole));
    },
    compareAndSet: async (key, expected, value, options = {}) => {
      checkOpen();
      const { also = [] } = options;
      return store.compareAndSet(prefix + key, expected, value, { ...options, also: also.map(inWhole) });
    },
    close: async () => {
      isClosed = true;
    },
    [Symbol.asyncDispose]: () => part.close(),
  };
  return part;
};
