import { createRun, defineStepWith, type Run } from '../core/index.js';
import type { Checkpoint } from './checkpoint.js';
import { graphInfo, type Plan, planOf } from './graph-plan.js';
import { begin, checkedCheckpoint, runGraph, withAnswers } from './graph-run.js';
import type { Answers, GraphDefinition, GraphResult, StateGraph } from './graph-types.js';

const planKey: unique symbol = Symbol.for('pipewright.graph') as never;

interface WithPlan {
  readonly [planKey]: Plan;
}

/** The plan of a graph that `stateGraph` made. */
export const planIn = (graph: object): Plan => (graph as WithPlan)[planKey];

/**
 * Makes a graph of steps around one state. Each node is a step from the state to the fields that change; the edges say what follows.
 * Nodes that are next together run side by side, and their updates are taken in the order of the definition, so that the result
 * does not depend on which ends first. It resolves to the state with a status: `done`, `paused` (a node asked, see `pause`) or
 * `max-steps`; `resume` goes on from the checkpoint in the result, and `checkpointed` keeps checkpoints in a store.
 * It rejects with the first failure of a node, and with `bad-input` for a state that does not fit its schema, or an edge that chooses
 * what it may not.
 * @throws {PipewrightError} `bad-option` for names that are no nodes.
 * @example
 * const graph = stateGraph({
 *   state: stateType<{ readonly n: number }>(),
 *   nodes: { double: ({ n }) => ({ n: n * 2 }) },
 *   start: 'double',
 *   edges: { double: ({ n }) => (n < 50 ? 'double' : 'end') },
 * });
 * (await graph({ n: 7 })).state // => { n: 56 }
 */
export const stateGraph = <In, S extends object, N extends string>(
  definition: GraphDefinition<In, S, N>,
): StateGraph<In, S, N> => {
  // The engine works on any state; what the compiler knows of this one is at this seam.
  const plan = planOf(definition as unknown as GraphDefinition<unknown, Readonly<Record<string, unknown>>, string>);
  const known = (result: GraphResult<object>) => result as GraphResult<S, N>;
  const props = {
    [planKey]: plan,
    resume: async (checkpoint: Checkpoint<S>, answers: Answers<N> = {}, run: Run = createRun()) => {
      const checked = await checkedCheckpoint(plan, checkpoint);
      return known(await runGraph(plan, withAnswers(checked, answers), undefined, run));
    },
  };
  return defineStepWith<In, GraphResult<S, N>, typeof props>(graphInfo(plan), props, async (input, run) => {
    return known(await runGraph(plan, await begin(plan, input), undefined, run));
  });
};
