import { callStep, isRecord, PipewrightError, type Run } from '../core/index.js';
import type { Arrival, Checkpoint, HeldPause, HeldUpdate } from './checkpoint.js';
import { end, type Plan, type PlannedNode, type State } from './graph-plan.js';
import { type Journal, journalKey } from './journal.js';
import { isPause, type Pause, type Resumed, resumedKey } from './pause.js';

/** What a node of a step has come to. */
type Outcome =
  | { readonly type: 'update'; readonly update: State }
  | { readonly type: 'pause'; readonly pause: HeldPause };

/** Where the work of a step is kept, so that it need not be done again. */
export interface StepKeep {
  readonly journal: Journal;
  /** Whether the journal is of this step alone, because a checkpoint follows: then a single node need not be in it. */
  readonly isCheckpointed: boolean;
}

const nodeOf = ({ nodes }: Plan, name: string): PlannedNode => {
  const node = nodes.get(name);
  if (node !== undefined) return node;
  const message = `The checkpoint goes on with \`${name}\`, which this graph does not have. Resume it with the graph that it is of, or fork it with another \`next\`.`;
  throw new PipewrightError('journal-mismatch', message, { details: { where: name } });
};

const pausedBy = (node: string, { question, kept }: Pause): HeldPause => ({
  node,
  when: 'inside',
  question,
  ...(kept === undefined ? {} : { kept }),
  isAnswered: false,
});

const resumedOf = ({ answer, kept }: HeldPause): Resumed => ({ answer, kept });

const outcomeOf = (name: string, output: unknown): Outcome => {
  if (isPause(output)) return { type: 'pause', pause: pausedBy(name, output) };
  if (isRecord(output)) return { type: 'update', update: output };
  const message = `The node \`${name}\` resolved to ${output === null ? 'null' : typeof output}. It must be an object with the fields that change.`;
  throw new PipewrightError('bad-input', message, { details: { where: name } });
};

/** Where the update of one node is kept. */
interface NodeKeep {
  readonly journal: Journal;
  /** False for the last node of a step that has gone well: the checkpoint comes next. */
  readonly isWorthIt: () => boolean;
}

const callNode = async (
  { name, step }: PlannedNode,
  state: State,
  held: HeldPause | undefined,
  keeping: NodeKeep | undefined,
  run: Run,
): Promise<Outcome> => {
  const within = held?.when === 'inside' ? run.with({ values: new Map([[resumedKey, resumedOf(held)]]) }) : run;
  const call = (inner: Run): unknown => callStep(step, state, inner, name);
  const output =
    keeping === undefined
      ? await call(within)
      : await keeping.journal.call(
          { name, work: call, isKept: (each) => !isPause(each) && keeping.isWorthIt() },
          within,
        );
  return outcomeOf(name, output);
};

/** The outcomes of the nodes of a step, in their order; the first failure aborts the others. */
const outcomesOf = async (
  plan: Plan,
  { state, next, held, pauses }: Checkpoint<State>,
  keep: StepKeep | undefined,
  outer: Run,
): Promise<readonly Outcome[]> => {
  let open = next.length;
  const keeping = keep && { journal: keep.journal, isWorthIt: () => !keep.isCheckpointed || open > 1 };
  const one = (name: string, run: Run): Outcome | Promise<Outcome> => {
    const node = nodeOf(plan, name);
    const done = held.find((each) => each.node === name);
    if (done !== undefined) return { type: 'update', update: done.update };
    const pause = pauses.find((each) => each.node === name);
    if (pause !== undefined && !pause.isAnswered) return { type: 'pause', pause };
    if (pause === undefined && node.pauses === 'before') {
      return { type: 'pause', pause: { node: name, when: 'before', isAnswered: false } };
    }
    return callNode(node, state, pause, keeping, run);
  };
  const [only] = next;
  if (next.length === 1 && only !== undefined) return [await one(only, outer)];
  using group = outer.scope();
  const settled = await Promise.allSettled(
    next.map(async (name) => {
      try {
        const outcome = await one(name, group.run);
        // A pause or a failure leaves the step open: then what the others resolve to is kept.
        if (outcome.type === 'update') open -= 1;
        return outcome;
      } catch (error) {
        group.abort(error);
        throw error;
      }
    }),
  );
  // The signal tells which failure was the first.
  group.run.throwIfAborted();
  return settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
};

const merged = ({ reducers }: Plan, state: State, update: State): State => {
  const after: Record<string, unknown> = { ...state, ...update };
  for (const [field, reduce] of reducers) {
    if (Object.hasOwn(update, field)) after[field] = reduce(state[field], update[field]);
  }
  return Object.freeze(after);
};

const targetsOf = ({ name, arrow }: PlannedNode, state: State): readonly string[] => {
  if (arrow.choose === undefined) return arrow.to;
  const chosen = arrow.choose(state);
  const targets = typeof chosen === 'string' ? [chosen] : chosen;
  const wrong = targets.find((target) => !arrow.to.includes(target));
  if (wrong === undefined) return targets;
  const message = `The edge of \`${name}\` chose \`${wrong}\`. It may choose: ${arrow.to.join(', ')}.`;
  throw new PipewrightError('bad-input', message, { details: { where: name } });
};

interface Ahead {
  readonly next: readonly string[];
  readonly arrivals: readonly Arrival[];
}

/** Where the nodes of a step lead, in the order of the definition, with those that still wait for others. */
const aheadOf = (plan: Plan, { next, arrivals }: Checkpoint<State>, state: State): Ahead => {
  const active = new Set<string>();
  const waiting = new Map(arrivals.map(({ node, from }) => [node, new Set(from)]));
  for (const name of next) {
    for (const target of targetsOf(nodeOf(plan, name), state)) {
      if (target === end) continue;
      const { joins } = nodeOf(plan, target);
      if (!joins.includes(name)) active.add(target);
      else {
        const from = waiting.get(target) ?? new Set<string>();
        waiting.set(target, from.add(name));
        if (joins.every((each) => from.has(each))) {
          active.add(target);
          waiting.delete(target);
        }
      }
    }
  }
  return {
    next: inOrder(plan, active),
    arrivals: [...waiting].map(([node, from]) => ({ node, from: [...from] })),
  };
};

export const inOrder = (plan: Plan, names: ReadonlySet<string>): readonly string[] =>
  names.size < 2 ? [...names] : [...names].sort((a, b) => nodeOf(plan, a).place - nodeOf(plan, b).place);

/** The step as far as it came: what has resolved is held until the rest has its answers. */
const heldUp = (checkpoint: Checkpoint<State>, outcomes: readonly Outcome[]): Checkpoint<State> => {
  const held: HeldUpdate[] = [];
  const pauses: HeldPause[] = [];
  outcomes.forEach((outcome, at) => {
    if (outcome.type === 'pause') pauses.push(outcome.pause);
    else held.push({ node: checkpoint.next[at] ?? '', update: outcome.update });
  });
  return { ...checkpoint, held, pauses };
};

/** What is marked inside the nodes finds the journal in its run. */
const journaled = (keep: StepKeep | undefined, run: Run): Run =>
  keep === undefined ? run : run.with({ values: new Map([[journalKey, keep.journal]]) });

/**
 * Does one step: all its nodes side by side, then their updates in the order of the definition, then the edges. Where a node
 * pauses the step is not over.
 */
export const superstep = async (
  plan: Plan,
  checkpoint: Checkpoint<State>,
  keep: StepKeep | undefined,
  run: Run,
): Promise<Checkpoint<State>> => {
  const outcomes = await outcomesOf(plan, checkpoint, keep, journaled(keep, run));
  if (outcomes.some(({ type }) => type === 'pause')) return heldUp(checkpoint, outcomes);
  let { state } = checkpoint;
  for (const outcome of outcomes) if (outcome.type === 'update') state = merged(plan, state, outcome.update);
  const pauses = checkpoint.next
    .filter((name) => nodeOf(plan, name).pauses === 'after')
    .map((node): HeldPause => ({ node, when: 'after', isAnswered: false }));
  return { version: 1, step: checkpoint.step + 1, state, ...aheadOf(plan, checkpoint, state), held: [], pauses };
};
