/** Where entries lie, as text by key. */
export interface CacheShelf {
  readonly get: (key: string) => string | undefined | Promise<string | undefined>;
  readonly put: (key: string, text: string, ttlMs: number) => void | Promise<void>;
  readonly delete: (key: string) => number | Promise<number>;
  /** Deletes all entries whose key begins so, and returns how many there were. */
  readonly deleteAll: (prefix: string) => number | Promise<number>;
  readonly stats: () => ShelfStats;
}

/** A shelf that answers at once, and leaves it to the reader to see whether an entry's time is over. */
export interface MemoryShelf extends CacheShelf {
  readonly get: (key: string) => string | undefined;
  readonly put: (key: string, text: string) => void;
  readonly delete: (key: string) => number;
  readonly deleteAll: (prefix: string) => number;
}

/** What a shelf knows of itself; a store cannot count its entries cheaply and says nothing. */
export interface ShelfStats {
  readonly entries?: number;
  readonly bytes?: number;
  /** Entries that had to go to make room. */
  readonly evictions?: number;
}

export interface MemoryShelfOptions {
  readonly maxEntries: number;
  /** Of keys and values, in UTF-8. */
  readonly maxBytes: number;
}

interface Entry {
  readonly text: string;
  readonly bytes: number;
}

/** Entries in the memory of this process; the one that was not asked for the longest goes first. */
export const memoryShelf = ({ maxEntries, maxBytes }: MemoryShelfOptions): MemoryShelf => {
  // A map keeps the order of insertion: the first entry is the one that was used longest ago.
  const entries = new Map<string, Entry>();
  let bytes = 0;
  let evictions = 0;
  const remove = (key: string): number => {
    const entry = entries.get(key);
    if (entry === undefined) return 0;
    entries.delete(key);
    bytes -= entry.bytes;
    return 1;
  };
  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.text;
    },
    put: (key, text) => {
      remove(key);
      const size = Buffer.byteLength(key) + Buffer.byteLength(text);
      if (size > maxBytes) return;
      entries.set(key, { text, bytes: size });
      bytes += size;
      for (const [oldest] of entries) {
        if (entries.size <= maxEntries && bytes <= maxBytes) break;
        evictions += remove(oldest);
      }
    },
    delete: remove,
    deleteAll: (prefix) => {
      let count = 0;
      for (const key of entries.keys()) if (key.startsWith(prefix)) count += remove(key);
      return count;
    },
    stats: () => ({ entries: entries.size, bytes, evictions }),
  };
};
