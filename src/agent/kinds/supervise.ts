import {
  checkAtLeast,
  createRun,
  type Memory,
  type MemoryScope,
  type Message,
  PipewrightError,
  raceAbort,
  randomId,
  type Run,
  type Store,
  type Usage,
  user,
} from '../../core/index.js';
import type { Approval } from '../../tool/index.js';
import { begun, stepsOf } from '../agent-state.js';
import { withWork } from '../define-agent.js';
import type { Agent, AgentState } from '../types.js';
import { attend, type Attended, cancelledRecord, cancelling, closing, pausedRecord } from './attend.js';
import { idleMission, type Mission, publicMission } from './mission.js';
import {
  addRecord,
  changeRecord,
  type Lease,
  type MissionRecord,
  missionOf,
  type MissionSummary,
  readRecord,
  readSummaries,
} from './mission-record.js';

/** A goal with what belongs to it. */
export interface MissionGoal extends MemoryScope {
  readonly goal: string;
  /** By what anybody can tell that it is reached. @default those that the planner sets */
  readonly criteria?: readonly string[];
  /** What the mission is called in the store. @default drawn at random */
  readonly id?: string;
}

/** What a mission goes on with. */
export interface MissionResume {
  /** Decisions on what it paused for. */
  readonly approvals?: readonly Approval[];
  /** What is said to it besides. */
  readonly messages?: readonly Message[];
}

/** How a mission stands. */
export interface MissionStatus extends Mission {
  readonly id: string;
  readonly goal: string;
  /** Whether a process works on it now; in `planning` or `executing` without one, its process has died: resume it. */
  readonly isRunning: boolean;
  /** The result, where it has come to one. */
  readonly text: string;
  readonly createdMs: number;
  readonly changedMs: number;
  readonly usage: Usage;
  readonly costUsd: number;
  /** All of it, as the agent takes it. */
  readonly state: AgentState;
}

/** Missions in a store, from outside. What it says of an `id` throws `not-found` where there is none. */
export interface Supervisor extends AsyncDisposable {
  /**
   * Begins to work on a goal in the background, and resolves to the id of the mission once that is kept.
   * @throws {PipewrightError} `duplicate-id`.
   */
  readonly start: (goal: string | MissionGoal, run?: Run) => Promise<string>;
  readonly status: (id: string, run?: Run) => Promise<MissionStatus>;
  /** All missions in the store, by id. */
  readonly list: () => Promise<readonly MissionSummary[]>;
  /**
   * Has it paused, whichever process works on it: after what is under way, so that nothing is paid twice.
   * @throws {PipewrightError} `bad-input` when it is over.
   */
  readonly pause: (id: string, run?: Run) => Promise<void>;
  /**
   * Goes on in the background with what paused, failed, or lost its process, from where it was.
   * @throws {PipewrightError} `store-locked` while a process works on it; `bad-input` when it is done or cancelled.
   */
  readonly resume: (id: string, more?: MissionResume, run?: Run) => Promise<void>;
  /** Ends it for good: at once here, with its next sign of life in another process. @throws {PipewrightError} `bad-input` when it is over. */
  readonly cancel: (id: string, run?: Run) => Promise<void>;
  /** Resolves when this process no longer works on it, to how it stands then. */
  readonly wait: (id: string, run?: Run) => Promise<MissionStatus>;
  /** Ends all work here; it is kept, and can be resumed at once. */
  readonly close: () => Promise<void>;
}

export interface SuperviseOptions {
  readonly store: Store;
  readonly leaseMs: number;
  readonly memory: Memory | undefined;
}

const isHeld = ({ lease }: MissionRecord, nowMs: number): boolean => lease !== undefined && lease.untilMs > nowMs;

const statusOf = (record: MissionRecord, nowMs: number): MissionStatus => {
  const { id, goal, createdMs, changedMs, state } = record;
  const text = stepsOf(state).findLast((step) => step.text !== '')?.text ?? '';
  const { usage, costUsd } = state;
  return {
    ...publicMission(missionOf(record)),
    id,
    goal,
    isRunning: isHeld(record, nowMs),
    text,
    createdMs,
    changedMs,
    usage,
    costUsd,
    state,
  };
};

const over = (id: string, what: string): PipewrightError =>
  new PipewrightError('bad-input', `The mission \`${id}\` ${what}.`, { details: { where: id } });

/** Throws unless the mission may still be paused or cancelled. */
const checkOpen = (record: MissionRecord): void => {
  const { phase } = missionOf(record);
  if (phase === 'done' || phase === 'failed') throw over(record.id, `is ${phase}: there is nothing to stop`);
};

const checkResumable = (record: MissionRecord, { messages = [] }: MissionResume, nowMs: number): void => {
  const { id, lease } = record;
  const { phase, failure } = missionOf(record);
  if (isHeld(record, nowMs)) {
    const until = new Date(lease?.untilMs ?? nowMs).toISOString();
    const message = `The mission \`${id}\` is worked on already. Without a sign of life it can be taken over after ${until}.`;
    throw new PipewrightError('store-locked', message, { retryable: true, details: { where: id } });
  }
  if (failure?.code === 'cancelled') throw over(id, 'was cancelled: start another one');
  if (phase === 'done' && messages.length === 0)
    throw over(id, 'is done: give it a further message, or start another one');
};

/** The state of a mission before anything is done. What is remembered is asked for now, so that a crash does not ask again. */
const idleState = async (
  kind: string,
  { goal, criteria = [] }: MissionGoal,
  scope: MemoryScope,
  memory: Memory | undefined,
  run: Run,
): Promise<AgentState> => {
  const recalled = memory === undefined ? [] : (await memory.recall({ ...scope, text: goal }, run)).messages;
  const state = begun(kind, [...recalled, user(goal)]);
  return withWork({ ...state, remembered: recalled.length }, idleMission(criteria));
};

/** What one process works with. */
interface Desk extends SuperviseOptions {
  readonly agent: Agent<unknown>;
  readonly kind: string;
  /** The missions that are worked on here. */
  readonly running: Map<string, Attended>;
}

const launch = (desk: Desk, record: MissionRecord, more: MissionResume, run: Run): void => {
  const { running } = desk;
  const attended = attend(desk, record, more, run);
  running.set(record.id, attended);
  void attended.over.then(() => {
    if (running.get(record.id) === attended) running.delete(record.id);
  });
};

const newLease = (desk: Desk, run: Run): Lease => ({
  owner: randomId(run.random),
  untilMs: run.clock.now() + desk.leaseMs,
});

const start = async (desk: Desk, given: string | MissionGoal, run: Run): Promise<string> => {
  const asked: MissionGoal = typeof given === 'string' ? { goal: given } : given;
  const { goal, criteria: _, id = randomId(run.random), ...scope } = asked;
  const state = await idleState(desk.kind, asked, scope, desk.memory, run);
  const nowMs = run.clock.now();
  const about = { id, goal, scope, createdMs: nowMs, changedMs: nowMs };
  const record: MissionRecord = { version: 1, ...about, wish: 'go-on', lease: newLease(desk, run), state };
  await addRecord(desk.store, record);
  launch(desk, record, {}, run);
  return id;
};

const resume = async (desk: Desk, id: string, more: MissionResume, run: Run): Promise<void> => {
  const lease = newLease(desk, run);
  const take = (record: MissionRecord): MissionRecord => {
    checkResumable(record, more, run.clock.now());
    return { ...record, wish: 'go-on', lease };
  };
  launch(desk, await changeRecord(desk.store, id, take, run), more, run);
};

/** Tells the process that works on it; where none does, it is done at once. */
const wishFor = async ({ store }: Desk, id: string, wish: 'pause' | 'cancel', run: Run): Promise<void> => {
  const wished = (record: MissionRecord): MissionRecord => {
    checkOpen(record);
    const nowMs = run.clock.now();
    if (isHeld(record, nowMs)) return { ...record, wish };
    return wish === 'pause' ? pausedRecord(record, nowMs) : cancelledRecord(record, nowMs);
  };
  await changeRecord(store, id, wished, run);
};

/** Puts missions of an agent under supervision: in a store, by id, each worked on by one process at a time. */
export const supervise = (agent: Agent<unknown>, kind: string, options: SuperviseOptions): Supervisor => {
  const { store, leaseMs } = options;
  checkAtLeast('leaseMs', leaseMs, 1);
  const running = new Map<string, Attended>();
  const desk: Desk = { ...options, agent, kind, running };
  const status = async (id: string, run: Run = createRun()): Promise<MissionStatus> =>
    statusOf(await readRecord(store, id), run.clock.now());
  const close = async (): Promise<void> => {
    const all = [...running.values()];
    for (const { abort } of all) abort(closing);
    await Promise.all(all.map((each) => each.over));
  };
  return {
    start: (goal, run = createRun()) => start(desk, goal, run),
    status,
    list: () => readSummaries(store),
    pause: (id, run = createRun()) => wishFor(desk, id, 'pause', run),
    cancel: async (id, run = createRun()) => {
      await wishFor(desk, id, 'cancel', run);
      const here = running.get(id);
      here?.abort(cancelling);
      await here?.over;
    },
    resume: (id, more = {}, run = createRun()) => resume(desk, id, more, run),
    wait: async (id, run = createRun()) => {
      await raceAbort(running.get(id)?.over ?? Promise.resolve(), run);
      return status(id, run);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
