import { type AnyStep, callStep, checkAtLeast, decorate, type Part, partsOf } from '../../core/index.js';
import { type ChatModel, requestOf } from '../../model/index.js';
import { withTools } from '../../tool/index.js';
import { loopOf, type AgentOptions } from '../agent.js';
import { runLoop } from '../agent-loop.js';
import { answerIn, stepsOf } from '../agent-state.js';
import { defineAgent } from '../define-agent.js';
import { outputOf } from '../think.js';
import type { Agent, AgentState, AgentStep } from '../types.js';
import { finalAnswerIn, mendReact, thoughtIn } from './react-text.js';
import { repeatCounter, withRepeatsNoted } from './repeats.js';

/** One turn of thinking and acting. The last one has no action. */
export interface ReactTurn {
  readonly thought: string;
  readonly action?: { readonly tool: string; readonly input: unknown };
  /** What came of the action. */
  readonly observation?: unknown;
  /** Whether the action failed. @default false */
  readonly isError?: boolean;
}

export interface Reacted {
  readonly turns: readonly ReactTurn[];
}

export interface ReactAgentOptions<Out> extends AgentOptions<Out> {
  /** The agent stops with `stopped` when one action has had the same result so often; from the second time on it is told. @default 4 */
  readonly maxRepeats?: number;
}

const answerRule =
  'When you know the answer, write a line that begins with "Final Answer:", with the whole answer behind it.';
const unclear =
  'It holds neither an action that can be read nor a final answer. Write either the lines "Action: name_of_the_tool" and "Action Input: {...}", or a line that begins with "Final Answer:".';

/** Whatever the model can do by itself, it is told the tools in text, and its actions are read from there. */
const reacting = (model: ChatModel, options: AgentOptions<unknown>): ChatModel => {
  const { definitions } = loopOf(model, options).toolbox;
  const mending = decorate(model, { kind: 'react-text' }, async (input, run, inner) => {
    const reply = await inner(input, run);
    // A reply that was cut may hold half an action.
    if (reply.finishReason !== 'stop' && reply.finishReason !== 'other') return reply;
    const text = mendReact(reply.text, definitions);
    if (text === reply.text) return reply;
    const others = partsOf(reply.message).filter(({ type }) => type !== 'text');
    const content: readonly Part[] = [...others, { type: 'text', text }];
    return { ...reply, text, message: { role: 'assistant', content } };
  });
  const telling = withTools(mending, { protocol: 'react', isForced: true });
  return decorate(telling, { kind: 'repeats-noted' }, async (input, run, inner) => {
    const request = requestOf(input);
    return inner({ ...request, messages: withRepeatsNoted(request.messages) }, run);
  });
};

const turnsOf = (steps: readonly AgentStep[]): readonly ReactTurn[] =>
  steps.flatMap(({ text, calls, results }): readonly ReactTurn[] => {
    const thought = thoughtIn(text);
    if (calls.length === 0) return [{ thought }];
    return calls.map(({ id, name, input }, at) => {
      const result = results.find((each) => each.id === id);
      return {
        // Several actions of one reply come of one thought.
        thought: at === 0 ? thought : '',
        action: { tool: name, input },
        ...(result === undefined ? {} : { observation: result.output, isError: result.isError === true }),
      };
    });
  });

const mostRepeats = (steps: readonly AgentStep[]): number => {
  const count = repeatCounter();
  return steps
    .flatMap(({ calls, results }) =>
      results.map((result) =>
        count(
          calls.find(({ id }) => id === result.id),
          result,
        ),
      ),
    )
    .reduce((most, each) => Math.max(most, each), 0);
};

/**
 * Makes an agent that thinks aloud, acts and observes in plain text (ReAct, Yao et al. 2022): for any model, also one that cannot
 * call tools, and for traces that people can read. Names and arguments of actions are mended where it is clear what is meant; a
 * reply with neither an action nor an answer is shown to the model, and so is an action that brings the same result again.
 * The text of the result is the final answer; `turns` holds thoughts, actions and observations.
 * Costs up to `maxSteps` calls of the model, each with the conversation so far and the list of tools.
 * @throws {PipewrightError} `bad-option`.
 * @example (await reactAgent(scripted(['Thought: Easy.\nFinal Answer: Four.']))('Two and two?')).text // => 'Four.'
 */
export const reactAgent = <Out = string>(
  model: ChatModel,
  options: ReactAgentOptions<Out> = {},
): Agent<Out, Reacted> => {
  const { maxRepeats = 4, output, shouldStop = () => false, checkAnswer, system } = options;
  checkAtLeast('maxRepeats', maxRepeats, 2);
  // Where the answer has a schema, the model is told that form of it.
  const rules = output === undefined ? [system, answerRule] : [system];
  const rule = rules.filter((each) => each !== undefined).join('\n\n');
  const loop = loopOf(reacting(model, options), {
    ...options,
    ...(rule === '' ? {} : { system: rule }),
    shouldStop: (state: AgentState) => shouldStop(state) || mostRepeats(stepsOf(state)) >= maxRepeats,
    checkAnswer: async (text, run) => {
      const answer = output === undefined ? finalAnswerIn(text) : text;
      if (answer === undefined) return [unclear];
      return checkAnswer === undefined ? [] : callStep(checkAnswer, answer, run, 'check');
    },
  });
  const { maxSteps, toolbox } = loop;
  return defineAgent<Out, Reacted>(
    {
      kind: 'react-agent',
      details: { maxSteps, tools: toolbox.tools.length },
      children: [
        { label: 'think', step: loop.model as AnyStep, maxCalls: maxSteps },
        { label: 'act', step: toolbox.call as AnyStep, maxCalls: maxSteps },
      ],
      work: (start, context, run) => runLoop(loop, start, context, run),
      read: async (end) => {
        const last = answerIn(end.state) ?? '';
        const answer = output === undefined ? finalAnswerIn(last) : last;
        // Without a schema `Out` is text.
        const asText = (end.stopReason === 'answered' ? answer : undefined) as Out | undefined;
        return {
          output: output === undefined ? asText : await outputOf(end, output),
          ...(answer === undefined || answer === '' ? {} : { text: answer }),
          more: { turns: turnsOf(stepsOf(end.state)) },
        };
      },
    },
    options,
  );
};
