import {
  createLock,
  fromJson,
  type Json,
  type Lock,
  PipewrightError,
  randomId,
  type Run,
  type Store,
  toJson,
  yieldToEventLoop,
} from '../core/index.js';

export interface ShelfOptions<T> {
  readonly store: Store;
  /** Goes before the keys. */
  readonly prefix: string;
  readonly empty: T;
  readonly isState: (value: unknown) => value is T;
}

/** A state and the bytes it was read from. */
export interface Kept<T> {
  readonly state: T;
  readonly bytes: Uint8Array | undefined;
}

/** Small states, one for each key, that several processes read and change. */
export interface Shelf<T> {
  readonly read: (key: string) => Promise<Kept<T>>;
  /** Stores `next` if nobody has changed or cleared the state since it was read; resolves to whether. */
  readonly replace: (key: string, before: Kept<T>, next: T) => Promise<boolean>;
  /** Stores what `change` makes of the state, also while others do the same; undefined leaves it as it is. */
  readonly change: (key: string, run: Run, change: (state: T) => T | undefined) => Promise<T>;
  readonly clear: (key: string, run: Run) => Promise<void>;
  /** One piece of work at a time for a key, in this process. */
  readonly locked: <Out>(key: string, run: Run, work: () => Promise<Out>) => Promise<Out>;
}

const dayMs = 86_400_000;
const version = 1;
const maxTries = 1_000;

interface Stored {
  readonly version?: unknown;
  readonly state?: unknown;
}

const parsed = (bytes: Uint8Array): Stored => {
  try {
    return Object(fromJson(JSON.parse(new TextDecoder().decode(bytes)) as Json)) as Stored;
  } catch {
    return {};
  }
};

const decode = <T>(where: string, bytes: Uint8Array, isState: (value: unknown) => value is T): T => {
  const { version: found, state } = parsed(bytes);
  const details = { where };
  if (typeof found === 'number' && found > version) {
    const message = `The memory \`${where}\` has version ${found}, this release reads up to ${version}. Update pipewright.`;
    throw new PipewrightError('store-newer', message, { details });
  }
  if (found !== version || !isState(state)) {
    const message = `The memory \`${where}\` is damaged. Restore the store from a copy, or clear this memory.`;
    throw new PipewrightError('store-damaged', message, { details });
  }
  return state;
};

const encode = (data: object): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(toJson({ version, ...data }, { isExact: true })));

/** Holds who waits for a key, and nothing once nobody does. */
const keyedLock = (): Shelf<never>['locked'] => {
  const locks = new Map<string, { readonly lock: Lock; users: number }>();
  return async (key, run, work) => {
    const held = locks.get(key) ?? { lock: createLock(), users: 0 };
    locks.set(key, held);
    held.users++;
    try {
      return await held.lock.run(work, run.signal);
    } finally {
      if (--held.users === 0) locks.delete(key);
    }
  };
};

export const createShelf = <T>({ store, prefix, empty, isState }: ShelfOptions<T>): Shelf<T> => {
  const keyOf = (key: string): string => `${prefix}/${key}`;
  const read = async (key: string): Promise<Kept<T>> => {
    const bytes = await store.get(keyOf(key));
    return { bytes, state: bytes === undefined ? empty : decode(keyOf(key), bytes, isState) };
  };
  const replace = (key: string, { bytes }: Kept<T>, state: T): Promise<boolean> =>
    store.compareAndSet(keyOf(key), bytes, encode({ state }));
  return {
    read,
    replace,
    change: async (key, run, change) => {
      for (let tries = 0; tries < maxTries; tries++) {
        run.throwIfAborted();
        const before = await read(key);
        const next = change(before.state);
        if (next === undefined) return before.state;
        run.throwIfAborted();
        if (await replace(key, before, next)) return next;
        await yieldToEventLoop();
      }
      throw new PipewrightError('store-locked', `The memory \`${keyOf(key)}\` is changed all the time.`, {
        retryable: true,
      });
    },
    clear: async (key, run) => {
      run.throwIfAborted();
      // Not just deleted: who has read the state before must not take the place for one that was always empty.
      const value = encode({ state: empty, cleared: randomId(run.random) });
      await store.write([{ type: 'put', key: keyOf(key), value, ttlMs: dayMs }]);
    },
    locked: keyedLock(),
  };
};
