import type { JsonSchema, SchemaWithJson } from '../../core/index.js';
import {
  answerSchema,
  choiceSchema,
  listIn,
  listSchema,
  member,
  objectSchema,
  textIn,
  textSchema,
  textsIn,
} from '../../ask/index.js';
import { type PlanBounds, planIssues } from './plan-issues.js';
import type { PlanTask } from './types.js';

/** How a model is asked for a kind of plan. */
export interface PlanForm {
  /** Whether its tasks have criteria. */
  readonly isVerified: boolean;
  readonly rules: readonly string[];
  readonly schema: (workers: readonly string[]) => JsonSchema;
  /** The tasks in an answer; undefined where it has no such form. */
  readonly read: (value: unknown) => readonly PlanTask[] | undefined;
  readonly expected: string;
}

const taskSchema = (workers: readonly string[], more: Readonly<Record<string, JsonSchema>> = {}): JsonSchema =>
  objectSchema({
    id: textSchema,
    description: textSchema,
    dependsOn: listSchema(textSchema),
    ...more,
    ...(workers.length > 1 ? { worker: choiceSchema(workers) } : {}),
  });

/** A list of texts that may be left out. */
const optionalTexts = (value: unknown, key: string): readonly string[] | undefined =>
  member(value, key) === undefined ? [] : textsIn(value, key);

const taskIn = (value: unknown): PlanTask | undefined => {
  const dependsOn = optionalTexts(value, 'dependsOn');
  if (member(value, 'id') === undefined || dependsOn === undefined) return undefined;
  const worker = textIn(value, 'worker');
  return {
    id: textIn(value, 'id'),
    description: textIn(value, 'description'),
    dependsOn: [...new Set(dependsOn)],
    ...(worker === '' ? {} : { worker }),
  };
};

/** All of a list, or nothing where one is missing. */
const whole = <Item>(items: readonly (Item | undefined)[] | undefined): readonly Item[] | undefined => {
  const there = items?.filter((item) => item !== undefined);
  return there?.length === items?.length ? there : undefined;
};

const shared = [
  'A worker sees the description of its task, the request, and the results of the tasks in `dependsOn`, nothing else: each description stands alone.',
  '`id` is short: a, b, c. `dependsOn` has the ids of the tasks whose results it needs. Tasks that do not need each other are done at once.',
  'As few tasks as will do; one is a good plan. No task that only sums up: the answer is written from all results at the end.',
];

/** Tasks with dependencies. */
export const taskPlan: PlanForm = {
  isVerified: false,
  rules: shared,
  schema: (workers) => objectSchema({ tasks: listSchema(taskSchema(workers)) }),
  read: (value) => whole(listIn(value, 'tasks')?.map(taskIn)),
  expected: '`tasks` must be a list of { id, description, dependsOn }.',
};

const verifiedTaskIn = (value: unknown, phase: string): PlanTask | undefined => {
  const task = taskIn(value);
  const criteria = textsIn(value, 'criteria');
  const contingencies = optionalTexts(value, 'contingencies');
  if (task === undefined || criteria === undefined || contingencies === undefined) return undefined;
  return { ...task, phase, criteria: [...new Set(criteria)], contingencies };
};

/** Phases of tasks with criteria and contingencies. */
export const phasedPlan: PlanForm = {
  isVerified: true,
  rules: [
    ...shared,
    'The plan has phases with short names, done one after the other. A task may only need tasks of its own phase or of earlier ones.',
    '`criteria` say what the result of a task must meet; each can be checked by reading the result. `contingencies` are other ways to do the task, tried in their order when it fails; the list may be empty.',
  ],
  schema: (workers) => {
    const more = { criteria: listSchema(textSchema), contingencies: listSchema(textSchema) };
    const phase = objectSchema({ name: textSchema, tasks: listSchema(taskSchema(workers, more)) });
    return objectSchema({ phases: listSchema(phase) });
  },
  read: (value) =>
    whole(
      listIn(value, 'phases')?.flatMap((phase) => {
        const tasks = listIn(phase, 'tasks') ?? [undefined];
        return tasks.map((task) => verifiedTaskIn(task, textIn(phase, 'name')));
      }),
    ),
  expected:
    '`phases` must be a list of { name, tasks }, each task { id, description, dependsOn, criteria, contingencies }.',
};

/** The schema of a plan: what fits it can be carried out. */
export const planSchema = (form: PlanForm, bounds: PlanBounds): SchemaWithJson<readonly PlanTask[]> =>
  answerSchema(form.schema(bounds.workers), (value) => {
    const all = form.read(value);
    if (all === undefined) return { issues: [form.expected] };
    // What is done stays as it is, also where a model lists it again.
    const tasks = all.filter(({ id }) => !bounds.done.has(id));
    const issues = planIssues(tasks, bounds);
    return issues.length > 0 ? { issues } : { value: tasks };
  });
