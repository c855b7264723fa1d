import { numberIn } from './explain-bounds.js';
import type { StepTree } from './inspect.js';

const detail = (tree: StepTree, name: string): string => String(tree.details?.[name] ?? '');
const number = (tree: StepTree, name: string): number => numberIn(tree, name, Infinity);

/** What ways of thinking do and cost, in a sentence without its subject. */
export const reasoningWords: Readonly<Record<string, (tree: StepTree) => string>> = {
  'chain-of-thought': (tree) =>
    `has the model think before it answers; reads the problem, ${detail(tree, 'examples')} examples and some hundred tokens of rules, writes its thinking${number(tree, 'maxRepairs') > 0 ? '; asks again for an answer that does not fit' : ''}`,
  'verified-chain-of-thought': () =>
    'solves in two ways at once and compares; only where they differ has the model settle it, which reads both solutions',
  'self-consistency': (tree) =>
    `thinks up to ${detail(tree, 'samples')} times, ${detail(tree, 'concurrency')} at once, and takes the answer with most votes; stops once the vote is decided`,
  'tree-of-thoughts': (tree) =>
    `searches ${detail(tree, 'strategy')} for thoughts that lead to an answer, up to ${detail(tree, 'maxThoughts')} of them, ${detail(tree, 'maxDepth')} deep`,
  proposer: () => 'has the model propose next thoughts: it reads the problem and the path, writes a few sentences',
  valuer: () => 'has the model grade a path: it reads the problem and the path, writes a number',
  voter: (tree) => `has the model say ${detail(tree, 'votes')} times which path is best`,
  ballot: () => 'has the model read all paths of a level and write the number of the best',
  conclude: () => 'has the model answer from the best path when no path ends with an answer',
};
