import {
  addUsage,
  type Message,
  noUsage,
  partsOf,
  PipewrightError,
  textOf,
  type ToolCallPart,
  type ToolResultPart,
  type Usage,
  user,
} from '../core/index.js';
import { type Approval, taintOf } from '../tool/index.js';
import type { AgentInput, AgentState, AgentStep, AgentTask } from './types.js';

const isList = (input: readonly Message[] | AgentTask): input is readonly Message[] => Array.isArray(input);

export const taskOf = (input: AgentInput): AgentTask => {
  if (typeof input === 'string') return { messages: [user(input)] };
  return isList(input) ? { messages: input } : input;
};

/** The state at the beginning of a task. */
export const begun = (kind: string, messages: readonly Message[], approvals: readonly Approval[] = []): AgentState => ({
  version: 1,
  kind,
  messages,
  given: messages.length,
  from: messages.length,
  remembered: 0,
  results: [],
  approvals,
  taint: taintOf(messages),
  usage: noUsage,
  costUsd: 0,
});

/** The state with what was read from outside besides. */
export const withTaint = (state: AgentState, taint: readonly string[]): AgentState =>
  taint.every((origin) => state.taint.includes(origin))
    ? state
    : { ...state, taint: [...new Set([...state.taint, ...taint])] };

export const withMessages = (state: AgentState, ...messages: readonly Message[]): AgentState =>
  withTaint({ ...state, messages: [...state.messages, ...messages] }, taintOf(messages));

export const stateOf = ({ state, messages = [], approvals = [] }: AgentTask, kind: string): AgentState => {
  if (state === undefined) {
    if (messages.length > 0) return begun(kind, messages, approvals);
    throw new PipewrightError('bad-input', 'The agent was given no task. Give it at least one message, or a state.');
  }
  if (state.version === 1) {
    const next = { ...withMessages(state, ...messages), approvals: [...state.approvals, ...approvals] };
    return messages.length === 0 ? next : { ...next, from: next.messages.length };
  }
  const message = `The agent's state has version ${String(state.version)}, this release reads version 1. Update pipewright.`;
  throw new PipewrightError('store-newer', message);
};

export const withSpent = (state: AgentState, usage: Usage, costUsd: number): AgentState => ({
  ...state,
  usage: addUsage(state.usage, usage),
  costUsd: state.costUsd + costUsd,
});

const callsIn = (message: Message): readonly ToolCallPart[] =>
  partsOf(message).filter((part): part is ToolCallPart => part.type === 'tool-call');
const resultsIn = (message: Message): readonly ToolResultPart[] =>
  partsOf(message).filter((part): part is ToolResultPart => part.type === 'tool-result');

/** What the agent did so far, read from the conversation. */
export const stepsOf = ({ messages, given }: AgentState): readonly AgentStep[] => {
  const steps: AgentStep[] = [];
  for (const message of messages.slice(given)) {
    const last = steps.at(-1);
    if (message.role === 'assistant') steps.push({ text: textOf(message), calls: callsIn(message), results: [] });
    else if (message.role === 'tool' && last !== undefined) {
      steps[steps.length - 1] = { ...last, results: [...last.results, ...resultsIn(message)] };
    }
  }
  return steps;
};

/** How often the model was asked for the task that it is at. */
export const stepsTaken = (state: AgentState): number => stepsOf({ ...state, given: state.from }).length;

/** The calls of the last reply, while it is the last message. */
export const openCalls = ({ messages, given }: AgentState): readonly ToolCallPart[] => {
  const last = messages.length > given ? messages.at(-1) : undefined;
  return last?.role === 'assistant' ? callsIn(last) : [];
};

/** The last word of the model, where it called no tool in it and nobody said anything since. */
export const answerIn = (state: AgentState): string | undefined => {
  const last = state.messages.length > state.given ? state.messages.at(-1) : undefined;
  return last?.role === 'assistant' && callsIn(last).length === 0 ? textOf(last) : undefined;
};
