import type { Nearest } from './kernel/index.js';

/** Keeps the nearest of what it is offered. */
export interface TopK {
  readonly offer: (row: number, distance: number) => void;
  readonly nearest: () => Nearest;
}

/** Keeps at most `k` rows, nearest first and of equals that of the lowest rank, in a heap whose root is the worst of them. */
export const topK = (k: number, rankOf: (row: number) => number = (row) => row): TopK => {
  const rows: number[] = [];
  const distances: number[] = [];
  /** Whether the row at `a` belongs behind this one. */
  const isBehind = (a: number, row: number, distance: number): boolean => {
    const own = distances[a] as number;
    return own > distance || (own === distance && rankOf(rows[a] as number) > rankOf(row));
  };
  const put = (at: number, row: number, distance: number): void => {
    rows[at] = row;
    distances[at] = distance;
  };

  const rise = (row: number, distance: number): void => {
    let at = rows.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (isBehind(above, row, distance)) break;
      put(at, rows[above] as number, distances[above] as number);
      at = above;
    }
    put(at, row, distance);
  };

  const sink = (row: number, distance: number): void => {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= rows.length) break;
      const right = left + 1;
      const below =
        right < rows.length && isBehind(right, rows[left] as number, distances[left] as number) ? right : left;
      if (!isBehind(below, row, distance)) break;
      put(at, rows[below] as number, distances[below] as number);
      at = below;
    }
    put(at, row, distance);
  };

  return {
    offer: (row, distance) => {
      if (rows.length < k) return rise(row, distance);
      if (isBehind(0, row, distance)) sink(row, distance);
    },
    nearest: () => {
      const order = rows.map((_, at) => at);
      order.sort(
        (a, b) =>
          (distances[a] as number) - (distances[b] as number) || rankOf(rows[a] as number) - rankOf(rows[b] as number),
      );
      return {
        count: order.length,
        rows: Uint32Array.from(order, (at) => rows[at] as number),
        distances: Float32Array.from(order, (at) => distances[at] as number),
      };
    },
  };
};
