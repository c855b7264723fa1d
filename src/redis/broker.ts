import type {
  Broker,
  BusLimits,
  BusMetrics,
  DeadEnvelope,
  DeadLetter,
  Envelope,
  MemberInfo,
  Notice,
  Page,
  PageRequest,
  Parcel,
  Route,
  Seat,
  SendOutcome,
  Settlement,
  Taken,
} from '../bus/index.js';
import { type Clock, PipewrightError } from '../core/index.js';
import { envelopeOf, messageText } from './bus-notices.js';
import type { Redis, RedisValue, Script } from './connection.js';
import { type Heartbeat, keepAlive } from './heartbeat.js';
import { sendScript, settleScript, takeScript, withdrawScript } from './mail-scripts.js';
import { leaveScript, membersScript, metricsScript, pageScript } from './member-scripts.js';

export interface RedisBrokerOptions {
  readonly redis: Redis;
  readonly clock: Clock;
  readonly limits: Required<BusLimits>;
  /** Names this bus to those who answer its requests. */
  readonly busId: string;
}

const places: readonly Envelope['priority'][] = ['high', 'normal', 'low'];

const targetOf = (route: Route): string =>
  route.type === 'member' ? route.name : route.type === 'topic' ? route.topic : '';

/** The fields of a stream entry by name. */
const fieldsOf = (flat: readonly string[]): ReadonlyMap<string, string> => {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i] as string, flat[i + 1] as string);
  return fields;
};

const pageOf = async <T>(
  run: Run,
  log: string,
  { after, limit }: PageRequest,
  maxDeadLetters: number,
  read: (fields: ReadonlyMap<string, string>) => T,
): Promise<Page<T>> => {
  if (after !== undefined && !/^\d{1,20}-\d{1,20}$/.test(after)) {
    throw new PipewrightError('bad-input', `\`after\` must be the \`next\` of a page, got ${JSON.stringify(after)}.`);
  }
  const args = [log, after === undefined ? '-' : `(${after}`, limit + 1, maxDeadLetters];
  const found = (await run(pageScript, args)) as readonly (readonly [id: string, fields: readonly string[]])[];
  const items = found.slice(0, limit).map(([, fields]) => read(fieldsOf(fields)));
  const last = found[limit - 1];
  return found.length > limit && last !== undefined ? { items, next: last[0] } : { items };
};

const envelopeIn = (fields: ReadonlyMap<string, string>): Envelope =>
  envelopeOf(fields.get('e') ?? '{}', fields.get('s') ?? '0', fields.get('x') ?? '');

const deadIn = (fields: ReadonlyMap<string, string>): DeadEnvelope => {
  const error = fields.get('error') ?? '';
  return {
    envelope: envelopeIn(fields),
    member: fields.get('m') ?? '',
    reason: fields.get('reason') as DeadLetter['reason'],
    atMs: Number(fields.get('at')),
    ...(error !== '' && { error }),
  };
};

const metricsOf = ([depth, ...flat]: readonly [number, ...string[]]): BusMetrics => {
  const counts = fieldsOf(flat);
  const sum = (...names: readonly string[]): number =>
    names.reduce((total, name) => total + Number(counts.get(name) ?? 0), 0);
  return {
    sent: sum('sent'),
    delivered: sum('delivered'),
    redelivered: sum('redelivered'),
    acknowledged: sum('acknowledged'),
    duplicates: sum('duplicates'),
    refused: sum('refused'),
    expired: sum('expired'),
    failed: sum('failed'),
    dropped: sum('dropped'),
    undeliverable: sum('invalid', 'member-left'),
    depth,
  };
};

const sendArguments = (
  parcel: Parcel,
  route: Route,
  busId: string,
  { dedupeMs, maxDedupeIds, maxDeadLetters, maxThreadMessages, maxThreads }: Required<BusLimits>,
): readonly RedisValue[] => {
  const { id, from, ttlMs = '', priority, threadId = '', to } = parcel;
  const isRecorded = route.type !== 'member' || to !== undefined;
  return [
    ...[id, from, route.type, targetOf(route), places.indexOf(priority), ttlMs, messageText(parcel), threadId],
    ...[isRecorded ? 1 : 0, parcel.kind === 'request' ? busId : ''],
    ...[dedupeMs, maxDedupeIds, maxDeadLetters, maxThreadMessages, maxThreads],
  ];
};

/** `<place> <id>`: what a receipt looks like. */
const partsOf = (receipt: string): readonly [place: string, id: string] => {
  const [place = '', id = ''] = receipt.split(' ');
  return [place, id];
};

const settleArguments = ({ attempt }: Taken, settlement: Settlement): readonly RedisValue[] => {
  if (settlement.type === 'again') return ['again', settlement.isCounted ? attempt : attempt - 1, '', '', ''];
  const { response } = settlement;
  const answer =
    response === undefined
      ? ['', '', '']
      : [messageText(response), response.correlationId ?? '', response.threadId ?? ''];
  return settlement.type === 'done' ? ['done', '', ...answer] : [settlement.reason, settlement.error, ...answer];
};

type Answered = readonly [
  place: number,
  id: string,
  attempt: number,
  message: string,
  sentMs: string,
  expiresMs: string,
];

const takenOf = (nowMs: number, [place, id, attempt, message, sentMs, expiresMs]: Answered): Taken => {
  const envelope = envelopeOf(message, sentMs, expiresMs);
  return {
    receipt: `${place} ${id}`,
    envelope,
    attempt,
    remainingMs: envelope.expiresMs === undefined ? Infinity : envelope.expiresMs - nowMs,
  };
};

type Run = (script: Script, args: readonly RedisValue[]) => Promise<unknown>;

/** Takes mail, and notes it as held. */
const takeFrom = async (
  run: Run,
  alive: Heartbeat,
  seat: Seat,
  max: number,
  maxDeadLetters: number,
): Promise<readonly Taken[]> => {
  const answer = await run(takeScript, [seat.name, seat.instance, max, maxDeadLetters]);
  if (Array.isArray(answer)) {
    const [nowMs, ...messages] = answer as [number, ...Answered[]];
    const taken = messages.map((message) => takenOf(nowMs, message));
    for (const { receipt } of taken) alive.hold(seat, receipt);
    return taken;
  }
  // The server was started anew, or this process slept for longer than its lease.
  if (!seat.isAuto || !alive.has(seat)) return [];
  await alive.renew(seat);
  return takeFrom(run, alive, seat, max, maxDeadLetters);
};

/** What tells of the bus, and changes nothing. */
const readsOf = (
  run: Run,
  maxDeadLetters: number,
): Pick<Broker, 'members' | 'history' | 'deadLetters' | 'metrics'> => ({
  members: async () => {
    const found = (await run(membersScript, [])) as readonly (readonly [string, number, string, number])[];
    return found
      .map(([name, instances, topics, depth]): MemberInfo => {
        return { name, instances, topics: JSON.parse(topics) as readonly string[], depth };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  },
  history: (threadId, page) => pageOf(run, `h:${threadId}`, page, maxDeadLetters, envelopeIn),
  deadLetters: (page) => pageOf(run, 'dead', page, maxDeadLetters, deadIn),
  metrics: async () => metricsOf((await run(metricsScript, [maxDeadLetters])) as [number, ...string[]]),
});

/** Keeps mailboxes on a Redis server. Every operation is one script: the server does it as one step. */
export const redisBroker = async (options: RedisBrokerOptions): Promise<Broker> => {
  const { redis, limits, busId } = options;
  const { maxDeadLetters, maxThreadMessages, maxThreads } = limits;
  /** Places of the requests under way. */
  const asked = new Map<string, string>();
  let tell: (notice: Notice) => void = () => undefined;
  const hear = (notice: Notice): void => {
    if (notice.type === 'response') asked.delete(notice.envelope.correlationId ?? '');
    tell(notice);
  };
  const alive = await keepAlive({ ...options, tell: hear, asked: () => [...asked.keys()] });
  const run: Run = (program, args) => redis.run(program, args);

  return {
    where: redis.where,
    isShared: true,
    listen: (listener) => {
      tell = listener;
    },
    join: alive.join,
    leave: async (seat) => {
      alive.leave(seat);
      await run(leaveScript, [seat.name, seat.instance, maxDeadLetters]);
    },
    heartbeat: alive.renew,
    send: async (parcel, route): Promise<SendOutcome> => {
      const answer = await run(sendScript, sendArguments(parcel, route, busId, limits));
      const [isKnown, receivers, full, refused, place] = answer as [number, number, string[], string[], string];
      if (parcel.kind === 'request' && isKnown === 1)
        asked.set(parcel.id, `${places.indexOf(parcel.priority)} ${place}`);
      for (const name of full) alive.awaitRoom(name);
      return { isKnown: isKnown === 1, receivers, full, refused };
    },
    take: (seat, max) => takeFrom(run, alive, seat, max, maxDeadLetters),
    settle: async (seat, taken, settlement) => {
      const [place, id] = partsOf(taken.receipt);
      const limitArguments = [maxDeadLetters, maxThreadMessages, maxThreads];
      const args = [seat.name, seat.instance, place, id, ...settleArguments(taken, settlement), ...limitArguments];
      try {
        await run(settleScript, args);
        if (!seat.isAuto) await alive.renew(seat);
      } finally {
        // What the server did not hear of is given out again.
        alive.letGo(seat, taken.receipt);
      }
    },
    withdraw: async (requestId, to) => {
      const [place, id] = partsOf(asked.get(requestId) ?? '');
      asked.delete(requestId);
      if (id !== '') await run(withdrawScript, [to, place, id, requestId]);
    },
    ...readsOf(run, maxDeadLetters),
    close: async () => {
      alive.end();
      redis.close();
    },
  };
};
