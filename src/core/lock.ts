import { raceAbort } from './clock.js';

/** Lets one piece of work at a time pass, in the order of asking. A failed one does not hold up the next. */
export interface Lock {
  /** Does `work` when its turn has come. A caller that gives up while it waits rejects at once, and its work is never done. */
  readonly run: <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;
  /** Resolves when all work asked for until now is done. */
  readonly idle: () => Promise<void>;
}

/**
 * Makes a lock for what must not happen twice at once: writes to one index, changes of one file.
 * @example await createLock().run(async () => 'done') // => 'done'
 */
export const createLock = (): Lock => {
  let tail: Promise<void> = Promise.resolve();
  return {
    run: async (work, signal) => {
      const before = tail;
      let finish = (): void => undefined;
      const mine = new Promise<void>((resolve) => {
        finish = resolve;
      });
      tail = before.then(() => mine);
      try {
        await (signal === undefined ? before : raceAbort(before, signal));
        return await work();
      } finally {
        finish();
      }
    },
    idle: () => tail,
  };
};
