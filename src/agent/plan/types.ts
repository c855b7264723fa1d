import type { AgentState } from '../types.js';

/** One piece of a plan. */
export interface PlanTask {
  readonly id: string;
  /** What is to be done, for somebody who knows nothing else. */
  readonly description: string;
  /** Ids of the tasks whose results it needs. */
  readonly dependsOn: readonly string[];
  /** Who is to do it, where there are several. */
  readonly worker?: string;
  /** The stretch of the plan that it belongs to; it begins when the stretch before is over. */
  readonly phase?: string;
  /** What its result must meet. */
  readonly criteria?: readonly string[];
  /** Other ways to get there, one for each further try. */
  readonly contingencies?: readonly string[];
}

/**
 * How far a task is. `open`: to be done, or under way. `unverified`: it has a result that nobody checked. `undecided`: a try failed,
 * and nobody said yet what follows. `failed`: given up, for a new plan or with the whole work. `skipped`: given up, the rest goes on.
 */
export type TaskStatus = 'open' | 'unverified' | 'undecided' | 'done' | 'failed' | 'skipped';

/** Whether a result meets a criterion, and what shows it. */
export interface CriterionCheck {
  readonly criterion: string;
  readonly isMet: boolean;
  /** What in the result shows it, or what is missing. */
  readonly evidence: string;
}

/** What became of a task. */
export interface TaskReport extends PlanTask {
  readonly status: TaskStatus;
  /** What its worker answered. @default nothing yet */
  readonly result?: string;
  /** What its last result was checked for, and how that went. @default not checked */
  readonly checks?: readonly CriterionCheck[];
  /** Why tries failed, in order. */
  readonly failures: readonly string[];
  /** Why it was given up. @default it was not */
  readonly reason?: string;
  /** Where the text from outside came from that went into it. */
  readonly taint: readonly string[];
}

/** A task as it stands in a state: with how far its worker is. */
export interface TaskRecord extends TaskReport {
  readonly state?: AgentState;
}

/** What an agent with a plan keeps beside what all agents keep: plain data. */
export interface PlanWork {
  /** Messages that the plan is for. */
  readonly asked: number;
  /** How many plans were made. */
  readonly plans: number;
  readonly isApproved: boolean;
  readonly tasks: readonly TaskRecord[];
  /** What former plans had and later ones have no more. */
  readonly replaced: readonly TaskReport[];
  /** How it ended. @default it did not */
  readonly end?: 'answered' | 'stopped';
}

/** What an agent with a plan tells beside what all agents tell. */
export interface PlanReport {
  /** The tasks of the last plan, and those that were done before it. */
  readonly tasks: readonly TaskReport[];
  /** Tasks of former plans that were given up. */
  readonly replaced: readonly TaskReport[];
  /** How often the plan was made anew. */
  readonly replans: number;
  /** Phases that are over, in order: `rewindPlan` goes back to the end of each. */
  readonly checkpoints: readonly string[];
}

export interface PlanLimits {
  /** Tasks that are under way at once. @default 4 */
  readonly concurrency?: number;
  /** Tasks that one plan may have. @default 12 */
  readonly maxTasks?: number;
  /** How often one task is tried, the first time included. @default 2 */
  readonly maxTries?: number;
  /** How often the plan is made anew. @default 1 */
  readonly maxReplans?: number;
  /** How often a worker made of `tools` asks its model in one try. @default 10 */
  readonly maxSteps?: number;
  /** Characters of each result that models are shown; the rest is left out, and they are told so. @default 8000 */
  readonly maxResultLength?: number;
}
