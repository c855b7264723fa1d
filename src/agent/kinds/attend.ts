import { messageOf, PipewrightError, type Run, scrubText, type Store } from '../../core/index.js';
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

/**
 * Works on a mission whose lease this owner holds: keeps every state, gives signs of life, and does what the record says that
 * somebody wants. A pause waits until the next state, so that nothing is paid twice; a cancellation does not.
 */
export const attend = (
  { agent, store, leaseMs }: Keeping,
  { id, scope: who, state }: MissionRecord,
  owner: string,
  more: Pick<AgentTask, 'approvals' | 'messages'>,
  outer: Run,
): Attended => {
  const scope = outer.scope();
  const { run } = scope;
  let isOver = false;
  const refresh = async (kept?: AgentState): Promise<void> => {
    const change = (record: MissionRecord): MissionRecord => {
      if (record.lease?.owner !== owner) throw lost(id);
      const lease = { owner, untilMs: run.clock.now() + leaseMs };
      return { ...record, lease, ...(kept === undefined ? {} : { state: kept }) };
    };
    const { wish } = await changeRecord(store, id, change, outer);
    if (wish === 'cancel') scope.abort(cancelling);
    if (wish === 'pause' && kept !== undefined && isWorking(kept)) scope.abort(pausing);
  };
  let stopBeat = (): void => undefined;
  const beat = (): void => {
    if (isOver) return;
    stopBeat = run.clock.after(leaseMs / 3, () => {
      if (!isOver) refresh().then(beat, (error: unknown) => scope.abort(error));
    });
  };
  /** Gives the mission up for others to go on with, unless they did already. */
  const settle = async (change: (record: MissionRecord) => MissionRecord): Promise<void> => {
    isOver = true;
    stopBeat();
    try {
      await changeRecord(
        store,
        id,
        (record) => {
          if (record.lease?.owner !== owner) return record;
          const { lease: _, ...rest } = change(record);
          return { ...rest, wish: 'go-on' };
        },
        outer,
      );
    } catch (error) {
      outer.emit({
        type: 'warning',
        message: `The mission \`${id}\` could not be kept: ${scrubText(messageOf(error))}`,
      });
    } finally {
      scope[Symbol.dispose]();
    }
  };
  const work = async (): Promise<void> => {
    beat();
    try {
      const task = { ...who, state, ...more };
      const result = await workOn(agent, task, run, { onState: (told) => refresh(told) });
      await settle((record) => ({ ...record, state: result.state }));
    } catch (error) {
      await settle((record) => rested(record, error, run.clock.now()));
    }
  };
  return { over: work(), abort: (reason) => scope.abort(reason) };
};
