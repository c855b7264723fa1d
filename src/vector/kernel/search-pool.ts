import {
  farFactor,
  headerLength,
  jobBitRows,
  jobBits,
  jobEf,
  jobFound,
  jobK,
  jobQueries,
  searchJob,
} from './assembly/layout.js';
import { createJobs, type Jobs } from './jobs.js';
import { badInput, type KernelParts, partsOf, wantedOf } from './kernel.js';
import { roomFor } from './space.js';
import type { GraphSearchOptions, Nearest, SearchPool, SearchPoolOptions, VectorKernel } from './types.js';

/** Queries in one job: enough to keep the threads busy, few enough to bound the memory that they take. */
const maxBatch = 1_024;

/** The answers to so many queries, as views of one copy. */
const copyFound = ({ space }: KernelParts, address: number, queries: number, k: number): readonly Nearest[] => {
  const size = 1 + 2 * k;
  const words = space.words.slice(address >>> 2, (address >>> 2) + queries * size);
  const floats = new Float32Array(words.buffer);
  return Array.from({ length: queries }, (_, i) => {
    const count = words[i * size] as number;
    const rows = i * size + 1;
    return {
      count,
      rows: words.subarray(rows, rows + count),
      distances: floats.subarray(rows + k, rows + k + count),
    };
  });
};

/** Queries in the memory of the threads. */
interface HeldQueries {
  readonly count: number;
  readonly address: number;
  readonly release: () => void;
}

const holdQueries = ({ space, shape }: KernelParts, queries: readonly Float32Array[]): HeldQueries => {
  const bytes = roomFor(queries.length * shape.paddedDimensions * 4);
  const address = space.take(bytes);
  for (const [i, query] of queries.entries()) {
    const at = (address >>> 2) + i * shape.paddedDimensions;
    space.floats.set(query, at);
    space.floats.fill(0, at + query.length, at + shape.paddedDimensions);
  }
  return { count: queries.length, address, release: () => space.give(address, bytes) };
};

const searchBatch = async (
  parts: KernelParts,
  jobs: Jobs,
  { count, address }: HeldQueries,
  { k: most, ef = 64, bits }: GraphSearchOptions,
): Promise<readonly Nearest[]> => {
  const { space, header, bitSets, exports } = parts;
  const k = wantedOf(most, header(headerLength));
  const width = Math.max(Math.min(ef, header(headerLength)), k);
  const foundBytes = roomFor(count * 4 * (1 + 2 * k));
  const held = bitSets.hold(bits);
  const found = space.take(foundBytes);
  try {
    const words = [
      [jobQueries, address],
      [jobK, k],
      [jobEf, width],
      [jobBits, held.address],
      [jobBitRows, held.length],
      [jobFound, found],
    ] as const;
    const results = Math.max(bits === undefined ? width : width * farFactor, exports.reserveFor(k));
    await jobs.run({ kind: searchJob, count, words, results });
    return copyFound(parts, found, count, k);
  } finally {
    space.give(found, foundBytes);
    held.release();
  }
};

/**
 * Answers batches of queries on threads that read the memory of a kernel. Rows that `consolidate` freed may be set again
 * while a batch is under way: compare what it found with what the rows hold now.
 * @throws {PipewrightError} `bad-option`, `store-closed` for a kernel that was disposed of
 * @example createSearchPool(createKernel({ dimensions: 2, metric: 'dot' }), { threads: 2 })
 */
export const createSearchPool = (kernel: VectorKernel, { threads = 2 }: SearchPoolOptions = {}): SearchPool => {
  const parts = partsOf(kernel);
  const jobs = createJobs(parts, threads);
  return {
    search: async (queries, options) => {
      const { dimensions } = parts.options;
      const odd = queries.find((query) => query.length !== dimensions);
      if (odd !== undefined) throw badInput(`A query has ${odd.length} dimensions, not ${dimensions}.`);
      wantedOf(options.k, 0);
      const found: Nearest[] = [];
      for (let i = 0; i < queries.length; i += maxBatch) {
        // While the threads are at what was asked for before.
        const held = holdQueries(parts, queries.slice(i, i + maxBatch));
        try {
          found.push(...(await jobs.next(() => parts.places.run(() => searchBatch(parts, jobs, held, options)))));
        } finally {
          held.release();
        }
      }
      return found;
    },
    dispose: jobs.dispose,
    [Symbol.asyncDispose]: jobs.dispose,
  };
};
