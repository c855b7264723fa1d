import {
  callStep,
  isPipewrightError,
  map,
  messageOf,
  PipewrightError,
  type Run,
  type StepLike,
  sliceTimer,
  yieldToEventLoop,
} from '../core/index.js';
import { isOverBudget } from './sampling.js';
import { byScore, type GrowingNode, pathTo, type ProposedThought, scoreOf } from './thought-tree.js';
import type { Problem, ReasoningAction } from './types.js';

/** The thoughts so far, for those who think on or judge. */
export interface ThoughtPath {
  readonly problem: Problem;
  /** The question in words. */
  readonly question: string;
  /** From the first to the last; empty at the beginning. */
  readonly thoughts: readonly string[];
  /** The answer that the last thought ends with. */
  readonly answer?: string;
}

/** The steps of a search. Each may be any function; `modelThoughts` makes them of a model. */
export interface ThoughtSteps {
  /** What may be thought next, the best first; none where a path leads nowhere. */
  readonly propose: StepLike<ThoughtPath, readonly (string | ProposedThought)[]>;
  /** How promising one path is, from 0 (hopeless) to 1 (sure). Either this or `vote`. */
  readonly value?: StepLike<ThoughtPath, number>;
  /** The same for several paths that are compared with each other: one score for each, in order. */
  readonly vote?: StepLike<readonly ThoughtPath[], readonly number[]>;
  /** The answer of a path that has none yet, for a search that ends without a solution. @default its last thought */
  readonly conclude?: StepLike<ThoughtPath, string>;
}

export interface SearchSettings {
  readonly strategy: 'breadth-first' | 'depth-first';
  readonly branches: number;
  readonly beamWidth: number;
  readonly maxDepth: number;
  readonly maxThoughts: number;
  readonly minScore: number;
  readonly solvedScore: number;
  readonly concurrency: number;
}

/** Why a search ended: a good solution, nothing left to think on, so many thoughts, or a budget. */
export type SearchEnd = 'solved' | 'exhausted' | 'max-thoughts' | 'budget';

/** A search under way. */
export interface Search {
  readonly problem: Problem;
  readonly question: string;
  readonly steps: ThoughtSteps;
  readonly settings: SearchSettings;
  readonly nodes: GrowingNode[];
  readonly trace: ReasoningAction[];
  readonly run: Run;
  /** What a budget said when it refused a call: the others that run still count, but no more is begun. */
  refusal?: unknown;
}

export const pathOf = ({ problem, question }: Search, node: GrowingNode): ThoughtPath => ({
  problem,
  question,
  thoughts: pathTo(node).map(({ text }) => text),
  ...(node.answer === undefined ? {} : { answer: node.answer }),
});

const isFull = ({ nodes, settings }: Search): boolean => nodes.length > settings.maxThoughts;

/** Tells whether a failure is that of one step; an abort ends everything, and what a budget refuses ends the search. */
const isOwnFailure = (search: Search, error: unknown, run: Run): boolean => {
  run.throwIfAborted();
  if (!isOverBudget(error)) return true;
  search.refusal = error;
  return false;
};

const proposed = async (search: Search, node: GrowingNode, run: Run): Promise<readonly ProposedThought[]> => {
  try {
    const thoughts = await callStep(search.steps.propose, pathOf(search, node), run, 'propose');
    const texts = new Set<string>();
    return thoughts
      .map((thought) => (typeof thought === 'string' ? { text: thought } : thought))
      .filter(({ text }) => text.trim() !== '' && !texts.has(text.trim()) && texts.add(text.trim()))
      .slice(0, search.settings.branches);
  } catch (error) {
    // Without a first thought there is no search.
    if (node.parent === undefined) throw error;
    if (isOwnFailure(search, error, run)) {
      run.emit({ type: 'warning', message: `Nothing was proposed behind thought ${node.id}: ${messageOf(error)}` });
    }
    return [];
  }
};

/** Thinks on from these nodes, several at once; the thoughts get their ids in the order of the nodes. */
const expand = async (search: Search, from: readonly GrowingNode[]): Promise<readonly GrowingNode[]> => {
  const { settings, nodes, run, trace } = search;
  const all = await map((node: GrowingNode, inner) => proposed(search, node, inner), {
    concurrency: settings.concurrency,
  })(from, run);
  const made: GrowingNode[] = [];
  for (const [at, node] of from.entries()) {
    for (const { text, answer } of all[at] ?? []) {
      if (nodes.length > settings.maxThoughts) break;
      const child: GrowingNode = {
        ...{ id: nodes.length, text, depth: node.depth + 1, parent: node, answer, children: [], score: undefined },
        status: answer === undefined ? 'open' : 'solution',
      };
      node.children.push(child);
      nodes.push(child);
      made.push(child);
    }
    if (node.children.length > 0) node.status = 'expanded';
    else if (!isFull(search) && search.refusal === undefined) node.status = 'dead-end';
  }
  trace.push({ action: 'propose', detail: `${made.length} thoughts behind ${from.map(({ id }) => id).join(', ')}.` });
  run.emit({ type: 'progress', label: 'thoughts', done: nodes.length - 1, total: settings.maxThoughts });
  return made;
};

const checkedScore = (score: number): number => {
  if (score >= 0 && score <= 1) return score;
  throw new PipewrightError('bad-input', `A thought was given the score ${score}. Give a number from 0 to 1.`);
};

/** A thought that cannot be judged stays without a score. */
const unlessItFails = async <T>(
  search: Search,
  what: string,
  judge: () => Promise<T>,
  run: Run,
): Promise<T | undefined> => {
  try {
    return await judge();
  } catch (error) {
    if (isOwnFailure(search, error, run)) {
      run.emit({ type: 'warning', message: `${what} could not be judged: ${messageOf(error)}` });
    }
    return undefined;
  }
};

const votedOn = async (
  search: Search,
  paths: readonly ThoughtPath[],
  run: Run,
): Promise<readonly number[] | undefined> => {
  const { vote } = search.steps;
  if (vote === undefined) return undefined;
  const judge = async (): Promise<readonly number[]> => {
    const scores = await callStep(vote, paths, run, 'vote');
    if (scores.length === paths.length) return scores.map(checkedScore);
    throw new PipewrightError(
      'bad-input',
      `${paths.length} thoughts were given ${scores.length} scores. Give one for each.`,
    );
  };
  return unlessItFails(search, `${paths.length} thoughts`, judge, run);
};

const evaluate = async (search: Search, nodes: readonly GrowingNode[]): Promise<void> => {
  const { steps, settings, run, trace } = search;
  const { value } = steps;
  if (nodes.length === 0) return;
  if (value === undefined) {
    const scores = await votedOn(
      search,
      nodes.map((node) => pathOf(search, node)),
      run,
    );
    nodes.forEach((node, at) => {
      node.score = scores?.[at];
    });
  } else {
    const judge = async (node: GrowingNode, inner: Run): Promise<void> => {
      const asked = async (): Promise<number> =>
        checkedScore(await callStep(value, pathOf(search, node), inner, 'value'));
      node.score = await unlessItFails(search, `Thought ${node.id}`, asked, inner);
    };
    await map(judge, { concurrency: settings.concurrency })(nodes, run);
  }
  const scores = nodes.map(({ id, score }) => `${id}: ${score === undefined ? 'unknown' : Number(score.toFixed(2))}`);
  trace.push({ action: 'evaluate', detail: scores.join(', ') });
};

/** Gives up what is below the least score; the others, the best first, with those that end apart. */
const sorted = (search: Search, made: readonly GrowingNode[]): readonly GrowingNode[] => {
  const kept: GrowingNode[] = [];
  for (const node of [...made].sort(byScore)) {
    if (node.status === 'solution') continue;
    if (scoreOf(node) < search.settings.minScore) node.status = 'pruned';
    else kept.push(node);
  }
  return kept;
};

const isSolvedBy = ({ settings }: Search, made: readonly GrowingNode[]): boolean =>
  made.some((node) => node.answer !== undefined && scoreOf(node) >= settings.solvedScore);

/** Thinks on from these nodes and judges what comes of it; what a budget refused on the way ends the search. */
const grow = async (search: Search, from: readonly GrowingNode[]): Promise<readonly GrowingNode[]> => {
  const made = await expand(search, from);
  if (search.refusal === undefined) await evaluate(search, made);
  if (search.refusal !== undefined) throw search.refusal;
  return made;
};

/** One level after the other; of each the best go on. */
const breadthFirst = async (search: Search, root: GrowingNode): Promise<SearchEnd> => {
  const { maxDepth, beamWidth } = search.settings;
  let beam: readonly GrowingNode[] = [root];
  for (let depth = 1; depth <= maxDepth && beam.length > 0; depth++) {
    const made = await grow(search, beam);
    const kept = sorted(search, made);
    if (isSolvedBy(search, made)) return 'solved';
    if (isFull(search)) return 'max-thoughts';
    for (const node of kept.slice(beamWidth)) node.status = 'pruned';
    beam = kept.slice(0, beamWidth);
  }
  return 'exhausted';
};

/** The best thought first, down to its end; then back to the next best. */
const depthFirst = async (search: Search, root: GrowingNode): Promise<SearchEnd> => {
  const isSliceOver = sliceTimer();
  const waiting: GrowingNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.depth >= search.settings.maxDepth) continue;
    if (isFull(search)) return 'max-thoughts';
    search.run.throwIfAborted();
    if (isSliceOver()) await yieldToEventLoop();
    const made = await grow(search, [node]);
    if (isSolvedBy(search, made)) return 'solved';
    waiting.push(...[...sorted(search, made)].reverse());
  }
  return 'exhausted';
};

/** Searches until it ends; a budget that is used up ends it too, once there is a thought. */
export const searchFrom = async (search: Search, root: GrowingNode): Promise<SearchEnd> => {
  try {
    return await (search.settings.strategy === 'breadth-first' ? breadthFirst : depthFirst)(search, root);
  } catch (error) {
    search.run.throwIfAborted();
    if (!isPipewrightError(error) || !isOverBudget(error) || search.nodes.length === 1) throw error;
    search.trace.push({ action: 'stop', detail: error.message });
    return 'budget';
  }
};
