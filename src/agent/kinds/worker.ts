import { assistant, type Message, partsOf, type Run, type Schema } from '../../core/index.js';
import type { ChatModel } from '../../model/index.js';
import { agent } from '../agent.js';
import { stepsOf, withMessages, withTaint } from '../agent-state.js';
import { type AgentContext, withWork, workOn } from '../define-agent.js';
import type { Agent, AgentResult, AgentState, AgentStep, AgentTask } from '../types.js';

export const isModel = (given: object): given is ChatModel => 'provider' in given && 'features' in given;

/** An agent as it is; of a model, the simple agent. */
export const workerOf = (given: ChatModel | Agent<unknown>, output: Schema | undefined): Agent<unknown> => {
  if (!isModel(given)) return given;
  return agent<unknown>(given, output === undefined ? {} : { output });
};

/** A further task for an agent in the same conversation: what it did before takes nothing of its limit of steps. */
const furtherTask = (state: AgentState, messages: readonly Message[]): AgentTask => ({
  state: { ...state, given: state.messages.length + messages.length },
  messages,
});

/** What a kind keeps of the agent that works for it, in its own work, as plain data. */
export interface Employed {
  /** Its state while it works. */
  readonly working?: AgentState;
  /** Its state after what it did last. */
  readonly worked?: AgentState;
  /** Messages of the task that it was told. */
  readonly seen: number;
  /** Messages that it began with. */
  readonly given: number;
}

export interface Employing {
  readonly employed?: Employed;
}

const employedIn = ({ work }: AgentState): Employed =>
  (work as Employing | undefined)?.employed ?? { seen: 0, given: 0 };

export interface Delegated {
  /** The state of the kind, with that of the worker. */
  readonly state: AgentState;
  readonly result: AgentResult<unknown>;
}

/**
 * Lets the worker begin with the task, do something further in the same conversation, or go on where it was when its last state was
 * kept. Each of its states is told as one of the kind.
 */
export const delegate = async (
  worker: Agent<unknown>,
  start: AgentState,
  further: readonly Message[],
  { recalled, tell }: AgentContext,
  run: Run,
): Promise<Delegated> => {
  const { working, worked, seen, given: before } = employedIn(start);
  const said = start.messages.slice(seen);
  const begins = { messages: [...recalled, ...start.messages, ...further] };
  const next = worked === undefined ? begins : furtherTask(worked, [...said, ...further]);
  const task: AgentTask = working === undefined ? next : { state: working, messages: said };
  const given = working === undefined && worked === undefined ? begins.messages.length : before;
  const keep = (sub: AgentState, now: Pick<Employed, 'working' | 'worked'>): AgentState => {
    const employed: Employed = { ...now, given, seen: start.messages.length };
    return withWork(withTaint(start, sub.taint), { ...start.work, employed });
  };
  const onState = (sub: AgentState): Promise<void> => tell(keep(sub, { working: sub }));
  const result = await workOn(worker, task, run, { onState, taint: start.taint });
  const { state: sub, stopReason } = result;
  // At a budget or a pause it stopped in the middle, and goes on there; anywhere else it came to an end.
  const isAmid = stopReason === 'paused' || stopReason === 'budget';
  return { state: keep(sub, isAmid ? { working: sub } : { worked: sub }), result };
};

/** The state of the kind with the worker's answer as its own; the worker, who said it, is not told it again. */
export const concluded = (state: AgentState, text: string): AgentState => {
  const said = withMessages(state, assistant(text));
  return withWork(said, { ...state.work, employed: { ...employedIn(state), seen: said.messages.length } });
};

/** What the worker did so far. */
export const workerSteps = (state: AgentState): readonly AgentStep[] | undefined => {
  const { working, worked, given } = employedIn(state);
  const sub = working ?? worked;
  return sub === undefined ? undefined : stepsOf({ ...sub, given });
};

const wordsOf = (message: Message): string =>
  partsOf(message)
    .flatMap((part) => {
      if (part.type === 'text') return [part.text];
      return part.type === 'source' ? [`[${part.title ?? part.id}] ${part.text}`] : [];
    })
    .join('\n');

/** The task in words, for those who judge or plan: one request as it is, a conversation line by line. */
export const taskText = (messages: readonly Message[]): string => {
  const said = messages.filter(({ role }) => role === 'user' || role === 'assistant');
  const [only] = said;
  if (said.length === 1 && only !== undefined) return wordsOf(only);
  return said.map((message) => `${message.role}: ${wordsOf(message)}`).join('\n');
};
