import { type Clock, messageOf, PipewrightError, type Run, scrubText, type Store } from '../../core/index.js';
import { withWork, workOn } from '../define-agent.js';
import type { Agent, AgentState, AgentTask } from '../types.js';
import { type Mission, type MissionPhase, missionTransitions, moved } from './mission.js';
import { changeRecord, type MissionRecord, missionOf } from './mission-record.js';

/** What missions are worked on with. */
export interface Keeping {
  readonly agent: Agent<unknown>;
  readonly store: Store;
  /** A process that gave no sign of life for so long has died. */
  readonly leaseMs: number;
}

/** A mission that is worked on in this process. */
export interface Attended {
  /** Resolves when it rests, whatever came of it. */
  readonly over: Promise<void>;
  /** Ends the work at once. */
  readonly abort: (reason: unknown) => void;
}

/** Why work was aborted: what comes of the mission depends on it. */
const pausing = new Error('The mission is paused.');
export const cancelling: Error = new Error('The mission is cancelled.');
export const closing: Error = new Error('The agent is closed.');

/** The record in another phase, where that may follow. */
export const inPhase = (
  record: MissionRecord,
  to: MissionPhase,
  reason: string,
  atMs: number,
  change: Partial<Mission> = {},
): MissionRecord => {
  const mission = missionOf(record);
  if (!missionTransitions[mission.phase].includes(to)) return record;
  return { ...record, state: withWork(record.state, { ...moved(mission, to, reason, atMs), ...change }) };
};

export const pausedRecord = (record: MissionRecord, atMs: number): MissionRecord =>
  inPhase(record, 'paused', 'It was paused from outside.', atMs);

export const cancelledRecord = (record: MissionRecord, atMs: number): MissionRecord => {
  const failure = { code: 'cancelled', message: 'It was called off.' } as const;
  return inPhase(record, 'failed', 'It was cancelled.', atMs, { failure, recovery: [], waiting: [] });
};

const lost = (id: string): PipewrightError =>
  new PipewrightError('store-locked', `Another process has taken over the mission \`${id}\`.`, {
    details: { where: id },
  });

const isWorking = ({ work }: AgentState): boolean => {
  const { phase } = work as Mission;
  return phase === 'planning' || phase === 'executing';
};

/** The record as it rests, after the work ended with an error. */
const rested = (record: MissionRecord, error: unknown, atMs: number): MissionRecord => {
  if (error === pausing) return pausedRecord(record, atMs);
  return error === cancelling ? cancelledRecord(record, atMs) : record;
};

/** Calls `beat` every so often, each time when the one before is done, until the returned function ends it. */
const beating = (
  clock: Clock,
  everyMs: number,
  beat: () => Promise<void>,
  onError: (error: unknown) => void,
): (() => void) => {
  let isOver = false;
  let forget = (): void => undefined;
  const next = (): void => {
    if (isOver) return;
    forget = clock.after(everyMs, () => {
      if (!isOver) beat().then(next, onError);
    });
  };
  next();
  return () => {
    isOver = true;
    forget();
  };
};

/** Gives a mission up for others to go on with, unless they did already. */
const release = async (
  store: Store,
  { id, lease }: MissionRecord,
  change: (record: MissionRecord) => MissionRecord,
  run: Run,
): Promise<void> => {
  const released = (record: MissionRecord): MissionRecord => {
    if (record.lease?.owner !== lease?.owner) return record;
    const { lease: _, ...rest } = change(record);
    return { ...rest, wish: 'go-on' };
  };
  try {
    await changeRecord(store, id, released, run);
  } catch (error) {
    run.emit({ type: 'warning', message: `The mission \`${id}\` could not be kept: ${scrubText(messageOf(error))}` });
  }
};

/**
 * Works on a mission under the lease that its record has: keeps every state, gives signs of life, and does what the record says
 * that somebody wants. A pause waits until the next state, so that nothing is paid twice; a cancellation does not.
 */
export const attend = (
  { agent, store, leaseMs }: Keeping,
  mission: MissionRecord,
  more: Pick<AgentTask, 'approvals' | 'messages'>,
  outer: Run,
): Attended => {
  const scope = outer.scope();
  const { run } = scope;
  const abort = (reason: unknown): void => scope.abort(reason);
  const refresh = async (state?: AgentState): Promise<void> => {
    const change = (record: MissionRecord): MissionRecord => {
      if (record.lease === undefined || record.lease.owner !== mission.lease?.owner) throw lost(mission.id);
      const lease = { ...record.lease, untilMs: run.clock.now() + leaseMs };
      return { ...record, lease, ...(state === undefined ? {} : { state }) };
    };
    const { wish } = await changeRecord(store, mission.id, change, outer);
    if (wish === 'cancel') abort(cancelling);
    if (wish === 'pause' && state !== undefined && isWorking(state)) abort(pausing);
  };
  const work = async (): Promise<void> => {
    const stop = beating(run.clock, leaseMs / 3, refresh, abort);
    let change: (record: MissionRecord) => MissionRecord;
    try {
      const task = { ...mission.scope, state: mission.state, ...more };
      const { state } = await workOn(agent, task, run, { onState: refresh });
      change = (record) => ({ ...record, state });
    } catch (error) {
      change = (record) => rested(record, error, run.clock.now());
    }
    stop();
    await release(store, mission, change, outer);
    scope[Symbol.dispose]();
  };
  return { over: work(), abort };
};
