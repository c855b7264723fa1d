import { type Hit, type Message, type QueryWithOptions, type StepLike, textOf } from '../../core/index.js';
import type { ChatModel } from '../../model/index.js';
import { type Tool, toolbox, type Toolbox } from '../../tool/index.js';
import { agent, type AgentOptions } from '../agent.js';
import { withMessages, withTaint } from '../agent-state.js';
import { defineAgent, withWork, workOn } from '../define-agent.js';
import { outputOf } from '../think.js';
import type { Agent, AgentEnd, AgentState } from '../types.js';
import { type SourceChoice, sourceChoice } from './source-choice.js';

export interface SourceAgentOptions<Out> extends AgentOptions<Out> {
  readonly retriever?: StepLike<QueryWithOptions, readonly Hit[]>;
  /** Decides for each question. @default `sourceChoice` with the tools and the retriever */
  readonly choose?: StepLike<string, SourceChoice>;
}

/** What it keeps beside the conversation. */
interface Work {
  readonly choice: SourceChoice;
  /** Messages of the conversation that the worker has seen. */
  readonly seen: number;
  /** Left out when the question is answered. */
  readonly worker?: AgentState;
}

export interface SourceAgentReading {
  /** Where its last answer came from, and why. */
  readonly choice: SourceChoice | undefined;
}

const workOf = ({ work }: AgentState): Work | undefined => work as Work | undefined;

const questionIn = (messages: readonly Message[]): string => {
  const last = messages.findLast(({ role }) => role === 'user');
  return last === undefined ? '' : textOf(last);
};

/** The passages stand before the last message, as data of their own. */
const withPassages = (messages: readonly Message[], { source, hits }: SourceChoice): readonly Message[] => {
  if (hits.length === 0 || (source !== 'retrieval' && source !== 'both')) return messages;
  const content = hits.map(({ id, title, text }) => ({
    type: 'source' as const,
    id,
    ...(title === undefined ? {} : { title }),
    text,
  }));
  return [...messages.slice(0, -1), { role: 'user', content }, ...messages.slice(-1)];
};

const boxOf = (tools: readonly Tool[] | Toolbox): Toolbox => ('definitions' in tools ? tools : toolbox(tools));

/**
 * An agent that decides for each question where the answer is to come from: what the model knows, passages that are found, tools,
 * or both; and gives the model only that. The result tells the `choice` and why. Passages are put before the model as sources.
 * Costs what `choose` costs, and what `agent` costs.
 * @throws {PipewrightError} `bad-option`.
 * @example (await sourceAgent(scripted(['Shakespeare.']))('Who wrote Hamlet?')).choice?.source // => 'knowledge'
 */
export const sourceAgent = <Out = string>(
  model: ChatModel,
  options: SourceAgentOptions<Out> = {},
): Agent<Out, SourceAgentReading> => {
  const { tools = [], retriever, memory: _, budget: __, onState: ___, ...others } = options;
  const box = boxOf(tools);
  const choose =
    options.choose ?? sourceChoice({ tools: box.definitions, ...(retriever === undefined ? {} : { retriever }) });
  const plain = agent<Out>(model, { ...others, tools: [] });
  const equipped = agent<Out>(model, { ...others, tools: box });
  const workerFor = ({ source }: SourceChoice): Agent<Out> =>
    source === 'tools' || source === 'both' ? equipped : plain;

  return defineAgent<Out, SourceAgentReading>(
    {
      kind: 'source-agent',
      children: [
        { label: 'choose', step: choose },
        { label: 'work', step: equipped },
      ],
      work: async (start, { recalled, tell }, run): Promise<AgentEnd> => {
        const before = workOf(start);
        const choice = before?.worker === undefined ? await choose(questionIn(start.messages), run) : before.choice;
        let work: Work = before?.worker === undefined ? { choice, seen: start.messages.length } : before;
        let state = withWork(start, work);
        const fresh = { messages: [...recalled, ...withPassages(start.messages, choice)] };
        const task =
          work.worker === undefined ? fresh : { state: work.worker, messages: start.messages.slice(work.seen) };
        if (work.worker === undefined) await tell(state);
        const onState = (worker: AgentState): Promise<void> => {
          work = { choice, seen: start.messages.length, worker };
          state = withTaint(withWork(state, work), worker.taint);
          return tell(state);
        };
        const { messages, stopReason, waiting } = await workOn(workerFor(choice), task, run, { onState });
        if (stopReason === 'paused') return { state, stopReason, waiting };
        const done: Work = { choice, seen: start.messages.length };
        state = withWork(withMessages(state, ...messages), done);
        return { state, stopReason, waiting };
      },
      read: async (end) => ({
        output: await outputOf(end, options.output),
        more: { choice: workOf(end.state)?.choice },
      }),
    },
    options,
  );
};
