import { PipewrightError, type Run, raceAbort } from '../core/index.js';
import type { Broker, Parcel, Route, SendOutcome } from './broker.js';

/** Sends, and waits for room where a mailbox asks for that. */
export interface Outbox {
  /** Resolves to the number of mailboxes that took the parcel. */
  readonly send: (parcel: Parcel, route: Route, timeoutMs: number, run: Run) => Promise<number>;
  /** A mailbox may have room again. */
  readonly onRoom: (name: string) => void;
}

/** A parcel that waits for a mailbox. */
interface Waiting {
  readonly parcel: Parcel;
  readonly settle: (taken: number | Error) => void;
}

/** Those who wait for one mailbox, in the order of sending. */
interface Line {
  readonly waiting: Set<Waiting>;
  isMoving: boolean;
  isAgain: boolean;
}

/** Most sends of a process that wait for one mailbox. */
const maxWaiting = 1_000;

const fullError = (names: readonly string[], why: string): PipewrightError =>
  new PipewrightError('queue-full', `The mailbox of ${names.map((name) => `\`${name}\``).join(', ')} is full: ${why}`, {
    retryable: true,
  });

const unknownMember = (name: string): PipewrightError =>
  new PipewrightError('not-found', `No member \`${name}\` is on the bus: it has not joined, or it has left.`, {
    details: { where: name },
  });

const checkOutcome = ({ isKnown, refused }: SendOutcome, route: Route): void => {
  if (!isKnown && route.type === 'member') throw unknownMember(route.name);
  if (refused.length > 0) throw fullError(refused, 'it refuses more. Send less, or later.');
};

/** Sends to one mailbox; undefined where that is still full. */
const tryOne = async (broker: Broker, name: string, parcel: Parcel): Promise<number | Error | undefined> => {
  try {
    const route: Route = { type: 'member', name };
    const outcome = await broker.send(parcel, route);
    // A subscriber that left misses nothing; only who was addressed has to be there.
    if (parcel.to === undefined && !outcome.isKnown) return 0;
    checkOutcome(outcome, route);
    return outcome.full.length > 0 ? undefined : outcome.receivers;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};

/** Tries the first of the line, and goes on as long as they are taken. */
const move = async (broker: Broker, name: string, line: Line): Promise<void> => {
  line.isAgain = true;
  if (line.isMoving) return;
  line.isMoving = true;
  while (line.isAgain) {
    line.isAgain = false;
    for (const waiting of line.waiting) {
      const result = await tryOne(broker, name, waiting.parcel);
      if (result === undefined) break;
      line.waiting.delete(waiting);
      waiting.settle(result);
    }
  }
  line.isMoving = false;
};

/** Puts a parcel at the end of a line; `taken` settles with what becomes of it. */
const queueUp = (line: Line, parcel: Parcel): { readonly waiting: Waiting; readonly taken: Promise<number> } => {
  let settle: Waiting['settle'] = () => undefined;
  const taken = new Promise<number>((resolve, reject) => {
    settle = (result) => (typeof result === 'number' ? resolve(result) : reject(result));
  });
  const waiting: Waiting = { parcel, settle };
  line.waiting.add(waiting);
  return { waiting, taken };
};

export const createOutbox = (broker: Broker): Outbox => {
  const lines = new Map<string, Line>();
  const moveLine = async (name: string, line: Line): Promise<void> => {
    await move(broker, name, line);
    if (line.waiting.size === 0 && !line.isMoving && lines.get(name) === line) lines.delete(name);
  };
  const wait = async (name: string, parcel: Parcel, timeoutMs: number, run: Run): Promise<number> => {
    const line = lines.get(name) ?? { waiting: new Set(), isMoving: false, isAgain: false };
    if (line.waiting.size >= maxWaiting)
      throw fullError([name], `${maxWaiting} sends wait for room already. Send less.`);
    lines.set(name, line);
    const { waiting, taken } = queueUp(line, parcel);
    const stopTimer = run.clock.after(timeoutMs, () =>
      waiting.settle(fullError([name], `there was no room in ${timeoutMs} ms.`)),
    );
    // Room may have come since the first try.
    void moveLine(name, line);
    try {
      return await raceAbort(taken, run);
    } finally {
      stopTimer();
      line.waiting.delete(waiting);
      if (line.waiting.size === 0 && !line.isMoving) lines.delete(name);
    }
  };

  return {
    send: async (parcel, route, timeoutMs, run) => {
      run.throwIfAborted();
      // Nobody overtakes those who wait already.
      if (route.type === 'member' && lines.has(route.name)) return wait(route.name, parcel, timeoutMs, run);
      const outcome = await raceAbort(broker.send(parcel, route), run);
      const later = outcome.full.map((name) => wait(name, parcel, timeoutMs, run));
      const settled = await Promise.allSettled(later);
      checkOutcome(outcome, route);
      let { receivers } = outcome;
      for (const result of settled) {
        if (result.status === 'rejected') throw result.reason;
        receivers += result.value;
      }
      return receivers;
    },
    onRoom: (name) => {
      const line = lines.get(name);
      if (line !== undefined) void moveLine(name, line);
    },
  };
};
