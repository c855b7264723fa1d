import type { Store, StoreChange } from '../core/index.js';
import type { CacheShelf } from './cache-memory.js';

/** How many entries one write deletes. */
const pageEntries = 256;

/** Entries in a store: on disk, or shared between processes. The store forgets them by itself when their time is over. */
export const storeShelf = (store: Store): CacheShelf => ({
  get: async (key) => {
    const bytes = await store.get(key);
    return bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
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
  stats: () => ({}),
});
