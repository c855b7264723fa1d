import {
  checkStoreChange,
  checkStoreKey,
  checkStoreValue,
  type Clock,
  PipewrightError,
  type Store,
  type StoreChange,
  type StoreRange,
  sliceTimer,
  yieldToEventLoop,
} from '../core/index.js';

/** A change to raw keys; undefined deletes. */
export type RawChange = readonly [key: string, value: Uint8Array | undefined];

/** Where the bytes lie. Keys are ordered by their UTF-8 bytes. */
export interface Backend {
  /** What errors call it: a path, or `memory`. */
  readonly where: string;
  readonly get: (key: string) => Uint8Array | undefined;
  /** At most `limit` entries with `from <= key < to`; from the end when `isReversed`. */
  readonly slice: (from: string, to: string, limit: number, isReversed: boolean) => readonly [string, Uint8Array][];
  /**
   * Applies all changes in order or none, and resolves when they are durable. The values of a write lie in one buffer: what keeps one of
   * them for long keeps a copy.
   */
  readonly commit: (changes: readonly RawChange[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

// Raw keys: `k…` holds a value behind its expiry time (8 bytes), `t<time>…` finds what expires first.
const valueKey = (key: string): string => `k${key}`;
const expiryPrefix = 't';
const timeDigits = 16;
const expiryKey = (atMs: number, key: string): string =>
  `${expiryPrefix}${Math.ceil(atMs).toString().padStart(timeDigits, '0')}${key}`;

const headerBytes = 8;
/** How many entries a range reads, and how many expired ones a write clears, at once. */
const pageEntries = 256;

const expiryOf = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(0);

/**
 * The raw changes of one write, with values copied, so that the caller may go on using its buffers. All copies lie in one buffer: with
 * every buffer of its own, the garbage collector does some work, and the more the larger the heap of the process is.
 */
const rawChanges = (changes: readonly StoreChange[], nowMs: number): RawChange[] => {
  let length = 0;
  for (const change of changes) {
    checkStoreChange(change);
    if (change.type === 'put') length += headerBytes + change.value.byteLength;
  }
  const copies = new Uint8Array(length);
  const headers = new DataView(copies.buffer);
  let used = 0;
  const wrap = (value: Uint8Array, expiresMs: number): Uint8Array => {
    const start = used;
    used += headerBytes + value.byteLength;
    headers.setFloat64(start, expiresMs);
    copies.set(value, start + headerBytes);
    return copies.subarray(start, used);
  };
  return changes.flatMap((change): RawChange[] => {
    if (change.type === 'delete') return [[valueKey(change.key), undefined]];
    const { key, value, ttlMs = Infinity } = change;
    const expiresMs = nowMs + ttlMs;
    const put: RawChange = [valueKey(key), wrap(value, expiresMs)];
    return ttlMs === Infinity ? [put] : [put, [expiryKey(expiresMs, key), new Uint8Array(0)]];
  });
};

/** Clears some entries whose time is over. A mark whose entry was written anew since only loses the mark. */
const expiredChanges = (backend: Backend, nowMs: number): RawChange[] =>
  backend.slice(expiryPrefix, expiryKey(nowMs + 1, ''), pageEntries, false).flatMap(([mark]): RawChange[] => {
    const key = valueKey(mark.slice(expiryPrefix.length + timeDigits));
    const bytes = backend.get(key);
    const isOver = bytes !== undefined && expiryOf(bytes) <= nowMs;
    return isOver
      ? [
          [mark, undefined],
          [key, undefined],
        ]
      : [[mark, undefined]];
  });

/** A write goes ahead only while `key` holds these bytes, or nothing. */
interface Condition {
  readonly key: string;
  readonly expected: Uint8Array | undefined;
}

interface PendingWrite {
  readonly changes: readonly RawChange[];
  readonly onlyIf: Condition | undefined;
  readonly resolve: (isApplied: boolean) => void;
  readonly reject: (error: unknown) => void;
}

interface Commits {
  /** Resolves when the write is durable, to whether its condition held. */
  readonly write: (changes: readonly RawChange[], onlyIf?: Condition) => Promise<boolean>;
  readonly idle: () => Promise<void>;
}

const liveBytes = (bytes: Uint8Array | undefined, nowMs: number): Uint8Array | undefined =>
  bytes === undefined || expiryOf(bytes) <= nowMs ? undefined : bytes.subarray(headerBytes);

const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;

/**
 * The writes of a group whose condition holds, seen in order: each sees what those before it will have written. This
 * store is the only writer of its backend, and nothing else is committed between the look and the commit.
 */
const applicable = (backend: Backend, group: readonly PendingWrite[], nowMs: number): readonly PendingWrite[] => {
  if (group.every(({ onlyIf }) => onlyIf === undefined)) return group;
  const written = new Map<string, Uint8Array | undefined>();
  return group.filter(({ changes, onlyIf, resolve, reject }) => {
    try {
      if (onlyIf !== undefined) {
        const bytes = written.has(onlyIf.key) ? written.get(onlyIf.key) : backend.get(onlyIf.key);
        if (!isSame(liveBytes(bytes, nowMs), onlyIf.expected)) {
          resolve(false);
          return false;
        }
      }
      for (const [key, value] of changes) written.set(key, value);
      return true;
    } catch (error) {
      reject(error);
      return false;
    }
  });
};

/** Commits one batch after another; what is written while a batch is under way goes into the next one together. */
const groupCommit = (backend: Backend, clock: Clock): Commits => {
  let waiting: PendingWrite[] = [];
  let work: Promise<void> | undefined;

  const drain = async (): Promise<void> => {
    // What is asked for in the same turn goes together; and `work` is set before anything is done.
    await undefined;
    while (waiting.length > 0) {
      const nowMs = clock.now();
      const group = applicable(backend, waiting, nowMs);
      waiting = [];
      if (group.length === 0) continue;
      try {
        const own = group.flatMap(({ changes }) => changes);
        await backend.commit([...expiredChanges(backend, nowMs), ...own]);
        for (const { resolve } of group) resolve(true);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    work = undefined;
  };

  return {
    write: (changes, onlyIf) =>
      new Promise((resolve, reject) => {
        waiting.push({ changes, onlyIf, resolve, reject });
        work ??= drain();
      }),
    idle: async () => work,
  };
};

/** Walks raw entries from page to page, so that memory stays bounded. `live` gives the value, undefined for what is over. */
const rangeOf = async function* (
  backend: Backend,
  { from = '', to, limit = Infinity, isReversed = false }: StoreRange,
  checkOpen: () => void,
  live: (bytes: Uint8Array) => Uint8Array | undefined,
): ReturnType<Store['range']> {
  checkStoreKey(from);
  if (to !== undefined) checkStoreKey(to);
  let low = valueKey(from);
  // `l` follows `k`: behind every value.
  let high = to === undefined ? 'l' : valueKey(to);
  let left = limit;
  const isTimeUp = sliceTimer();
  while (left > 0) {
    checkOpen();
    const page = backend.slice(low, high, Math.min(left, pageEntries), isReversed);
    for (const [key, bytes] of page) {
      const value = live(bytes);
      if (value === undefined) continue;
      left--;
      yield [key.slice(1), value];
    }
    const end = page.at(-1);
    if (end === undefined) return;
    if (isReversed) high = end[0];
    // The smallest key behind the last one.
    else low = `${end[0]}\0`;
    if (isTimeUp()) await yieldToEventLoop();
  }
};

/** Makes a `Store` from a backend: expiry, checks, batches that survive or fail together, and closing. */
export const keyValueStore = (backend: Backend, clock: Clock): Store => {
  const commits = groupCommit(backend, clock);
  let closing: Promise<void> | undefined;
  const checkOpen = (): void => {
    if (closing !== undefined) throw new PipewrightError('store-closed', `The store (${backend.where}) is closed.`);
  };
  const liveValue = (bytes: Uint8Array): Uint8Array | undefined => {
    const value = liveBytes(bytes, clock.now());
    return value === undefined ? undefined : new Uint8Array(value);
  };

  const close = async (): Promise<void> => {
    await commits.idle();
    await backend.close();
  };
  const store: Store = {
    get: async (key) => {
      checkOpen();
      checkStoreKey(key);
      const bytes = backend.get(valueKey(key));
      return bytes === undefined ? undefined : liveValue(bytes);
    },
    range: (range) => rangeOf(backend, range, checkOpen, liveValue),
    write: async (changes) => {
      checkOpen();
      const raw = rawChanges(changes, clock.now());
      if (raw.length > 0) await commits.write(raw);
    },
    compareAndSet: async (key, expected, value, { ttlMs = Infinity, also = [] } = {}) => {
      checkOpen();
      if (expected !== undefined) checkStoreValue(key, expected);
      const raw = rawChanges([{ type: 'put', key, value, ttlMs }, ...also], clock.now());
      return commits.write(raw, { key: valueKey(key), expected: expected && new Uint8Array(expected) });
    },
    close: () => {
      closing ??= close();
      return closing;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
};
