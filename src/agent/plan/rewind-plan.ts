import { PipewrightError } from '../../core/index.js';
import { withWork } from '../define-agent.js';
import type { AgentState } from '../types.js';
import { phasesOf, plannedOf, planReport } from './board.js';
import type { PlanWork, TaskRecord } from './types.js';

/**
 * The state of a plan as it was when a phase was over: what came behind is to be done anew. Give it to the agent as `state`. What was
 * spent and what was decided stays.
 * @throws {PipewrightError} `not-found` when that is no phase of the plan that is over.
 * @example agent({ state: rewindPlan(result.state, 'research') })
 */
export const rewindPlan = (state: AgentState, phase: string): AgentState => {
  const { checkpoints } = planReport(state);
  const work = state.work as PlanWork | undefined;
  if (work === undefined || !checkpoints.includes(phase)) {
    const known = checkpoints.length === 0 ? 'none' : checkpoints.join(', ');
    throw new PipewrightError('not-found', `The plan has no phase \`${phase}\` that is over. There are: ${known}.`);
  }
  const phases = phasesOf(work.tasks);
  const kept = new Set(phases.slice(0, phases.indexOf(phase) + 1));
  const tasks = work.tasks.map((record): TaskRecord => {
    if (kept.has(record.phase)) return record;
    return { ...plannedOf(record), status: 'open', failures: [], taint: record.taint };
  });
  const { end: _, ...open } = work;
  return withWork({ ...state, messages: state.messages.slice(0, work.asked) }, { ...open, tasks });
};
