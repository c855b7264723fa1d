/** The scores of one search by document number, and which of them are not 0. They are left as zeros for the next search. */
export interface Sums {
  readonly scores: Float64Array;
  readonly touched: Int32Array;
  touchedCount: number;
}

/** Lends out sums; a second search under way gets its own. */
export interface SumsPool {
  readonly take: (size: number) => Sums;
  readonly giveBack: (sums: Sums) => void;
}

export const sumsPool = (): SumsPool => {
  let spare: Sums | undefined;
  return {
    take: (size) => {
      const sums = spare;
      spare = undefined;
      if (sums !== undefined && sums.scores.length >= size) return sums;
      const room = Math.ceil(size * 1.25) + 64;
      return { scores: new Float64Array(room), touched: new Int32Array(room), touchedCount: 0 };
    },
    giveBack: (sums) => {
      for (let at = 0; at < sums.touchedCount; at++) sums.scores[sums.touched[at] as number] = 0;
      sums.touchedCount = 0;
      spare = sums;
    },
  };
};
