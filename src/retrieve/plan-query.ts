import { checkAtLeast, defineStep, type Step, stepInfo } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import {
  answerSchema,
  isText,
  listSchema,
  member,
  modelStep,
  objectSchema,
  type Read,
  textSchema,
  textsIn,
} from '../ask/index.js';
import { type PlanPart, placeholdersOf, planIssues, type QueryPlan } from './query-plan.js';

export interface PlanQueryOptions {
  /** Parts at most. @default 5 */
  readonly maxParts?: number;
}

const rulesFor = (maxParts: number): string =>
  [
    `Take the question apart into at most ${maxParts} parts that can each be looked up by itself.`,
    'A question that one passage can answer stays one part, word for word.',
    'Each part has a short id (a, b, c), a question that stands alone, and in `needs` the ids of the parts whose answers it waits for.',
    'Where an answer belongs in a question, write its id in braces: "When was {a} founded?".',
    'Never invent facts. `analysis` says in one sentence what kind of question it is.',
  ].join('\n');

const planJson = objectSchema({
  analysis: textSchema,
  parts: listSchema(objectSchema({ id: textSchema, question: textSchema, needs: listSchema(textSchema) })),
});

const partOf = (value: unknown): PlanPart | undefined => {
  const id = member(value, 'id');
  const question = member(value, 'question');
  const needs = textsIn(value, 'needs');
  if (!isText(id) || !isText(question) || needs === undefined) return undefined;
  // A model that writes {a} and forgets to list `a` means it all the same.
  return { id, question: question.trim(), needs: [...new Set([...needs, ...placeholdersOf(question)])] };
};

type Draft = Omit<QueryPlan, 'question'>;

const readPlan = (value: unknown, maxParts: number): Read<Draft> => {
  const analysis = member(value, 'analysis');
  const list = member(value, 'parts');
  const parts = Array.isArray(list) ? list.map(partOf) : [undefined];
  const read = parts.filter((part) => part !== undefined);
  if (read.length < parts.length) return { issues: ['`parts` must be a list of { id, question, needs }.'] };
  const issues = [...planIssues(read)];
  if (read.length > maxParts) issues.push(`There are ${read.length} parts; ${maxParts} are allowed.`);
  return issues.length > 0 ? { issues } : { value: { analysis: isText(analysis) ? analysis : '', parts: read } };
};

/**
 * Makes a step that takes a question apart into parts that can be looked up one by one, and says which of them wait for the
 * answers of others. One model call; one more when the plan has unknown ids, parts that wait for each other, or too many parts.
 * @throws {PipewrightError} `bad-option`; the step throws `output-invalid` when the second plan is no good either.
 * @example planQuery(model)('Is the founder of Acme older than its rival?')
 */
export const planQuery = (model: ChatModel, options: PlanQueryOptions = {}): Step<string, QueryPlan> => {
  const { maxParts = 5 } = options;
  checkAtLeast('maxParts', maxParts, 1);
  const schema = answerSchema(planJson, (value) => readPlan(value, maxParts));
  const info = { kind: 'planner', details: { maxParts } };
  const ask = modelStep(model, { info, rules: rulesFor(maxParts), content: (question: string) => question, schema });
  return defineStep(stepInfo(ask), async (question, run) => ({ question, ...(await ask(question, run)) }));
};
