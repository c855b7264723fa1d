import { type Envelope, priorities, type Seat, type Taken } from './broker.js';
import { createLane, type Entry, type Lane } from './lane.js';

/** What an instance has taken and not settled. */
interface Held {
  readonly entry: Entry;
  readonly instance: string;
}

/** The mail of one name in this process. */
export interface Mailbox {
  /** Messages that wait, and those taken. */
  readonly depth: number;
  /** Joined instances, by id. */
  readonly seats: Map<string, Seat>;
  readonly put: (envelope: Envelope) => void;
  /** The most urgent one; `undefined` when none waits. What is over goes through `onExpired`. */
  readonly take: (instance: string, nowMs: number) => Taken | undefined;
  /** The message behind a receipt, which no longer counts. */
  readonly settle: (receipt: string) => Entry | undefined;
  readonly putBack: (entry: Entry) => void;
  /** Puts back what an instance holds. */
  readonly giveUp: (instance: string) => void;
  /** Takes out what is over. */
  readonly expire: (nowMs: number) => void;
  /** Takes out the oldest of the least urgent that wait, unless all are more urgent than `priority`. */
  readonly makeRoom: (priority: Envelope['priority']) => Envelope | undefined;
  /** Takes out one by its id; tells whether it was there, `held` when an instance has it. */
  readonly withdraw: (id: string) => 'waiting' | 'held' | undefined;
  /** Everything, taken or not, in the order of coming. */
  readonly empty: () => readonly Envelope[];
}

const laneOf = (lanes: readonly Lane[], { priority }: Pick<Envelope, 'priority'>): Lane =>
  lanes[priorities.indexOf(priority)] as Lane;

const isOver = ({ expiresMs = Infinity }: Envelope, nowMs: number): boolean => expiresMs <= nowMs;

export const createMailbox = (onExpired: (envelope: Envelope) => void): Mailbox => {
  const lanes = priorities.map(createLane);
  const held = new Map<string, Held>();
  const seats = new Map<string, Seat>();
  let lastSeq = 0;
  /** Nothing that waits is over before. */
  let nextExpiryMs = Infinity;

  const size = (): number => lanes.reduce((sum, lane) => sum + lane.size, 0);
  const waiting = (): readonly Entry[] => lanes.flatMap((lane) => lane.entries());
  const noteExpiry = ({ expiresMs = Infinity }: Envelope): void => {
    nextExpiryMs = Math.min(nextExpiryMs, expiresMs);
  };
  const putBack = (entry: Entry): void => {
    laneOf(lanes, entry.envelope).putBack(entry);
    noteExpiry(entry.envelope);
  };
  const hand = (entry: Entry, instance: string, nowMs: number): Taken => {
    entry.attempts++;
    const receipt = `${entry.seq}.${entry.attempts}.${instance}`;
    held.set(receipt, { entry, instance });
    const { expiresMs = Infinity } = entry.envelope;
    return { receipt, envelope: entry.envelope, attempt: entry.attempts, remainingMs: expiresMs - nowMs };
  };
  const expire = (nowMs: number): void => {
    if (nextExpiryMs > nowMs) return;
    nextExpiryMs = Infinity;
    for (const entry of waiting()) {
      if (isOver(entry.envelope, nowMs)) {
        laneOf(lanes, entry.envelope).remove(entry);
        onExpired(entry.envelope);
      } else noteExpiry(entry.envelope);
    }
  };

  return {
    get depth() {
      return size() + held.size;
    },
    seats,
    put: (envelope) => {
      laneOf(lanes, envelope).push({ seq: ++lastSeq, envelope, attempts: 0, isGone: false });
      noteExpiry(envelope);
    },
    take: (instance, nowMs) => {
      for (const lane of lanes) {
        for (let entry = lane.shift(); entry !== undefined; entry = lane.shift()) {
          if (!isOver(entry.envelope, nowMs)) return hand(entry, instance, nowMs);
          onExpired(entry.envelope);
        }
      }
      return undefined;
    },
    settle: (receipt) => {
      const entry = held.get(receipt)?.entry;
      held.delete(receipt);
      return entry;
    },
    putBack,
    giveUp: (instance) => {
      const own = [...held].filter(([, holding]) => holding.instance === instance);
      // The last one first: each then goes to the very front.
      for (const [receipt, { entry }] of own.sort(([, a], [, b]) => b.entry.seq - a.entry.seq)) {
        held.delete(receipt);
        putBack(entry);
      }
    },
    expire,
    makeRoom: (priority) => {
      const last = lanes.findLastIndex((lane) => lane.size > 0);
      return last < priorities.indexOf(priority) ? undefined : lanes[last]?.shift()?.envelope;
    },
    withdraw: (id) => {
      const entry = waiting().find(({ envelope }) => envelope.id === id);
      if (entry !== undefined) {
        laneOf(lanes, entry.envelope).remove(entry);
        return 'waiting';
      }
      return [...held.values()].some((holding) => holding.entry.envelope.id === id) ? 'held' : undefined;
    },
    empty: () => {
      const entries = [...waiting(), ...[...held.values()].map(({ entry }) => entry)];
      held.clear();
      return entries.sort((a, b) => a.seq - b.seq).map(({ envelope }) => envelope);
    },
  };
};
