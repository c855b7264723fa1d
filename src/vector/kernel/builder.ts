import { sliceTimer, yieldToEventLoop } from '../../core/index.js';
import {
  condemnJob,
  entryJob,
  headerDeadCount,
  headerLength,
  isCondemned,
  jobRows,
  linkJob,
  noRow,
  pardonJob,
  releaseJob,
  repairJob,
  rowsPerItem,
} from './assembly/layout.js';
import { arrange } from './arrange.js';
import { createJobs, type Jobs } from './jobs.js';
import { badInput, type KernelParts, partsOf } from './kernel.js';
import { roomFor } from './space.js';
import type { Builder, BuilderOptions, VectorKernel } from './types.js';

/** A job over all rows. */
const overRows = ({ header }: KernelParts, kind: number) => ({
  kind,
  count: Math.ceil(header(headerLength) / rowsPerItem),
});

const condemnedLabels = async ({ rows, exports, header }: KernelParts): Promise<Uint32Array> => {
  const labels: number[] = [];
  const isTime = sliceTimer();
  const length = header(headerLength);
  for (let row = 0; row < length; row++) {
    if ((exports.flags(row) & isCondemned) !== 0) labels.push(rows.labelOf(row));
    if (row % 1_024 === 0 && isTime()) await yieldToEventLoop();
  }
  return Uint32Array.from(labels);
};

const consolidate = async (parts: KernelParts, jobs: Jobs, signal: AbortSignal | undefined): Promise<Uint32Array> => {
  if (parts.header(headerDeadCount) === 0) return new Uint32Array();
  try {
    await jobs.run(overRows(parts, condemnJob), signal);
    await jobs.run(overRows(parts, repairJob), signal);
    await jobs.run({ kind: entryJob, count: 1 }, signal);
  } catch (error) {
    await jobs.run(overRows(parts, pardonJob)).catch(() => undefined);
    throw error;
  }
  // Nothing leads to them any more: from here on it is carried through.
  const freed = await condemnedLabels(parts);
  await jobs.run(overRows(parts, releaseJob));
  return freed;
};

const link = async (parts: KernelParts, jobs: Jobs, rows: Uint32Array, signal?: AbortSignal): Promise<void> => {
  const { space } = parts;
  const bytes = roomFor(rows.length * 4);
  const address = space.take(bytes);
  space.words.set(rows, address >>> 2);
  try {
    await jobs.run({ kind: linkJob, count: rows.length, words: [[jobRows, address]] }, signal);
  } finally {
    space.give(address, bytes);
  }
};

/**
 * What builds the graph of a kernel: on threads of its own, or where there are none, in slices of the calling thread.
 * @throws {PipewrightError} `bad-option`, `store-closed` for a kernel that was disposed of
 * @example createBuilder(createKernel({ dimensions: 2, metric: 'dot' }), { threads: 0 })
 */
export const createBuilder = (kernel: VectorKernel, { threads = 1 }: BuilderOptions = {}): Builder => {
  const parts = partsOf(kernel);
  const { exports, rows } = parts;
  const jobs = createJobs(parts, threads);
  // Rows may be moved while these wait: what they are now is asked for when their turn has come.
  const rowsOf = (labels: Uint32Array): Uint32Array => labels.map(rows.rowOf);
  return {
    link: async (given, signal) => {
      const labels = given.slice();
      const unknown = labels.find((label) => rows.rowOf(label) === noRow);
      if (unknown !== undefined) throw badInput(`Row ${unknown} was never set.`);
      for (const row of rowsOf(labels)) exports.queue(row, 1);
      try {
        await jobs.next(() => link(parts, jobs, rowsOf(labels), signal));
      } finally {
        for (const row of rowsOf(labels)) exports.queue(row, 0);
      }
    },
    consolidate: (signal) => jobs.next(() => consolidate(parts, jobs, signal)),
    arrange: (signal) => jobs.next(() => arrange(parts, signal)),
    dispose: jobs.dispose,
    [Symbol.asyncDispose]: jobs.dispose,
  };
};
