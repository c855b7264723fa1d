import type { Features } from './score.js';

/**
 * How sure it is that the sources hold the answer, from 0 to 1, judged by their best candidate. A logistic regression on half
 * of the questions of XQuAD (English), each asked once of the paragraphs found for it and twice of paragraphs of other articles.
 */
export const confidenceOf = (features: Features): number => {
  const { coverage, source, bm25, pairs, order, lacksKind, lacksName, before, after, headings, code } = features;
  const own = 2.5 * coverage + 3.1 * bm25 + 2.9 * pairs + 0.8 * order - 1.2 * lacksKind - 2.1 * lacksName;
  const around = 4.6 * source + 1.9 * (before + after + headings + code);
  return 1 / (1 + Math.exp(4.2 - own - around));
};
