import { type AnyStep, defineStep, type Step } from '../core/index.js';
import type { Checkpoint } from './checkpoint.js';
import type { Answers, GraphResult, StateGraph } from './graph-types.js';
import { type Pause, pause, resumedIn } from './pause.js';

export interface NestedOptions<Outer, In, Inner> {
  /** The state that the inner graph begins with. */
  readonly input: (state: Outer) => In;
  /** What changes in the outer state. The result is `done` or `max-steps`. */
  readonly output: (result: GraphResult<Inner>, state: Outer) => Partial<Outer>;
}

/**
 * Makes a graph a node of another one. When it pauses, the outer graph pauses with what it waits for as the question; the answer is
 * an object with the answers of its nodes.
 * @example nested(review, { input: ({ draft }: Post) => ({ text: draft }), output: ({ state }) => ({ draft: state.text }) })
 */
export const nested = <Outer, In, Inner extends object, N extends string>(
  graph: StateGraph<In, Inner, N>,
  options: NestedOptions<Outer, In, Inner>,
): Step<Outer, Partial<Outer> | Pause> => {
  const info = { kind: 'nested', children: [{ step: graph as AnyStep }] };
  return defineStep<Outer, Partial<Outer> | Pause>(info, async (state, run) => {
    const resumed = resumedIn(run);
    const result =
      resumed === undefined
        ? await graph(options.input(state), run)
        : await graph.resume(resumed.kept as Checkpoint<Inner>, resumed.answer as Answers<N>, run);
    return result.status === 'paused' ? pause(result.waiting, result.checkpoint) : options.output(result, state);
  });
};
