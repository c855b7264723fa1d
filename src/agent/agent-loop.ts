import { map, type Run, type ToolCallPart, type ToolResultPart } from '../core/index.js';
import { type ApprovalRequest, approvalsKey } from '../tool/index.js';
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

export interface LoopEnd {
  readonly state: AgentState;
  readonly stopReason: StopReason;
  readonly waiting: readonly ApprovalRequest[];
}

/** What people must decide on before all of these calls can run. */
const waitingIn = async (
  { toolbox }: AgentLoop,
  calls: readonly ToolCallPart[],
  run: Run,
): Promise<readonly ApprovalRequest[]> => {
  const requests = await Promise.all(calls.map((call) => toolbox.approvalFor(call, run)));
  return requests.filter((request) => request !== undefined);
};

/**
 * Thinks and acts until the model answers, a limit is reached, a person must decide or the agent's own condition says so. It can be
 * begun with any state that it came to: what is done is not done again.
 */
export const runLoop = async (loop: AgentLoop, start: AgentState, outer: Run): Promise<LoopEnd> => {
  const run = outer.with({ values: new Map([[approvalsKey, start.approvals]]) });
  const tell = teller(loop, run);
  let state = start;
  const act = async (calls: readonly ToolCallPart[], waiting: readonly ApprovalRequest[]): Promise<void> => {
    const done = new Map(state.results.map((result) => [result.id, result]));
    const callOne = async (call: ToolCallPart, inner: Run): Promise<ToolResultPart> => {
      const result = await loop.toolbox.call(call, inner);
      state = { ...state, results: [...state.results, result] };
      done.set(call.id, result);
      await tell(state);
      return result;
    };
    const held = new Set(waiting.map(({ callId }) => callId));
    const due = calls.filter(({ id }) => !held.has(id) && !done.has(id));
    await map(callOne, { concurrency: loop.toolbox.concurrency })(due, run);
    if (waiting.length > 0) return;
    // In the order of the calls, whichever ended first, so that the next request is always the same.
    const content = calls.flatMap(({ id }) => done.get(id) ?? []);
    state = { ...withMessages(state, { role: 'tool', content }), results: [] };
    await tell(state);
  };
  for (;;) {
    const calls = openCalls(state);
    const waiting = await waitingIn(loop, calls, run);
    if (calls.length > 0) await act(calls, waiting);
    run.throwIfAborted();
    const end = (stopReason: StopReason): LoopEnd => ({ state, stopReason, waiting });
    if (waiting.length > 0) return end('paused');
    if (answerIn(state) !== undefined) return end('answered');
    if (loop.shouldStop(state)) return end('stopped');
    if (stepsOf(state).length >= loop.maxSteps) return end('max-steps');
    const thought = await think(loop, state, run);
    state = thought.state;
    await tell(state);
    if (thought.end !== undefined) return end(thought.end);
  }
};
