import type { Run, Schema, Step } from '../core/index.js';
import type { Checkpoint, Waiting } from './checkpoint.js';
import type { Pause } from './pause.js';

/** The schema of a state: any Standard Schema. What may be left out of the input is what the schema has defaults for. */
export interface StateSchema<In, S> {
  readonly '~standard': Schema<S>['~standard'] & {
    readonly types?: { readonly input: In; readonly output: S } | undefined;
  };
}

/** Where to go next: a node, several side by side, or the end of the graph. */
export type Target<N extends string> = N | 'end' | readonly N[];

/** A way that depends on the state. */
export interface Choice<S, N extends string> {
  /** All that may be chosen: the drawing shows them, and anything else is refused. */
  readonly to: readonly (N | 'end')[];
  readonly choose: (state: S) => Target<N>;
}

/** What follows a node. A bare function may choose any node; a `Choice` says which. */
export type Edge<S, N extends string> = Target<N> | Choice<S, N> | ((state: S) => Target<N>);

/** A step from the state to the fields that change, or to a pause. It must not write to the state that it is given. */
export type GraphNode<S> = (state: S, run: Run) => Partial<S> | Pause | Promise<Partial<S> | Pause>;

/** A graph in one object: the names of the nodes come from `nodes`, and the compiler checks all others against them. */
export interface GraphDefinition<In, S extends object, N extends string> {
  /** Checks the state at the beginning and when it is resumed. `stateType<State>()` names a type and checks nothing. */
  readonly state: StateSchema<In, S>;
  /** How a field takes in what nodes resolve to, by its name: `append` for lists. @default the new value replaces the old one */
  readonly reducers?: { readonly [K in keyof S]?: (before: S[K], update: S[K]) => S[K] };
  readonly nodes: { readonly [K in N]: GraphNode<S> };
  readonly start: NoInfer<N> | readonly NoInfer<N>[];
  /** What follows each node. */
  readonly edges: { readonly [K in NoInfer<N>]: Edge<S, NoInfer<N>> };
  /** Nodes that run only when all of these have led to them. @default a node runs whenever one leads to it */
  readonly joins?: { readonly [K in NoInfer<N>]?: readonly NoInfer<N>[] };
  /** Nodes before or after which a call pauses. @default none */
  readonly pauses?: { readonly [K in NoInfer<N>]?: 'before' | 'after' };
  /** How many steps one call takes at most; nodes side by side are one step. @default 100 */
  readonly maxSteps?: number;
}

/** Done: nothing follows. Paused: it waits for answers. Max-steps: it would go on; `resume` does. */
export type GraphStatus = 'done' | 'paused' | 'max-steps';

export interface GraphResult<S, N extends string = string> {
  readonly status: GraphStatus;
  readonly state: S;
  /** What it waits for, when it `paused`: each node gets an answer by its name. */
  readonly waiting: readonly Waiting<N>[];
  /** To go on from, with `resume`: plain data where the state is. */
  readonly checkpoint: Checkpoint<S>;
}

/** Answers to what a paused graph waits for, by node; each gets what it asked for. */
export type Answers<N extends string> = { readonly [K in N]?: unknown };

/** A state graph: a step from a state to the result, so that it stands wherever a step does. */
export interface StateGraph<In, S extends object, N extends string> extends Step<In, GraphResult<S, N>> {
  /**
   * Goes on from a checkpoint. What is done is not done again.
   * @throws {PipewrightError} `bad-input` for an answer that nobody waits for, or a state that does not fit its schema;
   * `journal-mismatch` when the checkpoint is of a graph with other nodes; `store-damaged`, `store-newer`.
   */
  readonly resume: (checkpoint: Checkpoint<S>, answers?: Answers<N>, run?: Run) => Promise<GraphResult<S, N>>;
}
