import { type ErrorCode, PipewrightError } from '../../core/index.js';
import type { ApprovalRequest } from '../../tool/index.js';
import type { StopReason } from '../types.js';
import type { Critique } from './critic.js';
import type { Recovery } from './recovery.js';
import type { Employing } from './worker.js';

/**
 * Where a mission stands. `idle`: it was given and not begun. `planning`, `executing`: it is worked on, or was when its process
 * died. `paused`: from outside, or because a person must decide. `done` and `failed`: it is over; what failed may be resumed.
 */
export type MissionPhase = 'idle' | 'planning' | 'executing' | 'paused' | 'done' | 'failed';

export interface MissionTransition {
  readonly from: MissionPhase;
  readonly to: MissionPhase;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly reason: string;
}

/** Why a mission failed: an error, a limit, what is missing in the result, or somebody who called it off. */
export interface MissionFailure {
  readonly code: ErrorCode | Exclude<StopReason, 'answered' | 'paused'> | 'criteria-unmet' | 'cancelled' | 'unknown';
  readonly message: string;
}

/** All that is known of a mission beside its conversation, as plain data. */
export interface Mission {
  readonly phase: MissionPhase;
  /** The latest, oldest first. */
  readonly transitions: readonly MissionTransition[];
  /** When it is reached. */
  readonly criteria: readonly string[];
  /** What is to be done, in order; empty where nobody plans. */
  readonly plan: readonly string[];
  /** How often the work came to an end. */
  readonly attempts: number;
  /** Calls of models so far, those before a crash included. */
  readonly calls: number;
  /** Time at work so far, pauses not counted. */
  readonly workedMs: number;
  /** What people must decide on, while it is paused for that. */
  readonly waiting: readonly ApprovalRequest[];
  /** How the last result met the criteria. */
  readonly critique?: Critique;
  /** What went wrong, where it failed. */
  readonly failure?: MissionFailure;
  /** What can be done about it, the best first. */
  readonly recovery: readonly Recovery[];
}

/** Which phase may follow which. */
export const missionTransitions: Readonly<Record<MissionPhase, readonly MissionPhase[]>> = {
  idle: ['planning', 'paused', 'failed'],
  planning: ['executing', 'paused', 'failed'],
  executing: ['planning', 'paused', 'done', 'failed'],
  paused: ['planning', 'executing', 'failed'],
  done: ['planning'],
  failed: ['planning', 'executing'],
};

/** Older transitions are forgotten: a mission may pause and go on for years. */
const maxTransitions = 100;

export const idleMission = (criteria: readonly string[]): Mission => ({
  phase: 'idle',
  transitions: [],
  criteria,
  plan: [],
  attempts: 0,
  calls: 0,
  workedMs: 0,
  waiting: [],
  recovery: [],
});

/**
 * The mission in another phase.
 * @throws {PipewrightError} `bad-input` where that phase cannot follow.
 */
export const moved = <M extends Mission>(mission: M, to: MissionPhase, reason: string, atMs: number): M => {
  const { phase: from, transitions } = mission;
  if (!missionTransitions[from].includes(to)) {
    throw new PipewrightError('bad-input', `A mission that is ${from} cannot become ${to}.`);
  }
  return { ...mission, phase: to, transitions: [...transitions, { from, to, atMs, reason }].slice(-maxTransitions) };
};

/** The mission without what is kept of the worker. */
export const publicMission = (mission: Mission & Employing): Mission => {
  const { employed: _, ...rest } = mission;
  return rest;
};
