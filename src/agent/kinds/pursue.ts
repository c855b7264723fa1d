import { isPipewrightError, type Run } from '../../core/index.js';
import type { ChatModel } from '../../model/index.js';
import type { TextModel } from '../../output/index.js';
import { answerIn } from '../agent-state.js';
import { type AgentContext, withWork } from '../define-agent.js';
import type { Agent, AgentEnd, AgentState } from '../types.js';
import { type Critic, criticize, criticOf, type Critique } from './critic.js';
import {
  idleMission,
  type Mission,
  type MissionFailure,
  type MissionPhase,
  missionTransitions,
  moved,
} from './mission.js';
import { briefing, planMission, unmetIn } from './mission-plan.js';
import { advised, failureOf, recoveryFor } from './recovery.js';
import { concluded, delegate, type Employing, taskText } from './worker.js';

export interface MissionLimits {
  /** How often a result that misses criteria is worked on, the first time included. @default 2 */
  readonly maxAttempts?: number;
  /** Calls of models in all, those before a crash or a pause included. @default 100 */
  readonly maxCalls?: number;
  /** Time at work after which no further call of a model starts, in milliseconds. @default no limit */
  readonly maxMs?: number;
}

interface MissionWork extends Mission, Employing {}

/** Who does what for a mission. */
export interface Autonomy extends Required<MissionLimits> {
  readonly worker: Agent<unknown>;
  readonly planner: TextModel | undefined;
  readonly critic: ChatModel | Critic | undefined;
  readonly advisor: TextModel | undefined;
}

export const missionIn = ({ work }: AgentState): MissionWork => ({
  ...idleMission([]),
  ...(work as Partial<MissionWork> | undefined),
});

/** The state in another phase, and what else changes with it. */
const moveTo = (
  state: AgentState,
  to: MissionPhase,
  reason: string,
  run: Run,
  change: Partial<MissionWork> = {},
): AgentState => {
  const mission = moved({ ...missionIn(state), ...change }, to, reason, run.clock.now());
  run.emit({ type: 'custom', name: 'mission-transition', data: mission.transitions.at(-1) });
  return withWork(state, mission);
};

const failedBy = async (
  { advisor }: Autonomy,
  state: AgentState,
  failure: MissionFailure,
  run: Run,
  error?: unknown,
): Promise<AgentState> => {
  if (!missionTransitions[missionIn(state).phase].includes('failed')) return state;
  const goal = taskText(state.messages);
  const own = advisor === undefined ? [] : await advised(advisor, goal, failure, run);
  const recovery = [...recoveryFor(failure, error), ...own];
  return moveTo(state, 'failed', `${failure.code}: ${failure.message}`, run, { failure, recovery });
};

/** Why a mission goes on, and where: in the phase that it was in. */
const takenUp = (state: AgentState, run: Run): AgentState => {
  const { failure: _, ...mission } = missionIn(state);
  const before = mission.transitions.at(-1)?.from;
  const to = before === 'idle' || before === 'planning' ? 'planning' : 'executing';
  return moveTo(withWork(state, { ...mission, waiting: [], recovery: [] }), to, 'It goes on.', run);
};

/** A further task in the same conversation, with criteria and a plan of its own. */
const begunAnew = (state: AgentState, run: Run): AgentState => {
  const { transitions, calls, workedMs, employed } = missionIn(state);
  const mission: Mission = { ...idleMission([]), phase: 'done', transitions, calls, workedMs };
  const work = employed === undefined ? mission : { ...mission, employed };
  return moveTo(withWork(state, work), 'planning', 'A further task was given.', run);
};

const planned = async ({ planner }: Autonomy, state: AgentState, run: Run): Promise<AgentState> => {
  const mission = missionIn(state);
  if (planner === undefined) return moveTo(state, 'executing', 'Nobody plans.', run);
  const made = await planMission(planner, taskText(state.messages), mission, run);
  return moveTo(state, 'executing', `A plan of ${made.plan.length} steps.`, run, made);
};

/** What the criteria miss in a result. Where nobody can tell, they are taken as met. */
const judged = async (
  { critic }: Autonomy,
  state: AgentState,
  text: string,
  run: Run,
): Promise<{ readonly critique?: Critique; readonly unmet: readonly string[] }> => {
  const { criteria } = missionIn(state);
  if (critic === undefined || criteria.length === 0) return { unmet: [] };
  const rubric = criteria.map((description, at) => ({ name: `criterion ${at + 1}`, description }));
  const input = { input: taskText(state.messages), output: text };
  const verdict = await criticize(criticOf(critic, rubric), input, run);
  if ('critique' in verdict) return { critique: verdict.critique, unmet: unmetIn(verdict.critique, criteria) };
  run.emit({ type: 'warning', message: `Nobody judged the result: ${verdict.problem}` });
  return { unmet: [] };
};

const executed = async (
  autonomy: Autonomy,
  start: AgentState,
  context: AgentContext,
  run: Run,
): Promise<AgentState | AgentEnd> => {
  const done = await delegate(autonomy.worker, start, briefing(missionIn(start)), context, run);
  const { text, stopReason, waiting } = done.result;
  let { state } = done;
  if (stopReason === 'paused') {
    const reason = `A person must decide on ${waiting.map((each) => `\`${each.tool}\``).join(', ')}.`;
    return { state: moveTo(state, 'paused', reason, run, { waiting }), stopReason, waiting };
  }
  const { critique: _, ...mission } = missionIn(state);
  const attempts = mission.attempts + 1;
  state = withWork(state, { ...mission, attempts });
  if (stopReason !== 'answered') {
    const failure = { code: stopReason, message: `The work ended without an answer: ${stopReason}.` };
    return { state: await failedBy(autonomy, state, failure, run), stopReason, waiting };
  }
  const { critique, unmet } = await judged(autonomy, state, text, run);
  const change = critique === undefined ? {} : { critique };
  if (unmet.length === 0) {
    return moveTo(concluded(state, text), 'done', 'The goal is reached.', run, change);
  }
  const missing = `Criteria are not met: ${unmet.join('; ')}`;
  state = withWork(state, { ...missionIn(state), ...change });
  if (attempts < autonomy.maxAttempts) return moveTo(state, 'planning', missing, run);
  state = await failedBy(autonomy, state, { code: 'criteria-unmet', message: missing }, run);
  return { state, stopReason: 'stopped', waiting: [] };
};

const isEnd = (made: AgentEnd | AgentState): made is AgentEnd => 'stopReason' in made;

/** What comes next in a phase: another state, or the end. */
const advanced = (
  autonomy: Autonomy,
  state: AgentState,
  context: AgentContext,
  run: Run,
): AgentState | Promise<AgentState | AgentEnd> => {
  switch (missionIn(state).phase) {
    case 'idle':
      return moveTo(state, 'planning', 'A goal was given.', run);
    case 'planning':
      return planned(autonomy, state, run);
    case 'executing':
      return executed(autonomy, state, context, run);
    case 'done':
      return begunAnew(state, run);
    default:
      return takenUp(state, run);
  }
};

const phases = async (autonomy: Autonomy, start: AgentState, context: AgentContext, run: Run): Promise<AgentEnd> => {
  let state = start;
  for (;;) {
    run.throwIfAborted();
    if (missionIn(state).phase === 'done' && answerIn(state) !== undefined) {
      return { state, stopReason: 'answered', waiting: [] };
    }
    const made = await advanced(autonomy, state, context, run);
    state = isEnd(made) ? made.state : made;
    await context.tell(state);
    if (isEnd(made)) return made;
  }
};

/** Works on a mission within its limits, whatever it took before; what ends it otherwise is kept as its failure. */
export const pursue = async (
  autonomy: Autonomy,
  start: AgentState,
  context: AgentContext,
  outer: Run,
): Promise<AgentEnd> => {
  const before = missionIn(start);
  const startedMs = outer.clock.now();
  const maxCalls = Math.max(0, autonomy.maxCalls - before.calls);
  const maxMs = Math.max(0, autonomy.maxMs - before.workedMs);
  const run = outer.with({ budget: { maxCalls, maxMs } });
  const elapsedMs = (): number => outer.clock.now() - startedMs;
  const counted = (state: AgentState): AgentState => {
    const calls = before.calls + run.meter.spent.calls;
    return withWork(state, { ...missionIn(state), calls, workedMs: before.workedMs + elapsedMs() });
  };
  let last = start;
  const tell = (state: AgentState): Promise<void> => {
    last = counted(state);
    const total = Number.isFinite(autonomy.maxCalls) ? { total: autonomy.maxCalls } : {};
    outer.emit({ type: 'progress', label: missionIn(last).phase, done: missionIn(last).calls, ...total });
    return context.tell(last);
  };
  try {
    const end = await phases(autonomy, start, { ...context, tell }, run);
    return { ...end, state: counted(end.state) };
  } catch (error) {
    outer.throwIfAborted();
    const isLimit = isPipewrightError(error) && error.code === 'budget-exceeded';
    const isCalls = isLimit && run.meter.spent.calls >= maxCalls;
    const isOwn = isCalls || (isLimit && elapsedMs() >= maxMs);
    const stopReason = isCalls ? 'max-steps' : 'budget';
    const failure = isOwn ? ({ ...failureOf(error), code: stopReason } as const) : failureOf(error);
    const state = await failedBy(autonomy, last, failure, outer, error);
    await tell(state);
    if (!isOwn) throw error;
    return { state: last, stopReason, waiting: [] };
  }
};
