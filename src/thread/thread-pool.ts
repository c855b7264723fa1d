import { onAbort, type Run } from '../core/index.js';
import { type HelperThread, type HelperThreadOptions, helperThread } from './helper-thread.js';

/** Threads for work that needs one for itself: what is lost in its work is ended with its thread, and nobody else's work with it. */
export interface ThreadPool {
  /** Does `work` as soon as a thread is free for it. An abort while it waits rejects at once, and the work is never done. */
  readonly use: <T>(work: (thread: HelperThread) => Promise<T>, run: Run) => Promise<T>;
}

/** Up to `most` threads, each started when it is first needed. */
export const threadPool = (options: HelperThreadOptions, most: number = Number.POSITIVE_INFINITY): ThreadPool => {
  const idle: HelperThread[] = [];
  const waiting = new Set<(thread: HelperThread) => void>();
  let made = 0;

  const nextFree = (run: Run): Promise<HelperThread> => {
    let forget: (() => void) | undefined;
    const turn = new Promise<HelperThread>((resolve, reject) => {
      waiting.add(resolve);
      forget = onAbort(run.signal, () => {
        waiting.delete(resolve);
        reject(run.signal.reason);
      });
    });
    return turn.finally(() => forget?.());
  };
  const take = (run: Run): HelperThread | Promise<HelperThread> => {
    // The one used last, which is the least likely to have ended.
    const free = idle.pop();
    if (free !== undefined) return free;
    if (made >= most) return nextFree(run);
    made++;
    return helperThread(options);
  };
  const giveBack = (thread: HelperThread): void => {
    const [next] = waiting;
    if (next === undefined) {
      // One that was ended starts anew with its next question.
      idle.push(thread);
      return;
    }
    waiting.delete(next);
    next(thread);
  };
  return {
    use: async (work, run) => {
      run.throwIfAborted();
      const thread = await take(run);
      try {
        // An abort may come between the thread being given and this.
        run.throwIfAborted();
        return await work(thread);
      } finally {
        giveBack(thread);
      }
    },
  };
};
