import {
  checkAtLeast,
  type Clock,
  createRun,
  PipewrightError,
  type Random,
  randomId,
  systemClock,
  systemRandom,
} from '../core/index.js';
import type { Broker, Notice, PageRequest } from './broker.js';
import { checkName, createCodec, messageIn } from './codec.js';
import { createMember, type Office, seatOf } from './member.js';
import { createOutbox } from './outbox.js';
import type { Desk } from './receive.js';
import { createRequests } from './requests.js';
import { withdraw } from './serve.js';
import type { BusLimits, MemberChange, MessageBus, MessageSchemas, MessageTypes, PageOptions } from './types.js';

export interface BusOptions<Types extends MessageTypes = MessageTypes> {
  /** The types of messages, by name. A type that is not among them is refused. @default any type, payloads unchecked */
  readonly schemas?: MessageSchemas<Types>;
  /** Longest wait for a response, or for room in a full mailbox, where a message does not say it. @default 30000 */
  readonly timeoutMs?: number;
  readonly limits?: BusLimits;
  /** @default the real clock */
  readonly clock?: Clock;
  /** Draws ids. @default the platform's random numbers */
  readonly random?: Random;
}

const defaultLimits: Required<BusLimits> = {
  maxPayloadBytes: 1_048_576,
  maxThreadMessages: 1_000,
  maxThreads: 1_000,
  maxDeadLetters: 1_000,
  dedupeMs: 300_000,
  maxDedupeIds: 10_000,
};

/** The limits with their defaults. @throws {PipewrightError} `bad-option` for one below 1. */
export const resolveLimits = (limits: BusLimits = {}): Required<BusLimits> => {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  const resolved: Required<BusLimits> = { ...defaultLimits, ...Object.fromEntries(given) };
  for (const [name, value] of Object.entries(resolved)) checkAtLeast(`limits.${name}`, value, 1);
  return resolved;
};

const pageRequest = ({ after, limit = 100 }: PageOptions = {}): PageRequest => {
  if (!(limit >= 1)) throw new PipewrightError('bad-input', `\`limit\` must be at least 1, got ${limit}.`);
  return { limit, ...(after !== undefined && { after }) };
};

/** Passes on what a broker tells. */
const hear = (
  { desks, outbox, requests }: Office,
  listeners: ReadonlySet<(change: MemberChange) => void>,
  notice: Notice,
): void => {
  switch (notice.type) {
    case 'mail':
      for (const { seat, inbox } of desks.keys()) if (seat.name === notice.name) inbox.onMail();
      return;
    case 'room':
      outbox.onRoom(notice.name);
      return;
    case 'response':
      requests.onResponse(notice.envelope);
      return;
    case 'withdrawn':
      for (const desk of desks.keys()) withdraw(desk, notice.id);
      return;
    default:
      if (notice.type === 'member-left') requests.onGone(notice.name, notice.reason);
      for (const listener of listeners) listener(notice);
  }
};

/** What tells of the bus, and changes nothing. */
const readsOf = (
  broker: Broker,
  checkOpen: () => void,
): Pick<MessageBus, 'members' | 'history' | 'deadLetters' | 'metrics'> => ({
  members: async () => {
    checkOpen();
    return broker.members();
  },
  history: async (threadId, page) => {
    checkOpen();
    checkName('`threadId`', threadId);
    const { items, ...rest } = await broker.history(threadId, pageRequest(page));
    return { items: items.map(messageIn), ...rest };
  },
  deadLetters: async (page) => {
    checkOpen();
    const { items, ...rest } = await broker.deadLetters(pageRequest(page));
    return { items: items.map(({ envelope, ...letter }) => ({ ...letter, message: messageIn(envelope) })), ...rest };
  },
  metrics: async () => {
    checkOpen();
    return broker.metrics();
  },
});

/**
 * Makes a bus of a broker: `memoryBus` and `redisBus` are made with it.
 * @throws {PipewrightError} `bad-option` when an option is out of range.
 */
export const messageBus = <Types extends MessageTypes = MessageTypes>(
  broker: Broker,
  options: BusOptions<Types> = {},
): MessageBus<Types> => {
  const { schemas, timeoutMs = 30_000, clock = systemClock, random = systemRandom } = options;
  const { maxPayloadBytes } = resolveLimits(options.limits);
  checkAtLeast('timeoutMs', timeoutMs, 1);
  const codec = createCodec({ schemas, maxPayloadBytes, isShared: broker.isShared, random });
  const outbox = createOutbox(broker);
  const requests = createRequests(broker, outbox);
  const desks = new Map<Desk, () => Promise<void>>();
  const office: Office = { broker, codec, outbox, requests, clock, random, timeoutMs, desks };
  const listeners = new Set<(change: MemberChange) => void>();
  let closing: Promise<void> | undefined;

  broker.listen((notice) => hear(office, listeners, notice));
  const checkOpen = (): void => {
    if (closing !== undefined) throw new PipewrightError('bus-closed', `The message bus (${broker.where}) is closed.`);
  };
  const join: MessageBus<Types>['join'] = async (name, joinOptions = {}, run = createRun({ clock, random })) => {
    checkOpen();
    run.throwIfAborted();
    const seat = seatOf(name, joinOptions, randomId(random));
    await broker.join(seat);
    if (closing !== undefined) await broker.leave(seat);
    checkOpen();
    return createMember<Types>(office, seat, joinOptions.maxAttempts ?? 3, run.scope());
  };
  const close = async (): Promise<void> => {
    const left = await Promise.allSettled([...desks.values()].map((leave) => leave()));
    listeners.clear();
    await broker.close();
    for (const result of left) if (result.status === 'rejected') throw result.reason;
  };
  const bus: MessageBus<Types> = {
    join,
    onMember: (listener) => {
      const own = (change: MemberChange): void => listener(change);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    ...readsOf(broker, checkOpen),
    close: () => {
      closing ??= close();
      return closing;
    },
    [Symbol.asyncDispose]: () => bus.close(),
  };
  return bus;
};
