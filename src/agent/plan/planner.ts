import { type AnyStep, callStep, type Message, type Run, type Step, user, withoutText } from '../../core/index.js';
import { structured, type TextRequest } from '../../output/index.js';
import { type Thinker, windowOf } from '../think.js';
import { type PlanForm, planSchema } from './plan-form.js';
import { blocks, outcomeOf, told } from './told.js';
import type { PlanTask, TaskRecord } from './types.js';

/** Who writes plans, and of what kind. */
export interface Planner extends Thinker {
  readonly form: PlanForm;
  /** What the workers are called, with what they can do. */
  readonly workers: ReadonlyMap<string, string>;
  readonly maxTasks: number;
  readonly maxResultLength: number;
}

/** What a plan is made from. */
export interface PlanRequest {
  /** What is remembered of earlier. */
  readonly recalled: readonly Message[];
  readonly messages: readonly Message[];
  /** What became of a plan before. @default there was none */
  readonly tasks: readonly TaskRecord[];
  /** Why a person did not want the plan before. @default nobody refused one */
  readonly refusal?: string;
}

const rulesFor = ({ form, system: own, workers, maxTasks }: Planner): string => {
  const [only] = workers.values();
  const list = [...workers].map(([name, description]) => `- ${name}: ${description}`).join('\n');
  const able = workers.size > 1 ? `\`worker\` is who does a task:\n${list}` : (only ?? '');
  const rules = [`Write a plan for the request: at most ${maxTasks} tasks that answer it together.`, ...form.rules];
  return blocks(own ?? '', rules.join('\n'), able);
};

const askFor = ({ tasks, refusal }: PlanRequest, maxLength: number): string => {
  if (tasks.length === 0) return 'Write the plan for this request now. Do not answer the request itself.';
  const outcomes = tasks.map((record) => outcomeOf(record, maxLength));
  return blocks(
    told('What became of the plan so far.', outcomes),
    refusal === undefined ? '' : told('A person refused the plan.', [{ note: refusal }]),
    'Write a new plan now, with only the tasks that are still to be done, where they help. What is done keeps its result: do not list it again; new tasks may depend on it.',
  );
};

/** The step that is asked, for `explain` and for a request. */
const asking = (
  { model, form, workers, maxTasks }: Planner,
  tasks: readonly TaskRecord[],
): Step<TextRequest, readonly PlanTask[]> => {
  const done = new Set(tasks.filter(({ status }) => status === 'done').map(({ id }) => id));
  const schema = planSchema(form, { maxTasks, workers: [...workers.keys()], isVerified: form.isVerified, done });
  return structured(model, schema, { maxRepairs: 2, name: 'plan' });
};

export const plannerStep = (planner: Planner): AnyStep => asking(planner, []) as AnyStep;

/** A plan that can be carried out; what is wrong with one is shown to the model, which writes another, twice at most. */
export const writePlan = async (planner: Planner, request: PlanRequest, run: Run): Promise<readonly PlanTask[]> => {
  const asked = [...request.messages, user(askFor(request, planner.maxResultLength))];
  const messages = await windowOf({ ...planner, system: rulesFor(planner) }, request.recalled, asked);
  return callStep(asking(planner, request.tasks), { messages }, withoutText(run), 'plan');
};
