/** Keeps the best `size` documents offered: highest score first, and of equal scores the one that was added first. */
export interface TopK {
  /** The lowest score kept once it is full, else 0. */
  readonly floor: () => number;
  readonly offer: (document: number, score: number) => void;
  /** Whether `offer` would keep it. */
  readonly wouldKeep: (document: number, score: number) => boolean;
  readonly clear: () => void;
  /** What was kept, best first. */
  readonly ranked: () => readonly Scored[];
}

export interface Scored {
  readonly document: number;
  readonly score: number;
}

/** A binary heap in typed arrays with the worst kept document on top. */
export const topK = (size: number): TopK => {
  const scores = new Float64Array(size);
  const documents = new Int32Array(size);
  let count = 0;

  const isWorse = (scoreA: number, documentA: number, scoreB: number, documentB: number): boolean =>
    scoreA < scoreB || (scoreA === scoreB && documentA > documentB);

  const set = (at: number, document: number, score: number): void => {
    documents[at] = document;
    scores[at] = score;
  };

  const scoreAt = (at: number): number => scores[at] as number;
  const documentAt = (at: number): number => documents[at] as number;

  const siftUp = (document: number, score: number): void => {
    let at = count++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isWorse(score, document, scoreAt(parent), documentAt(parent))) break;
      set(at, documentAt(parent), scoreAt(parent));
      at = parent;
    }
    set(at, document, score);
  };

  const replaceWorst = (document: number, score: number): void => {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && isWorse(scoreAt(right), documentAt(right), scoreAt(child), documentAt(child))) child = right;
      if (!isWorse(scoreAt(child), documentAt(child), score, document)) break;
      set(at, documentAt(child), scoreAt(child));
      at = child;
    }
    set(at, document, score);
  };

  const wouldKeep = (document: number, score: number): boolean =>
    count < size || isWorse(scoreAt(0), documentAt(0), score, document);

  return {
    floor: () => (count < size ? 0 : scoreAt(0)),
    wouldKeep,
    offer: (document, score) => {
      if (count < size) siftUp(document, score);
      else if (wouldKeep(document, score)) replaceWorst(document, score);
    },
    clear: () => {
      count = 0;
    },
    ranked: () =>
      Array.from({ length: count }, (_, at) => ({ document: documentAt(at), score: scoreAt(at) })).sort(
        (a, b) => b.score - a.score || a.document - b.document,
      ),
  };
};
