import { callStep, checkAtLeast, defineStep, PipewrightError, type Retriever } from '../core/index.js';

export interface CutoffOptions {
  /** The least score as a share of the best one, 0 to 1. @default 0.5 */
  readonly minRatio?: number;
  /** The list ends where the score falls by more than this share from one hit to the next, 0 to 1. @default 1, never */
  readonly maxDrop?: number;
}

const checkShare = (option: string, value: number): void => {
  checkAtLeast(option, value, 0);
  if (value > 1) throw new PipewrightError('bad-option', `\`${option}\` must be from 0 to 1, got ${value}.`);
};

/**
 * Ends the list of hits where they get much weaker than the best one, so that a question with one good passage gets one. For scores
 * that begin at 0, such as those of BM25, of rerankers and of `relative-score`; ranks fused by `reciprocal-rank` say little of
 * strength.
 * @throws {PipewrightError} `bad-option`; the step throws what the retriever throws.
 * @example cutoff(keywords.retriever(), { minRatio: 0.6 })
 */
export const cutoff = (retriever: Retriever, options: CutoffOptions = {}): Retriever => {
  const { minRatio = 0.5, maxDrop = 1 } = options;
  checkShare('minRatio', minRatio);
  checkShare('maxDrop', maxDrop);
  const info = { kind: 'cutoff', details: { minRatio, maxDrop }, children: [{ step: retriever }] };
  return defineStep(info, async (query, run) => {
    const hits = await callStep(retriever, query, run, 'retriever');
    const best = hits[0]?.score ?? 0;
    const end = hits.findIndex(({ score }, at) => {
      const before = hits[at - 1]?.score ?? score;
      return score < minRatio * best || before - score > maxDrop * before;
    });
    return end < 0 ? hits : hits.slice(0, end);
  });
};
