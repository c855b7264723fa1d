import { type AnyStep, checkAtLeast, type Embedder, PipewrightError, type Run } from '../core/index.js';
import {
  type Agent,
  type AgentContext,
  type AgentEnd,
  type AgentSettings,
  type AgentState,
  defineAgent,
  planAgent,
  type PlanAgentOptions,
  type PlanReport,
  planReport,
  type PlanWorker,
  workOn,
} from '../agent/index.js';
import type { ChatModel } from '../model/index.js';
import type { AttemptLimits } from './attempt.js';
import { dispatcher, type DispatchParts, type Records, recordsKey } from './dispatcher.js';
import type { TeamMember } from './member.js';
import { type Attempt, teamReport, type TeamReport } from './team-report.js';

export interface CoordinatorOptions<Out>
  extends AgentSettings,
    Pick<PlanAgentOptions<Out>, 'plan' | 'onFailure' | 'mustApprovePlan' | 'limits' | 'system' | 'output'> {
  /** Finds members by what their descriptions mean, where no tag fits. @default tags alone decide */
  readonly embedder?: Embedder;
  /** How long members are waited for, and how many try one task at most. */
  readonly waiting?: AttemptLimits & {
    /** @default 3 */
    readonly maxAttempts?: number;
  };
  /** What members did before: who succeeded is preferred. @default nothing is known */
  readonly history?: readonly Attempt[];
}

/** What a coordinator tells beside what all agents tell. */
export interface CoordinatorReport extends PlanReport {
  /** Who did what, in the order in which it ended. */
  readonly attempts: readonly Attempt[];
  readonly team: TeamReport;
}

interface CoordinatorWork {
  readonly attempts: readonly Attempt[];
  /** Messages of the conversation that the plan knows. */
  readonly seen: number;
  readonly plan?: AgentState;
}

const workIn = ({ work }: AgentState): CoordinatorWork =>
  (work as CoordinatorWork | undefined) ?? { attempts: [], seen: 0 };

const rules =
  'The tasks are done by members of a team who do not hear each other. Where their results contradict each other, say so: what each ' +
  'says, and which is better founded. Never blend contradictory results into one.';

const describe = (skill: string, members: readonly TeamMember[]): string =>
  members
    .filter(({ profile }) => profile.skills.includes(skill))
    .map(({ profile }) => profile.description)
    .filter((text) => text !== '')
    .join(' ') || skill;

/** One worker for each skill: the plan says which skill a task needs, and who has it is found when the task begins. */
const workersFor = (parts: DispatchParts): Readonly<Record<string, PlanWorker>> => {
  const { members } = parts;
  const skills = [...new Set(members.flatMap(({ profile }) => profile.skills))].sort();
  const anyone = { agent: dispatcher(parts, undefined), description: 'Any task that needs no special skill.' };
  const bySkill = skills.map((skill) => [
    skill,
    { agent: dispatcher(parts, skill), description: describe(skill, members) },
  ]);
  return { ...Object.fromEntries(bySkill), anyone };
};

const checkMembers = (members: readonly TeamMember[]): void => {
  const names = members.map(({ profile }) => profile.name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new PipewrightError('bad-option', `Two members are called \`${twice}\`. Rename one.`);
  if (names.length === 0) throw new PipewrightError('bad-option', 'A coordinator needs at least one member.');
};

/** Lets the plan be carried out, and keeps what members did beside it. */
const coordinate = async (
  planner: Agent<unknown, PlanReport>,
  history: readonly Attempt[],
  start: AgentState,
  { recalled, tell }: AgentContext,
  outer: Run,
): Promise<AgentEnd> => {
  const { plan, seen } = workIn(start);
  const fresh = start.messages.slice(seen);
  const known = (plan?.messages.length ?? recalled.length) + fresh.length;
  let state = start;
  const shown = (sub: AgentState): AgentState => {
    const messages = [...start.messages, ...sub.messages.slice(known)];
    const work: CoordinatorWork = { ...workIn(state), plan: sub, seen: messages.length };
    return { ...state, messages, taint: sub.taint, work };
  };
  const set = (next: AgentState): Promise<void> => {
    state = next;
    return tell(state);
  };
  const records: Records = {
    attempts: () => [...history, ...workIn(state).attempts],
    add: (attempt) => {
      const work = workIn(state);
      return set({ ...state, work: { ...work, attempts: [...work.attempts, attempt] } });
    },
  };
  const run = outer.with({ values: new Map([[recordsKey, records]]) });
  const task = plan === undefined ? { messages: [...recalled, ...fresh] } : { state: plan, messages: fresh };
  const {
    stopReason,
    waiting,
    output,
    state: end,
  } = await workOn(planner, task, run, { onState: (sub) => set(shown(sub)) });
  return { state: shown(end), stopReason, waiting, output };
};

const planOf = ({ work }: AgentState): PlanReport => {
  const { plan } = (work as CoordinatorWork | undefined) ?? {};
  return plan === undefined ? { tasks: [], replaced: [], replans: 0, checkpoints: [] } : planReport(plan);
};

/**
 * Makes an agent that has a team do a task: a model writes tasks with dependencies, each for a skill; each is assigned to the member that
 * has the skill, has time and did well before, side by side where they do not need each other; the model answers from all results and
 * names where they contradict each other. A member that fails, declines, says nothing for too long or dies is replaced by another; what it
 * says afterwards does not count. What nobody can do is planned anew, skipped or ends the work, with the reasons. It pauses where members
 * pause, and goes on from any state.
 * It costs one call for the plan, what the members cost, one call for the answer; at worst what `explain` says.
 * @throws {PipewrightError} `bad-option`.
 * @example coordinator(model, [teamMember(researcher, { skills: ['research'] }), teamMember(writer, { skills: ['writing'] })])
 */
export const coordinator = <Out = string>(
  model: ChatModel,
  members: readonly TeamMember[],
  options: CoordinatorOptions<Out> = {},
): Agent<Out, CoordinatorReport> => {
  const { embedder, waiting = {}, history = [], name, budget, memory, onState, system, limits, ...planning } = options;
  const { timeoutMs = 600_000, silenceMs = 120_000, maxAttempts = 3 } = waiting;
  checkAtLeast('waiting.timeoutMs', timeoutMs, 1);
  checkAtLeast('waiting.silenceMs', silenceMs, 1);
  checkAtLeast('waiting.maxAttempts', maxAttempts, 1);
  checkMembers(members);
  const matching = embedder === undefined ? {} : { embedder };
  const workers = workersFor({ members, matching, limits: { timeoutMs, silenceMs }, maxAttempts });
  const planner = planAgent<Out>(model, {
    ...planning,
    workers,
    system: system === undefined ? rules : `${system}\n\n${rules}`,
    // A task is tried by several members before it counts as failed.
    limits: { maxTries: 1, ...limits },
  });
  return defineAgent<Out, CoordinatorReport>(
    {
      kind: 'coordinator',
      details: { members: members.length, maxAttempts, timeoutMs, silenceMs },
      children: [{ label: 'plan', step: planner as AnyStep }],
      work: (start, context, run) => coordinate(planner, history, start, context, run),
      read: async ({ state, output }) => {
        const { attempts } = workIn(state);
        const more = { ...planOf(state), attempts, team: teamReport(attempts) };
        return { output: output as Out | undefined, more };
      },
    },
    { name: name ?? 'coordinator', ...(budget && { budget }), ...(memory && { memory }), ...(onState && { onState }) },
  );
};
