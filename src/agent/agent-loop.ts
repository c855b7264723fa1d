import { map, type Run, type ToolCallPart, type ToolResultPart } from '../core/index.js';
import { answerIn, openCalls, stepsOf, withMessages } from './agent-state.js';
import { think, type Thinker } from './think.js';
import type { AgentState, StopReason } from './types.js';

/** What the loop of every kind of agent needs. */
export interface AgentLoop extends Thinker {
  readonly maxSteps: number;
  readonly shouldStop: (state: AgentState) => boolean;
  /** Is told every state that the loop comes to; the loop goes on when the promise resolves. */
  readonly onState: (state: AgentState, run: Run) => void | Promise<void>;
}

/** Tells the states one after the other, though calls that run side by side come to them at once. */
const teller = (loop: AgentLoop, run: Run) => {
  let telling: Promise<void> = Promise.resolve();
  return (state: AgentState): Promise<void> => {
    telling = telling.then(() => loop.onState(state, run));
    return telling;
  };
};

/**
 * Thinks and acts until the model answers, a limit is reached or the agent's own condition says so. It can be begun with any state
 * that it came to: what is done is not done again.
 */
export const runLoop = async (
  loop: AgentLoop,
  start: AgentState,
  run: Run,
): Promise<{ readonly state: AgentState; readonly stopReason: StopReason }> => {
  const tell = teller(loop, run);
  let state = start;
  const act = async (calls: readonly ToolCallPart[]): Promise<void> => {
    const done = new Map(state.results.map((result) => [result.id, result]));
    const callOne = async (call: ToolCallPart, inner: Run): Promise<ToolResultPart> => {
      const result = done.get(call.id) ?? (await loop.toolbox.call(call, inner));
      if (!done.has(call.id)) {
        state = { ...state, results: [...state.results, result] };
        await tell(state);
      }
      return result;
    };
    const results = await map(callOne, { concurrency: loop.toolbox.concurrency })(calls, run);
    // In the order of the calls, whichever ended first, so that the next request is always the same.
    state = { ...withMessages(state, { role: 'tool', content: results }), results: [] };
    await tell(state);
  };
  for (;;) {
    const calls = openCalls(state);
    if (calls.length > 0) await act(calls);
    run.throwIfAborted();
    if (answerIn(state) !== undefined) return { state, stopReason: 'answered' };
    if (loop.shouldStop(state)) return { state, stopReason: 'stopped' };
    if (stepsOf(state).length >= loop.maxSteps) return { state, stopReason: 'max-steps' };
    const thought = await think(loop, state, run);
    state = thought.state;
    await tell(state);
    if (thought.end !== undefined) return { state, stopReason: thought.end };
  }
};
