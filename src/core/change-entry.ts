import { yieldToEventLoop } from './clock.js';
import type { Store, StoreChange } from './document.js';
import { PipewrightError } from './errors.js';
import { createLock, type Lock } from './lock.js';
import type { Run } from './run.js';

/** What a change puts in the place of an entry, and what else is written with it or not at all. */
export interface EntryChange<T> {
  readonly value: Uint8Array;
  readonly ttlMs?: number;
  /** @default nothing */
  readonly also?: readonly StoreChange[];
  readonly result: T;
}

const maxTries = 1_000;

/**
 * Replaces an entry by what `change` makes of it, also while other processes do the same; `undefined` leaves it as it is.
 * Nothing is written once the run is aborted.
 * @throws {PipewrightError} `store-locked` when others are faster a thousand times.
 */
export const changeEntry = async <T>(
  store: Store,
  key: string,
  change: (before: Uint8Array | undefined) => EntryChange<T> | undefined | Promise<EntryChange<T> | undefined>,
  run?: Run,
): Promise<T | undefined> => {
  for (let tries = 0; tries < maxTries; tries++) {
    run?.throwIfAborted();
    const before = await store.get(key);
    const next = await change(before);
    if (next === undefined) return undefined;
    run?.throwIfAborted();
    const { value, ttlMs, also = [], result } = next;
    if (await store.compareAndSet(key, before, value, { also, ...(ttlMs === undefined ? {} : { ttlMs }) }))
      return result;
    await yieldToEventLoop();
  }
  throw new PipewrightError('store-locked', `The entry \`${key}\` is changed all the time.`, {
    retryable: true,
    details: { where: key },
  });
};

/** One piece of work at a time for each key; different keys do not wait for each other. */
export type KeyedLock = <T>(key: string, work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** Spares writers of one process the race that `changeEntry` would have to run again and again. */
export const keyedLock = (): KeyedLock => {
  const held = new Map<string, { readonly lock: Lock; users: number }>();
  return async (key, work, signal) => {
    const entry = held.get(key) ?? { lock: createLock(), users: 0 };
    held.set(key, entry);
    entry.users++;
    try {
      return await entry.lock.run(work, signal);
    } finally {
      if (--entry.users === 0) held.delete(key);
    }
  };
};
