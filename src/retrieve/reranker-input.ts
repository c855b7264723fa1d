import { PipewrightError, type RerankInput, type RerankScore } from '../core/index.js';
import { byScore } from './query.js';

/** Throws `bad-input` for what is no text and for a `k` that is no number of texts. */
export const checkRerankInput = ({ query, texts, k = 0 }: RerankInput): void => {
  if (typeof query !== 'string') throw new PipewrightError('bad-input', 'The query of a reranker must be a text.');
  const wrong = texts.findIndex((text) => typeof text !== 'string');
  if (wrong >= 0) throw new PipewrightError('bad-input', `The text at position ${wrong} must be a text.`);
  if (!Number.isInteger(k) || k < 0) {
    throw new PipewrightError('bad-input', `\`k\` must be a whole number of texts, got ${k}.`);
  }
};

/** Scores in the order of the texts as a reranker gives them: best first, the best `k`; of equals, the first. */
export const inOrderOfScore = (scores: readonly number[], { k = scores.length }: RerankInput): readonly RerankScore[] =>
  scores
    .map((score, index) => ({ index, score }))
    .sort(byScore)
    .slice(0, k);
