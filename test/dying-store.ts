import type { Store } from 'pipewright';

export interface DyingStore {
  readonly store: Store;
  /** How many writes it was asked for. */
  readonly count: () => number;
}

/**
 * A store whose process dies at a write: before that is made, or after it, but before anybody learns of it. From then on everything
 * fails. What was written lies in the store around which it is.
 */
export const dyingStore = (store: Store, atWrite: number, when: 'before' | 'after'): DyingStore => {
  let writes = 0;
  const died = (): Error => new Error('The process died.');
  const checkAlive = (): void => {
    if (writes >= atWrite) throw died();
  };
  const dying = async <T>(write: () => Promise<T>): Promise<T> => {
    checkAlive();
    writes += 1;
    if (writes === atWrite && when === 'before') throw died();
    const result = await write();
    if (writes >= atWrite) throw died();
    return result;
  };
  return {
    count: () => writes,
    store: {
      ...store,
      get: async (key) => {
        checkAlive();
        return store.get(key);
      },
      write: (changes) => dying(() => store.write(changes)),
      compareAndSet: (...args) => dying(() => store.compareAndSet(...args)),
    },
  };
};
