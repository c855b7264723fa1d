import {
  type AnyStep,
  checkAtLeast,
  PipewrightError,
  type StepChild,
  type StepEdge,
  type StepInfo,
} from '../core/index.js';
import type { Choice, Edge, GraphDefinition, GraphNode, StateSchema } from './graph-types.js';

/** A state as the engine sees it. */
export type State = Readonly<Record<string, unknown>>;
export type Reducer = (before: unknown, update: unknown) => unknown;

/** Where a node may lead, and how that is decided. */
export interface Arrow {
  readonly to: readonly string[];
  /** Undefined: it leads to all of `to`. */
  readonly choose: ((state: State) => string | readonly string[]) | undefined;
}

export interface PlannedNode {
  readonly name: string;
  /** Its place in the definition: nodes of one step are taken in this order, whichever ends first. */
  readonly place: number;
  readonly step: GraphNode<State>;
  readonly arrow: Arrow;
  /** Who must lead to it before it runs; none: whoever comes. */
  readonly joins: readonly string[];
  readonly pauses: 'before' | 'after' | undefined;
}

/** A definition that was checked, in the form that the engine takes. */
export interface Plan {
  readonly schema: StateSchema<unknown, State>;
  readonly nodes: ReadonlyMap<string, PlannedNode>;
  readonly start: readonly string[];
  readonly reducers: readonly (readonly [field: string, reducer: Reducer])[];
  readonly maxSteps: number;
}

export const end = 'end';

type AnyDefinition = GraphDefinition<unknown, State, string>;

const wrong = (message: string): PipewrightError => new PipewrightError('bad-option', message);

const isChoice = (edge: Edge<State, string>): edge is Choice<State, string> =>
  typeof edge === 'object' && 'choose' in edge;

const listOf = (target: string | readonly string[]): readonly string[] =>
  typeof target === 'string' ? [target] : target;

const arrowOf = (edge: Edge<State, string>, names: readonly string[]): Arrow => {
  if (typeof edge === 'function') return { to: [...names, end], choose: edge };
  return isChoice(edge) ? edge : { to: listOf(edge), choose: undefined };
};

/** Names that a plain JavaScript caller, or a graph made by a program, got wrong. */
const checkNames = (names: readonly string[], where: string, known: ReadonlySet<string>): void => {
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw wrong(`There is no node \`${unknown}\`, which ${where} names. The nodes are: ${[...known].join(', ')}.`);
};

const checkPlan = ({ nodes, start }: Plan, definition: AnyDefinition): void => {
  if (nodes.has(end)) throw wrong('A node cannot be called `end`: that is where a graph ends.');
  if (start.length === 0) throw wrong('A graph needs a node to start with.');
  const known = new Set(nodes.keys());
  const orEnd = new Set([...known, end]);
  checkNames(start, '`start`', known);
  for (const field of ['edges', 'joins', 'pauses'] as const)
    checkNames(Object.keys(definition[field] ?? {}), `\`${field}\``, known);
  for (const { name, arrow, joins } of nodes.values()) {
    checkNames(arrow.to, `the edge of \`${name}\``, orEnd);
    checkNames(joins, `the join of \`${name}\``, known);
  }
};

/** @throws {PipewrightError} `bad-option` for a name that is no node, and for a node without an edge. */
export const planOf = (definition: AnyDefinition): Plan => {
  const { state: schema, nodes, edges, joins = {}, pauses = {}, reducers = {}, maxSteps = 100 } = definition;
  checkAtLeast('maxSteps', maxSteps, 1);
  const names = Object.keys(nodes);
  const planned = Object.entries(nodes).map(([name, step], place): [string, PlannedNode] => {
    const edge = edges[name];
    if (edge === undefined) throw wrong(`Nothing follows \`${name}\`. Give it an edge, or \`end\`.`);
    return [name, { name, place, step, arrow: arrowOf(edge, names), joins: joins[name] ?? [], pauses: pauses[name] }];
  });
  const plan: Plan = {
    schema,
    nodes: new Map(planned),
    start: listOf(definition.start),
    reducers: Object.entries(reducers) as [string, Reducer][],
    maxSteps,
  };
  checkPlan(plan, definition);
  return plan;
};

/** How often each node runs in one call at most: in how many of its steps there is a way to it. */
const maxCallsOf = ({ nodes, start, maxSteps }: Plan): ReadonlyMap<string, number> => {
  const calls = new Map<string, number>();
  let active: ReadonlySet<string> = new Set(start);
  for (let step = 0; step < maxSteps && active.size > 0; step++) {
    const after = new Set<string>();
    for (const name of active) {
      calls.set(name, (calls.get(name) ?? 0) + 1);
      for (const target of nodes.get(name)?.arrow.to ?? []) if (target !== end) after.add(target);
    }
    active = after;
  }
  return calls;
};

const toEdge = (from: string | undefined, to: string, isConditional: boolean): StepEdge => ({
  ...(from === undefined ? {} : { from }),
  ...(to === end ? {} : { to }),
  ...(isConditional ? { isConditional } : {}),
});

/** What `inspect`, `explain` and `toMermaid` show of a graph. */
export const graphInfo = (plan: Plan): StepInfo => {
  const calls = maxCallsOf(plan);
  const nodes = [...plan.nodes.values()];
  return {
    kind: 'state-graph',
    details: { maxSteps: plan.maxSteps },
    children: nodes.map(({ name, step }): StepChild => {
      return { label: name, step: step as unknown as AnyStep, maxCalls: calls.get(name) ?? 0 };
    }),
    edges: [
      ...plan.start.map((name) => toEdge(undefined, name, false)),
      ...nodes.flatMap(({ name, arrow }) => arrow.to.map((to) => toEdge(name, to, arrow.choose !== undefined))),
    ],
  };
};
