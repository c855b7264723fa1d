import {
  type AnyStep,
  checkAtLeast,
  PipewrightError,
  route,
  type Schema,
  type StepChild,
  type StepLike,
} from '../../core/index.js';
import type { ChatModel } from '../../model/index.js';
import { type Tool, type Toolbox, toolbox } from '../../tool/index.js';
import { agent, loopOf } from '../agent.js';
import { answerIn } from '../agent-state.js';
import { type AgentSettings, defineAgent } from '../define-agent.js';
import { outputIn } from '../think.js';
import type { Agent } from '../types.js';
import { planReport } from './board.js';
import type { FailureChoice, TaskFailure } from './on-failure.js';
import { type PlanForm, taskPlan } from './plan-form.js';
import { type PlanBounds, planIssues } from './plan-issues.js';
import { type PlanParts, runPlan } from './plan-loop.js';
import { plannerStep } from './planner.js';
import type { CriterionCheck, PlanLimits, PlanReport, PlanTask } from './types.js';
import type { VerifierInput } from './verifier.js';

/** One of several that can do tasks. */
export interface PlanWorker {
  readonly agent: Agent<unknown>;
  /** What it can do, for the model that plans. */
  readonly description: string;
}

export interface PlanAgentOptions<Out> extends AgentSettings {
  /** The first plan, where it is known. @default the model writes it */
  readonly plan?: readonly PlanTask[];
  /** What tasks are done with, where no `workers` are given. @default none */
  readonly tools?: readonly Tool[] | Toolbox;
  /** Who does the tasks: one agent, or several by their names, of which the plan chooses. @default an `agent` with the `tools` */
  readonly workers?: Agent<unknown> | Readonly<Record<string, PlanWorker>>;
  /**
   * What follows a failed try: after the last one (`abort`: after the first), or chosen each time by a function or a
   * `failureChooser`. What is used up becomes `skip`. @default 'replan'
   */
  readonly onFailure?: FailureChoice | StepLike<TaskFailure, FailureChoice>;
  /** Whether a person must approve of each plan: it pauses with a request for the tool `plan`. @default false */
  readonly mustApprovePlan?: boolean;
  readonly limits?: PlanLimits;
  /** Who it is and what matters, for plans and answers. @default nothing */
  readonly system?: string;
  /** The form of the answer: any Standard Schema. @default text */
  readonly output?: Schema<Out>;
}

/** How often the answer is asked for until it fits the schema. */
const maxAnswers = 3;

const defaults: Required<PlanLimits> = {
  concurrency: 4,
  maxTasks: 12,
  maxTries: 2,
  maxReplans: 1,
  maxSteps: 10,
  maxResultLength: 8_000,
};

const limitsOf = (given: PlanLimits = {}): Required<PlanLimits> => {
  const limits = { ...defaults, ...given };
  for (const [name, value] of Object.entries(limits))
    checkAtLeast(`limits.${name}`, value, name === 'maxReplans' ? 0 : 1);
  return limits;
};

const isOne = (workers: Agent<unknown> | Readonly<Record<string, PlanWorker>>): workers is Agent<unknown> =>
  typeof workers === 'function';

const toolsIn = (tools: readonly Tool[] | Toolbox): string => {
  const { definitions } = 'definitions' in tools ? tools : toolbox(tools);
  const list = definitions.map(({ name, description }) => `- ${name}: ${description}`).join('\n');
  return list === '' ? '' : `The workers have these tools:\n${list}`;
};

/** Those who do the tasks, with what they can do. */
const workersOf = (
  model: ChatModel,
  { tools = [], workers, system }: PlanAgentOptions<unknown>,
  { maxSteps }: Required<PlanLimits>,
): ReadonlyMap<string, PlanWorker> => {
  if (workers === undefined) {
    const worker = agent(model, { tools, maxSteps, ...(system === undefined ? {} : { system }) });
    return new Map([['worker', { agent: worker, description: toolsIn(tools) }]]);
  }
  if (isOne(workers)) return new Map([['worker', { agent: workers, description: '' }]]);
  const named = new Map(Object.entries(workers));
  if (named.size > 0) return named;
  throw new PipewrightError('bad-option', '`workers` has none. Give at least one, or leave it out.');
};

const childrenOf = (parts: PlanParts, model: ChatModel): readonly StepChild[] => {
  const { limits, verifier, onFailure, workers } = parts;
  const maxPlans = 1 + limits.maxReplans;
  const maxCalls = maxPlans * limits.maxTasks * limits.maxTries;
  const [first] = workers.values();
  const byName = Object.fromEntries([...workers].map(([name, worker]) => [name, worker as AnyStep]));
  // One of them does a task: what they cost does not add up.
  const work = workers.size === 1 && first !== undefined ? first : route((name: string) => name, byName as never);
  return [
    { label: 'plan', step: plannerStep(parts.planner), maxCalls: maxPlans },
    { label: 'work', step: work as AnyStep, maxCalls },
    ...(verifier === undefined ? [] : [{ label: 'verify', step: verifier as AnyStep, maxCalls }]),
    ...(typeof onFailure === 'string' ? [] : [{ label: 'decide', step: onFailure as AnyStep, maxCalls }]),
    { label: 'answer', step: model as AnyStep, maxCalls: maxAnswers },
  ];
};

const checkPlan = (plan: readonly PlanTask[], bounds: PlanBounds): void => {
  const issues = planIssues(plan, bounds);
  if (issues.length === 0) return;
  throw new PipewrightError('bad-option', `The \`plan\` cannot be carried out: ${issues.join(' ')}`, {
    details: { issues },
  });
};

/** What makes one kind of agent with a plan different from another. */
export interface PlanKind {
  readonly kind: string;
  readonly form: PlanForm;
  readonly verifier?: StepLike<VerifierInput, readonly CriterionCheck[]>;
}

export const planning = <Out>(
  model: ChatModel,
  options: PlanAgentOptions<Out>,
  { kind, form, verifier }: PlanKind,
): Agent<Out, PlanReport> => {
  const { onFailure = 'replan', mustApprovePlan = false, output, system } = options;
  const limits = limitsOf(options.limits);
  const { maxTasks, maxTries, maxReplans, concurrency, maxResultLength } = limits;
  const workers = workersOf(model, options, limits);
  const described = new Map([...workers].map(([name, { description }]) => [name, description]));
  const answerOptions = { maxSteps: maxAnswers, ...(system === undefined ? {} : { system }) };
  if (options.plan !== undefined)
    checkPlan(options.plan, { maxTasks, workers: [...workers.keys()], isVerified: form.isVerified, done: new Set() });
  const parts: PlanParts = {
    firstPlan: options.plan,
    planner: {
      model,
      toolbox: toolbox([]),
      output: undefined,
      form,
      system,
      workers: described,
      maxTasks,
      maxResultLength,
    },
    workers: new Map([...workers].map(([name, worker]) => [name, worker.agent])),
    answering: loopOf(model, output === undefined ? answerOptions : { ...answerOptions, output }),
    verifier,
    onFailure,
    mustApprove: mustApprovePlan,
    limits,
  };
  return defineAgent<Out, PlanReport>(
    {
      kind,
      details: { maxTasks, maxTries, maxReplans, concurrency },
      children: childrenOf(parts, model),
      work: (start, context, run) => runPlan(parts, start, context, run),
      read: async ({ state, stopReason }) => {
        const answer = stopReason === 'answered' ? await outputIn(answerIn(state) ?? '', output) : undefined;
        // The text itself where there is no schema, which is what `Out` is then.
        return { output: answer as Out | undefined, more: planReport(state) };
      },
    },
    options,
  );
};

/**
 * Makes an agent that plans first: a model writes tasks with dependencies, workers do those that are ready side by side, each with the
 * results that it needs, and the model answers from all results. What cannot be carried out (tasks that wait for each other, unknown
 * ids, too many) is shown to the model, which writes another plan, twice at most. Failed tasks are tried again, skipped with those that
 * depend on them, planned anew or end the work. It ends as `agent` does; `tasks` says what became of each.
 * It costs one call for the plan, a worker's work for each task, one call for the answer; at worst what `explain` says.
 * It rejects when the planning or answering model fails, with `output-invalid` when no plan of it can be carried out, when it is
 * aborted, and when the budget of the run around it is exceeded.
 * @throws {PipewrightError} `bad-option`.
 * @example (await planAgent(scripted(['{"tasks": [{"id": "a", "description": "Add.", "dependsOn": []}]}', '4', 'Four.']))('What is 2 + 2?')).text // => 'Four.'
 */
export const planAgent = <Out = string>(
  model: ChatModel,
  options: PlanAgentOptions<Out> = {},
): Agent<Out, PlanReport> => planning(model, options, { kind: 'plan-agent', form: taskPlan });
