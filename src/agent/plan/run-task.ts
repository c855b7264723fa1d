import {
  callStep,
  isPipewrightError,
  messageOf,
  PipewrightError,
  type Run,
  type StepLike,
  textOf,
  withoutText,
} from '../../core/index.js';
import { type ApprovalRequest, taintKey } from '../../tool/index.js';
import { stepsOf } from '../agent-state.js';
import { workOn } from '../define-agent.js';
import type { Agent, AgentState } from '../types.js';
import { type Board, isOver, plannedOf, union } from './board.js';
import { chosen, type FailureChoice, type TaskFailure } from './on-failure.js';
import { blocks, clipped, reasonOf, told } from './told.js';
import type { CriterionCheck, PlanLimits, TaskRecord } from './types.js';
import type { VerifierInput } from './verifier.js';

/** What tasks are done with. */
export interface TaskParts {
  readonly workers: ReadonlyMap<string, Agent<unknown>>;
  readonly verifier: StepLike<VerifierInput, readonly CriterionCheck[]> | undefined;
  readonly onFailure: FailureChoice | StepLike<TaskFailure, FailureChoice>;
  readonly limits: Required<PlanLimits>;
}

/** What people must decide on before a task that paused can go on; undefined when it did not pause. */
export type Paused = readonly ApprovalRequest[] | undefined;

const dependenciesOf = (board: Board, { dependsOn }: TaskRecord): readonly TaskRecord[] =>
  dependsOn.map((id) => board.task(id)).filter((record) => record !== undefined);

/** What a worker is told: its task, what it is for, and what it may build on. */
const taskText = (board: Board, record: TaskRecord, { maxResultLength }: Required<PlanLimits>): string => {
  const { description, failures, contingencies = [] } = record;
  const messages = board.state().messages.slice(0, board.work().asked);
  const request = messages.findLast(({ role }) => role === 'user');
  const results = dependenciesOf(board, record).map(({ id, result = '' }) => ({
    task: id,
    result: clipped(result, maxResultLength),
  }));
  const otherWay = failures.length === 0 ? undefined : contingencies[failures.length - 1];
  return blocks(
    'You do one task of a larger plan. Answer with its result alone.',
    told('The request that the plan is for.', [
      { request: clipped(request === undefined ? '' : textOf(request), maxResultLength) },
    ]),
    told('Results of earlier tasks.', results),
    told(
      'Why earlier tries failed.',
      failures.map((reason) => ({ reason })),
    ),
    `Your task: ${description}`,
    otherWay === undefined ? '' : `Do it this way now: ${otherWay}`,
  );
};

/** Without the worker, which is through. */
const withoutWorker = ({ state: _, ...record }: TaskRecord): TaskRecord => record;

const failed = (board: Board, id: string, reason: string): Promise<void> =>
  board.setTask(id, (record) => ({
    ...withoutWorker(record),
    failures: [...record.failures, reasonOf(reason)],
    taint: union(record.taint, record.state?.taint ?? []),
    status: 'undecided',
  }));

/** One try of one task: what people decide is for it alone. */
const subjectOf = (board: Board, { id, failures }: TaskRecord): string => {
  const { asked, plans } = board.work();
  return `${asked}.${plans}.${failures.length}.${id}`;
};

const workerFor = ({ workers }: TaskParts, { worker: name = '' }: TaskRecord): Agent<unknown> => {
  // Where there is one, it does whatever the plan calls it.
  const [first] = workers.values();
  const worker = workers.get(name) ?? first;
  if (worker !== undefined) return worker;
  throw new PipewrightError('not-found', `There is no worker \`${name}\`.`);
};

/** Has a worker do the task, or go on with it; resolves to what people must decide on first, where it paused. */
const attempt = async (parts: TaskParts, board: Board, record: TaskRecord, run: Run): Promise<Paused> => {
  const { id } = record;
  const taint = union(record.taint, ...dependenciesOf(board, record).map((need) => need.taint));
  const input = record.state === undefined ? taskText(board, record, parts.limits) : { state: record.state };
  const onState = (state: AgentState): Promise<void> => board.setTask(id, (now) => ({ ...now, state, taint }));
  const options = { onState, taint, subject: subjectOf(board, record) };
  const worker = workerFor(parts, record);
  const { stopReason, text, state, waiting } = await workOn(worker, input, withoutText(run), options);
  if (stopReason === 'paused') {
    await onState(state);
    return waiting;
  }
  if (stopReason !== 'answered') {
    const said = text === '' ? '' : ` It had said: ${text}`;
    await failed(board, id, `Its worker stopped without an answer: ${stopReason}.${said}`);
    return undefined;
  }
  await board.setTask(id, (now) => {
    const answered = { ...now, state, result: text, taint: union(taint, state.taint) };
    if (parts.verifier !== undefined) return { ...answered, status: 'unverified' };
    return { ...withoutWorker(answered), status: 'done' };
  });
  return undefined;
};

const verify = async ({ verifier }: TaskParts, board: Board, record: TaskRecord, run: Run): Promise<void> => {
  const { id, criteria = [], result = '', state, taint } = record;
  if (verifier === undefined) return;
  const steps = state === undefined ? [] : stepsOf(state);
  const tainted = run.with({ values: new Map([[taintKey, union(run.get(taintKey) ?? [], taint)]]) });
  const said = await callStep(
    verifier,
    { task: plannedOf(record), criteria, result, steps },
    withoutText(tainted),
    'verify',
  );
  // Only what was asked counts, and all of it.
  const checks = criteria.map(
    (criterion) =>
      said.find((check) => check.criterion === criterion) ?? {
        criterion,
        isMet: false,
        evidence: 'It was not checked.',
      },
  );
  const unmet = checks.filter(({ isMet }) => !isMet);
  if (unmet.length === 0) {
    await board.setTask(id, (now) => ({ ...withoutWorker(now), checks, status: 'done' }));
    return;
  }
  await board.setTask(id, (now) => ({ ...now, checks }));
  await failed(board, id, unmet.map(({ criterion, evidence }) => `Not met: ${criterion} (${evidence})`).join(' '));
};

const decide = async ({ onFailure, limits }: TaskParts, board: Board, record: TaskRecord, run: Run): Promise<void> => {
  const { id, failures } = record;
  const reason = failures.at(-1) ?? '';
  const triesLeft = limits.maxTries - failures.length;
  const replansLeft = limits.maxReplans + 1 - board.work().plans;
  const choice = await chosen(onFailure, { task: plannedOf(record), reason, triesLeft, replansLeft }, withoutText(run));
  run.emit({ type: 'choice-made', chosen: choice, reason });
  if (choice === 'retry') return board.setTask(id, (now) => ({ ...now, status: 'open' }));
  if (choice === 'abort') await board.set({ end: 'stopped' });
  const status = choice === 'skip' ? 'skipped' : 'failed';
  return board.setTask(id, (now) => ({ ...now, status, reason }));
};

/** What ends the whole work, and is no failure of a task. */
const isFatal = (error: unknown): boolean => isPipewrightError(error) && error.code === 'budget-exceeded';

/** Goes on with a task from wherever it is, until it is over or pauses. */
const drive = async (parts: TaskParts, board: Board, id: string, run: Run): Promise<Paused> => {
  for (;;) {
    run.throwIfAborted();
    const record = board.task(id);
    if (record === undefined || isOver(record) || record.status === 'failed') return undefined;
    if (record.status === 'undecided') {
      await decide(parts, board, record, run);
      continue;
    }
    try {
      if (record.status === 'unverified') await verify(parts, board, record, run);
      else {
        const waiting = await attempt(parts, board, record, run);
        if (waiting !== undefined) return waiting;
      }
    } catch (error) {
      run.throwIfAborted();
      if (isFatal(error)) throw error;
      await failed(board, id, messageOf(error));
    }
  }
};

/** Does a task whose turn has come, if what it depends on is there. */
export const runTask = async (parts: TaskParts, board: Board, task: TaskRecord, run: Run): Promise<Paused> => {
  const { id } = task;
  const needs = dependenciesOf(board, task);
  const skipped = needs.find(({ status }) => status === 'skipped');
  if (skipped !== undefined) {
    const reason = `It depends on \`${skipped.id}\`, which was not done.`;
    await board.setTask(id, (record) => ({ ...record, status: 'skipped', reason }));
  } else if (needs.some(({ status }) => status !== 'done')) return undefined;
  const waiting = await drive(parts, board, id, run.isWatched ? run.child(id) : run);
  const { tasks } = board.work();
  const done = tasks.filter(isOver).length;
  run.emit({ type: 'progress', label: 'tasks', done, total: tasks.length });
  return waiting;
};
