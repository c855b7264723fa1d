import {
  type Budget,
  callStep,
  defineStepWith,
  isPipewrightError,
  type Memory,
  type MemoryScope,
  type Message,
  pairedMessages,
  PipewrightError,
  type Run,
  type RunKey,
  runKey,
  type StepChild,
  type StepInfo,
  textOf,
} from '../core/index.js';
import { approvalsKey, calledBy, taintKey } from '../tool/index.js';
import { stateOf, stepsOf, taskOf, withSpent } from './agent-state.js';
import type { Agent, AgentEnd, AgentInput, AgentResult, AgentState, AgentStep, AgentTask } from './types.js';

/** What every kind of agent can be told. */
export interface AgentSettings {
  /** What traces, teams and errors call it. @default its kind */
  readonly name?: string;
  /** What one task may spend; at the limit the agent stops with what it has. @default no limit of its own */
  readonly budget?: Budget;
  /** What it remembers from one task to the next. @default nothing */
  readonly memory?: Memory;
  /** Is told every state that it comes to, to keep it; it goes on when the promise resolves. @default nothing */
  readonly onState?: (state: AgentState, run: Run) => void | Promise<void>;
}

/** What the work of an agent has beside its state. */
export interface AgentContext {
  /** What is remembered of earlier; stands before the conversation. */
  readonly recalled: readonly Message[];
  /** Tells a state to whoever keeps it, one after the other: work goes on when the promise resolves. */
  readonly tell: (state: AgentState) => Promise<void>;
}

/** What makes a kind of agent. Everything that kinds have in common is done by `defineAgent`. */
export interface AgentKind<Out, More extends object> {
  /** Names the kind, also in its states: `agent`, `plan-agent`. */
  readonly kind: string;
  readonly details?: StepInfo['details'];
  readonly children: readonly StepChild[];
  /** Goes on from any state that the work came to. What is done in it is not done again. */
  readonly work: (start: AgentState, context: AgentContext, run: Run) => Promise<AgentEnd>;
  /** The checked answer of an end, and what this kind tells beside what all tell. */
  readonly read: (end: AgentEnd) => Promise<AgentReading<Out, More>>;
}

export interface AgentReading<Out, More extends object> {
  readonly output: Out | undefined;
  readonly more: More;
  /** @default the last thing that the model said */
  readonly text?: string;
  /** @default read from the conversation */
  readonly steps?: readonly AgentStep[];
}

/** Hears the states of an agent that works for another. */
const stateKey: RunKey<(state: AgentState) => Promise<void>> = runKey('agent-state');

const deaf = (): Promise<void> => Promise.resolve();

const isOverBudget = (error: unknown): boolean => isPipewrightError(error) && error.code === 'budget-exceeded';

/** The newest thing that the user said: what memories are asked for. */
const queryIn = ({ messages = [] }: AgentTask): string => {
  const last = messages.findLast(({ role }) => role === 'user');
  return last === undefined ? '' : textOf(last);
};

const scopeOf = ({ conversationId, userId }: AgentTask): MemoryScope => ({
  ...(conversationId === undefined ? {} : { conversationId }),
  ...(userId === undefined ? {} : { userId }),
});

const recall = async (memory: Memory | undefined, task: AgentTask, run: Run): Promise<readonly Message[]> => {
  if (memory === undefined || task.state !== undefined) return [];
  return (await memory.recall({ ...scopeOf(task), text: queryIn(task) }, run)).messages;
};

/** Tells the memory what it was not told yet. What waits for a decision is told when it is done. */
const remember = async (memory: Memory | undefined, end: AgentEnd, scope: MemoryScope, run: Run): Promise<AgentEnd> => {
  if (memory === undefined || end.stopReason === 'paused') return end;
  const { messages, remembered } = end.state;
  await memory.add(pairedMessages(messages.slice(remembered)), scope, run);
  return { ...end, state: { ...end.state, remembered: messages.length } };
};

/** The end of the work, with what it took; at a budget of its own, the last state that it came to. */
const worked = async <Out, More extends object>(
  { work }: AgentKind<Out, More>,
  { budget, onState }: AgentSettings,
  start: AgentState,
  recalled: readonly Message[],
  outer: Run,
): Promise<AgentEnd> => {
  const hear = outer.get(stateKey) ?? deaf;
  const run = outer.with({
    // A budget, also an empty one, gives the run a meter of its own.
    budget: budget ?? {},
    values: new Map<object, unknown>([
      // Only this agent was listened to, not those that its tools are.
      [stateKey, deaf],
      [approvalsKey, [...(outer.get(approvalsKey) ?? []), ...start.approvals]],
    ]),
  });
  const counted = (state: AgentState): AgentState => {
    const { usage, costUsd } = run.meter.spent;
    return withSpent({ ...state, usage: start.usage, costUsd: start.costUsd }, usage, costUsd);
  };
  let last = start;
  let telling: Promise<void> = Promise.resolve();
  // Calls that run side by side come to their states at once.
  const tell = (state: AgentState): Promise<void> => {
    telling = telling.then(async () => {
      last = counted(state);
      await onState?.(last, run);
      await hear(last);
    });
    return telling;
  };
  try {
    const end = await work(start, { recalled, tell }, run);
    return { ...end, state: counted(end.state) };
  } catch (error) {
    if (budget === undefined || !isOverBudget(error)) throw error;
    return { state: counted(last), stopReason: 'budget', waiting: [] };
  }
};

const checkKind = (kind: string, state: AgentState): void => {
  if (state.kind === kind) return;
  const message = `The state is one of a \`${state.kind}\`, and cannot be gone on from by a \`${kind}\`. Use the agent that it came from.`;
  throw new PipewrightError('bad-input', message);
};

const resultOf = async <Out, More extends object>(
  kind: AgentKind<Out, More>,
  end: AgentEnd,
): Promise<AgentResult<Out> & More> => {
  const { state, stopReason, waiting } = end;
  const { output, more, text, steps = stepsOf(state) } = await kind.read(end);
  const { usage, costUsd, messages, given } = state;
  return {
    ...more,
    text: text ?? stepsOf(state).findLast((each) => each.text !== '')?.text ?? '',
    output,
    stopReason,
    steps,
    messages: pairedMessages(messages.slice(given)),
    waiting,
    usage,
    costUsd,
    state,
  };
};

/**
 * Makes an agent of a kind: reads the task or the state to go on from, asks and tells the memory, tells every state, counts what
 * it takes, and ends with what there is when a budget of its own is spent.
 */
export const defineAgent = <Out, More extends object = object>(
  kind: AgentKind<Out, More>,
  settings: AgentSettings,
): Agent<Out, More> => {
  const { name = kind.kind, memory } = settings;
  const { children, details = {} } = kind;
  const info = { kind: kind.kind, ...(settings.name === undefined ? {} : { name }), details, children };
  return defineStepWith<AgentInput, AgentResult<Out> & More, { readonly name: string }>(
    info,
    { name },
    async (input, run) => {
      const task = taskOf(input);
      const start = stateOf(task, kind.kind);
      checkKind(kind.kind, start);
      const end = await worked(kind, settings, start, await recall(memory, task, run), run);
      return resultOf(kind, await remember(memory, end, scopeOf(task), run));
    },
  );
};

export interface WorkOnOptions {
  /** Is told every state of the agent, to keep it in the state of the one that it works for. @default nothing */
  readonly onState?: (state: AgentState) => Promise<void>;
  /** What from outside went into the task. @default nothing beside what the run says */
  readonly taint?: readonly string[];
  /** What the agent works on, where the same agent works on several things: approvals are bound to it. @default nothing beside its name */
  readonly subject?: string;
}

/** Lets an agent work for another: its states are heard, and its tools are decided on with what the other has read. */
export const workOn = async <Out, More extends object>(
  worker: Agent<Out, More>,
  input: AgentInput,
  run: Run,
  { onState, taint = [], subject }: WorkOnOptions = {},
): Promise<AgentResult<Out> & More> => {
  const values = new Map<object, unknown>([
    [stateKey, onState ?? deaf],
    [taintKey, [...new Set([...(run.get(taintKey) ?? []), ...taint])]],
  ]);
  const caller = subject === undefined ? worker.name : `${worker.name}: ${subject}`;
  return callStep(worker, input, calledBy(run.with({ values }), caller), worker.name);
};

/** What a kind keeps of its own in a state, as plain data. */
export const withWork = (state: AgentState, work: object): AgentState => ({ ...state, work });
