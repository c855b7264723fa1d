import type { Clock } from '../core/index.js';
import { type BoundedLog, boundedLog } from './bounded-log.js';
import type {
  DeadEnvelope,
  Envelope,
  Notice,
  PageRequest,
  Parcel,
  Route,
  Seat,
  SendOutcome,
  Settlement,
  Taken,
} from './broker.js';
import { Mailbox } from './mailbox.js';
import { type RecentIds, recentIds } from './recent-ids.js';
import type { BusLimits, BusMetrics, DeadLetter, MemberInfo, Page } from './types.js';

type Counts = { -readonly [Name in keyof BusMetrics]: number };

const noCounts = (): Counts => ({
  sent: 0,
  delivered: 0,
  redelivered: 0,
  acknowledged: 0,
  duplicates: 0,
  refused: 0,
  expired: 0,
  failed: 0,
  dropped: 0,
  undeliverable: 0,
  depth: 0,
});

/** Which sum a dead letter counts in. */
const countOf = (reason: DeadLetter['reason']): 'expired' | 'failed' | 'dropped' | 'undeliverable' =>
  reason === 'invalid' || reason === 'member-left' ? 'undeliverable' : reason;

interface ThreadLogs {
  readonly get: (threadId: string) => BoundedLog<Envelope> | undefined;
  readonly record: (envelope: Envelope) => void;
}

/** Conversations, of which the least used goes when there are too many. */
const threadLogs = ({ maxThreads, maxThreadMessages }: Required<BusLimits>): ThreadLogs => {
  const logs = new Map<string, BoundedLog<Envelope>>();
  return {
    get: (threadId: string) => logs.get(threadId),
    record: (envelope: Envelope): void => {
      const { threadId } = envelope;
      if (threadId === undefined) return;
      const log = logs.get(threadId) ?? boundedLog<Envelope>(maxThreadMessages);
      logs.delete(threadId);
      logs.set(threadId, log);
      log.push(envelope);
      const [oldest] = logs.size > maxThreads ? logs.keys() : [];
      if (oldest !== undefined) logs.delete(oldest);
    },
  };
};

const settingsOf = (box: Mailbox): Seat | undefined => [...box.seats.values()].at(-1);

/** The mailboxes of a bus in this process, and what is kept beside them. Everything happens at once, so nothing needs a lock. */
export class MemoryHall {
  tell: (notice: Notice) => void = () => undefined;
  readonly #clock: Clock;
  readonly #boxes = new Map<string, Mailbox>();
  readonly #subscribers = new Map<string, Set<string>>();
  readonly #leases = new Map<string, () => void>();
  readonly #counts = noCounts();
  readonly #dead: BoundedLog<DeadEnvelope>;
  readonly #threads: ThreadLogs;
  readonly #seen: RecentIds;

  constructor(clock: Clock, limits: Required<BusLimits>) {
    this.#clock = clock;
    this.#dead = boundedLog(limits.maxDeadLetters);
    this.#threads = threadLogs(limits);
    this.#seen = recentIds(limits.dedupeMs, limits.maxDedupeIds);
  }

  #bury(member: string, envelope: Envelope, reason: DeadLetter['reason'], error?: string): void {
    this.#counts[countOf(reason)]++;
    this.#dead.push({ envelope, member, reason, atMs: this.#clock.now(), ...(error !== undefined && { error }) });
  }
  #stamp({ ttlMs = Infinity, ...rest }: Parcel): Envelope {
    const sentMs = this.#clock.now();
    return { ...rest, sentMs, ...(ttlMs < Infinity && { expiresMs: sentMs + ttlMs }) };
  }

  /** Does something that may free places, and tells senders that wait. */
  #freeing(name: string, box: Mailbox, work: () => void): void {
    const { capacity = 0 } = settingsOf(box) ?? {};
    const wasFull = box.depth >= capacity;
    work();
    if (wasFull && box.depth < capacity) this.tell({ type: 'room', name });
  }
  #expireAll(): void {
    for (const [name, box] of this.#boxes) this.#freeing(name, box, () => box.expire(this.#clock.now()));
  }

  /** Takes or refuses; undefined for a message that the mailbox had before. */
  #deliver(name: string, box: Mailbox, envelope: Envelope): 'put' | 'dropped' | 'full' | 'refused' | undefined {
    const key = `${envelope.id}\n${name}`;
    if (this.#seen.has(key, this.#clock.now())) {
      this.#counts.duplicates++;
      return undefined;
    }
    const { capacity = 0, onFull = 'wait' } = settingsOf(box) ?? {};
    if (box.depth >= capacity) box.expire(this.#clock.now());
    if (box.depth >= capacity) {
      if (onFull === 'refuse') this.#counts.refused++;
      if (onFull !== 'drop-oldest') return onFull === 'wait' ? 'full' : 'refused';
      const victim = box.makeRoom(envelope.priority);
      this.#bury(name, victim ?? envelope, 'dropped');
      if (victim === undefined) return 'dropped';
    }
    this.#seen.add(key, this.#clock.now());
    box.put(envelope);
    this.#counts.sent++;
    this.tell({ type: 'mail', name });
    return 'put';
  }

  #receiversOf(route: Route, from: string): readonly string[] {
    if (route.type === 'member') return this.#boxes.has(route.name) ? [route.name] : [];
    const names = route.type === 'all' ? [...this.#boxes.keys()] : [...(this.#subscribers.get(route.topic) ?? [])];
    return names.filter((name) => name !== from);
  }
  send(parcel: Parcel, route: Route): SendOutcome {
    const envelope = this.#stamp(parcel);
    const names = this.#receiversOf(route, parcel.from);
    const done = names.map((name) => this.#deliver(name, this.#boxes.get(name) as Mailbox, envelope));
    if (route.type === 'member' ? done[0] === 'put' && parcel.to !== undefined : true) this.#threads.record(envelope);
    return {
      receivers: done.filter((what) => what === 'put').length,
      isKnown: route.type !== 'member' || names.length > 0,
      full: names.filter((_, index) => done[index] === 'full'),
      refused: names.filter((_, index) => done[index] === 'refused'),
    };
  }

  #respond(parcel: Parcel | undefined): void {
    if (parcel === undefined) return;
    const envelope = this.#stamp(parcel);
    this.#threads.record(envelope);
    this.tell({ type: 'response', envelope });
  }

  remove(seat: Seat, reason: 'left' | 'died'): void {
    const { name, instance } = seat;
    const box = this.#boxes.get(name);
    if (box?.seats.delete(instance) !== true) return;
    this.#leases.get(instance)?.();
    this.#leases.delete(instance);
    box.giveUp(instance);
    if (box.seats.size > 0) {
      this.tell({ type: 'mail', name });
      return;
    }
    this.#boxes.delete(name);
    for (const names of this.#subscribers.values()) names.delete(name);
    for (const [topic, names] of this.#subscribers) if (names.size === 0) this.#subscribers.delete(topic);
    for (const envelope of box.empty()) this.#bury(name, envelope, 'member-left');
    this.tell({ type: 'member-left', name, reason });
    // Those who wait for room find that nobody is there.
    this.tell({ type: 'room', name });
  }

  /** What lives in this process gives no signs of life, unless it is to prove that it goes on. */
  #extend(seat: Seat): void {
    if (seat.isAuto || this.#boxes.get(seat.name)?.seats.has(seat.instance) !== true) return;
    this.#leases.get(seat.instance)?.();
    this.#leases.set(
      seat.instance,
      this.#clock.after(seat.leaseMs, () => this.remove(seat, 'died')),
    );
  }

  join(seat: Seat): void {
    const { name, instance, topics } = seat;
    const known = this.#boxes.get(name);
    const box = known ?? new Mailbox((envelope) => this.#bury(name, envelope, 'expired'));
    this.#boxes.set(name, box);
    box.seats.set(instance, seat);
    for (const topic of topics) this.#subscribers.set(topic, (this.#subscribers.get(topic) ?? new Set()).add(name));
    this.#extend(seat);
    if (known === undefined) this.tell({ type: 'member-joined', name });
  }

  settle(seat: Seat, receipt: string, settlement: Settlement): void {
    const box = this.#boxes.get(seat.name);
    const entry = box?.settle(receipt);
    this.#extend(seat);
    if (box === undefined || entry === undefined) return;
    if (settlement.type === 'again') {
      if (!settlement.isCounted) entry.attempts--;
      box.putBack(entry);
      this.tell({ type: 'mail', name: seat.name });
      return;
    }
    if (settlement.type === 'done') this.#counts.acknowledged++;
    else this.#bury(seat.name, entry.envelope, settlement.reason, settlement.error);
    this.#respond(settlement.response);
    const { capacity = 0 } = settingsOf(box) ?? {};
    if (box.depth === capacity - 1) this.tell({ type: 'room', name: seat.name });
  }

  /** A sign of life. One that was taken for dead is there again. */
  heartbeat(seat: Seat): void {
    if (this.#boxes.get(seat.name)?.seats.has(seat.instance) === true) this.#extend(seat);
    else this.join(seat);
  }

  take({ name, instance }: Seat, max: number): readonly Taken[] {
    const box = this.#boxes.get(name);
    if (box?.seats.has(instance) !== true) return [];
    const taken: Taken[] = [];
    this.#freeing(name, box, () => {
      while (taken.length < max) {
        const next = box.take(instance, this.#clock.now());
        if (next === undefined) return;
        this.#counts.delivered++;
        if (next.attempt > 1) this.#counts.redelivered++;
        taken.push(next);
      }
    });
    return taken;
  }

  withdraw(id: string, to: string): void {
    const box = this.#boxes.get(to);
    this.#seen.forget(`${id}\n${to}`);
    if (box === undefined) return;
    this.#freeing(to, box, () => {
      if (box.withdraw(id) === 'held') this.tell({ type: 'withdrawn', id });
    });
  }

  members(): readonly MemberInfo[] {
    const infos = [...this.#boxes].map(([name, box]) => {
      const { topics = [] } = settingsOf(box) ?? {};
      return { name, instances: box.seats.size, topics, depth: box.depth };
    });
    return infos.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  history(threadId: string, page: PageRequest): Page<Envelope> {
    return (this.#threads.get(threadId) ?? boundedLog<Envelope>(1)).page(page);
  }

  deadLetters(page: PageRequest): Page<DeadEnvelope> {
    this.#expireAll();
    return this.#dead.page(page);
  }

  metrics(): BusMetrics {
    this.#expireAll();
    return { ...this.#counts, depth: [...this.#boxes.values()].reduce((sum, { depth }) => sum + depth, 0) };
  }
}
