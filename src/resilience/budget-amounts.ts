import { PipewrightError, type Run, type Store } from '../core/index.js';
import { hashOf } from './cache-key.js';
import { withPatience } from './store-patience.js';

export interface PoolAmount {
  readonly costUsd: number;
  readonly tokens: number;
  readonly calls: number;
}

export const noAmount: PoolAmount = { costUsd: 0, tokens: 0, calls: 0 };

/** The amounts of a pool, one for each key and window of time. */
export interface PoolAmounts {
  readonly read: (key: string, window: number) => Promise<PoolAmount>;
  /** Replaces an amount in one step; when `next` throws nothing has changed. The run bounds how long a store may take. */
  readonly change: (key: string, window: number, next: (now: PoolAmount) => PoolAmount, run: Run) => Promise<void>;
}

/** How many keys a pool in memory counts for at once; to forget one would be to forget what it has spent. */
const maxKeys = 100_000;

/** Amounts in the memory of this process; those of a window that is over are forgotten. */
export const memoryAmounts = (): PoolAmounts => {
  let current = { window: Number.NEGATIVE_INFINITY, amounts: new Map<string, PoolAmount>() };
  const amountsIn = (window: number): Map<string, PoolAmount> | undefined => {
    if (window > current.window) current = { window, amounts: new Map() };
    return window === current.window ? current.amounts : undefined;
  };
  return {
    read: async (key, window) => amountsIn(window)?.get(key) ?? noAmount,
    change: async (key, window, next) => {
      const amounts = amountsIn(window);
      // A call that ends in a later window than it began has nothing to put back.
      if (amounts === undefined) return;
      if (!amounts.has(key) && amounts.size >= maxKeys) {
        throw new PipewrightError('queue-full', `it counts for ${maxKeys} keys already. Keep the pool in a store`);
      }
      amounts.set(key, next(amounts.get(key) ?? noAmount));
    },
  };
};

/** How often one change is tried when others come in between. */
const maxTries = 1_000;

/** Amounts in a store, which forgets them by itself some time after their window. */
export const storeAmounts = (store: Store, name: string, perMs: number): PoolAmounts => {
  const keyOf = (key: string, window: number): string => `budget1/${hashOf([name, key])}/${window}`;
  // Changes of one key wait for each other here, so that a process does not race against itself.
  const tails = new Map<string, Promise<void>>();
  const inTurn = (key: string, work: () => Promise<void>): Promise<void> => {
    const turn = (tails.get(key) ?? Promise.resolve()).then(work);
    const tail = turn
      .catch(() => undefined)
      .then(() => {
        if (tails.get(key) === tail) tails.delete(key);
      });
    tails.set(key, tail);
    return turn;
  };
  const swap = async (key: string, next: (now: PoolAmount) => PoolAmount): Promise<void> => {
    for (let tries = 0; tries < maxTries; tries++) {
      const bytes = await store.get(key);
      const value = Buffer.from(JSON.stringify(next(amountOf(bytes))));
      if (await store.compareAndSet(key, bytes, value, { ttlMs: 2 * perMs })) return;
    }
    throw new PipewrightError('store-locked', `others changed it ${maxTries} times in between`, { retryable: true });
  };
  return {
    read: async (key, window) => amountOf(await store.get(keyOf(key, window))),
    change: (key, window, next, run) => {
      const full = keyOf(key, window);
      return withPatience(
        run,
        inTurn(full, () => swap(full, next)),
      );
    },
  };
};

const amountOf = (bytes: Uint8Array | undefined): PoolAmount =>
  bytes === undefined ? noAmount : (JSON.parse(Buffer.from(bytes).toString()) as PoolAmount);
