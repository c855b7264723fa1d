import type { Notice, Seat } from '../bus/index.js';
import { type Clock, PipewrightError } from '../core/index.js';
import { noticeOf, responseOf } from './bus-notices.js';
import type { Redis } from './connection.js';
import { recoverScript } from './mail-scripts.js';
import { joinScript, reapScript } from './member-scripts.js';

export interface HeartbeatOptions {
  readonly redis: Redis;
  readonly clock: Clock;
  readonly busId: string;
  readonly tell: (notice: Notice) => void;
  /** Ids of the requests under way, with their receivers. */
  readonly asked: () => readonly string[];
}

/** Keeps the members of this process alive on the server, and passes on what the server publishes. */
export interface Heartbeat {
  /** Joins, or gives a sign of life. */
  readonly join: (seat: Seat) => Promise<void>;
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

export const keepAlive = async ({ redis, clock, busId, tell, asked }: HeartbeatOptions): Promise<Heartbeat> => {
  const base = `${redis.base}:bus:`;
  const listener = redis.listen();
  const seats = new Map<string, Place>();
  const awaited = new Set<string>();
  let stopTimer: (() => void) | undefined;
  let isEnded = false;

  const mailChannel = (name: string): string => `${base}mail:${name}`;
  const subscribe = (...channels: string[]): Promise<void> =>
    new Promise((resolve, reject) => {
      const fail = (): void =>
        reject(new PipewrightError('timeout', `${redis.where}: no answer. Try again.`, { retryable: true }));
      const stop = clock.after(subscribeMs, fail);
      listener
        .subscribe(...channels)
        .then(() => resolve(), fail)
        .finally(stop);
    });
  const joinOnServer = async ({ name, instance, leaseMs, capacity, onFull, topics }: Seat): Promise<void> => {
    await redis.run(joinScript, [name, instance, leaseMs, capacity, onFull, JSON.stringify(topics), keepMs]);
  };
  const wakeAll = (): void => {
    for (const { seat } of seats.values()) tell({ type: 'mail', name: seat.name });
    const names = [...awaited];
    awaited.clear();
    for (const name of names) tell({ type: 'room', name });
  };

  /** What may have been missed while nobody listened: mail, responses, and who is gone. */
  const recover = async (): Promise<void> => {
    for (const { seat, held } of seats.values()) {
      if (seat.isAuto) await joinOnServer(seat);
      await redis.run(recoverScript, [seat.name, seat.instance, ...held]);
    }
    const ids = asked();
    if (ids.length > 0) {
      const answers = (await redis.call('MGET', ...ids.map((id) => `${base}reply:${id}`))) as readonly (
        | string
        | null
      )[];
      for (const answer of answers) if (answer !== null) tell(responseOf(answer));
    }
    wakeAll();
  };
  const beat = async (): Promise<void> => {
    for (const { seat } of [...seats.values()]) if (seat.isAuto) await joinOnServer(seat);
    await redis.run(reapScript, [keepMs]);
    wakeAll();
  };
  /** A server that is lost is asked again at the next beat. */
  const patiently = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch {
      return;
    }
  };
  const arm = (): void => {
    stopTimer?.();
    stopTimer = undefined;
    if (isEnded || seats.size === 0) return;
    const shortest = Math.min(...[...seats.values()].map(({ seat }) => seat.leaseMs)) / 3;
    stopTimer = clock.after(Math.max(shortestBeatMs, Math.min(shortest, longestBeatMs)), () => {
      void patiently(beat).then(arm);
    });
  };

  listener.on('message', (channel: string, text: string) => {
    const notice = noticeOf(channel, text, base);
    if (notice !== undefined) tell(notice);
  });
  await subscribe(`${base}notices`, `${base}bus:${busId}`);
  // From now on `ready` means that the connection was lost and is back, with its subscriptions.
  listener.on('ready', () => void patiently(recover));

  return {
    join: async (seat) => {
      await joinOnServer(seat);
      if (seats.has(seat.instance)) return;
      await subscribe(mailChannel(seat.name));
      seats.set(seat.instance, { seat, held: new Set() });
      arm();
    },
    leave: ({ instance, name }) => {
      seats.delete(instance);
      const isLast = [...seats.values()].every(({ seat }) => seat.name !== name);
      if (isLast) listener.unsubscribe(mailChannel(name)).catch(() => undefined);
      arm();
    },
    has: ({ instance }) => seats.has(instance),
    hold: ({ instance }, receipt) => void seats.get(instance)?.held.add(receipt),
    letGo: ({ instance }, receipt) => void seats.get(instance)?.held.delete(receipt),
    awaitRoom: (name) => void awaited.add(name),
    end: () => {
      isEnded = true;
      stopTimer?.();
    },
  };
};
