import type { Message } from '../../core/index.js';
import { withMessages, withTaint } from '../agent-state.js';
import type { AgentContext } from '../define-agent.js';
import { withWork } from '../define-agent.js';
import type { AgentState } from '../types.js';
import type { PlanReport, PlanTask, PlanWork, TaskRecord, TaskReport } from './types.js';

/** Where tasks that run side by side write down how far they are; every change is a state that is told. */
export interface Board {
  readonly state: () => AgentState;
  readonly work: () => PlanWork;
  readonly task: (id: string) => TaskRecord | undefined;
  readonly set: (change: Partial<PlanWork>) => Promise<void>;
  readonly setTask: (id: string, change: (record: TaskRecord) => TaskRecord) => Promise<void>;
  /** The last word, in place of all that was said since the request. */
  readonly say: (message: Message, end: PlanWork['end']) => Promise<void>;
}

/** Given up or done: those that wait for it need wait no longer. */
export const isOver = ({ status }: TaskRecord): boolean => status === 'done' || status === 'skipped';

/** The work that a state holds, or work that has not begun: at the beginning, and when something is said after the answer. */
const workIn = ({ work, messages }: AgentState): PlanWork => {
  const kept = work as PlanWork | undefined;
  const asked = messages.length;
  const isAskedMore = kept !== undefined && asked > kept.asked && messages.at(-1)?.role !== 'assistant';
  if (kept === undefined || (isAskedMore && kept.end !== undefined)) {
    return { asked, plans: 0, isApproved: false, tasks: [], replaced: [] };
  }
  return isAskedMore ? { ...kept, asked } : kept;
};

export const createBoard = (start: AgentState, { tell }: AgentContext): Board => {
  let state = withWork(start, workIn(start));
  const work = (): PlanWork => state.work as PlanWork;
  const set = (change: Partial<PlanWork>): Promise<void> => {
    state = withWork(state, { ...work(), ...change });
    return tell(state);
  };
  return {
    state: () => state,
    work,
    set,
    task: (id) => work().tasks.find((record) => record.id === id),
    setTask: (id, change) => {
      const tasks = work().tasks.map((record) => (record.id === id ? change(record) : record));
      state = withTaint(state, tasks.find((record) => record.id === id)?.taint ?? []);
      return set({ tasks });
    },
    say: (message, end) => {
      const request = { ...state, messages: state.messages.slice(0, work().asked) };
      state = withMessages(request, message);
      return set(end === undefined ? {} : { end });
    },
  };
};

export const union = (...lists: readonly (readonly string[])[]): readonly string[] => [...new Set(lists.flat())];

const reportOf = ({ state: _, ...report }: TaskRecord): TaskReport => report;

/** The plan itself, without how far it is. */
export const plannedOf = ({
  id,
  description,
  dependsOn,
  worker,
  phase,
  criteria,
  contingencies,
}: PlanTask): PlanTask => ({
  id,
  description,
  dependsOn,
  ...(worker === undefined ? {} : { worker }),
  ...(phase === undefined ? {} : { phase }),
  ...(criteria === undefined ? {} : { criteria }),
  ...(contingencies === undefined ? {} : { contingencies }),
});

/** The phases, in the order in which they are done. */
export const phasesOf = (tasks: readonly TaskRecord[]): readonly (string | undefined)[] => [
  ...new Set(tasks.map(({ phase }) => phase)),
];

/** Names of the phases of which nothing is left to do. */
const checkpointsOf = (tasks: readonly TaskRecord[]): readonly string[] => {
  const open = new Set(tasks.filter((record) => !isOver(record)).map(({ phase }) => phase));
  return phasesOf(tasks).filter((phase) => phase !== undefined && !open.has(phase)) as readonly string[];
};

/** What became of the tasks, read from the state of an agent with a plan. */
export const planReport = ({ work }: AgentState): PlanReport => {
  const { tasks = [], replaced = [], plans = 0 } = (work ?? {}) as Partial<PlanWork>;
  return {
    tasks: tasks.map(reportOf),
    replaced,
    replans: Math.max(0, plans - 1),
    checkpoints: checkpointsOf(tasks),
  };
};

/** What is not done makes room for a new plan. */
export const replanned = ({ tasks, replaced }: PlanWork, next: readonly TaskRecord[]): Partial<PlanWork> => {
  const done = tasks.filter(({ status }) => status === 'done');
  const dropped = tasks.filter(({ status }) => status !== 'done');
  return { tasks: [...done, ...next], replaced: [...replaced, ...dropped.map(reportOf)] };
};
