/** Counts successes and failures of the last `windowMs`; its memory does not grow with the number of calls. */
export interface OutcomeWindow {
  readonly add: (isFailure: boolean, nowMs: number) => void;
  readonly count: (nowMs: number) => { readonly calls: number; readonly failures: number };
  readonly clear: () => void;
}

/** What is over leaves the window a tenth of it at a time. */
const slices = 10;

interface Slice {
  number: number;
  calls: number;
  failures: number;
}

export const outcomeWindow = (windowMs: number): OutcomeWindow => {
  const sliceMs = windowMs / slices;
  const ring: Slice[] = Array.from({ length: slices }, () => ({ number: -1, calls: 0, failures: 0 }));
  return {
    add: (isFailure, nowMs) => {
      const number = Math.floor(nowMs / sliceMs);
      const slice = ring[number % slices] as Slice;
      if (slice.number !== number) {
        slice.number = number;
        slice.calls = 0;
        slice.failures = 0;
      }
      slice.calls += 1;
      if (isFailure) slice.failures += 1;
    },
    count: (nowMs) => {
      const oldest = Math.floor(nowMs / sliceMs) - slices + 1;
      let calls = 0;
      let failures = 0;
      for (const slice of ring) {
        if (slice.number < oldest) continue;
        calls += slice.calls;
        failures += slice.failures;
      }
      return { calls, failures };
    },
    clear: () => {
      for (const slice of ring) slice.number = -1;
    },
  };
};

/** The latest so many figures, and which of them a given part stays below. */
export interface LatestFigures {
  readonly count: number;
  readonly add: (figure: number) => void;
  /** The smallest figure that at least this part (0 to 1) of the latest ones do not exceed; undefined when there is none. */
  readonly percentile: (part: number) => number | undefined;
}

export const latestFigures = (capacity: number): LatestFigures => {
  const ring = new Float64Array(capacity);
  let added = 0;
  /** Sorted anew only after a tenth of the figures are new. */
  let sorted: Float64Array | undefined;
  let sortedAt = 0;
  return {
    get count() {
      return Math.min(added, capacity);
    },
    add: (figure) => {
      ring[added % capacity] = figure;
      added += 1;
    },
    percentile: (part) => {
      const count = Math.min(added, capacity);
      if (count === 0) return undefined;
      if (sorted === undefined || added - sortedAt >= count / 10) {
        sorted = ring.slice(0, count).sort();
        sortedAt = added;
      }
      return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
    },
  };
};
