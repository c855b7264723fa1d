import type { Run, ToolCallPart } from '../../core/index.js';
import { type ApprovalRequest, jsonSchema, taintKey, tool, toolbox } from '../../tool/index.js';
import { plannedOf } from './board.js';
import type { PlanWork } from './types.js';

/** What a person says about a plan; nothing where it is approved of. */
export interface PlanDecision {
  readonly waiting?: ApprovalRequest;
  readonly refusal?: string;
}

/**
 * A plan is approved of as a call of a tool is, by the same requests and decisions: this is the tool. The digest binds exactly this
 * plan.
 */
const desk = toolbox(
  [
    tool({
      name: 'plan',
      description: 'Carries out a plan.',
      input: jsonSchema({ type: 'object' }),
      run: () => 'Approved.',
    }),
  ],
  { policy: () => ({ verdict: 'ask', reason: 'The plan must be approved of before it is carried out.' }) },
);

const callOf = ({ asked, plans, tasks }: PlanWork): ToolCallPart => ({
  type: 'tool-call',
  id: `plan-${asked}-${plans}`,
  name: 'plan',
  input: { tasks: tasks.filter(({ status }) => status === 'open').map(plannedOf) },
});

export const decisionOn = async (work: PlanWork, taint: readonly string[], outer: Run): Promise<PlanDecision> => {
  const run = outer.with({ values: new Map([[taintKey, taint]]) });
  const call = callOf(work);
  const waiting = await desk.approvalFor(call, run);
  if (waiting !== undefined) return { waiting };
  const { isError, output } = await desk.call(call, run);
  return isError === true ? { refusal: String(output) } : {};
};
