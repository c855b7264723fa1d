import { type Clock, type Store, systemClock } from '../core/index.js';
import { keyValueStore } from './key-value.js';
import { sortedMap } from './sorted-map.js';

export interface MemoryStoreOptions {
  /** Tells when entries with `ttlMs` are over. @default the real clock */
  readonly clock?: Clock;
}

/**
 * A store in the memory of this process: gone when the process ends. Values are copied in and out.
 * @example await memoryStore().write([{ type: 'put', key: 'a', value: new Uint8Array([1]) }])
 */
export const memoryStore = ({ clock = systemClock }: MemoryStoreOptions = {}): Store => {
  const entries = sortedMap<Uint8Array>();
  return keyValueStore(
    {
      where: 'memory',
      get: entries.get,
      slice: entries.slice,
      commit: async (changes) => {
        // Copied before anything is changed: where memory is full, nothing is.
        const own = changes.map(([key, value]) => [key, value?.slice()] as const);
        for (const [key, value] of own) {
          if (value === undefined) entries.delete(key);
          else entries.set(key, value);
        }
      },
      close: async () => undefined,
    },
    clock,
  );
};
