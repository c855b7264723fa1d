import type { StepLike } from '../../core/index.js';
import type { ChatModel } from '../../model/index.js';
import type { Agent } from '../types.js';
import { type PlanAgentOptions, planning } from './plan-agent.js';
import { phasedPlan } from './plan-form.js';
import type { CriterionCheck, PlanReport } from './types.js';
import { resultVerifier, type VerifierInput } from './verifier.js';

export interface VerifiedPlanAgentOptions<Out> extends PlanAgentOptions<Out> {
  /** Checks each result against the criteria of its task: another model, tests, a person. @default `resultVerifier` of the model */
  readonly verifier?: StepLike<VerifierInput, readonly CriterionCheck[]>;
}

/**
 * Makes an agent that plans in phases and checks what comes out: each task has criteria that its result must meet, and other ways to
 * get there that are taken when it does not. A result counts once every criterion is met; `checks` of each task says how that was seen.
 * A phase begins when the one before is over; `checkpoints` names those that are, and `rewindPlan` goes back to one. All else is as with
 * `planAgent`. It costs besides one call of the verifier for each try.
 * @throws {PipewrightError} `bad-option`.
 * @example verifiedPlanAgent(model, { tools, verifier: resultVerifier(otherModel), limits: { maxTries: 3 } })
 */
export const verifiedPlanAgent = <Out = string>(
  model: ChatModel,
  options: VerifiedPlanAgentOptions<Out> = {},
): Agent<Out, PlanReport> => {
  const { verifier = resultVerifier(model) } = options;
  return planning(model, options, { kind: 'verified-plan-agent', form: phasedPlan, verifier });
};
