import { type Agent, type AgentState, type AgentTask, workOn } from '../../agent/index.js';
import type { Read } from '../../ask/index.js';
import {
  isPipewrightError,
  map,
  type Message,
  messageOf,
  named,
  PipewrightError,
  type Run,
  scrubText,
  user,
} from '../../core/index.js';
import { timeout } from '../../resilience/index.js';
import type { ApprovalRequest } from '../../tool/index.js';

/** Somebody who takes part: any agent, whatever its answers are. */
export interface Member {
  readonly name: string;
  readonly agent: Agent<unknown>;
}

/** What became of a member in one round. */
export type Turn<T> =
  | { readonly status: 'answered'; readonly value: T }
  | { readonly status: 'absent'; readonly reason: string; readonly isRetryable: boolean };

/** All that is known of one member: plain data, kept in the state of what it takes part in. */
export interface Seat<T> {
  readonly name: string;
  /** One for each round that is over. */
  readonly turns: readonly Turn<T>[];
  /** Its conversation up to the last round in which it answered. */
  readonly state?: AgentState;
  /** Its conversation in the round that is under way, and how often it was shown what is wrong with its answer. */
  readonly open?: { readonly state: AgentState; readonly repairs: number };
}

/** A round in which every member is asked at once. */
export interface Round<T> {
  readonly members: readonly Member[];
  /** From 1. */
  readonly round: number;
  /** What a member is asked, behind its conversation so far. It must not depend on what others say in this round. */
  readonly ask: (seat: Seat<T>, at: number) => readonly Message[];
  readonly read: (text: string, at: number) => Read<T> | Promise<Read<T>>;
  /** How long a member may take; `Infinity` for as long as it likes. */
  readonly timeoutMs: number;
}

export interface RoundEnd<T> {
  readonly seats: readonly Seat<T>[];
  /** What people must decide before the round can end. */
  readonly waiting: readonly ApprovalRequest[];
}

/** How often a member is shown what is wrong with an answer. */
export const maxRepairs = 1;

/** Seats of members who have said nothing yet. */
export const emptySeats = <T>(members: readonly Member[]): readonly Seat<T>[] =>
  members.map(({ name }) => ({ name, turns: [] }));

/** The seats of a kept state, if they are those of these members. */
export const seatsOf = <T>(kept: readonly Seat<T>[] | undefined, members: readonly Member[]): readonly Seat<T>[] => {
  if (kept === undefined) return emptySeats(members);
  const isSame = kept.length === members.length && kept.every(({ name }, at) => name === members[at]?.name);
  if (isSame) return kept;
  const names = kept.map(({ name }) => name).join(', ');
  throw new PipewrightError('bad-input', `The state is one of other members: ${names}. Go on from it with those.`);
};

/** The members under their names, which must differ. */
export const membersOf = (
  what: string,
  list: readonly { readonly agent: Agent<unknown>; readonly name?: string }[],
): readonly Member[] => {
  if (list.length < 2) throw new PipewrightError('bad-option', `\`${what}\` needs at least 2, got ${list.length}.`);
  const members = list.map(({ agent, name = agent.name }) => ({ agent, name }));
  const twice = members.find(({ name }, at) => members.findIndex((each) => each.name === name) !== at);
  if (twice === undefined) return members;
  throw new PipewrightError('bad-option', `Two of \`${what}\` are called \`${twice.name}\`. Give each a \`name\`.`);
};

export const answeredIn = <T>({ turns }: Seat<T>): readonly T[] =>
  turns.flatMap((turn) => (turn.status === 'answered' ? [turn.value] : []));

/** What from outside members have read: it may speak through what they say. */
export const taintIn = (seats: readonly Seat<unknown>[]): readonly string[] => [
  ...new Set(seats.flatMap(({ state, open }) => [...(state?.taint ?? []), ...(open?.state.taint ?? [])])),
];

/** Throws when nobody has ever answered: that is no outcome but a failure, for a retry or a fallback to act on. */
export const checkAnybody = (seats: readonly Seat<unknown>[]): void => {
  if (seats.some((seat) => answeredIn(seat).length > 0)) return;
  const reasons = seats.map(({ name, turns }) => {
    const last = turns.at(-1);
    return `${name}: ${last?.status === 'absent' ? last.reason : 'it was not asked.'}`;
  });
  const retryable = seats.some(({ turns }) => turns.some((turn) => turn.status === 'absent' && turn.isRetryable));
  throw new PipewrightError('member-failed', `Nobody answered. ${reasons.join(' ')}`, { retryable });
};

const correction = (issues: readonly string[]): Message =>
  user(`This cannot be used:\n${issues.map((issue) => `- ${issue}`).join('\n')}\nWrite it again.`);

const isOverBudget = (error: unknown): boolean => isPipewrightError(error) && error.code === 'budget-exceeded';

interface Outcome<T> {
  readonly seat: Seat<T>;
  readonly waiting: readonly ApprovalRequest[];
}

/** A seat at the end of a round. The conversation of a round in which it was absent is forgotten. */
const closed = <T>({ name, turns, state }: Seat<T>, turn: Turn<T>, now: AgentState | undefined): Seat<T> => {
  const known = now ?? state;
  return { name, turns: [...turns, turn], ...(known === undefined ? {} : { state: known }) };
};

const absent = <T>(seat: Seat<T>, reason: string, isRetryable: boolean = false): Outcome<T> => ({
  seat: closed(seat, { status: 'absent', reason, isRetryable }, undefined),
  waiting: [],
});

type Keep<T> = (seat: Seat<T>) => Promise<void>;

/** Lets a member work until it has answered in a form that can be read. */
const converse = async <T>(
  { members, ask, read }: Round<T>,
  at: number,
  seat: Seat<T>,
  { keep, taint }: { readonly keep: Keep<T>; readonly taint: readonly string[] },
  run: Run,
): Promise<Outcome<T>> => {
  const { agent } = members[at] as Member;
  let { repairs } = seat.open ?? { repairs: 0 };
  const begun = seat.state === undefined ? {} : { state: seat.state };
  let task: AgentTask = seat.open === undefined ? { ...begun, messages: ask(seat, at) } : { state: seat.open.state };
  for (;;) {
    const onState = (state: AgentState): Promise<void> => keep({ ...seat, open: { state, repairs } });
    const { state, stopReason, waiting, text } = await workOn(agent, task, run, {
      onState,
      taint,
      subject: `${seat.name} ${seat.turns.length}`,
    });
    if (stopReason === 'paused') return { seat: { ...seat, open: { state, repairs } }, waiting };
    if (stopReason !== 'answered') return absent(seat, `It came to no answer: ${stopReason}.`);
    const reading = await read(text, at);
    if ('value' in reading)
      return { seat: closed(seat, { status: 'answered', value: reading.value }, state), waiting: [] };
    if (repairs >= maxRepairs) return absent(seat, `What it wrote cannot be used: ${reading.issues.join(' ')}`);
    repairs += 1;
    task = { state, messages: [correction(reading.issues)] };
  }
};

/** One member's part of a round, whatever it does: what fails or takes too long is absent. */
const takeTurn = async <T>(
  round: Round<T>,
  at: number,
  seat: Seat<T>,
  around: { readonly keep: Keep<T>; readonly taint: readonly string[] },
  run: Run,
): Promise<Outcome<T>> => {
  let isOver = false;
  // One that is deaf to its deadline may go on and come to states that nobody asks for any more.
  const keep: Keep<T> = (next) => (isOver ? Promise.resolve() : around.keep(next));
  const talk = (_: undefined, inner: Run): Promise<Outcome<T>> => converse(round, at, seat, { ...around, keep }, inner);
  const { timeoutMs } = round;
  try {
    return await (timeoutMs === Infinity
      ? talk(undefined, run)
      : timeout(named(seat.name, talk), { totalMs: timeoutMs })(undefined, run));
  } catch (error) {
    run.throwIfAborted();
    if (isOverBudget(error)) throw error;
    return absent(seat, scrubText(messageOf(error)), isPipewrightError(error) && error.retryable);
  } finally {
    isOver = true;
  }
};

/**
 * Asks every member who has not had its turn in this round, all at once. Each state that a member comes to is told, so that the
 * round can be gone on from there; what a member is asked does not depend on who answers first.
 */
export const playRound = async <T>(
  round: Round<T>,
  start: readonly Seat<T>[],
  tell: (seats: readonly Seat<T>[]) => Promise<void>,
  run: Run,
): Promise<RoundEnd<T>> => {
  let seats = start;
  const waiting = new Map<number, readonly ApprovalRequest[]>();
  const put = (at: number, seat: Seat<T>): Promise<void> => {
    seats = seats.map((each, index) => (index === at ? seat : each));
    return tell(seats);
  };
  const open = start.flatMap(({ turns }, at) => (turns.length < round.round ? [at] : []));
  if (open.length === 0) return { seats, waiting: [] };
  const taint = taintIn(start);
  const turn = async (at: number, inner: Run): Promise<void> => {
    const around = { keep: (seat: Seat<T>) => put(at, seat), taint };
    const outcome = await takeTurn(round, at, start[at] as Seat<T>, around, inner);
    waiting.set(at, outcome.waiting);
    await put(at, outcome.seat);
  };
  await map(turn, { concurrency: open.length })(open, run);
  return { seats, waiting: open.flatMap((at) => waiting.get(at) ?? []) };
};
