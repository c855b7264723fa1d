import { type AnyStep, checkAtLeast, type Message, pairedMessages, PipewrightError, type Run } from '../core/index.js';
import {
  type Agent,
  agent,
  type AgentContext,
  type AgentEnd,
  type AgentOptions,
  type AgentSettings,
  type AgentState,
  defineAgent,
  workOn,
} from '../agent/index.js';
import type { ChatModel } from '../model/index.js';
import { withMoreTools } from './more-tools.js';
import { tooManyTransfers, type Transfer, transferGuardKey, transferIn, transferTool } from './transfer.js';

/** One of several agents of whom one at a time has the conversation. */
export interface HandoffMember<Out = unknown> {
  readonly model: ChatModel;
  /** When to hand over to it, for the models of the others. */
  readonly description: string;
  readonly options?: Omit<AgentOptions<Out>, 'memory' | 'onState' | 'name'>;
  /** Whom it may hand over to. @default all others */
  readonly to?: readonly string[];
  /** What it gets of the conversation before it. @default all of it */
  readonly filter?: (messages: readonly Message[], transfer: Transfer) => readonly Message[];
}

export interface HandoffsOptions extends AgentSettings {
  /** Who begins. @default the first */
  readonly start?: string;
  /** How often the conversation is handed over between two messages of the user; then who has it must answer. @default 5 */
  readonly maxHandoffs?: number;
}

/** What handoffs tell beside what all agents tell. */
export interface HandoffsReport {
  /** Who has the conversation. */
  readonly active: string;
  /** Oldest first. */
  readonly transfers: readonly Transfer[];
}

/** How far it is, as plain data. */
interface HandoffsWork extends HandoffsReport {
  /** Transfers before the user spoke last. */
  readonly earlier: number;
  /** Messages of the whole conversation that the active one knows, or knows what its filter left of. */
  readonly seen: number;
  /** What the active one begins with, until it has a state. */
  readonly handed: readonly Message[];
  readonly worker?: AgentState;
}

interface Active<Out> {
  readonly worker: Agent<Out>;
  readonly filter: HandoffMember['filter'];
}

const activeOf = <Out>(
  members: Readonly<Record<string, HandoffMember<Out>>>,
  name: string,
): Active<Out> | undefined => {
  if (!Object.hasOwn(members, name)) return undefined;
  const {
    model,
    options = {},
    to = Object.keys(members).filter((each) => each !== name),
    filter,
  } = members[name] as HandoffMember<Out>;
  const transfers = to.map((other) => {
    if (!Object.hasOwn(members, other)) throw unknownMember(other, members);
    return transferTool(other, members[other]?.description ?? '');
  });
  const { tools = [], shouldStop = () => false } = options;
  const worker = agent<Out>(model, {
    ...options,
    name,
    tools: withMoreTools(tools, transfers),
    shouldStop: (state) => transferIn(state) !== undefined || shouldStop(state),
  });
  return { worker, filter };
};

const unknownMember = (name: string, members: object): PipewrightError => {
  const names = Object.keys(members).map((each) => `\`${each}\``);
  return new PipewrightError('bad-option', `There is no agent \`${name}\`. There are: ${names.join(', ')}.`);
};

/** Where the work is; what the user said since goes to the one who has the conversation. */
const workIn = (state: AgentState, recalled: readonly Message[], first: string): HandoffsWork => {
  const work = state.work as HandoffsWork | undefined;
  if (work === undefined) {
    const handed = [...recalled, ...state.messages];
    return { active: first, transfers: [], earlier: 0, seen: state.messages.length, handed };
  }
  const fresh = state.messages.slice(work.seen);
  if (fresh.length === 0) return work;
  const { active, transfers } = work;
  const handed = pairedMessages([...(work.worker?.messages ?? work.handed), ...fresh]);
  return { active, transfers, earlier: transfers.length, seen: state.messages.length, handed };
};

/** Lets one have the conversation until it ends or hands it over. */
const turn = async <Out>(
  { worker }: Active<Out>,
  start: AgentState,
  work: HandoffsWork,
  { tell }: AgentContext,
  run: Run,
): Promise<AgentEnd & { readonly worker: AgentState }> => {
  const { handed, ...rest } = work;
  const known = work.worker?.messages.length ?? handed.length;
  const shownIn = (sub: AgentState): AgentState => {
    const messages = [...start.messages, ...sub.messages.slice(known)];
    const taint = [...new Set([...start.taint, ...sub.taint])];
    return { ...start, messages, taint, work: { ...rest, seen: messages.length, handed: [], worker: sub } };
  };
  const task = work.worker === undefined ? { messages: handed } : { state: work.worker };
  const onState = (sub: AgentState): Promise<void> => tell(shownIn(sub));
  const { state, stopReason, waiting, output } = await workOn(worker, task, run, { onState, taint: start.taint });
  return { state: shownIn(state), stopReason, waiting, output, worker: state };
};

/**
 * Makes an agent of several of whom one at a time has the conversation: its model hands over to another with a tool
 * `transfer_to_…`. The state says who has it, so that the next message goes to the same one. Handing over without end is cut off: at
 * `maxHandoffs` the one who has it is told to answer.
 * Costs the calls of the models of those who had it; nothing for handing over but the call that asks for it.
 * @throws {PipewrightError} `bad-option`.
 * @example handoffs({ desk: { model, description: 'Finds out what is wanted.' }, billing: { model, description: 'Knows bills.' } })
 */
export const handoffs = <Out = string>(
  members: Readonly<Record<string, HandoffMember<Out>>>,
  options: HandoffsOptions = {},
): Agent<Out, HandoffsReport> => {
  const names = Object.keys(members);
  const { start: first = names[0] ?? '', maxHandoffs = 5 } = options;
  checkAtLeast('maxHandoffs', maxHandoffs, 0);
  const actives = new Map<string, Active<Out>>();
  for (const name of names) {
    const active = activeOf(members, name);
    if (active !== undefined) actives.set(name, active);
  }
  if (!actives.has(first)) throw unknownMember(first, members);
  const work = async (begin: AgentState, context: AgentContext, outer: Run): Promise<AgentEnd> => {
    let current = workIn(begin, context.recalled, first);
    let state = begin;
    for (;;) {
      const active = actives.get(current.active);
      if (active === undefined) throw unknownMember(current.active, members);
      const { transfers, earlier } = current;
      const guard = (): void => {
        if (transfers.length - earlier >= maxHandoffs) throw tooManyTransfers(maxHandoffs);
      };
      const run = outer.with({ values: new Map([[transferGuardKey, guard]]) });
      const { worker, ...end } = await turn(active, state, current, context, run);
      const wanted = end.stopReason === 'stopped' ? transferIn(worker) : undefined;
      if (wanted === undefined) return end;
      const transfer: Transfer = { from: current.active, ...wanted };
      outer.emit({ type: 'choice-made', chosen: transfer.to, reason: transfer.reason });
      const handed = actives.get(transfer.to)?.filter?.(worker.messages, transfer) ?? worker.messages;
      const seen = end.state.messages.length;
      current = { active: transfer.to, transfers: [...transfers, transfer], earlier, seen, handed };
      state = { ...end.state, work: current };
      await context.tell(state);
    }
  };
  const children = names.map((name) => ({
    label: name,
    step: actives.get(name)?.worker as AnyStep,
    maxCalls: maxHandoffs + 1,
  }));
  return defineAgent<Out, HandoffsReport>(
    {
      kind: 'handoffs',
      details: { maxHandoffs },
      children,
      work,
      read: async ({ state, output }) => {
        const { active, transfers } = workIn(state, [], first);
        return { output: output as Out | undefined, more: { active, transfers } };
      },
    },
    options,
  );
};
