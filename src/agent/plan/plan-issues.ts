import type { PlanTask } from './types.js';

/** What a plan must keep to. */
export interface PlanBounds {
  readonly maxTasks: number;
  readonly workers: readonly string[];
  /** Whether each task must have criteria. */
  readonly isVerified: boolean;
  /** Ids of tasks that are done already. */
  readonly done: ReadonlySet<string>;
}

const maxIdLength = 64;
/** More would help nobody. */
const maxIssues = 10;

/** Tasks that wait for each other, or for one that does (Kahn 1962: what is left when nothing more can be taken away). */
const stuckIn = (tasks: readonly PlanTask[], done: ReadonlySet<string>): readonly string[] => {
  const missing = new Map<string, number>();
  const followers = new Map<string, string[]>();
  for (const { id, dependsOn } of tasks) {
    const needs = dependsOn.filter((need) => !done.has(need));
    missing.set(id, needs.length);
    for (const need of needs) {
      const known = followers.get(need);
      if (known === undefined) followers.set(need, [id]);
      else known.push(id);
    }
  }
  const free = [...missing].filter(([, count]) => count === 0).map(([id]) => id);
  for (const id of free) {
    missing.delete(id);
    for (const follower of followers.get(id) ?? []) {
      const left = (missing.get(follower) ?? 0) - 1;
      missing.set(follower, left);
      if (left === 0) free.push(follower);
    }
  }
  return [...missing.keys()];
};

const issuesOf = (task: PlanTask, known: ReadonlySet<string>, bounds: PlanBounds): readonly string[] => {
  const { workers, isVerified } = bounds;
  const { id, description, dependsOn, worker, phase, criteria = [] } = task;
  const unknown = dependsOn.filter((need) => !known.has(need));
  return [
    ...(id === '' || id.length > maxIdLength ? [`An id must have 1 to ${maxIdLength} characters.`] : []),
    ...(description === '' ? [`The task \`${id}\` has no description.`] : []),
    ...unknown.map((need) => `The task \`${id}\` depends on \`${need}\`, which is no task.`),
    ...(worker !== undefined && workers.length > 1 && !workers.includes(worker)
      ? [`The task \`${id}\` is for \`${worker}\`. The workers are: ${workers.join(', ')}.`]
      : []),
    ...(phase === '' ? [`The phase of the task \`${id}\` has no name.`] : []),
    ...(isVerified && criteria.length === 0 ? [`The task \`${id}\` has no criteria.`] : []),
  ];
};

/** Tasks that need one of a later phase, for which they would wait for ever. */
const phaseIssues = (tasks: readonly PlanTask[]): readonly string[] => {
  const phases = [...new Set(tasks.map(({ phase }) => phase))];
  const ranks = new Map(phases.map((phase, rank) => [phase, rank]));
  const rankOf = ({ phase }: PlanTask): number => ranks.get(phase) ?? 0;
  const byId = new Map(tasks.map((task) => [task.id, task]));
  return tasks.flatMap((task) =>
    task.dependsOn
      .map((need) => byId.get(need))
      .filter((need) => need !== undefined && rankOf(need) > rankOf(task))
      .map((need) => `The task \`${task.id}\` depends on \`${need?.id}\` of a later phase.`),
  );
};

/** What is wrong with a plan, one line each; none for one that can be carried out. */
export const planIssues = (tasks: readonly PlanTask[], bounds: PlanBounds): readonly string[] => {
  const { maxTasks, done } = bounds;
  if (tasks.length > maxTasks) return [`There are ${tasks.length} tasks; ${maxTasks} are allowed.`];
  if (tasks.length === 0) return done.size > 0 ? [] : ['The plan has no tasks.'];
  const ids = new Set(tasks.map(({ id }) => id));
  const twice = ids.size < tasks.length ? ['Two tasks have the same id.'] : [];
  const known = new Set([...ids, ...done]);
  const issues = [...twice, ...tasks.flatMap((task) => issuesOf(task, known, bounds)), ...phaseIssues(tasks)];
  if (issues.length > 0) return issues.slice(0, maxIssues);
  const stuck = stuckIn(tasks, done);
  return stuck.length === 0 ? [] : [`These tasks wait for each other: ${stuck.slice(0, maxIssues).join(', ')}.`];
};
