import type { StepTree } from './inspect.js';

/** What one call of a step can come to, at worst. */
export interface Bounds {
  /** Calls of models, embedders and rerankers. */
  readonly modelCalls: number;
  /** Waits between tries and in queues. */
  readonly waitMs: number;
  /** Until it settles; functions of your own are taken to need no time. */
  readonly totalMs: number;
}

const nothing: Bounds = { modelCalls: 0, waitMs: 0, totalMs: 0 };

/** Steps whose time nobody knows but a timeout. */
const paidKinds: ReadonlySet<string> = new Set(['model', 'registry', 'embedder', 'reranker', 'moderation']);

const plus = (a: Bounds, b: Bounds): Bounds => ({
  modelCalls: a.modelCalls + b.modelCalls,
  waitMs: a.waitMs + b.waitMs,
  totalMs: a.totalMs + b.totalMs,
});

/** Nothing times infinity is nothing: a step without model calls makes none, however often it runs. */
const product = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);

const times = ({ modelCalls, waitMs, totalMs }: Bounds, count: number): Bounds => ({
  modelCalls: product(modelCalls, count),
  waitMs: product(waitMs, count),
  totalMs: product(totalMs, count),
});

/** Whichever is taken. */
const worst = (all: readonly Bounds[]): Bounds =>
  all.reduce(
    (a, b) => ({
      modelCalls: Math.max(a.modelCalls, b.modelCalls),
      waitMs: Math.max(a.waitMs, b.waitMs),
      totalMs: Math.max(a.totalMs, b.totalMs),
    }),
    nothing,
  );

const sum = (all: readonly Bounds[]): Bounds => all.reduce(plus, nothing);

const waiting = (bounds: Bounds, ms: number): Bounds => plus(bounds, { modelCalls: 0, waitMs: ms, totalMs: ms });

/** A number among the details. */
export const numberIn = ({ details }: StepTree, name: string, otherwise: number): number => {
  const value = details?.[name];
  return typeof value === 'number' ? value : otherwise;
};

/** The longest wait before a further try that any retry in the tree may make. */
const longestDelayMs = (tree: StepTree): number =>
  Math.max(tree.kind === 'retry' ? numberIn(tree, 'maxDelayMs', 0) : 0, ...tree.children.map(longestDelayMs));

/** `texts`: how many texts a reranker in the tree gets at most. */
type Combine = (parts: readonly Bounds[], tree: StepTree, texts: number) => Bounds;

const oneOf: Combine = (parts) => worst(parts);
const firstThenOne: Combine = ([first = nothing, ...others]) => plus(first, worst(others));
const queued: Combine = (parts, tree) => waiting(sum(parts), numberIn(tree, 'maxWaitMs', 0));

/** A reranker asks its model for each text, or for each window of texts. */
const reranker: Combine = (parts, tree, texts) => {
  if (tree.details?.by === 'text') return times(sum(parts), texts);
  const furtherTexts = Math.max(0, texts - numberIn(tree, 'windowSize', texts));
  return times(sum(parts), 1 + Math.ceil(furtherTexts / numberIn(tree, 'stride', 1)));
};

const combine: Readonly<Record<string, Combine>> = {
  reranker,
  parallel: (parts) => ({ ...worst(parts), modelCalls: sum(parts).modelCalls }),
  branch: firstThenOne,
  route: firstThenOne,
  adaptive: ([classify = nothing, score = nothing, ...strategies]) => sum([classify, score, worst(strategies)]),
  router: oneOf,
  registry: oneOf,
  balance: oneOf,
  loop: (parts, tree) => times(sum(parts), numberIn(tree, 'maxRounds', Infinity)),
  map: (parts) => times(sum(parts), Infinity),
  structured: (parts, tree) => times(sum(parts), 1 + numberIn(tree, 'maxRepairs', 0)),
  'rate-limit': queued,
  bulkhead: queued,
  batch: queued,
  // A question that is not there letter by letter is embedded first.
  'semantic-cache': (parts) => plus(sum(parts), { modelCalls: 1, waitMs: 0, totalMs: 0 }),
  budget: (parts, tree) => {
    const bounds = sum(parts);
    return { ...bounds, modelCalls: Math.min(bounds.modelCalls, numberIn(tree, 'maxCalls', Infinity)) };
  },
  timeout: (parts, tree) => {
    const { modelCalls, waitMs, totalMs } = sum(parts);
    const endMs = numberIn(tree, 'totalMs', Infinity);
    return { modelCalls, waitMs: Math.min(waitMs, endMs), totalMs: Math.min(totalMs, endMs) };
  },
};

/** A reranker that compares words costs nothing, though its kind does. */
const isPaid = ({ kind, children, details }: StepTree): boolean =>
  paidKinds.has(kind) && children.length === 0 && details?.by !== 'words';

/**
 * The bounds of a step. Retries and hedges inside others take their further tries from the outermost, so only that one
 * multiplies what is inside it.
 */
export const boundsOf = (tree: StepTree, isInsideTries: boolean = false, texts: number = Infinity): Bounds => {
  if (isPaid(tree)) return { modelCalls: 1, waitMs: 0, totalMs: Infinity };
  const isTrying = tree.kind === 'retry' || tree.kind === 'hedge';
  const inside = tree.kind === 'rerank' ? numberIn(tree, 'candidates', texts) : texts;
  const parts = tree.children.map((child) =>
    times(boundsOf(child, isInsideTries || isTrying, inside), child.maxCalls ?? 1),
  );
  if (!isTrying) return (combine[tree.kind] ?? sum)(parts, tree, texts);
  if (isInsideTries) return sum(parts);
  const maxAttempts = numberIn(tree, 'maxAttempts', Infinity);
  const all = times(sum(parts), maxAttempts);
  return waiting(all, product(maxAttempts - 1, longestDelayMs(tree)));
};
