import { numberIn } from './explain-bounds.js';
import type { StepTree } from './inspect.js';

const detail = (tree: StepTree, name: string): string => String(tree.details?.[name] ?? '');
const number = (tree: StepTree, name: string): number => numberIn(tree, name, Infinity);

/** How a reranker comes to its scores, by its detail `by`. */
export const rerankerWords: Readonly<Record<string, string | undefined>> = {
  words: 'scores texts by words and their nearness; calls no model',
  text: 'calls the model for each text, which reads that text and writes a number',
  window: 'calls the model for each window of texts, which reads them all and writes their numbers in order',
};

const rewriterCosts: Readonly<Record<string, string | undefined>> = {
  keyTerms: 'keeps the words that say something; calls no model',
  hyde: 'has the model write a passage of about 100 tokens to search with',
  condense: 'has the model put what the question leans on into it; reads the last 8 turns, 2000 characters of each',
};

/** What retrievers and their parts do and cost, in a sentence without its subject. */
export const retrievalWords: Readonly<Record<string, (tree: StepTree) => string>> = {
  retriever: (tree) => (tree.details?.k === undefined ? 'searches' : `searches for ${detail(tree, 'k')} hits`),
  hybrid: (tree) =>
    `asks all of these at once and fuses their lists by ${detail(tree, 'fusion')}; weights ${detail(tree, 'weights')}`,
  rerank: (tree) => `searches for ${detail(tree, 'candidates')} hits and has them scored anew`,
  grade: () => 'has the model grade one text, 0 to 10',
  order: () => 'has the model put the texts of a window in order',
  rewrite: (tree) =>
    `searches for the query and for up to ${number(tree, 'maxQueries')} texts made of it, and fuses what they find`,
  rewriter: (tree) =>
    rewriterCosts[tree.name] ??
    'has the model put the query into other words; it reads the query and writes some ten to hundred tokens',
  'relevance-feedback': (tree) =>
    `searches twice: the second time for ${detail(tree, 'feedbackTerms')} words of the first ${detail(tree, 'feedbackHits')} hits; calls no model`,
  compress: (tree) => `keeps the parts of up to ${number(tree, 'maxHits')} hits that matter for the query`,
  compressor: (tree) =>
    tree.children.length === 0
      ? 'keeps sentences that share words with the query; calls no model'
      : 'has the model name the sentences to keep: it reads the passage and writes a few numbers',
  parents: (tree) =>
    `gives the documents that the pieces found were cut from, by the ${detail(tree, 'score')} of their scores`,
  'self-query': () => 'reads a filter out of the query, then searches with it',
  'filter-reader': (tree) =>
    `looks for conditions on ${detail(tree, 'fields')}${tree.children.length === 0 ? '; calls no model' : ': the model reads the query and the fields'}`,
  'multi-hop-search': (tree) =>
    `takes the query apart into up to ${number(tree, 'maxParts')} parts, and searches for each and for the whole`,
  planner: () => 'has the model take the question apart: it reads the question and writes some hundred tokens',
  plan: (tree) => `asks the parts of a plan level by level, ${number(tree, 'concurrency')} at once`,
  reader: () => 'has the model answer a part in a few words from up to 4 passages',
  hierarchical: (tree) =>
    `searches ${number(tree, 'levels')} levels one after the other, each among what the one before found`,
  diversify: () => 'prefers hits that share few words with those before them; calls no model',
  distinct: () => 'leaves out hits that repeat an earlier one; calls no model',
  cutoff: (tree) => `ends the list below ${detail(tree, 'minRatio')} of the best score; calls no model`,
};
