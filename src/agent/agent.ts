import {
  type AnyStep,
  type Budget,
  checkAtLeast,
  defineStepWith,
  isPipewrightError,
  type Memory,
  type MemoryScope,
  type Message,
  pairedMessages,
  type Run,
  type Schema,
  textOf,
} from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { type Tool, toolbox, type Toolbox, withTools } from '../tool/index.js';
import { type AgentLoop, type LoopEnd, runLoop } from './agent-loop.js';
import { stateOf, stepsOf, taskOf, withSpent } from './agent-state.js';
import { outputIn } from './think.js';
import type { Agent, AgentInput, AgentResult, AgentState, AgentTask } from './types.js';

export interface AgentOptions<Out> {
  readonly tools?: readonly Tool[] | Toolbox;
  /** Who it is and how it works, for the model. @default nothing */
  readonly system?: string;
  /** How often the model is asked at most. @default 20 */
  readonly maxSteps?: number;
  /** What one task may spend; at the limit the agent stops with what it has. @default no limit of its own */
  readonly budget?: Budget;
  /** The form of the answer: any Standard Schema. @default text */
  readonly output?: Schema<Out>;
  /** What it remembers from one task to the next. @default nothing */
  readonly memory?: Memory;
  /** Ends the work after a step. @default never */
  readonly shouldStop?: (state: AgentState) => boolean;
  /** Is told every state that it comes to, to keep it; it goes on when the promise resolves. @default nothing */
  readonly onState?: (state: AgentState, run: Run) => void | Promise<void>;
}

const isToolbox = (tools: readonly Tool[] | Toolbox): tools is Toolbox => 'definitions' in tools;

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

/**
 * Makes an agent: it asks the model, calls the tools that the model asks for, shows it the results, and goes on until it answers or
 * a limit is reached. A model that cannot call tools is told them in text. It always resolves to a result that says why it stopped;
 * it rejects when the model fails, when it is aborted, and when the budget of the run around it is exceeded.
 * It costs up to `maxSteps` calls of the model, each with the conversation so far.
 * @throws {PipewrightError} `bad-option`.
 * @example (await agent(scripted(['Four.']))('What is two and two?')).text // => 'Four.'
 */
export const agent = <Out = string>(model: ChatModel, options: AgentOptions<Out> = {}): Agent<Out> => {
  const { tools = [], maxSteps = 20, budget = {}, output, memory } = options;
  checkAtLeast('maxSteps', maxSteps, 1);
  const box = isToolbox(tools) ? tools : toolbox(tools);
  const parts: Omit<AgentLoop, 'recalled'> = {
    model: box.tools.length === 0 ? model : withTools(model),
    toolbox: box,
    system: options.system,
    output,
    maxSteps,
    shouldStop: options.shouldStop ?? (() => false),
    onState: options.onState ?? (() => undefined),
  };
  const children = [
    { label: 'think', step: parts.model as AnyStep, maxCalls: maxSteps },
    { label: 'act', step: box.call as AnyStep, maxCalls: maxSteps },
  ];
  const info = { kind: 'agent', details: { maxSteps, tools: box.tools.length }, children };
  return defineStepWith<AgentInput, AgentResult<Out>, { readonly name: string }>(
    info,
    { name: 'agent' },
    async (input, run) => {
      const task = taskOf(input);
      const start = stateOf(task);
      const recalled = await recall(memory, task, run);
      const end = await work({ ...parts, recalled }, start, options.budget === undefined, run.with({ budget }));
      return resultOf<Out>(await remember(memory, end, scopeOf(task), run), output);
    },
  );
};

const recall = async (memory: Memory | undefined, task: AgentTask, run: Run): Promise<readonly Message[]> => {
  if (memory === undefined || task.state !== undefined) return [];
  return (await memory.recall({ ...scopeOf(task), text: queryIn(task) }, run)).messages;
};

/** Tells the memory what it was not told yet. What waits for a decision is told when it is done. */
const remember = async (memory: Memory | undefined, end: LoopEnd, scope: MemoryScope, run: Run): Promise<LoopEnd> => {
  if (memory === undefined || end.stopReason === 'paused') return end;
  const { messages, remembered } = end.state;
  await memory.add(pairedMessages(messages.slice(remembered)), scope, run);
  return { ...end, state: { ...end.state, remembered: messages.length } };
};

/** Runs the loop, and counts what it took; at a budget of its own it ends with the last state that it came to. */
const work = async (loop: AgentLoop, start: AgentState, isUnlimited: boolean, run: Run): Promise<LoopEnd> => {
  let last = start;
  const counted = (state: AgentState): AgentState => {
    const { usage, costUsd } = run.meter.spent;
    return withSpent({ ...state, usage: start.usage, costUsd: start.costUsd }, usage, costUsd);
  };
  const onState = async (state: AgentState): Promise<void> => {
    last = counted(state);
    await loop.onState(last, run);
  };
  try {
    const end = await runLoop({ ...loop, onState }, start, run);
    return { ...end, state: counted(end.state) };
  } catch (error) {
    if (isUnlimited || !isOverBudget(error)) throw error;
    return { state: counted(last), stopReason: 'budget', waiting: [] };
  }
};

const resultOf = async <Out>(
  { state, stopReason, waiting }: LoopEnd,
  schema: Schema<Out> | undefined,
): Promise<AgentResult<Out>> => {
  const steps = stepsOf(state);
  const text = steps.findLast((step) => step.text !== '')?.text ?? '';
  const output = stopReason === 'answered' ? await outputIn(text, schema) : undefined;
  const { usage, costUsd, messages, given } = state;
  return {
    text,
    // The text itself where there is no schema, which is what `Out` is then.
    output: output as Out | undefined,
    stopReason,
    steps,
    messages: pairedMessages(messages.slice(given)),
    waiting,
    usage,
    costUsd,
    state,
  };
};
