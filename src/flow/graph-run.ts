import {
  checkSchema,
  isRecord,
  PipewrightError,
  type Run,
  sliceTimer,
  stateOf,
  yieldToEventLoop,
} from '../core/index.js';
import { type Checkpoint, checkpointForm, type HeldPause, waitingIn } from './checkpoint.js';
import { inOrder, type StepKeep, superstep } from './superstep.js';
import type { Plan, State } from './graph-plan.js';
import type { GraphResult } from './graph-types.js';
import { journalKey } from './journal.js';
import { notResumed, resumedIn, resumedKey } from './pause.js';

/** Keeps a graph while it runs. */
export interface GraphKeeper {
  /** The graph goes on when the promise resolves. */
  readonly commit: (checkpoint: Checkpoint<State>) => Promise<void>;
  /** Where the work of a step is kept while it is under way. */
  readonly step: (step: number) => StepKeep;
}

const misfit = (what: string, issues: readonly string[]): PipewrightError =>
  new PipewrightError('bad-input', `${what} does not fit the schema of the graph: ${issues.join('; ')}.`, {
    details: { issues },
  });

/** The checkpoint that a graph begins with. Throws `bad-input` when the input does not fit. */
export const begin = async (plan: Plan, input: unknown): Promise<Checkpoint<State>> => {
  const checked = await checkSchema(plan.schema, input);
  if (!checked.isValid) throw misfit('The state', checked.issues);
  if (!isRecord(checked.value)) throw misfit('The state', ['it must be an object']);
  const state = Object.freeze({ ...checked.value });
  const next = inOrder(plan, new Set(plan.start));
  return { version: 1, step: 0, state, next, held: [], pauses: [], arrivals: [] };
};

/** A checkpoint from anywhere, checked. */
export const checkedCheckpoint = async (plan: Plan, given: unknown, where?: string): Promise<Checkpoint<State>> => {
  const checkpoint = stateOf(checkpointForm, given, where);
  const checked = await checkSchema(plan.schema, checkpoint.state);
  if (!checked.isValid)
    throw misfit(`The state of the checkpoint${where === undefined ? '' : ` (${where})`}`, checked.issues);
  return { ...checkpoint, state: Object.freeze({ ...checkpoint.state }) };
};

/** The checkpoint with the answers in it. Throws `bad-input` for an answer that nobody waits for. */
export const withAnswers = (
  checkpoint: Checkpoint<State>,
  answers: Readonly<Record<string, unknown>>,
): Checkpoint<State> => {
  const given = Object.keys(answers).filter((node) => answers[node] !== undefined);
  const unasked = given.find((node) => !checkpoint.pauses.some((pause) => pause.node === node));
  if (unasked !== undefined) {
    const names = checkpoint.pauses.map(({ node }) => `\`${node}\``).join(', ');
    const message = `Nobody waits for an answer to \`${unasked}\`. What waits: ${names === '' ? 'nothing' : names}.`;
    throw new PipewrightError('bad-input', message, { details: { where: unasked } });
  }
  const pauses = checkpoint.pauses.map((pause): HeldPause => {
    return given.includes(pause.node) ? { ...pause, isAnswered: true, answer: answers[pause.node] } : pause;
  });
  return { ...checkpoint, pauses: pauses.filter(({ when, isAnswered }) => when !== 'after' || !isAnswered) };
};

/** Whether nothing can be done without an answer. */
const isPaused = ({ next, held, pauses }: Checkpoint<State>): boolean => {
  const open = pauses.filter(({ isAnswered }) => !isAnswered);
  if (open.length === 0) return false;
  const stuck = new Set([...open, ...held].map(({ node }) => node));
  return open.some(({ when }) => when === 'after') || next.every((name) => stuck.has(name));
};

const resultOf = (checkpoint: Checkpoint<State>, status: GraphResult<State>['status']): GraphResult<State> => ({
  status,
  state: checkpoint.state,
  waiting: waitingIn(checkpoint),
  checkpoint,
});

const tell = (checkpoint: Checkpoint<State>, run: Run): void => {
  if (!run.isWatched) return;
  const { step, state, next } = checkpoint;
  run.emit({ type: 'custom', name: 'graph-step', data: { step, state, next, waiting: waitingIn(checkpoint) } });
};

/** Goes on from a checkpoint until the graph is done, waits for somebody, or has taken all its steps. */
export const runGraph = async (
  plan: Plan,
  start: Checkpoint<State>,
  keeper: GraphKeeper | undefined,
  outer: Run,
): Promise<GraphResult<State>> => {
  // An answer to the node around a nested graph is none to the nodes inside it.
  const run = resumedIn(outer) === undefined ? outer : outer.with({ values: new Map([[resumedKey, notResumed]]) });
  // In a durable run every node is kept: a graph is made of steps that are worth it.
  const journal = keeper === undefined ? run.get(journalKey) : undefined;
  const isSliceOver = sliceTimer();
  let checkpoint = start;
  for (let steps = 0; ; steps++) {
    if (isPaused(checkpoint)) return resultOf(checkpoint, 'paused');
    if (checkpoint.next.length === 0) return resultOf(checkpoint, 'done');
    if (steps >= plan.maxSteps) return resultOf(checkpoint, 'max-steps');
    run.throwIfAborted();
    const within = journal?.at(`step ${checkpoint.step}`, run);
    const keep = within === undefined ? keeper?.step(checkpoint.step) : { journal: within, isCheckpointed: false };
    checkpoint = await superstep(plan, checkpoint, keep, run);
    await keeper?.commit(checkpoint);
    tell(checkpoint, run);
    if (isSliceOver()) await yieldToEventLoop();
  }
};
