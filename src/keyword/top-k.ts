export interface Scored {
  readonly row: number;
  readonly score: number;
}

/** Keeps the best rows offered: highest score first, and of equal scores the one that was added first. */
export interface TopK {
  /** Begins anew, for so many. */
  readonly start: (size: number) => void;
  /** The lowest score kept once it is full, else 0. */
  readonly floor: () => number;
  readonly offer: (row: number, score: number) => void;
  /** What was kept, best first. */
  readonly ranked: () => readonly Scored[];
}

const isWorse = (scoreA: number, rowA: number, scoreB: number, rowB: number): boolean =>
  scoreA < scoreB || (scoreA === scoreB && rowA > rowB);

/** A binary heap in typed arrays with the worst kept row on top. */
export const topK = (): TopK => {
  let scores = new Float64Array(16);
  let rows = new Int32Array(16);
  let size = 0;
  let count = 0;

  const set = (at: number, row: number, score: number): void => {
    rows[at] = row;
    scores[at] = score;
  };

  const scoreAt = (at: number): number => scores[at] as number;
  const rowAt = (at: number): number => rows[at] as number;

  const siftUp = (row: number, score: number): void => {
    let at = count++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isWorse(score, row, scoreAt(parent), rowAt(parent))) break;
      set(at, rowAt(parent), scoreAt(parent));
      at = parent;
    }
    set(at, row, score);
  };

  const replaceWorst = (row: number, score: number): void => {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && isWorse(scoreAt(right), rowAt(right), scoreAt(child), rowAt(child))) child = right;
      if (!isWorse(scoreAt(child), rowAt(child), score, row)) break;
      set(at, rowAt(child), scoreAt(child));
      at = child;
    }
    set(at, row, score);
  };

  return {
    start: (wanted) => {
      size = wanted;
      count = 0;
      if (size <= scores.length) return;
      scores = new Float64Array(size);
      rows = new Int32Array(size);
    },
    floor: () => (count < size ? 0 : scoreAt(0)),
    offer: (row, score) => {
      if (count < size) siftUp(row, score);
      else if (isWorse(scoreAt(0), rowAt(0), score, row)) replaceWorst(row, score);
    },
    ranked: () =>
      Array.from({ length: count }, (_, at) => ({ row: rowAt(at), score: scoreAt(at) })).sort(
        (a, b) => b.score - a.score || a.row - b.row,
      ),
  };
};
