import { PipewrightError, raceAbort, type Run } from '../core/index.js';

/** How long a store may take before the call goes on, or is refused, without it. */
const storePatienceMs = 1_000;

/** Waits for a store, but not for ever: rejects with `timeout` when it hangs, and with the run's reason on abort. */
export const withPatience = <T>(run: Run, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const stop = run.clock.after(storePatienceMs, () =>
      reject(
        new PipewrightError('timeout', `the store did not answer within ${storePatienceMs} ms`, { retryable: true }),
      ),
    );
    raceAbort(work, run).then(resolve, reject).finally(stop);
  });
