import type { Run, Store, StoreChange } from '../core/index.js';
import { type Lru, lru } from './cache-lru.js';

/** What lies on a shelf under a key, or near to it. */
export interface Found {
  readonly text: string;
  /** How near the question was; undefined when it was the same. */
  readonly similarity?: number;
}

/** Where entries lie, as text. */
export interface CacheShelf {
  readonly get: (key: string, run: Run) => Promise<Found | undefined>;
  readonly put: (key: string, text: string, ttlMs: number, run: Run) => Promise<void>;
}

/** A shelf that holds entries by their key alone, and can forget them. */
export interface KeyedShelf extends CacheShelf {
  readonly delete: (key: string) => Promise<number>;
  /** Deletes all entries whose key begins so, and returns how many there were. */
  readonly deleteAll: (prefix: string) => Promise<number>;
}

export type MemoryTexts = Lru<string>;

/** Entries in the memory of this process. Whoever reads one sees to it whether its time is over. */
export const memoryTexts = (bounds: { readonly maxEntries: number; readonly maxBytes: number }): MemoryTexts =>
  lru({ ...bounds, sizeOf: (text) => Buffer.byteLength(text) });

export const memoryShelf = (texts: MemoryTexts): KeyedShelf => ({
  get: async (key) => {
    const text = texts.get(key);
    return text === undefined ? undefined : { text };
  },
  put: async (key, text) => texts.set(key, text),
  delete: async (key) => texts.delete(key),
  deleteAll: async (prefix) => texts.deleteAll(prefix),
});

/** How many entries one write deletes. */
const pageEntries = 256;

/** Entries in a store: on disk, or shared between processes. The store forgets them by itself when their time is over. */
export const storeShelf = (store: Store): KeyedShelf => ({
  get: async (key) => {
    const bytes = await store.get(key);
    return bytes === undefined ? undefined : { text: new TextDecoder().decode(bytes) };
  },
  put: (key, text, ttlMs) =>
    store.write([{ type: 'put', key, value: Buffer.from(text), ...(ttlMs === Infinity ? {} : { ttlMs }) }]),
  delete: async (key) => {
    if ((await store.get(key)) === undefined) return 0;
    await store.write([{ type: 'delete', key }]);
    return 1;
  },
  deleteAll: async (prefix) => {
    let count = 0;
    let page: StoreChange[] = [];
    // `0` follows `/`, with which every prefix ends.
    for await (const [key] of store.range({ from: prefix, to: `${prefix.slice(0, -1)}0` })) {
      page.push({ type: 'delete', key });
      count += 1;
      if (page.length < pageEntries) continue;
      await store.write(page);
      page = [];
    }
    await store.write(page);
    return count;
  },
});
