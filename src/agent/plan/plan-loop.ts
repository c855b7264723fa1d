import { assistant, type Run, user } from '../../core/index.js';
import { type ApprovalRequest, taintKey, taintOf } from '../../tool/index.js';
import { type AgentLoop, runLoop } from '../agent-loop.js';
import { answerIn, stepsOf } from '../agent-state.js';
import type { AgentContext } from '../define-agent.js';
import type { AgentEnd, AgentState } from '../types.js';
import { decisionOn } from './approval.js';
import { type Board, createBoard, replanned, union } from './board.js';
import { type Planner, writePlan } from './planner.js';
import { type Paused, runTask, type TaskParts } from './run-task.js';
import { settle } from './settle.js';
import { blocks, outcomeOf, told } from './told.js';
import type { PlanTask, TaskRecord } from './types.js';

/** What an agent with a plan works with. */
export interface PlanParts extends TaskParts {
  readonly planner: Planner;
  /** The plan to begin with. */
  readonly firstPlan: readonly PlanTask[] | undefined;
  readonly mustApprove: boolean;
  /** Writes the answer from the results. */
  readonly answering: AgentLoop;
}

/** Makes the first plan, or the next one with what became of the one before. */
const makePlan = async (
  { planner, firstPlan }: PlanParts,
  board: Board,
  { recalled }: AgentContext,
  run: Run,
  refusal?: string,
): Promise<void> => {
  const work = board.work();
  const state = board.state();
  const messages = state.messages.slice(0, work.asked);
  const request = { recalled, messages, tasks: work.tasks, ...(refusal === undefined ? {} : { refusal }) };
  const isKnown = work.plans === 0 && firstPlan !== undefined;
  const tasks = isKnown ? firstPlan : await writePlan(planner, request, run);
  // Who wrote the plan has read all this: so have, in effect, those who carry it out.
  const taint = union(run.get(taintKey) ?? [], taintOf(recalled), state.taint);
  const records = tasks.map((task) => ({ ...task, status: 'open' as const, failures: [], taint }));
  await board.set({ ...replanned(work, records), plans: work.plans + 1, isApproved: false });
  run.emit({ type: 'custom', name: 'plan', data: tasks });
};

const resultRules =
  'Now answer the request from what became of the tasks of the plan. Say what could not be done, and claim nothing that the results do not say.';

/** Writes the answer: the only text that is shown. */
const conclude = async (
  { answering, limits }: PlanParts,
  board: Board,
  context: AgentContext,
  run: Run,
): Promise<AgentEnd> => {
  const { asked, tasks } = board.work();
  const outcomes = tasks.map((record) => outcomeOf(record, limits.maxResultLength));
  const state = board.state();
  const messages = [...state.messages.slice(0, asked), user(blocks(told('The tasks.', outcomes), resultRules))];
  const begun: AgentState = { ...state, messages, given: messages.length };
  const silent: AgentContext = { recalled: context.recalled, tell: () => Promise.resolve() };
  const { state: after, stopReason } = await runLoop(answering, begun, silent, run);
  const text = stopReason === 'answered' ? answerIn(after) : stepsOf(after).at(-1)?.text;
  if (text !== undefined) await board.say(assistant(text), stopReason === 'answered' ? 'answered' : undefined);
  return { state: board.state(), stopReason, waiting: [] };
};

/** Lets a person see the plan, and does what they decided. */
const approve = async (parts: PlanParts, board: Board, context: AgentContext, run: Run): Promise<Paused> => {
  const work = board.work();
  const { waiting, refusal } = await decisionOn(work, board.state().taint, run);
  if (waiting !== undefined) return [waiting];
  if (refusal === undefined) await board.set({ isApproved: true });
  else if (work.plans <= parts.limits.maxReplans) await makePlan(parts, board, context, run, refusal);
  else await board.set({ end: 'stopped' });
  return undefined;
};

/** Runs all tasks that can be run. */
const carryOut = async (parts: PlanParts, board: Board, run: Run): Promise<Paused> => {
  const paused = new Map<string, readonly ApprovalRequest[]>();
  const runOne = async (task: TaskRecord, inner: Run): Promise<void> => {
    const waiting = await runTask(parts, board, task, inner);
    if (waiting !== undefined) paused.set(task.id, waiting);
  };
  await settle(board, runOne, parts.limits.concurrency, run);
  if (paused.size === 0) return undefined;
  // In the order of the plan, whoever came first.
  return board.work().tasks.flatMap(({ id }) => paused.get(id) ?? []);
};

/**
 * Plans, has the plan approved of, carries it out, plans anew where a failure asks for it, and answers. It goes on from any state that
 * it came to: results that are there are not paid for again.
 */
export const runPlan = async (
  parts: PlanParts,
  start: AgentState,
  context: AgentContext,
  run: Run,
): Promise<AgentEnd> => {
  const board = createBoard(start, context);
  for (;;) {
    run.throwIfAborted();
    const { plans, isApproved, tasks: planned, end } = board.work();
    if (end !== undefined) return { state: board.state(), stopReason: end, waiting: [] };
    if (plans === 0) {
      await makePlan(parts, board, context, run);
      continue;
    }
    const isToApprove = parts.mustApprove && !isApproved && planned.some(({ status }) => status === 'open');
    const waiting = isToApprove ? await approve(parts, board, context, run) : await carryOut(parts, board, run);
    const { tasks, plans: made, end: ended } = board.work();
    if (waiting !== undefined && ended === undefined) return { state: board.state(), stopReason: 'paused', waiting };
    if (isToApprove || ended !== undefined) continue;
    const isToReplan = tasks.some(({ status }) => status === 'failed') && made <= parts.limits.maxReplans;
    if (!isToReplan) return conclude(parts, board, context, run);
    await makePlan(parts, board, context, run);
  }
};
