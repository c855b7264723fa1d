import {
  checkAtLeast,
  type Clock,
  createRun,
  PipewrightError,
  type Random,
  type Run,
  type RunScope,
} from '../core/index.js';
import type { Broker, Seat } from './broker.js';
import { checkName } from './codec.js';
import { createInbox } from './inbox.js';
import { type Desk, receiveFrom } from './receive.js';
import { memberLeft } from './requests.js';
import { type Post, sendingOf } from './sending.js';
import { serveFrom } from './serve.js';
import type { JoinOptions, Member, MessageTypes } from './types.js';

/** What the members of a bus share. */
export interface Office extends Post {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  /** Of those who are there, by the desk of each. */
  readonly desks: Map<Desk, () => Promise<void>>;
}

/** The place that somebody joins at, with defaults. @throws {PipewrightError} `bad-input` for a name, `bad-option`. */
export const seatOf = (name: string, options: JoinOptions, instance: string): Seat => {
  const { topics = [], capacity = 1_000, onFull = 'wait', leaseMs = 15_000, heartbeat = 'auto' } = options;
  checkName('The name of a member', name);
  for (const topic of topics) checkName('A topic', topic);
  checkAtLeast('capacity', capacity, 1);
  checkAtLeast('leaseMs', leaseMs, 1);
  checkAtLeast('maxAttempts', options.maxAttempts ?? 1, 1);
  if (!['wait', 'refuse', 'drop-oldest'].includes(onFull)) {
    throw new PipewrightError('bad-option', `\`onFull\` must be wait, refuse or drop-oldest, got ${String(onFull)}.`);
  }
  return { name, instance, topics: [...topics], capacity, onFull, leaseMs, isAuto: heartbeat === 'auto' };
};

/** Ends the work of a member that leaves. */
const closeDesk = ({ inbox, working, seat }: Desk): void => {
  inbox.end();
  for (const scope of working.values()) scope.abort(memberLeft(seat.name, 'left while it worked on the message'));
};

export const createMember = <Types extends MessageTypes>(
  office: Office,
  seat: Seat,
  maxAttempts: number,
  life: RunScope,
): Member<Types> => {
  const { broker, codec, clock, random, desks } = office;
  const { name } = seat;
  const desk: Desk = {
    broker,
    codec,
    seat,
    maxAttempts,
    inbox: createInbox(broker, seat),
    working: new Map(),
    withdrawn: new Set(),
  };
  const fresh = (): Run => createRun({ clock, random });
  let leaving: Promise<void> | undefined;
  const leave = async (): Promise<void> => {
    forget();
    desks.delete(desk);
    closeDesk(desk);
    life.abort(memberLeft(name, 'left'));
    life[Symbol.dispose]();
    await broker.leave(seat);
  };
  const member: Member<Types> = {
    name,
    ...sendingOf<Types>(office, name, life.run),
    receive: (run = fresh()) => receiveFrom<Types>(desk, run),
    serve: (handler, options = {}, run = fresh()) => serveFrom<Types>(desk, handler, options, run),
    heartbeat: async () => {
      life.run.throwIfAborted();
      await broker.heartbeat(seat);
    },
    leave: () => {
      leaving ??= leave();
      return leaving;
    },
    [Symbol.asyncDispose]: () => member.leave(),
  };
  desks.set(desk, member.leave);
  const forget = life.run.onAbort(() => void member.leave().catch(() => undefined));
  return member;
};
