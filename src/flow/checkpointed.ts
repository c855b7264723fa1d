import { checkAtLeast, createRun, PipewrightError, type Run, type RunScope, type Store } from '../core/index.js';
import type { Checkpoint, Waiting } from './checkpoint.js';
import { waitingIn } from './checkpoint.js';
import type { Plan, State } from './graph-plan.js';
import { begin, checkedCheckpoint, type GraphKeeper, runGraph, withAnswers } from './graph-run.js';
import type { Answers, GraphResult, StateGraph } from './graph-types.js';
import { createJournal, type Journal, journalEntries } from './journal.js';
import { planIn } from './state-graph.js';
import {
  type Opened,
  statusOf,
  type StoredPoint,
  type ThreadStatus,
  type ThreadStore,
  threadStore,
} from './thread-store.js';

export interface CheckpointedOptions {
  readonly store: Store;
  /** Tells its threads from those of other graphs in the store. */
  readonly name: string;
  /** How many checkpoints of a thread are kept; older ones are deleted. @default 100 */
  readonly maxCheckpoints?: number;
  /** Calls marked with `once` that are kept during one step at most. @default 10000 */
  readonly maxEntries?: number;
}

/** A checkpoint of a thread. */
export interface Snapshot<S, N extends string> {
  /** Its number in the thread, from 0. */
  readonly seq: number;
  /** When it was written, in milliseconds since 1970. */
  readonly atMs: number;
  readonly status: ThreadStatus;
  readonly state: S;
  readonly next: readonly N[];
  readonly waiting: readonly Waiting<N>[];
  readonly checkpoint: Checkpoint<S>;
}

export interface ForkOptions<S, N extends string> {
  /** Id of the new thread. */
  readonly to: string;
  /** Number of the checkpoint to begin with. @default the newest */
  readonly seq?: number;
  /** Fields that change: they replace, past the reducers. @default nothing changes */
  readonly state?: Partial<S>;
  /** The nodes to go on with. @default those that would have come next */
  readonly next?: readonly N[];
}

/** A graph whose runs are kept: each is a thread with an id, and has a checkpoint after every step. */
export interface CheckpointedGraph<In, S, N extends string> {
  /** Begins a thread. Throws `duplicate-id` when it is there already. */
  readonly start: (id: string, input: In, run?: Run) => Promise<GraphResult<S, N>>;
  /**
   * Goes on with a thread: after a crash or a failure with what had not been done, after a pause with the answers. Without
   * the answers it stays paused; when it is done it resolves to the result. Throws `not-found`, and `bad-input` for an answer that
   * nobody waits for.
   */
  readonly resume: (id: string, answers?: Answers<N>, run?: Run) => Promise<GraphResult<S, N>>;
  /** A checkpoint, by default the newest; undefined when there is none. */
  readonly get: (id: string, seq?: number) => Promise<Snapshot<S, N> | undefined>;
  /** The checkpoints that are kept, newest first. */
  readonly history: (id: string) => AsyncIterable<Snapshot<S, N>>;
  /**
   * Makes a new thread from a checkpoint, which may change; `resume` goes on with it. Where the state or the way changes, pauses and
   * half steps are dropped: the nodes run anew. Throws `not-found` and `duplicate-id`.
   */
  readonly fork: (id: string, options: ForkOptions<S, N>, run?: Run) => Promise<Snapshot<S, N>>;
  /** All threads, by id. */
  readonly threads: () => AsyncIterable<{ readonly id: string; readonly status: ThreadStatus }>;
  readonly delete: (id: string) => Promise<void>;
}

const missing = (id: string, seq?: number): PipewrightError => {
  const what = seq === undefined ? `thread \`${id}\`` : `checkpoint ${seq} of the thread \`${id}\``;
  return new PipewrightError('not-found', `There is no ${what}.`, { details: { where: id } });
};

const duplicate = (id: string): PipewrightError =>
  new PipewrightError(
    'duplicate-id',
    `There is a thread \`${id}\` already. Resume it, delete it, or take another id.`,
    {
      details: { where: id },
    },
  );

interface Settings {
  readonly plan: Plan;
  readonly store: Store;
  readonly threads: ThreadStore;
  readonly maxEntries: number;
}

/** Writes a checkpoint after every step, and the work of a step while it is under way. */
const keeperOf = (
  settings: Settings,
  opened: Opened,
  parts: ReadonlyMap<string, Uint8Array>,
  scope: RunScope,
): GraphKeeper => {
  const { store, threads, maxEntries } = settings;
  const { run } = scope;
  let thread = opened;
  let under: { readonly journal: Journal; readonly step: number } | undefined;
  let entries = parts;
  return {
    step: (step) => {
      const journal = createJournal({
        prefix: threads.partPrefix(thread.id, step),
        entries,
        put: (key, value) => store.write([{ type: 'put', key, value }]),
        depth: run.span.path.length,
        maxEntries,
        // A node that goes on with an answer need not come the way by which it asked.
        isOrdered: false,
        onBroken: (error) => scope.abort(error),
      });
      under = { journal, step };
      entries = new Map();
      return { journal, isCheckpointed: true };
    },
    commit: async (checkpoint) => {
      // Of a step that has paused, all that was done is needed again.
      const stale = under === undefined || checkpoint.step === under.step ? [] : under.journal.keys();
      thread = await threads.advance(thread, checkpoint, stale, run);
    },
  };
};

const nobody = (): void => undefined;

const goOn = async (
  settings: Settings,
  opened: Opened,
  checkpoint: Checkpoint<State>,
  parts: ReadonlyMap<string, Uint8Array>,
  run: Run,
): Promise<GraphResult<State>> => {
  // Watched, so that every step has a span: their names are the places of the journal.
  using scope = run.scope({ on: nobody });
  return await runGraph(settings.plan, checkpoint, keeperOf(settings, opened, parts, scope), scope.run);
};

const start = async (settings: Settings, id: string, input: unknown, run: Run): Promise<GraphResult<State>> => {
  const checkpoint = await begin(settings.plan, input);
  const opened = await settings.threads.create(id, checkpoint, run);
  if (opened === undefined) throw duplicate(id);
  return goOn(settings, opened, checkpoint, new Map(), run);
};

const resume = async (
  settings: Settings,
  id: string,
  answers: Answers<string>,
  run: Run,
): Promise<GraphResult<State>> => {
  const { threads, store, plan } = settings;
  const opened = await threads.open(id);
  if (opened === undefined) throw missing(id);
  const point = await pointOf(settings, id, opened.head.seq);
  const before = await checkedCheckpoint(plan, point.checkpoint, point.where);
  const parts = await journalEntries(store, threads.partPrefix(id, before.step));
  if (Object.values(answers).every((answer) => answer === undefined)) return goOn(settings, opened, before, parts, run);
  // The answers are kept before anything is done with them: nobody is asked twice, and of two who answer one is told.
  const answered = withAnswers(before, answers);
  const advanced = await threads.advance(opened, answered, [], run);
  return goOn(settings, advanced, answered, parts, run);
};

const pointOf = async ({ threads }: Settings, id: string, seq: number): Promise<StoredPoint> => {
  const point = await threads.point(id, seq);
  if (point !== undefined) return point;
  throw missing(id, seq);
};

const snapshotOf = async (
  { plan }: Settings,
  { seq, atMs, checkpoint, where }: StoredPoint,
): Promise<Snapshot<State, string>> => {
  const checked = await checkedCheckpoint(plan, checkpoint, where);
  const { state, next } = checked;
  return { seq, atMs, status: statusOf(checked), state, next, waiting: waitingIn(checked), checkpoint: checked };
};

const fork = async (
  settings: Settings,
  id: string,
  options: ForkOptions<State, string>,
  run: Run,
): Promise<Snapshot<State, string>> => {
  const { threads, plan } = settings;
  const opened = await threads.open(id);
  if (opened === undefined) throw missing(id);
  const { to, seq = opened.head.seq, state, next } = options;
  const point = await pointOf(settings, id, seq);
  const before = await checkedCheckpoint(plan, point.checkpoint, point.where);
  const changed =
    state === undefined && next === undefined
      ? before
      : { ...before, state: { ...before.state, ...state }, next: next ?? before.next, held: [], pauses: [] };
  const unknown = changed.next.find((name) => !plan.nodes.has(name));
  if (unknown !== undefined) throw new PipewrightError('bad-option', `There is no node \`${unknown}\` to go on with.`);
  const checked = await checkedCheckpoint(plan, changed);
  if ((await threads.create(to, checked, run)) === undefined) throw duplicate(to);
  return snapshotOf(settings, await pointOf(settings, to, 0));
};

/**
 * Keeps the runs of a graph in a store: a checkpoint after each step, and between them what the nodes of a step have resolved to and
 * what is marked with `once` inside them. A thread goes on in any process, also when the one before was killed: finished nodes
 * do not run again. Two processes that go on with one thread at once are told apart: one gets `store-locked`, and keeps nothing more.
 * States and answers must be plain data. It costs one write for each step, and one more for each node that runs beside others.
 * @throws {PipewrightError} `bad-option`.
 * @example
 * const orders = checkpointed(graph, { name: 'orders', store: memoryStore() });
 * const { status } = await orders.start('order-17', { total: 80 }); // 'paused'
 * await orders.resume('order-17', { approve: true });
 */
export const checkpointed = <In, S extends object, N extends string>(
  graph: StateGraph<In, S, N>,
  options: CheckpointedOptions,
): CheckpointedGraph<In, S, N> => {
  const { store, name, maxCheckpoints = 100, maxEntries = 10_000 } = options;
  if (name === '') throw new PipewrightError('bad-option', '`name` must not be empty.');
  checkAtLeast('maxCheckpoints', maxCheckpoints, 1);
  checkAtLeast('maxEntries', maxEntries, 1);
  const threads = threadStore(store, name, maxCheckpoints);
  const settings: Settings = { plan: planIn(graph), store, threads, maxEntries };
  const all: CheckpointedGraph<unknown, State, string> = {
    start: (id, input, run = createRun()) => start(settings, id, input, run),
    resume: (id, answers = {}, run = createRun()) => resume(settings, id, answers, run),
    get: async (id, seq) => {
      const opened = await threads.open(id);
      const point = opened === undefined ? undefined : await threads.point(id, seq ?? opened.head.seq);
      return point === undefined ? undefined : snapshotOf(settings, point);
    },
    history: async function* (id) {
      for await (const point of threads.points(id)) yield await snapshotOf(settings, point);
    },
    fork: (id, forked, run = createRun()) => fork(settings, id, forked, run),
    threads: threads.heads,
    delete: threads.remove,
  };
  // The engine works on any state; what the compiler knows of this one is at this seam.
  return all as unknown as CheckpointedGraph<In, S, N>;
};
