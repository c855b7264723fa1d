import { raceAbort, type Run } from '../core/index.js';

/** Lets one write at a time through, in the order of the calls. */
export type WriteLock = <T>(work: () => Promise<T>, run: Run) => Promise<T>;

/** Makes a lock. A caller that gives up while it waits rejects at once, and its work never starts. */
export const writeLock = (): WriteLock => {
  let last: Promise<unknown> = Promise.resolve();
  return async (work, run) => {
    const before = last;
    let open: () => void = () => undefined;
    last = new Promise<void>((resolve) => {
      open = resolve;
    });
    try {
      await raceAbort(before, run.signal);
    } catch (reason) {
      void before.then(open);
      throw reason;
    }
    try {
      return await work();
    } finally {
      open();
    }
  };
};
