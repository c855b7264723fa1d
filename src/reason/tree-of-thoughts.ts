import {
  type AnyStep,
  callStep,
  checkAtLeast,
  defineStep,
  messageOf,
  PipewrightError,
  type Step,
  type StepChild,
  withoutText,
} from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { modelThoughts } from './model-thoughts.js';
import { questionOf } from './problem.js';
import { byScore, type GrowingNode, pathTo, plainTree, rootNode, type ThoughtNode } from './thought-tree.js';
import {
  pathOf,
  type Search,
  type SearchEnd,
  type SearchSettings,
  searchFrom,
  type ThoughtSteps,
} from './tree-search.js';
import type { Problem, Reasoned, ReasoningAction } from './types.js';

export interface TreeOfThoughtsOptions {
  /**
   * `breadth-first`: level by level, the best `beamWidth` of each go on. `depth-first`: the best thought to its end, then back to the
   * next best. @default 'breadth-first'
   */
  readonly strategy?: 'breadth-first' | 'depth-first';
  /** Thoughts that are taken of each proposal at most. @default 3 */
  readonly branches?: number;
  /** Thoughts of a level that go on, breadth-first. @default 3 */
  readonly beamWidth?: number;
  /** Thoughts of a path at most. @default 4 */
  readonly maxDepth?: number;
  /** Thoughts of the whole tree at most. @default 100 */
  readonly maxThoughts?: number;
  /** A thought with a lower score is given up. @default 0.2 */
  readonly minScore?: number;
  /** A solution with at least this score ends the search. @default 0.8 */
  readonly solvedScore?: number;
  /** Proposals, or values, that are under way at once. @default 4 */
  readonly concurrency?: number;
}

/** What a search found. `confidence` is the score of the last thought of the path. */
export interface Searched extends Reasoned<string> {
  /** The whole tree: the problem, and all thoughts with what became of them. */
  readonly tree: ThoughtNode;
  /** The thoughts that lead to the answer. */
  readonly path: readonly ThoughtNode[];
  /** Whether the path ends with an answer that was judged good enough. */
  readonly isSolved: boolean;
  /** Why the search ended. */
  readonly stopped: SearchEnd;
}

const settingsOf = (options: TreeOfThoughtsOptions): SearchSettings => {
  const settings: SearchSettings = {
    strategy: 'breadth-first',
    branches: 3,
    beamWidth: 3,
    maxDepth: 4,
    maxThoughts: 100,
    minScore: 0.2,
    solvedScore: 0.8,
    concurrency: 4,
    ...options,
  };
  for (const name of ['branches', 'beamWidth', 'maxDepth', 'maxThoughts', 'concurrency'] as const) {
    checkAtLeast(name, settings[name], 1);
  }
  for (const name of ['minScore', 'solvedScore'] as const) checkAtLeast(name, settings[name], 0);
  if (!['breadth-first', 'depth-first'].includes(settings.strategy)) {
    const message = `\`strategy\` must be breadth-first or depth-first, got ${settings.strategy}.`;
    throw new PipewrightError('bad-option', message);
  }
  return settings;
};

const checkedSteps = (steps: ThoughtSteps): ThoughtSteps => {
  if ((steps.value === undefined) !== (steps.vote === undefined)) return steps;
  throw new PipewrightError('bad-option', 'A tree of thoughts needs either `value` or `vote` to judge its thoughts.');
};

/** How often each step is called at worst. */
const childrenOf = (steps: ThoughtSteps, settings: SearchSettings): readonly StepChild[] => {
  const { strategy, branches, beamWidth, maxDepth, maxThoughts } = settings;
  const isBroad = strategy === 'breadth-first';
  const expansions = isBroad ? 1 + (maxDepth - 1) * beamWidth : maxThoughts;
  const levels = isBroad ? Math.min(maxDepth, maxThoughts) : expansions;
  const thoughts = isBroad ? branches * expansions : maxThoughts;
  const { propose, value, vote, conclude } = steps;
  const child = (label: string, step: unknown, maxCalls: number): readonly StepChild[] =>
    step === undefined ? [] : [{ label, step: step as AnyStep, maxCalls }];
  return [
    ...child('propose', propose, Math.min(expansions, maxThoughts)),
    ...child('value', value, Math.min(thoughts, maxThoughts)),
    ...child('vote', vote, levels),
    ...child('conclude', conclude, 1),
  ];
};

/** The best solution, else the deepest of the best thoughts. */
const bestOf = (nodes: readonly GrowingNode[]): GrowingNode | undefined => {
  const thoughts = nodes.slice(1);
  const solutions = thoughts.filter(({ answer }) => answer !== undefined);
  if (solutions.length > 0) return solutions.sort(byScore)[0];
  const alive = thoughts.filter(({ status }) => status === 'open' || status === 'expanded');
  return (alive.length > 0 ? alive : thoughts).sort((a, b) => b.depth - a.depth || byScore(a, b))[0];
};

/** The answer of a path that ends without one. */
const concluded = async (search: Search, node: GrowingNode): Promise<string> => {
  const { steps, run, trace } = search;
  if (steps.conclude === undefined) return node.text;
  try {
    const answer = await callStep(steps.conclude, pathOf(search, node), run, 'conclude');
    trace.push({ action: 'conclude', detail: `From thought ${node.id}.` });
    return answer;
  } catch (error) {
    run.throwIfAborted();
    run.emit({ type: 'warning', message: `No conclusion was drawn from the best path: ${messageOf(error)}` });
    return node.text;
  }
};

const searchedOf = async (search: Search, stopped: SearchEnd): Promise<Searched> => {
  const { nodes, settings, trace } = search;
  const best = bestOf(nodes);
  if (best === undefined) {
    throw new PipewrightError(
      'output-invalid',
      'Not one thought was proposed. Put the problem in other words, or propose otherwise.',
    );
  }
  const answer = best.answer ?? (await concluded(search, best));
  const plain = plainTree(nodes);
  const path = pathTo(best).flatMap((node) => plain.get(node) ?? []);
  const tree = nodes.slice(0, 1).flatMap((node) => plain.get(node) ?? []);
  const confidence = best.score === undefined ? {} : { confidence: best.score };
  const end: ReasoningAction = { action: 'stop', detail: `${stopped}, after ${nodes.length - 1} thoughts.` };
  return {
    answer,
    reasoning: path.map(({ text }) => text).join('\n'),
    foundBy: 'thought',
    ...confidence,
    // There is a root: the best node has come from it.
    tree: tree[0] as ThoughtNode,
    path,
    isSolved: best.answer !== undefined && (best.score ?? 0) >= settings.solvedScore,
    stopped,
    trace: [...trace, end],
  };
};

/**
 * Makes a step that searches for a way to think: it proposes thoughts, judges them, gives up the poor ones and thinks on from the
 * good ones, until one ends with a good answer. Yao et al. (2023), "Tree of thoughts", arXiv:2305.10601. With a model the steps are
 * those of `modelThoughts`; any functions will do. A proposal or a judgement that fails is a warning, and the search goes on; the
 * first proposal must not. When a budget is used up the best so far is the answer, and `stopped` says so. A search without a
 * solution concludes from the most promising path, with `isSolved` false. The same answers of the steps make the same tree.
 * It costs at worst a proposal for each thought that goes on, and a value for each thought or a vote for each level: `explain` tells.
 * The step throws what the first proposal throws, and `output-invalid` when nothing is proposed.
 * @throws {PipewrightError} `bad-option`
 * @example (await treeOfThoughts({ propose: ({ thoughts }) => [{ text: 'half of 10', answer: '5' }], value: () => 1 })('10 / 2?')).answer // => '5'
 */
export const treeOfThoughts = (
  thinker: ChatModel | ThoughtSteps,
  options: TreeOfThoughtsOptions = {},
): Step<Problem, Searched> => {
  const settings = settingsOf(options);
  const steps =
    typeof thinker === 'function' ? modelThoughts(thinker, { branches: settings.branches }) : checkedSteps(thinker);
  const { strategy, branches, beamWidth, maxDepth, maxThoughts } = settings;
  const details = { strategy, branches, beamWidth, maxDepth, maxThoughts };
  const info = { kind: 'tree-of-thoughts', details, children: childrenOf(steps, settings) };
  return defineStep(info, async (problem, run) => {
    const question = questionOf(problem);
    const root = rootNode(question);
    const search: Search = { problem, question, steps, settings, nodes: [root], trace: [], run: withoutText(run) };
    const searched = await searchedOf(search, await searchFrom(search, root));
    run.emit({ type: 'text-delta', text: searched.answer });
    return searched;
  });
};
