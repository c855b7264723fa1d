import {
  changeEntry,
  decodeState,
  fromJson,
  type Json,
  keyedLock,
  randomId,
  type Run,
  type StateForm,
  type Store,
  toJson,
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

const formOf = <T>(isState: (value: unknown) => value is T): StateForm<T> => ({
  what: 'memory',
  version,
  read: (data) => {
    const { state } = fromJson(data as Json) as { readonly state: unknown };
    return isState(state) ? state : undefined;
  },
});

const encode = (data: object): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(toJson({ version, ...data }, { isExact: true })));

export const createShelf = <T>({ store, prefix, empty, isState }: ShelfOptions<T>): Shelf<T> => {
  const keyOf = (key: string): string => `${prefix}/${key}`;
  const form = formOf(isState);
  const stateIn = (key: string, bytes: Uint8Array | undefined): T =>
    bytes === undefined ? empty : decodeState(form, bytes, keyOf(key));
  const lock = keyedLock();
  const read = async (key: string): Promise<Kept<T>> => {
    const bytes = await store.get(keyOf(key));
    return { bytes, state: stateIn(key, bytes) };
  };
  const replace = (key: string, { bytes }: Kept<T>, state: T): Promise<boolean> =>
    store.compareAndSet(keyOf(key), bytes, encode({ state }));
  return {
    read,
    replace,
    change: async (key, run, change) => {
      const changed = await changeEntry(
        store,
        keyOf(key),
        (bytes) => {
          const next = change(stateIn(key, bytes));
          return next === undefined ? undefined : { value: encode({ state: next }), result: next };
        },
        run,
      );
      return changed ?? (await read(key)).state;
    },
    clear: async (key, run) => {
      run.throwIfAborted();
      // Not just deleted: who has read the state before must not take the place for one that was always empty.
      const value = encode({ state: empty, cleared: randomId(run.random) });
      await store.write([{ type: 'put', key: keyOf(key), value, ttlMs: dayMs }]);
    },
    locked: (key, run, work) => lock(key, work, run.signal),
  };
};
