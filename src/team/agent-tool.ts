import { PipewrightError, type Run } from '../core/index.js';
import { answerSchema, objectSchema, textIn, textSchema } from '../ask/index.js';
import { type Agent, type AgentState, delegationKey } from '../agent/index.js';
import { type Tool, tool } from '../tool/index.js';
import {
  type Assignment,
  type MemberProfile,
  type MemberReply,
  type OnProgress,
  type Profiled,
  workOnAssignment,
} from './member.js';

export interface AgentToolOptions {
  /** What the model calls it: letters, digits, `_` and `-`. @default the agent's name, in such letters */
  readonly name?: string;
  /** What the agent is good for, for the model. @default what the agent says of itself */
  readonly description?: string;
  /** After this time a call fails. @default 600000 */
  readonly timeoutMs?: number;
  /** Whether what it says may hold instructions of somebody else. @default true */
  readonly isUntrusted?: boolean;
}

/** What a model is told of the work of another agent. */
export interface DelegatedAnswer {
  /** The text, or the checked value of an agent with a schema. */
  readonly answer: unknown;
  /** Why it may not be whole. */
  readonly note?: string;
}

/** A name in the letters that tools may have. */
export const toolName = (name: string): string => name.replace(/[^\w-]+/gu, '_').slice(0, 64);

const input = answerSchema(
  objectSchema({
    task: { ...textSchema, description: 'What to do, with all that must be known for it: nothing else is seen.' },
  }),
  (value) => {
    const task = textIn(value, 'task');
    return task === '' ? { issues: ['task: must say what to do'] } : { value: { task } };
  },
);

/** Lets a member work on a task, from where it stood. */
export type MemberWork = (assignment: Assignment, run: Run, onProgress: OnProgress) => Promise<MemberReply>;

/** A tool that lets a member work: from where it stood for this call, and pausing with the agent that called it. */
export const memberTool = (
  { name, description }: Pick<MemberProfile, 'name' | 'description'>,
  work: MemberWork,
  options: Omit<AgentToolOptions, 'name' | 'description'> = {},
): Tool<{ readonly task: string }, DelegatedAnswer | string> => {
  const { timeoutMs = 600_000, isUntrusted = true } = options;
  const run = async ({ task }: { readonly task: string }, run: Run): Promise<DelegatedAnswer | string> => {
    const { state, onState, pause } = run.get(delegationKey) ?? {};
    const onProgress = async (now?: AgentState): Promise<void> => {
      if (now !== undefined) await onState?.(now);
    };
    const reply = await work({ id: name, task, ...(state === undefined ? {} : { state }) }, run, onProgress);
    switch (reply.status) {
      case 'done':
        return { answer: reply.output ?? reply.text, ...(reply.note === undefined ? {} : { note: reply.note }) };
      case 'paused':
        pause?.(reply.waiting);
        return `${name} waits: a person must approve of ${reply.waiting.map((each) => `\`${each.tool}\``).join(', ')}.`;
      case 'declined':
      case 'failed':
        throw new PipewrightError('member-failed', `${name} did not do it: ${reply.reason}`);
    }
  };
  return tool({ name: toolName(name), description, input, timeoutMs, isUntrusted, run });
};

/**
 * Makes a tool of an agent: the model says in words what to do, and gets the answer. What it takes counts where the call is made.
 * Where a call inside must be approved of, the agent that called it pauses with that request; resumed with the decision, the inner
 * one goes on where it stood. Outside of an agent nobody can keep its state: then the result says what it waits for.
 * Costs what the agent costs, for each call.
 * @throws {PipewrightError} `bad-option`; the step throws `member-failed` where nothing came of the work.
 * @example agentTool(agent(model), { name: 'translator', description: 'Translates into German.' })
 */
export const agentTool = <Out, More extends object>(
  agent: Agent<Out, More> & Profiled,
  options: AgentToolOptions = {},
): Tool<{ readonly task: string }, DelegatedAnswer | string> => {
  const { name = agent.name, description = agent.description ?? '', ...others } = options;
  return memberTool({ name, description }, (...given) => workOnAssignment(agent, ...given), others);
};
