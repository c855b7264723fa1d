import type { Features } from './score.js';

/**
 * How sure it is that the sources hold the answer, from 0 to 1, judged by their best candidate. A logistic regression on half
 * of the questions of XQuAD (English), each asked once of the paragraphs found for it and twice of paragraphs of other articles.
 */
export const confidenceOf = (features: Features): number => {
  const { coverage, source, bm25, pairs, order, lacksKind, before, after, headings, code } = features;
  const evidence = 1.8 * coverage + 4.5 * source + 2.8 * bm25 + 3.8 * pairs + 2.3 * order - 0.7 * lacksKind;
  const around = 2.3 * (before + after + headings + code);
  return 1 / (1 + Math.exp(4.6 - evidence - around));
};
