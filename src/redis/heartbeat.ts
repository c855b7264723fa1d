import type { Notice, Seat } from '../bus/index.js';
import { type Clock, PipewrightError } from '../core/index.js';
import { noticeOf, responseOf } from './bus-notices.js';
import type { Redis, RedisClient } from './connection.js';
import { recoverScript } from './mail-scripts.js';
import { joinScript, reapScript } from './member-scripts.js';

export interface HeartbeatOptions {
  readonly redis: Redis;
  readonly clock: Clock;
  readonly busId: string;
  readonly tell: (notice: Notice) => void;
  /** Ids of the requests under way. */
  readonly asked: () => readonly string[];
}

/** Keeps the members of this process alive on the server, and passes on what the server publishes. */
export interface Heartbeat {
  readonly join: (seat: Seat) => Promise<void>;
  /** A sign of life; none of one who has left. */
  readonly renew: (seat: Seat) => Promise<void>;
  readonly leave: (seat: Seat) => void;
  readonly has: (seat: Seat) => boolean;
  /** Notes what an instance has taken, so that it is not given out again after a loss of the connection. */
  readonly hold: (seat: Seat, receipt: string) => void;
  readonly letGo: (seat: Seat, receipt: string) => void;
  /** Somebody waits for room: the notice of it may be lost, so it is asked for now and then. */
  readonly awaitRoom: (name: string) => void;
  readonly end: () => void;
}

/** How long the mail of a member that died waits for one who joins under its name. */
const keepMs = 3_600_000;
const shortestBeatMs = 50;
const longestBeatMs = 5_000;
/** Longest wait for a subscription. */
const subscribeMs = 10_000;

/** What a process knows of one who joined. */
interface Place {
  readonly seat: Seat;
  readonly held: Set<string>;
}

/** What is known here of the members of this process. */
interface Circle extends HeartbeatOptions {
  readonly base: string;
  readonly seats: Map<string, Place>;
  /** Mailboxes that somebody waits for. */
  readonly awaited: Set<string>;
}

const joinOnServer = async (redis: Redis, seat: Seat): Promise<void> => {
  const { name, instance, leaseMs, capacity, onFull, topics } = seat;
  await redis.run(joinScript, [name, instance, leaseMs, capacity, onFull, JSON.stringify(topics), keepMs]);
};

/** A sign of life of one who has not left meanwhile. */
const renew = async ({ redis, seats }: Circle, seat: Seat): Promise<void> => {
  if (seats.has(seat.instance)) await joinOnServer(redis, seat);
};

const wakeAll = ({ seats, awaited, tell }: Circle): void => {
  for (const { seat } of seats.values()) tell({ type: 'mail', name: seat.name });
  const names = [...awaited];
  awaited.clear();
  for (const name of names) tell({ type: 'room', name });
};

/** What may have been missed while nobody listened: responses, mail, and what was taken in vain. */
const recover = async (circle: Circle): Promise<void> => {
  const { redis, base, seats, asked, tell } = circle;
  for (const { seat, held } of [...seats.values()]) {
    if (seat.isAuto) await renew(circle, seat);
    await redis.run(recoverScript, [seat.name, seat.instance, ...held]);
  }
  const keys = asked().map((id) => `${base}reply:${id}`);
  const answers = keys.length === 0 ? [] : ((await redis.call('MGET', ...keys)) as readonly (string | null)[]);
  for (const answer of answers) if (answer !== null) tell(responseOf(answer));
  wakeAll(circle);
};

const beat = async (circle: Circle): Promise<void> => {
  for (const { seat } of [...circle.seats.values()]) if (seat.isAuto) await renew(circle, seat);
  await circle.redis.run(reapScript, [keepMs]);
  wakeAll(circle);
};

/** A server that is lost is asked again at the next beat. */
const patiently = async (work: Promise<void>): Promise<void> => {
  try {
    await work;
  } catch {
    return;
  }
};

const subscribe = ({ redis, clock }: Circle, listener: RedisClient, channels: readonly string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const fail = (): void =>
      reject(new PipewrightError('timeout', `${redis.where}: no answer. Try again.`, { retryable: true }));
    const stop = clock.after(subscribeMs, fail);
    listener
      .subscribe(...channels)
      .then(() => resolve(), fail)
      .finally(stop);
  });

/** Does `work` again and again, three times within the shortest lease; `arm` begins anew, and ends where nobody is there. */
const repeater = ({ clock, seats }: Circle, work: () => Promise<void>): { readonly arm: () => void } => {
  let stopTimer: (() => void) | undefined;
  const arm = (): void => {
    stopTimer?.();
    stopTimer = undefined;
    if (seats.size === 0) return;
    const shortest = Math.min(...[...seats.values()].map(({ seat }) => seat.leaseMs)) / 3;
    stopTimer = clock.after(Math.max(shortestBeatMs, Math.min(shortest, longestBeatMs)), () => {
      void patiently(work()).then(arm);
    });
  };
  return { arm };
};

export const keepAlive = async (options: HeartbeatOptions): Promise<Heartbeat> => {
  const { redis, busId, tell } = options;
  const base = `${redis.base}:bus:`;
  const listener = redis.listen();
  const seats = new Map<string, Place>();
  const awaited = new Set<string>();
  const circle: Circle = { ...options, base, seats, awaited };
  const { arm } = repeater(circle, () => beat(circle));

  listener.on('message', (channel: string, text: string) => {
    const notice = noticeOf(channel, text, base);
    if (notice !== undefined) tell(notice);
  });
  await subscribe(circle, listener, [`${base}notices`, `${base}bus:${busId}`]);
  // From now on `ready` means that the connection was lost and is back, with its subscriptions.
  listener.on('ready', () => void patiently(recover(circle)));

  return {
    join: async (seat) => {
      await joinOnServer(redis, seat);
      await subscribe(circle, listener, [`${base}mail:${seat.name}`]);
      seats.set(seat.instance, { seat, held: new Set() });
      arm();
    },
    renew: (seat) => renew(circle, seat),
    leave: ({ instance, name }) => {
      seats.delete(instance);
      const isLast = [...seats.values()].every(({ seat }) => seat.name !== name);
      if (isLast) listener.unsubscribe(`${base}mail:${name}`).catch(() => undefined);
      arm();
    },
    has: ({ instance }) => seats.has(instance),
    hold: ({ instance }, receipt) => void seats.get(instance)?.held.add(receipt),
    letGo: ({ instance }, receipt) => void seats.get(instance)?.held.delete(receipt),
    awaitRoom: (name) => void awaited.add(name),
    end: () => {
      seats.clear();
      arm();
    },
  };
};
