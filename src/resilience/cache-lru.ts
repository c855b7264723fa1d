export interface LruOptions<V> {
  readonly maxEntries: number;
  /** Of keys and values together. */
  readonly maxBytes: number;
  /** Bytes of a value. */
  readonly sizeOf: (value: V) => number;
  /** Told of every value that is no longer there, whatever the reason. */
  readonly onDrop?: (key: string, value: V) => void;
}

/** Values by key, within bounds; the one that was not asked for the longest goes first. */
export interface Lru<V> {
  readonly get: (key: string) => V | undefined;
  /** A value that is larger than the whole is not kept. */
  readonly set: (key: string, value: V) => void;
  /** Returns how many there were. */
  readonly delete: (key: string) => number;
  /** Deletes all whose key begins so, and returns how many there were. */
  readonly deleteAll: (prefix: string) => number;
  readonly stats: () => { readonly entries: number; readonly bytes: number; readonly evictions: number };
}

interface Entry<V> {
  readonly value: V;
  readonly bytes: number;
}

export const lru = <V>({ maxEntries, maxBytes, sizeOf, onDrop }: LruOptions<V>): Lru<V> => {
  // A map keeps the order of insertion: the first entry is the one that was used longest ago.
  const entries = new Map<string, Entry<V>>();
  let bytes = 0;
  let evictions = 0;
  const remove = (key: string): number => {
    const entry = entries.get(key);
    if (entry === undefined) return 0;
    entries.delete(key);
    bytes -= entry.bytes;
    onDrop?.(key, entry.value);
    return 1;
  };
  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set: (key, value) => {
      remove(key);
      const size = Buffer.byteLength(key) + sizeOf(value);
      if (size > maxBytes) return;
      entries.set(key, { value, bytes: size });
      bytes += size;
      for (const oldest of entries.keys()) {
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
