import { type AnyStep, checkAtLeast, type Run } from '../../core/index.js';
import type { ChatModel } from '../../model/index.js';
import type { TextModel } from '../../output/index.js';
import { type AgentOptions, loopOf } from '../agent.js';
import { type AgentLoop, runLoop } from '../agent-loop.js';
import { answerIn, stepsOf } from '../agent-state.js';
import { type AgentContext, defineAgent, withWork } from '../define-agent.js';
import { outputOf } from '../think.js';
import type { Agent, AgentEnd, AgentState } from '../types.js';
import { makePlan, namesIn, planText, type ToolPlan } from './tool-plan.js';
import { narrowed, problemText, reportsOf, type ToolReport, watched, type WatchedCall } from './tool-watch.js';
import { taskText } from './worker.js';

/** A plan that took the place of another, and why. */
export interface Adaptation {
  /** After so many steps of the work. */
  readonly afterSteps: number;
  /** What disappointed, line by line. */
  readonly problems: readonly string[];
  readonly plan: ToolPlan;
}

export interface Strategy {
  /** The last plan; undefined where it came to none. */
  readonly plan: ToolPlan | undefined;
  readonly adaptations: readonly Adaptation[];
  /** How each tool did that was planned or called. */
  readonly tools: readonly ToolReport[];
}

export interface StrategistAgentOptions<Out> extends AgentOptions<Out> {
  /** Who plans. @default the model that works */
  readonly planner?: TextModel;
  /** Among so many tools is the plan made: those whose words fit the task best. @default 20 */
  readonly maxCandidates?: number;
  /** After so many disappointing results of a plan another is made. @default 2 */
  readonly patience?: number;
  /** How often another plan is made at most. @default 2 */
  readonly maxAdaptations?: number;
}

/** What is kept of the work, as plain data. */
interface StrategyWork {
  readonly plan?: ToolPlan;
  readonly adaptations: readonly Adaptation[];
  /** The step from which on the plan holds. */
  readonly since: number;
  readonly spentMs: Readonly<Record<string, number>>;
  readonly isDone: boolean;
}

interface Strategist {
  readonly loop: AgentLoop;
  readonly planner: TextModel;
  readonly maxCandidates: number;
  readonly patience: number;
  readonly maxAdaptations: number;
}

const blank: StrategyWork = { adaptations: [], since: 0, spentMs: {}, isDone: false };
const workIn = ({ work }: AgentState): StrategyWork => (work as StrategyWork | undefined) ?? blank;

/** What disappointed since the plan was made. */
const problemsIn = (state: AgentState): readonly WatchedCall[] => {
  const { since } = workIn(state);
  return watched(stepsOf(state)).filter(({ step, disappointment }) => step >= since && disappointment !== undefined);
};

const isDue = ({ patience, maxAdaptations }: Strategist, state: AgentState): boolean =>
  workIn(state).adaptations.length < maxAdaptations && problemsIn(state).length >= patience;

const planned = async (strategist: Strategist, state: AgentState, run: Run): Promise<AgentState> => {
  const { planner, loop, maxCandidates } = strategist;
  const work = workIn(state);
  const { plan: last } = work;
  const problems = problemsIn(state).map(problemText);
  const said = state.messages.filter(({ role }, at) => at < state.given || role === 'user');
  const request = {
    task: taskText(said),
    ...(last === undefined ? {} : { before: { plan: last, problems } }),
  };
  const plan = await makePlan(planner, loop.toolbox.definitions, request, maxCandidates, run);
  run.emit({ type: 'choice-made', chosen: namesIn(plan).join(', '), reason: plan.analysis });
  const since = stepsOf(state).length;
  const adaptation: readonly Adaptation[] = last === undefined ? [] : [{ afterSteps: since, problems, plan }];
  return withWork(state, { ...work, plan, since, adaptations: [...work.adaptations, ...adaptation] });
};

/** The loop under a plan: it ends as `stopped` when the plan disappoints. */
const loopUnder = (strategist: Strategist, plan: ToolPlan, onCall: (tool: string, ms: number) => void): AgentLoop => {
  const { loop } = strategist;
  const advice =
    plan.steps.length === 0
      ? ''
      : `A plan for the tools, which you may leave where the results say so:\n${planText(plan)}`;
  const rules = [loop.system ?? '', advice].filter((part) => part !== '').join('\n\n');
  return {
    ...loop,
    toolbox: narrowed(loop.toolbox, namesIn(plan), onCall),
    system: rules === '' ? undefined : rules,
    shouldStop: (state) => loop.shouldStop(state) || isDue(strategist, state),
  };
};

const workUnderPlan = async (
  strategist: Strategist,
  start: AgentState,
  plan: ToolPlan,
  context: AgentContext,
  run: Run,
): Promise<AgentEnd> => {
  let { spentMs } = workIn(start);
  const onCall = (tool: string, ms: number): void => {
    spentMs = { ...spentMs, [tool]: (Object.hasOwn(spentMs, tool) ? (spentMs[tool] ?? 0) : 0) + ms };
  };
  const timed = (state: AgentState): AgentState => withWork(state, { ...workIn(state), spentMs });
  const telling = { ...context, tell: (state: AgentState) => context.tell(timed(state)) };
  const end = await runLoop(loopUnder(strategist, plan, onCall), start, telling, run);
  return { ...end, state: timed(end.state) };
};

/** Who goes on with a further task plans anew. */
const begun = (start: AgentState): AgentState => {
  const { isDone, spentMs } = workIn(start);
  const isNew = isDone && answerIn(start) === undefined;
  return isNew ? withWork(start, { ...blank, spentMs, since: stepsOf(start).length }) : start;
};

const strive = async (
  strategist: Strategist,
  start: AgentState,
  context: AgentContext,
  run: Run,
): Promise<AgentEnd> => {
  let state = begun(start);
  for (;;) {
    run.throwIfAborted();
    const { plan } = workIn(state);
    if (plan === undefined || isDue(strategist, state)) {
      state = await planned(strategist, state, run);
      await context.tell(state);
      continue;
    }
    const end = await workUnderPlan(strategist, state, plan, context, run);
    state = end.state;
    const mayAdapt = end.stopReason === 'stopped' && !strategist.loop.shouldStop(state);
    if (mayAdapt && isDue(strategist, state)) continue;
    return { ...end, state: withWork(state, { ...workIn(state), isDone: end.stopReason === 'answered' }) };
  }
};

/**
 * Makes an agent for many tools: it looks at the task, plans which tools to use in which order and what to expect of them, works
 * with these alone, and makes another plan when results disappoint: calls that fail, results that are empty, the same again. With
 * hundreds of tools the plan is made among those whose words fit the task. The result reports how each tool did.
 * Costs up to `maxSteps` calls of the model, and for each plan one call, or two where the first does not fit.
 * @throws {PipewrightError} `bad-option`.
 * @example (await strategistAgent(scripted(['Four.']))('Two and two?')).tools // => []
 */
export const strategistAgent = <Out = string>(
  model: ChatModel,
  options: StrategistAgentOptions<Out> = {},
): Agent<Out, Strategy> => {
  const { planner = model, maxCandidates = 20, patience = 2, maxAdaptations = 2, output } = options;
  checkAtLeast('maxCandidates', maxCandidates, 1);
  checkAtLeast('patience', patience, 1);
  checkAtLeast('maxAdaptations', maxAdaptations, 0);
  const loop = loopOf(model, options);
  const { maxSteps, toolbox } = loop;
  const strategist: Strategist = { loop, planner, maxCandidates, patience, maxAdaptations };
  return defineAgent<Out, Strategy>(
    {
      kind: 'strategist-agent',
      details: { maxSteps, tools: toolbox.tools.length, maxCandidates, patience, maxAdaptations },
      children: [
        // A plan that does not fit is asked for once more.
        {
          label: 'plan',
          step: planner as AnyStep,
          maxCalls: toolbox.tools.length === 0 ? 0 : 2 * (1 + maxAdaptations),
        },
        { label: 'think', step: loop.model as AnyStep, maxCalls: maxSteps },
        { label: 'act', step: toolbox.call as AnyStep, maxCalls: maxSteps },
      ],
      work: (start, context, run) => strive(strategist, start, context, run),
      read: async (end) => {
        const { plan, adaptations, spentMs } = workIn(end.state);
        const names = plan === undefined ? [] : namesIn(plan);
        const tools = reportsOf(watched(stepsOf(end.state)), names, spentMs);
        return { output: await outputOf(end, output), more: { plan, adaptations, tools } };
      },
    },
    options,
  );
};
