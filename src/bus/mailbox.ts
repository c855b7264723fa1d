import { type Envelope, priorities, type Seat, type Taken } from './broker.js';
import { createLane, type Entry, type Lane } from './lane.js';

/** What an instance has taken and not settled. */
interface Held {
  readonly entry: Entry;
  readonly instance: string;
}

const isOver = ({ expiresMs = Infinity }: Envelope, nowMs: number): boolean => expiresMs <= nowMs;

/** The mail of one name in this process. */
export class Mailbox {
  /** Joined instances, by id. */
  readonly seats: Map<string, Seat> = new Map();
  readonly #onExpired: (envelope: Envelope) => void;
  readonly #lanes: readonly Lane[] = priorities.map(createLane);
  readonly #held = new Map<string, Held>();
  #lastSeq = 0;
  /** Nothing that waits is over before. */
  #nextExpiryMs = Infinity;

  constructor(onExpired: (envelope: Envelope) => void) {
    this.#onExpired = onExpired;
  }

  /** Messages that wait, and those taken. */
  get depth(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.size, 0) + this.#held.size;
  }

  put(envelope: Envelope): void {
    this.#laneOf(envelope).push({ seq: ++this.#lastSeq, envelope, attempts: 0, isGone: false });
    this.#noteExpiry(envelope);
  }

  /** The most urgent one; undefined when none waits. What is over goes on the way. */
  take(instance: string, nowMs: number): Taken | undefined {
    for (const lane of this.#lanes) {
      for (let entry = lane.shift(); entry !== undefined; entry = lane.shift()) {
        if (!isOver(entry.envelope, nowMs)) return this.#hand(entry, instance, nowMs);
        this.#onExpired(entry.envelope);
      }
    }
    return undefined;
  }

  /** The message behind a receipt, which no longer counts. */
  settle(receipt: string): Entry | undefined {
    const entry = this.#held.get(receipt)?.entry;
    this.#held.delete(receipt);
    return entry;
  }

  putBack(entry: Entry): void {
    this.#laneOf(entry.envelope).putBack(entry);
    this.#noteExpiry(entry.envelope);
  }

  /** Puts back what an instance holds. */
  giveUp(instance: string): void {
    const own = [...this.#held].filter(([, holding]) => holding.instance === instance);
    // The last one first: each then goes to the very front.
    for (const [receipt, { entry }] of own.sort(([, a], [, b]) => b.entry.seq - a.entry.seq)) {
      this.#held.delete(receipt);
      this.putBack(entry);
    }
  }

  /** Takes out what is over. */
  expire(nowMs: number): void {
    if (this.#nextExpiryMs > nowMs) return;
    this.#nextExpiryMs = Infinity;
    for (const entry of this.#waiting()) {
      if (isOver(entry.envelope, nowMs)) {
        this.#laneOf(entry.envelope).remove(entry);
        this.#onExpired(entry.envelope);
      } else this.#noteExpiry(entry.envelope);
    }
  }

  /** Takes out the oldest of the least urgent that wait, unless all are more urgent than `priority`. */
  makeRoom(priority: Envelope['priority']): Envelope | undefined {
    const last = this.#lanes.findLastIndex((lane) => lane.size > 0);
    return last < priorities.indexOf(priority) ? undefined : this.#lanes[last]?.shift()?.envelope;
  }

  /** Takes out one that waits, by its id; `held` when an instance has it. */
  withdraw(id: string): 'waiting' | 'held' | undefined {
    const entry = this.#waiting().find(({ envelope }) => envelope.id === id);
    if (entry !== undefined) {
      this.#laneOf(entry.envelope).remove(entry);
      return 'waiting';
    }
    return [...this.#held.values()].some((holding) => holding.entry.envelope.id === id) ? 'held' : undefined;
  }

  /** Everything, taken or not, in the order of coming. It is then empty. */
  empty(): readonly Envelope[] {
    const entries = [...this.#waiting(), ...[...this.#held.values()].map(({ entry }) => entry)];
    for (const entry of this.#waiting()) this.#laneOf(entry.envelope).remove(entry);
    this.#held.clear();
    return entries.sort((a, b) => a.seq - b.seq).map(({ envelope }) => envelope);
  }

  #laneOf({ priority }: Envelope): Lane {
    return this.#lanes[priorities.indexOf(priority)] as Lane;
  }

  #waiting(): readonly Entry[] {
    return this.#lanes.flatMap((lane) => lane.entries());
  }

  #noteExpiry({ expiresMs = Infinity }: Envelope): void {
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, expiresMs);
  }

  #hand(entry: Entry, instance: string, nowMs: number): Taken {
    entry.attempts++;
    const receipt = `${entry.seq}.${entry.attempts}.${instance}`;
    this.#held.set(receipt, { entry, instance });
    const { expiresMs = Infinity } = entry.envelope;
    return { receipt, envelope: entry.envelope, attempt: entry.attempts, remainingMs: expiresMs - nowMs };
  }
}
