import { PipewrightError, randomId, type Run, type Store, type StoreChange } from '../core/index.js';

/** The right to work on something alone, for as long as it is renewed. */
export interface Lease {
  /** Renews it, and makes the changes with it: never after somebody else has taken it. Throws `store-locked` when it is lost. */
  readonly write: (changes: readonly StoreChange[]) => Promise<void>;
  /** Gives it back, with last changes. Throws `store-locked` when it is lost; then nothing is changed. */
  readonly release: (changes: readonly StoreChange[]) => Promise<void>;
}

export interface LeaseOptions {
  /** What errors call the thing. */
  readonly what: string;
  /** After this time without a sign of life others may take it. */
  readonly leaseMs: number;
  /** Is told, at most once, that it was lost while nothing was written. */
  readonly onLost: (error: PipewrightError) => void;
}

/** Signs of life in the time of a lease: two may fail. */
const beats = 3;

const locked = (what: string, why: string, leaseMs: number): PipewrightError =>
  new PipewrightError('store-locked', `${what} ${why}`, { retryable: true, details: { retryAfterMs: leaseMs } });

/**
 * Takes the lease under a key of the store, and renews it until it is released. It is lost when the process dies, or sleeps for
 * longer than `leaseMs`.
 * @throws {PipewrightError} `store-locked` when somebody else has it.
 */
export const takeLease = async (store: Store, key: string, options: LeaseOptions, run: Run): Promise<Lease> => {
  const { what, leaseMs, onLost } = options;
  const mine = new TextEncoder().encode(randomId(run.random));
  if (!(await store.compareAndSet(key, undefined, mine, { ttlMs: leaseMs }))) {
    throw locked(
      what,
      `is worked on elsewhere. Try again when that is over, at the latest ${leaseMs} ms after it died.`,
      leaseMs,
    );
  }
  const lost = (): PipewrightError =>
    locked(what, 'was taken over by another process, because this one gave no sign of life.', leaseMs);
  const renew = (also: readonly StoreChange[]): Promise<boolean> =>
    store.compareAndSet(key, mine, mine, { ttlMs: leaseMs, also });
  let isHeld = true;
  let stopTimer = (): void => undefined;
  const beat = async (): Promise<void> => {
    try {
      if ((await renew([])) || !isHeld) return;
      isHeld = false;
      onLost(lost());
    } catch {
      // A store that fails now may answer the next beat; a write that matters tells.
    }
  };
  const schedule = (): void => {
    stopTimer = run.clock.after(leaseMs / beats, () => {
      void beat().then(() => {
        if (isHeld) schedule();
      });
    });
  };
  schedule();
  return {
    write: async (changes) => {
      if (!(await renew(changes))) throw lost();
    },
    release: async (changes) => {
      isHeld = false;
      stopTimer();
      if (!(await renew([{ type: 'delete', key }, ...changes]))) throw lost();
    },
  };
};
