import { isPipewrightError, type Run, raceAbort } from '../core/index.js';
import type { Broker, Seat, Taken } from './broker.js';

/** Hands out the mail of one member to those who ask for it: one message for each, none ahead of need. */
export interface Inbox {
  /** The next message; undefined when the member has left. */
  readonly next: (run: Run) => Promise<Taken | undefined>;
  /** There may be mail. */
  readonly onMail: () => void;
  /** Everybody who waits gets undefined, at once and from now on. */
  readonly end: () => void;
}

interface Reader {
  readonly give: (taken: Taken | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/** Somebody more who waits. */
const enter = (readers: Set<Reader>): { readonly given: Promise<Taken | undefined>; readonly leave: () => void } => {
  let leave = (): void => undefined;
  const given = new Promise<Taken | undefined>((give, fail) => {
    const reader: Reader = { give, fail };
    readers.add(reader);
    leave = () => void readers.delete(reader);
  });
  return { given, leave };
};

/** Who asked for it has gone meanwhile. Where the server cannot be told, it finds out by the lease. */
const giveBack = (broker: Broker, seat: Seat, taken: Taken): void => {
  broker.settle(seat, taken, { type: 'again', isCounted: false }).catch(() => undefined);
};

export const createInbox = (broker: Broker, seat: Seat): Inbox => {
  const readers = new Set<Reader>();
  let isEnded = false;
  let isTaking = false;
  let isAgain = false;

  const giveOut = (taken: readonly Taken[]): void => {
    for (const one of taken) {
      const [reader] = readers;
      if (reader !== undefined) {
        readers.delete(reader);
        reader.give(one);
      } else giveBack(broker, seat, one);
    }
  };
  const take = async (): Promise<void> => {
    isAgain = true;
    if (isTaking) return;
    isTaking = true;
    try {
      while (isAgain && readers.size > 0) {
        isAgain = false;
        const asked = readers.size;
        const taken = await broker.take(seat, asked);
        giveOut(taken);
        if (taken.length === asked) isAgain = true;
      }
    } catch (error) {
      // A server that is lost comes back, and then tells that there may be mail.
      if (!isPipewrightError(error) || !error.retryable) for (const { fail } of readers) fail(error);
    } finally {
      isTaking = false;
    }
  };

  return {
    next: async (run) => {
      run.throwIfAborted();
      if (isEnded) return undefined;
      const { given, leave } = enter(readers);
      void take();
      try {
        return await raceAbort(given, run);
      } catch (error) {
        // One that was given in the same turn must not be lost.
        void given.then((taken) => taken !== undefined && giveOut([taken])).catch(() => undefined);
        throw error;
      } finally {
        leave();
      }
    },
    onMail: () => void take(),
    end: () => {
      isEnded = true;
      for (const { give } of readers) give(undefined);
      readers.clear();
    },
  };
};
