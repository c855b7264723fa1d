import type { MemoryScope, Message, Step, ToolCallPart, ToolResultPart, Usage } from '../core/index.js';
import type { Approval, ApprovalRequest } from '../tool/index.js';
import type { DelegatedState } from './delegation.js';

/**
 * Why an agent stopped. `answered`: the model gave its answer. `max-steps`, `budget`: a limit of the agent. `stopped`: its own
 * condition. `paused`: a person must decide on calls of tools. `cut`: the model's reply was cut at its limit of tokens. `refused`: the
 * provider or the model refused.
 */
export type StopReason = 'answered' | 'max-steps' | 'budget' | 'stopped' | 'paused' | 'cut' | 'refused';

/** One call of the model, and what came of the tools that it asked for. */
export interface AgentStep {
  readonly text: string;
  readonly calls: readonly ToolCallPart[];
  /** One for each call, in their order; fewer while they run. */
  readonly results: readonly ToolResultPart[];
}

/**
 * All that an agent knows of a task: plain data, to be kept as JSON (`toJson`) and gone on from after a restart, on any machine.
 */
export interface AgentState {
  readonly version: 1;
  /** What kind of agent it belongs to: only that kind can go on from it. */
  readonly kind: string;
  /** The conversation from the task on: what was asked, every reply, every result. */
  readonly messages: readonly Message[];
  /** Messages at the beginning that were there before the agent did anything. */
  readonly given: number;
  /** Messages before the newest task: what was done for earlier ones is not counted against its limits. */
  readonly from: number;
  /** Messages at the beginning that the memory has been told. */
  readonly remembered: number;
  /** Of the calls of the last reply, the results that there are already, in the order in which they came. */
  readonly results: readonly ToolResultPart[];
  /** What people decided so far, refusals included: the audit. */
  readonly approvals: readonly Approval[];
  /** Where the untrusted text came from that was read for this task: tools, or `sources`. */
  readonly taint: readonly string[];
  readonly usage: Usage;
  readonly costUsd: number;
  /** What the kind of agent keeps beside, such as a plan. @default nothing */
  readonly work?: object;
  /** The agents that work for calls of the last reply. @default none */
  readonly delegated?: readonly DelegatedState[];
}

/** A task with what belongs to it. */
export interface AgentTask extends MemoryScope {
  readonly messages?: readonly Message[];
  /** What to go on from; `messages` then come behind it. */
  readonly state?: AgentState;
  /** Decisions on what it paused for. */
  readonly approvals?: readonly Approval[];
}

/** What to do: in words, as a conversation, or with a state to go on from. */
export type AgentInput = string | readonly Message[] | AgentTask;

export interface AgentResult<Out = string> {
  /** The last thing that the model said. */
  readonly text: string;
  /** The answer: checked against the schema where the agent has one, else the text. Undefined when it did not come to one. */
  readonly output: Out | undefined;
  readonly stopReason: StopReason;
  readonly steps: readonly AgentStep[];
  /** What came behind the messages that it was given: every tool call in it has its result. */
  readonly messages: readonly Message[];
  /** The calls that wait for a decision, when it `paused`. Give the decisions as `approvals`, with the state. */
  readonly waiting: readonly ApprovalRequest[];
  readonly usage: Usage;
  readonly costUsd: number;
  /** To go on from, with a further message or a higher limit. */
  readonly state: AgentState;
}

/**
 * Works on a task until it is done or a limit is reached. Every kind of agent has this form; `More` is what a kind tells beside what
 * all tell.
 */
export interface Agent<Out = string, More extends object = object> extends Step<AgentInput, AgentResult<Out> & More> {
  readonly name: string;
}

/** What work of an agent ends with. */
export interface AgentEnd {
  readonly state: AgentState;
  readonly stopReason: StopReason;
  /** Calls that a person must decide on before it can go on. */
  readonly waiting: readonly ApprovalRequest[];
  /** The checked answer, where another agent gave it: for `read`. @default none */
  readonly output?: unknown;
}
