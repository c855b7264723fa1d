import {
  type AnyStep,
  callStep,
  checkAtLeast,
  defineStep,
  map,
  type Run,
  type Step,
  type StepLike,
} from '../core/index.js';
import { fillQuestion, type PlanPart, planLevels, type QueryPlan } from './query-plan.js';

/** A part of a plan when its turn has come. */
export interface PlannedQuestion<Out> {
  readonly id: string;
  /** With the answers that it waited for filled in. */
  readonly question: string;
  /** Whether another part waits for its answer. */
  readonly isNeeded: boolean;
  /** What the parts gave that it waited for. */
  readonly needs: readonly PlanResult<Out>[];
}

/** What a part of a plan has come to. */
export interface PlanResult<Out> {
  readonly id: string;
  /** As it was asked, with answers filled in. */
  readonly question: string;
  /** 0 for parts that wait for none, 1 for those that wait for these, … */
  readonly level: number;
  readonly output: Out;
}

export interface RunPlanOptions<Out> {
  /** The answer in an output, to be filled into the questions that wait for it. @default String */
  readonly answerOf?: (output: Out) => string;
  /** Parts of one level that are under way at once. @default 4 */
  readonly concurrency?: number;
}

/** An answer within a question is a few words; a longer one is cut. */
const maxAnswerLength = 300;

const clipped = (answer: string): string => answer.trim().replaceAll(/\s+/gu, ' ').slice(0, maxAnswerLength);

/**
 * Makes a step that asks the parts of a plan with `ask`, level by level, those of a level at once. The results come in the order in
 * which they were asked, and are the trace of the plan. When a part fails the others are aborted and the step rejects.
 * @throws {PipewrightError} `bad-option`; the step throws `bad-input` for a plan with unknown ids or a cycle.
 * @example (await runPlan(({ question }) => question)({ question: 'a?', analysis: '', parts: [{ id: 'a', question: 'a?', needs: [] }] }))[0]?.output // => 'a?'
 */
export const runPlan = <Out>(
  ask: StepLike<PlannedQuestion<Out>, Out>,
  options: RunPlanOptions<NoInfer<Out>> = {},
): Step<QueryPlan, readonly PlanResult<Out>[]> => {
  const { answerOf = String, concurrency = 4 } = options;
  checkAtLeast('concurrency', concurrency, 1);
  const info = { kind: 'plan', details: { concurrency }, children: [{ step: ask as AnyStep, maxCalls: Infinity }] };
  return defineStep(info, async (plan, run) => {
    const levels = planLevels(plan);
    const needed = new Set(plan.parts.flatMap(({ needs }) => needs));
    const results = new Map<string, PlanResult<Out>>();
    for (const [level, parts] of levels.entries()) {
      const answers = new Map([...results].map(([id, { output }]) => [id, clipped(answerOf(output))]));
      const askPart = async (part: PlanPart, inner: Run): Promise<PlanResult<Out>> => {
        const { id } = part;
        const question = fillQuestion(part.question, answers);
        const needs = part.needs.flatMap((each) => results.get(each) ?? []);
        const output = await callStep(ask, { id, question, isNeeded: needed.has(id), needs }, inner, id);
        return { id, question, level, output };
      };
      const done = await map(askPart, { concurrency })(parts, run);
      for (const result of done) results.set(result.id, result);
    }
    return [...results.values()];
  });
};
