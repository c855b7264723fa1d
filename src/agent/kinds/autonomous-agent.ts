import { type AnyStep, checkAtLeast, type Schema, type StepChild, type Store } from '../../core/index.js';
import type { ChatModel } from '../../model/index.js';
import type { TextModel } from '../../output/index.js';
import { memoryStore } from '../../store/index.js';
import { type AgentSettings, defineAgent } from '../define-agent.js';
import { outputOf } from '../think.js';
import type { Agent } from '../types.js';
import type { Critic } from './critic.js';
import { type Mission, publicMission } from './mission.js';
import { type Autonomy, missionIn, type MissionLimits, pursue } from './pursue.js';
import { supervise, type Supervisor } from './supervise.js';
import { isModel, workerOf, workerSteps } from './worker.js';

export interface AutonomousAgentOptions<Out> extends AgentSettings {
  /** Where missions are kept. @default in the memory of this process */
  readonly store?: Store;
  /** Who plans, and sets criteria where none are given; `false`: nobody. @default the model that works; nobody where an agent does */
  readonly planner?: TextModel | false;
  /** Who judges results by the criteria. @default the model that works; nobody where an agent does */
  readonly critic?: ChatModel | Critic;
  /** Who suggests ways out of a failure, beside those that its kind tells. @default nobody */
  readonly advisor?: TextModel;
  /** What one mission may take, whatever happens to its process. */
  readonly limits?: MissionLimits;
  /** A process that gave no sign of life for so long has died, and another may go on, in milliseconds. @default 30000 */
  readonly leaseMs?: number;
  /** The form of the answer: any Standard Schema. @default text */
  readonly output?: Schema<Out>;
}

export interface Autonomous {
  readonly mission: Mission;
}

/** An agent that works on goals by itself: called, it works until it is done; started, it works in the background. */
export interface AutonomousAgent<Out = string> extends Agent<Out, Autonomous>, Supervisor {}

const kind = 'autonomous-agent';

const childrenOf = ({ worker, planner, critic, advisor, maxAttempts }: Autonomy): readonly StepChild[] => [
  // What does not fit is asked for once more.
  ...(planner === undefined ? [] : [{ label: 'plan', step: planner as AnyStep, maxCalls: 2 * maxAttempts }]),
  { label: 'execute', step: worker as AnyStep, maxCalls: maxAttempts },
  ...(critic === undefined ? [] : [{ label: 'judge', step: critic as AnyStep, maxCalls: 2 * maxAttempts }]),
  ...(advisor === undefined ? [] : [{ label: 'advise', step: advisor as AnyStep, maxCalls: 2 }]),
];

/**
 * Makes an agent that reaches goals by itself: it plans, lets a worker execute (any agent; of a model, the simple agent), has the
 * result judged by criteria, and plans anew what they miss. Its phases are `idle`, `planning`, `executing`, `paused`, `done` and
 * `failed`; the result's `mission` tells how it went through them, and after a failure what can be done.
 * Called, it is an agent like any other. `start` gives it a goal to work on in the background, kept in the `store` after every
 * step: such a mission can be watched, paused, cancelled, and resumed after a crash, also from another process.
 * Costs up to `maxCalls` calls of models for a mission: the tasks of the worker, and for each of up to `maxAttempts` attempts a
 * plan and a critique, of one call or two.
 * @throws {PipewrightError} `bad-option`.
 * @example (await autonomousAgent(scripted(['Done.']), { planner: false })('Do it.')).mission.phase // => 'done'
 */
export const autonomousAgent = <Out = string>(
  worker: ChatModel | Agent<unknown>,
  options: AutonomousAgentOptions<Out> = {},
): AutonomousAgent<Out> => {
  const { store = memoryStore(), leaseMs = 30_000, limits = {}, advisor, output, memory } = options;
  const { maxAttempts = 2, maxCalls = 100, maxMs = Infinity } = limits;
  checkAtLeast('maxAttempts', maxAttempts, 1);
  checkAtLeast('maxCalls', maxCalls, 1);
  checkAtLeast('maxMs', maxMs, 1);
  const model = isModel(worker) ? worker : undefined;
  const { planner = model, critic = model } = options;
  const autonomy: Autonomy = {
    worker: workerOf(worker, output),
    planner: planner === false ? undefined : planner,
    critic,
    advisor,
    maxAttempts,
    maxCalls,
    maxMs,
  };
  const own = defineAgent<Out, Autonomous>(
    {
      kind,
      details: { maxAttempts, maxCalls, ...(maxMs === Infinity ? {} : { maxMs }) },
      children: childrenOf(autonomy),
      work: (start, context, run) => pursue(autonomy, start, context, run),
      read: async (end) => {
        const steps = workerSteps(end.state);
        return {
          output: await outputOf(end, output),
          more: { mission: publicMission(missionIn(end.state)) },
          ...(steps === undefined ? {} : { steps }),
        };
      },
    },
    options,
  );
  return Object.assign(own, supervise(own, kind, { store, leaseMs, memory }));
};
