import { type TopK, topK } from './top-k.js';

/** What one search counts in, so that it makes nothing anew: scores by row, which of them are not 0, and the best. */
export interface Sums {
  readonly scores: Float64Array;
  readonly touched: Int32Array;
  touchedCount: number;
  /** Rows that may still be among the best. */
  readonly candidates: Int32Array;
  readonly best: TopK;
}

/** Lends out sums, with all scores 0; a second search under way gets its own. */
export interface SumsPool {
  readonly take: (rowCount: number) => Sums;
  readonly giveBack: (sums: Sums) => void;
}

export const sumsPool = (): SumsPool => {
  let spare: Sums | undefined;
  return {
    take: (rowCount) => {
      const sums = spare;
      spare = undefined;
      if (sums !== undefined && sums.scores.length >= rowCount) return sums;
      const room = Math.ceil(rowCount * 1.25) + 64;
      return {
        scores: new Float64Array(room),
        touched: new Int32Array(room),
        touchedCount: 0,
        candidates: new Int32Array(room),
        best: topK(),
      };
    },
    giveBack: (sums) => {
      for (let at = 0; at < sums.touchedCount; at++) sums.scores[sums.touched[at] as number] = 0;
      sums.touchedCount = 0;
      spare = sums;
    },
  };
};
