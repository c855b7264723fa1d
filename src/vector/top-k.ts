/** A row that a search found. Its key tells whether the row still holds what was scored. */
export interface Candidate {
  readonly row: number;
  readonly key: number;
  readonly score: number;
}

/** Nearest first; of equals, the older one. */
export const byScore = (a: Candidate, b: Candidate): number => b.score - a.score || a.key - b.key;

/** Keeps the best of what it is offered. */
export interface TopK {
  readonly offer: (row: number, key: number, score: number) => void;
  /** Best first. */
  readonly sorted: () => readonly Candidate[];
}

/** Keeps at most `k` candidates with at least `minScore`, in a heap whose root is the worst of them. */
export const topK = (k: number, minScore: number): TopK => {
  const heap: Candidate[] = [];
  const isWorse = (a: Candidate, b: Candidate): boolean => byScore(a, b) > 0;

  const rise = (candidate: Candidate): void => {
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Candidate;
      if (!isWorse(candidate, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = candidate;
  };

  const sink = (candidate: Candidate): void => {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const below = right < heap.length && isWorse(heap[right] as Candidate, heap[left] as Candidate) ? right : left;
      const child = heap[below] as Candidate;
      if (!isWorse(child, candidate)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = candidate;
  };

  return {
    offer: (row, key, score) => {
      if (!(score >= minScore)) return;
      if (heap.length < k) return rise({ row, key, score });
      const worst = heap[0] as Candidate;
      if (score > worst.score || (score === worst.score && key < worst.key)) sink({ row, key, score });
    },
    sorted: () => [...heap].sort(byScore),
  };
};
