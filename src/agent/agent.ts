import { type AnyStep, checkAtLeast, type Schema, type StepLike } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { type Tool, toolbox, type Toolbox, withTools } from '../tool/index.js';
import { type AgentLoop, runLoop } from './agent-loop.js';
import { type AgentSettings, defineAgent } from './define-agent.js';
import { outputOf } from './think.js';
import type { Agent, AgentState } from './types.js';

export interface AgentOptions<Out> extends AgentSettings {
  readonly tools?: readonly Tool[] | Toolbox;
  /** Who it is and how it works, for the model. @default nothing */
  readonly system?: string;
  /** How often the model is asked at most. @default 20 */
  readonly maxSteps?: number;
  /** The form of the answer: any Standard Schema. @default text */
  readonly output?: Schema<Out>;
  /** Ends the work after a step. @default never */
  readonly shouldStop?: (state: AgentState) => boolean;
  /**
   * Looks at each answer before it counts, and says what is wrong with it; the model is told and tries again. @default every answer
   * counts
   */
  readonly checkAnswer?: StepLike<string, readonly string[]>;
}

const isToolbox = (tools: readonly Tool[] | Toolbox): tools is Toolbox => 'definitions' in tools;

/** The loop that options describe, checked. */
export const loopOf = (model: ChatModel, options: AgentOptions<unknown>): AgentLoop => {
  const { tools = [], maxSteps = 20, system, output, checkAnswer, shouldStop = () => false } = options;
  checkAtLeast('maxSteps', maxSteps, 1);
  const box = isToolbox(tools) ? tools : toolbox(tools);
  const thinker = box.tools.length === 0 ? model : withTools(model);
  return { model: thinker, toolbox: box, system, output, maxSteps, shouldStop, checkAnswer };
};

/**
 * Makes an agent: it asks the model, calls the tools that the model asks for, shows it the results, and goes on until it answers or
 * a limit is reached. A model that cannot call tools is told them in text. It always resolves to a result that says why it stopped;
 * it rejects when the model fails, when it is aborted, and when the budget of the run around it is exceeded.
 * It costs up to `maxSteps` calls of the model, each with the conversation so far.
 * @throws {PipewrightError} `bad-option`.
 * @example (await agent(scripted(['Four.']))('What is two and two?')).text // => 'Four.'
 */
export const agent = <Out = string>(model: ChatModel, options: AgentOptions<Out> = {}): Agent<Out> => {
  const loop = loopOf(model, options);
  const { maxSteps, toolbox: box } = loop;
  const children = [
    { label: 'think', step: loop.model as AnyStep, maxCalls: maxSteps },
    { label: 'act', step: box.call as AnyStep, maxCalls: maxSteps },
  ];
  return defineAgent<Out>(
    {
      kind: 'agent',
      details: { maxSteps, tools: box.tools.length },
      children,
      work: (start, context, run) => runLoop(loop, start, context, run),
      read: async (end) => ({ output: await outputOf(end, options.output), more: {} }),
    },
    options,
  );
};
