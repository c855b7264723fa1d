import {
  batchRows,
  candidateCapacity,
  maxLevel,
  pairBytes,
  scratchBatch,
  scratchBytes,
  scratchCandidates,
  scratchCodes,
  scratchDistances,
  scratchEpoch,
  scratchPlan,
  scratchQuery,
  scratchResultCapacity,
  scratchResults,
  scratchFoundDistances,
  scratchFound,
  scratchVisited,
  scratchVisitedRows,
} from './assembly/layout.js';
import { roomFor, type Space } from './space.js';

/** What one thread writes on while it searches and links. */
export interface Scratch {
  readonly address: number;
  /** Makes room for walks over so many rows with so many results. True when something moved: the instance must look again. */
  readonly fit: (rows: number, results: number) => boolean;
  /** Where an array of it is. */
  readonly at: (field: number) => number;
  readonly release: () => void;
}

/** Linking and consolidating need as much without asking. */
const leastResults = batchRows;
const leastRows = 4_096;

/** Arrays that are always the same size. */
const fixedArrays = (dimensions: number, m: number) =>
  [
    [scratchCandidates, candidateCapacity * pairBytes],
    [scratchQuery, dimensions * 4],
    [scratchCodes, dimensions * 2],
    [scratchBatch, batchRows * 4],
    [scratchDistances, batchRows * 4],
    [scratchPlan, (maxLevel + 1) * (m + 1) * 4],
  ] as const;

/** Arrays that grow with the rows, and with the results: bytes for each. */
const rowArrays = [[scratchVisited, 2]] as const;
const resultArrays = [
  [scratchResults, pairBytes],
  [scratchFound, 4],
  [scratchFoundDistances, 4],
] as const;

export const createScratch = (space: Space, dimensions: number, m: number): Scratch => {
  const fixed = fixedArrays(dimensions, m);
  const address = space.take(scratchBytes);
  const at = (field: number): number => space.words[(address + field) >>> 2] as number;
  const put = (field: number, value: number): void => {
    space.words[(address + field) >>> 2] = value;
  };
  const takeZeros = (bytes: number): number => {
    const piece = space.take(bytes);
    space.bytes.fill(0, piece, piece + bytes);
    return piece;
  };
  space.bytes.fill(0, address, address + scratchBytes);
  for (const [field, bytes] of fixed) put(field, takeZeros(bytes));

  /** Exchanges arrays for larger ones; `capacityField` says how large they are. */
  const grow = (arrays: typeof rowArrays | typeof resultArrays, capacityField: number, least: number): boolean => {
    const before = at(capacityField);
    if (least <= before) return false;
    const room = roomFor(least);
    for (const [field, bytes] of arrays) {
      const fresh = takeZeros(room * bytes);
      if (before > 0) space.give(at(field), before * bytes);
      put(field, fresh);
    }
    put(capacityField, room);
    return true;
  };
  return {
    address,
    at,
    fit: (rows, results) => {
      const hasMoreRows = grow(rowArrays, scratchVisitedRows, Math.max(rows, leastRows));
      if (hasMoreRows) put(scratchEpoch, 0);
      return grow(resultArrays, scratchResultCapacity, Math.max(results, leastResults)) || hasMoreRows;
    },
    release: () => {
      for (const [field, bytes] of rowArrays) space.give(at(field), at(scratchVisitedRows) * bytes);
      for (const [field, bytes] of resultArrays) space.give(at(field), at(scratchResultCapacity) * bytes);
      for (const [field, bytes] of fixed) space.give(at(field), bytes);
      space.give(address, scratchBytes);
    },
  };
};
