import { raceAbort, type Run } from '../core/index.js';

/** Lets one write at a time through, in the order of the calls. */
export type WriteLock = <T>(work: () => Promise<T>, run: Run) => Promise<T>;

/** Makes a lock. A caller that gives up while it waits rejects at once, and its work never starts. */
export const writeLock = (): WriteLock => {
  let last: Promise<void> = Promise.resolve();
  return async (work, run) => {
    const before = last;
    let finish = (): void => undefined;
    const mine = new Promise<void>((resolve) => {
      finish = resolve;
    });
    last = before.then(() => mine);
    try {
      await raceAbort(before, run.signal);
      return await work();
    } finally {
      finish();
    }
  };
};
