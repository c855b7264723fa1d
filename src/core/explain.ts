import { type Bounds, boundsOf } from './explain-bounds.js';
import { durationOf, timesOf, wordsFor } from './explain-words.js';
import { inspect, type StepTree } from './inspect.js';
import type { AnyStep } from './step.js';

/** One part of a pipeline, in words. */
export interface ExplainedPart {
  /** 0 for the step itself, 1 for its parts, … */
  readonly depth: number;
  readonly kind: string;
  readonly name: string;
  /** The part it plays in its parent: the key of a branch, its place in a fallback. */
  readonly label?: string;
  /** How often one call of its parent calls it at most; left out for once. */
  readonly maxCalls?: number;
  /** What it does, without the subject. */
  readonly words: string;
}

export interface Explanation {
  /** All of it, line by line; print it. */
  readonly text: string;
  /** Every part, each before those inside it. */
  readonly parts: readonly ExplainedPart[];
  /** Model calls that one call makes at worst; `Infinity` when nothing bounds them. */
  readonly maxModelCalls: number;
  /** Waits between tries and in queues that one call makes at worst. */
  readonly maxWaitMs: number;
  /** How long one call takes at worst; `Infinity` without a `timeout` around each model. Your own functions are not counted. */
  readonly maxTotalMs: number;
}

/** Kinds whose parts are tried or taken in the order in which they stand. */
const orderedKinds: ReadonlySet<string> = new Set(['fallback', 'pipe']);

const partsOf = (tree: StepTree, depth: number, isInsideTries: boolean): readonly ExplainedPart[] => {
  const { kind, name, children, label, maxCalls } = tree;
  const isTrying = kind === 'retry' || kind === 'hedge';
  const own: ExplainedPart = {
    depth,
    kind,
    name,
    ...(label === undefined ? {} : { label }),
    ...(maxCalls === undefined ? {} : { maxCalls }),
    words: wordsFor(tree, { isInsideTries }),
  };
  const inside = children.flatMap((child, index) => {
    const place = orderedKinds.has(kind) && child.label === undefined ? { ...child, label: String(index + 1) } : child;
    return partsOf(place, depth + 1, isInsideTries || isTrying);
  });
  return [own, ...inside];
};

/** A decorator's name repeats the names inside it, which stand below; the others have names of their own. */
const titleOf = ({ kind, name }: ExplainedPart): string =>
  name === kind || name.startsWith(`${kind}(`)
    ? kind
    : kind === 'function' || kind === 'model'
      ? name
      : `${kind} ${name}`;

const lineOf = (part: ExplainedPart): string => {
  const { label, maxCalls } = part;
  const often = maxCalls === undefined ? undefined : `up to ${timesOf(maxCalls)}`;
  const role = [label, often].filter((each) => each !== undefined).join(', ');
  return `${'  '.repeat(part.depth)}${role === '' ? '' : `[${role}] `}${titleOf(part)}: ${part.words}`;
};

const sumsOf = ({ modelCalls, waitMs, totalMs }: Bounds): readonly string[] => [
  modelCalls === Infinity ? 'Model calls: no fixed limit.' : `Model calls: at most ${modelCalls}.`,
  `Waits between tries and in queues: ${waitMs === Infinity ? 'no fixed limit' : `at most ${durationOf(waitMs)} in all`}.`,
  totalMs === Infinity
    ? 'Time: no fixed limit. A `timeout` with `totalMs` sets one.'
    : `Time: at most ${durationOf(totalMs)}, your own functions not counted.`,
];

/**
 * Tells in plain words what a step will do: each part with its limits, and what a call comes to at worst. Nothing is run.
 * @example explain(pipe((n: number) => n + 1)).maxModelCalls // => 0
 */
export const explain = (step: AnyStep): Explanation => {
  const tree = inspect(step);
  const parts = partsOf(tree, 0, false);
  const bounds = boundsOf(tree);
  return {
    text: [...parts.map(lineOf), '', ...sumsOf(bounds)].join('\n'),
    parts,
    maxModelCalls: bounds.modelCalls,
    maxWaitMs: bounds.waitMs,
    maxTotalMs: bounds.totalMs,
  };
};
