import type { Run } from '../core/index.js';

/** Somebody in a queue. */
export interface Waiter<T> {
  readonly item: T;
  readonly run: Run;
  /** Takes it out of the queue and lets it go on. */
  readonly admit: () => void;
  /** Takes it out of the queue and lets it fail. */
  readonly refuse: (error: unknown) => void;
}

export interface JoinOptions {
  /** Those with a higher figure stand before those with a lower one; equals keep their order. @default 0 */
  readonly priority?: number;
  /** @default Infinity */
  readonly maxWaitMs?: number;
  /** What the waiter fails with after that. */
  readonly onTooLong: () => unknown;
}

/** A queue of calls, fair: first come, first served, within one priority. */
export interface CallQueue<T> {
  readonly length: number;
  readonly first: Waiter<T> | undefined;
  /** Waits until admitted. Rejects with the reason of the run at once when that is aborted. */
  readonly join: (item: T, run: Run, options: JoinOptions) => Promise<void>;
}

/** A link of the chain: coming and going anywhere takes no search. */
interface Link<T> extends Waiter<T> {
  readonly priority: number;
  before: Link<T> | undefined;
  behind: Link<T> | undefined;
}

interface Chain<T> {
  length: number;
  head: Link<T> | undefined;
  tail: Link<T> | undefined;
}

const insert = <T>(chain: Chain<T>, link: Link<T>): void => {
  let before = chain.tail;
  while (before !== undefined && before.priority < link.priority) before = before.before;
  link.before = before;
  link.behind = before === undefined ? chain.head : before.behind;
  if (link.behind === undefined) chain.tail = link;
  else link.behind.before = link;
  if (before === undefined) chain.head = link;
  else before.behind = link;
  chain.length += 1;
};

const remove = <T>(chain: Chain<T>, link: Link<T>): void => {
  if (link.before === undefined) chain.head = link.behind;
  else link.before.behind = link.behind;
  if (link.behind === undefined) chain.tail = link.before;
  else link.behind.before = link.before;
  chain.length -= 1;
};

/** Makes a queue. `onLeave` is called after a waiter has left it by itself, by abort or because it waited too long. */
export const callQueue = <T>(onLeave: () => void = () => undefined): CallQueue<T> => {
  const chain: Chain<T> = { length: 0, head: undefined, tail: undefined };

  const join = (item: T, run: Run, { priority = 0, maxWaitMs = Infinity, onTooLong }: JoinOptions): Promise<void> =>
    new Promise((resolve, reject) => {
      run.throwIfAborted();
      let isWaiting = true;
      const leave = (): boolean => {
        if (!isWaiting) return false;
        isWaiting = false;
        remove(chain, link);
        stopTimer?.();
        forget();
        return true;
      };
      const refuse = (error: unknown): void => {
        if (leave()) reject(error);
      };
      const admit = (): void => {
        if (leave()) resolve();
      };
      const link: Link<T> = { item, run, priority, admit, refuse, before: undefined, behind: undefined };
      insert(chain, link);
      const forget = run.onAbort(() => {
        refuse(run.signal.reason);
        onLeave();
      });
      const stopTimer =
        maxWaitMs === Infinity
          ? undefined
          : run.clock.after(maxWaitMs, () => {
              refuse(onTooLong());
              onLeave();
            });
    });

  return {
    get length() {
      return chain.length;
    },
    get first() {
      return chain.head;
    },
    join,
  };
};
