import type { Clock } from '../core/index.js';
import { type BoundedLog, boundedLog } from './bounded-log.js';
import type {
  Broker,
  DeadEnvelope,
  Envelope,
  Notice,
  Parcel,
  Route,
  Seat,
  SendOutcome,
  Settlement,
  Taken,
} from './broker.js';
import { createMailbox, type Mailbox } from './mailbox.js';
import { recentIds } from './recent-ids.js';
import type { BusLimits, BusMetrics, DeadLetter } from './types.js';

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
export const countOf = (reason: DeadLetter['reason']): 'expired' | 'failed' | 'dropped' | 'undeliverable' =>
  reason === 'invalid' || reason === 'member-left' ? 'undeliverable' : reason;

/** Conversations, of which the least used goes when there are too many. */
const threadLogs = ({ maxThreads, maxThreadMessages }: Required<BusLimits>) => {
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

/** Keeps mailboxes in this process. Every operation happens at once, so nothing needs a lock. */
export const memoryBroker = (clock: Clock, limits: Required<BusLimits>): Broker => {
  const boxes = new Map<string, Mailbox>();
  const subscribers = new Map<string, Set<string>>();
  const leases = new Map<string, () => void>();
  const counts = noCounts();
  const dead = boundedLog<DeadEnvelope>(limits.maxDeadLetters);
  const threads = threadLogs(limits);
  const seen = recentIds(limits.dedupeMs, limits.maxDedupeIds);
  let tell: (notice: Notice) => void = () => undefined;

  const bury = (member: string, envelope: Envelope, reason: DeadLetter['reason'], error?: string): void => {
    counts[countOf(reason)]++;
    dead.push({ envelope, member, reason, atMs: clock.now(), ...(error !== undefined && { error }) });
  };
  const stamp = ({ ttlMs = Infinity, ...rest }: Parcel): Envelope => {
    const sentMs = clock.now();
    return { ...rest, sentMs, ...(ttlMs < Infinity && { expiresMs: sentMs + ttlMs }) };
  };
  const settingsOf = (box: Mailbox): Seat | undefined => [...box.seats.values()].at(-1);

  /** Does something that may free places, and tells senders that wait. */
  const freeing = (name: string, box: Mailbox, work: () => void): void => {
    const { capacity = 0 } = settingsOf(box) ?? {};
    const wasFull = box.depth >= capacity;
    work();
    if (wasFull && box.depth < capacity) tell({ type: 'room', name });
  };
  const expireAll = (): void => {
    for (const [name, box] of boxes) freeing(name, box, () => box.expire(clock.now()));
  };

  /** Takes or refuses; undefined for a message that the mailbox had before. */
  const deliver = (
    name: string,
    box: Mailbox,
    envelope: Envelope,
  ): 'put' | 'dropped' | 'full' | 'refused' | undefined => {
    const key = `${envelope.id}\n${name}`;
    if (seen.has(key, clock.now())) {
      counts.duplicates++;
      return undefined;
    }
    const { capacity = 0, onFull = 'wait' } = settingsOf(box) ?? {};
    if (box.depth >= capacity) box.expire(clock.now());
    if (box.depth >= capacity) {
      if (onFull === 'refuse') counts.refused++;
      if (onFull !== 'drop-oldest') return onFull === 'wait' ? 'full' : 'refused';
      const victim = box.makeRoom(envelope.priority);
      bury(name, victim ?? envelope, 'dropped');
      if (victim === undefined) return 'dropped';
    }
    seen.add(key, clock.now());
    box.put(envelope);
    counts.sent++;
    tell({ type: 'mail', name });
    return 'put';
  };

  const receiversOf = (route: Route, from: string): readonly string[] => {
    if (route.type === 'member') return boxes.has(route.name) ? [route.name] : [];
    const names = route.type === 'all' ? [...boxes.keys()] : [...(subscribers.get(route.topic) ?? [])];
    return names.filter((name) => name !== from);
  };
  const send = (parcel: Parcel, route: Route): SendOutcome => {
    const envelope = stamp(parcel);
    const names = receiversOf(route, parcel.from);
    const done = names.map((name) => deliver(name, boxes.get(name) as Mailbox, envelope));
    if (route.type === 'member' ? done[0] === 'put' && parcel.to !== undefined : true) threads.record(envelope);
    return {
      receivers: done.filter((what) => what === 'put').length,
      isKnown: route.type !== 'member' || names.length > 0,
      full: names.filter((_, index) => done[index] === 'full'),
      refused: names.filter((_, index) => done[index] === 'refused'),
    };
  };

  const respond = (parcel: Parcel | undefined): void => {
    if (parcel === undefined) return;
    const envelope = stamp(parcel);
    threads.record(envelope);
    tell({ type: 'response', envelope });
  };

  const remove = (seat: Seat, reason: 'left' | 'died'): void => {
    const { name, instance } = seat;
    const box = boxes.get(name);
    if (box?.seats.delete(instance) !== true) return;
    leases.get(instance)?.();
    leases.delete(instance);
    box.giveUp(instance);
    if (box.seats.size > 0) {
      tell({ type: 'mail', name });
      return;
    }
    boxes.delete(name);
    for (const names of subscribers.values()) names.delete(name);
    for (const [topic, names] of subscribers) if (names.size === 0) subscribers.delete(topic);
    for (const envelope of box.empty()) bury(name, envelope, 'member-left');
    tell({ type: 'member-left', name, reason });
    // Those who wait for room find that nobody is there.
    tell({ type: 'room', name });
  };

  /** What lives in this process gives no signs of life, unless it is to prove that it goes on. */
  const extend = (seat: Seat): void => {
    if (seat.isAuto || boxes.get(seat.name)?.seats.has(seat.instance) !== true) return;
    leases.get(seat.instance)?.();
    leases.set(
      seat.instance,
      clock.after(seat.leaseMs, () => remove(seat, 'died')),
    );
  };

  const join = (seat: Seat): void => {
    const { name, instance, topics } = seat;
    const known = boxes.get(name);
    const box = known ?? createMailbox((envelope) => bury(name, envelope, 'expired'));
    boxes.set(name, box);
    box.seats.set(instance, seat);
    for (const topic of topics) subscribers.set(topic, (subscribers.get(topic) ?? new Set()).add(name));
    extend(seat);
    if (known === undefined) tell({ type: 'member-joined', name });
  };

  const settle = (seat: Seat, receipt: string, settlement: Settlement): void => {
    const box = boxes.get(seat.name);
    const entry = box?.settle(receipt);
    extend(seat);
    if (box === undefined || entry === undefined) return;
    if (settlement.type === 'again') {
      if (!settlement.isCounted) entry.attempts--;
      box.putBack(entry);
      tell({ type: 'mail', name: seat.name });
      return;
    }
    if (settlement.type === 'done') counts.acknowledged++;
    else bury(seat.name, entry.envelope, settlement.reason, settlement.error);
    respond(settlement.response);
    const { capacity = 0 } = settingsOf(box) ?? {};
    if (box.depth === capacity - 1) tell({ type: 'room', name: seat.name });
  };

  return {
    where: 'memory',
    isShared: false,
    listen: (listener) => {
      tell = listener;
    },
    join: async (seat) => join(seat),
    leave: async (seat) => remove(seat, 'left'),
    heartbeat: async (seat) => {
      // One that was taken for dead is there again.
      if (boxes.get(seat.name)?.seats.has(seat.instance) === true) extend(seat);
      else join(seat);
    },
    send: async (parcel, route) => send(parcel, route),
    take: async (seat, max) => {
      const box = boxes.get(seat.name);
      if (box?.seats.has(seat.instance) !== true) return [];
      const taken: Taken[] = [];
      freeing(seat.name, box, () => {
        for (let next = box.take(seat.instance, clock.now()); next !== undefined; ) {
          counts.delivered++;
          if (next.attempt > 1) counts.redelivered++;
          taken.push(next);
          next = taken.length < max ? box.take(seat.instance, clock.now()) : undefined;
        }
      });
      return taken;
    },
    settle: async (seat, { receipt }, settlement) => settle(seat, receipt, settlement),
    withdraw: async (id, to) => {
      const box = boxes.get(to);
      seen.forget(`${id}\n${to}`);
      if (box !== undefined) freeing(to, box, () => box.withdraw(id) === 'held' && tell({ type: 'withdrawn', id }));
    },
    members: async () =>
      [...boxes]
        .map(([name, box]) => ({
          name,
          instances: box.seats.size,
          topics: settingsOf(box)?.topics ?? [],
          depth: box.depth,
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    history: async (threadId, page) => (threads.get(threadId) ?? boundedLog<Envelope>(1)).page(page),
    deadLetters: async (page) => {
      expireAll();
      return dead.page(page);
    },
    metrics: async () => {
      expireAll();
      return { ...counts, depth: [...boxes.values()].reduce((sum, { depth }) => sum + depth, 0) };
    },
    close: async () => undefined,
  };
};
