import { callStep, map, type Run, type StepLike, type ToolCallPart, type ToolResultPart, user } from '../core/index.js';
import { type ApprovalRequest, taintKey, taintOf } from '../tool/index.js';
import { answerIn, openCalls, stepsTaken, withMessages } from './agent-state.js';
import type { AgentContext } from './define-agent.js';
import { delegatedFor, type Delegation, delegationKey, withDelegated } from './delegation.js';
import { think, type Thinker } from './think.js';
import type { AgentEnd, AgentState, StopReason } from './types.js';

/** What the loop of thinking and acting needs. */
export interface AgentLoop extends Thinker {
  readonly maxSteps: number;
  readonly shouldStop: (state: AgentState) => boolean;
  /** What is wrong with an answer; empty when it counts. */
  readonly checkAnswer: StepLike<string, readonly string[]> | undefined;
}

/** The run in which calls of tools are decided on: with what from outside was read before. */
const decidingRun = ({ taint }: AgentState, { recalled }: AgentContext, run: Run): Run => {
  const read = [...(run.get(taintKey) ?? []), ...taintOf(recalled), ...taint];
  return run.with({ values: new Map([[taintKey, [...new Set(read)]]]) });
};

interface Acted {
  readonly state: AgentState;
  /** What people must decide on before the rest can run. */
  readonly waiting: readonly ApprovalRequest[];
}

/** Runs those calls that may run and have no result yet, and puts the results into the conversation when all are there. */
const act = async (
  { toolbox }: AgentLoop,
  start: AgentState,
  calls: readonly ToolCallPart[],
  context: AgentContext,
  outer: Run,
): Promise<Acted> => {
  const run = decidingRun(start, context, outer);
  let state = start;
  const done = new Map(state.results.map((result) => [result.id, result]));
  const open = calls.filter(({ id }) => !done.has(id));
  const requests = await Promise.all(open.map((call) => toolbox.approvalFor(call, run)));
  const waiting = requests.filter((request) => request !== undefined);
  const callOne = async (call: ToolCallPart, inner: Run): Promise<void> => {
    let inside: readonly ApprovalRequest[] = [];
    let isOver = false;
    const delegation: Delegation = {
      state: delegatedFor(state, call.id),
      onState: async (sub) => {
        // What goes on after its call has failed no longer counts.
        if (isOver) return;
        state = withDelegated(state, call.id, sub);
        await context.tell(state);
      },
      pause: (requests) => {
        inside = requests;
      },
    };
    const result = await toolbox.call(call, inner.with({ values: new Map([[delegationKey, delegation]]) }));
    isOver = true;
    if (inside.length > 0) {
      waiting.push(...inside);
      return;
    }
    state = withDelegated({ ...state, results: [...state.results, result] }, call.id, undefined);
    done.set(call.id, result);
    await context.tell(state);
  };
  const held = new Set(waiting.map(({ callId }) => callId));
  await map(callOne, { concurrency: toolbox.concurrency })(
    open.filter(({ id }) => !held.has(id)),
    run,
  );
  if (waiting.length > 0) return { state, waiting };
  // In the order of the calls, whichever ended first, so that the next request is always the same.
  const content = calls.flatMap(({ id }): readonly ToolResultPart[] => {
    const result = done.get(id);
    return result === undefined ? [] : [result];
  });
  state = { ...withMessages(state, { role: 'tool', content }), results: [] };
  await context.tell(state);
  return { state, waiting };
};

/** Whether the last word counts as the answer; else the state in which the model is told what is wrong with it. */
const checked = async ({ checkAnswer }: AgentLoop, state: AgentState, run: Run): Promise<AgentState | undefined> => {
  const answer = answerIn(state);
  if (answer === undefined || checkAnswer === undefined) return undefined;
  const issues = await callStep(checkAnswer, answer, run, 'check');
  if (issues.length === 0) return undefined;
  const list = issues.map((issue) => `- ${issue}`).join('\n');
  return withMessages(state, user(`This answer cannot be used:\n${list}\nGive another one.`));
};

/**
 * Thinks and acts until the model answers, a limit is reached, a person must decide or the agent's own condition says so. It can be
 * begun with any state that it came to: what is done is not done again.
 */
export const runLoop = async (
  loop: AgentLoop,
  start: AgentState,
  context: AgentContext,
  run: Run,
): Promise<AgentEnd> => {
  let state = start;
  for (;;) {
    const calls = openCalls(state);
    const acted = calls.length > 0 ? await act(loop, state, calls, context, run) : { state, waiting: [] };
    state = acted.state;
    run.throwIfAborted();
    const end = (stopReason: StopReason): AgentEnd => ({ state, stopReason, waiting: acted.waiting });
    if (acted.waiting.length > 0) return end('paused');
    if (answerIn(state) !== undefined) {
      const corrected = await checked(loop, state, run);
      if (corrected === undefined) return end('answered');
      state = corrected;
      await context.tell(state);
    }
    if (loop.shouldStop(state)) return end('stopped');
    if (stepsTaken(state) >= loop.maxSteps) return end('max-steps');
    const thought = await think(loop, state, context.recalled, run);
    state = thought.state;
    await context.tell(state);
    if (thought.end !== undefined && thought.end !== 'answered') return end(thought.end);
  }
};
