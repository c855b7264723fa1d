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
  scratchRowDistances,
  scratchRows,
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
const leastVisited = 4_096;

export const createScratch = (space: Space, dimensions: number, m: number): Scratch => {
  const pieces: { readonly address: number; readonly bytes: number }[] = [];
  const put = (field: number, value: number): void => {
    space.words[(address + field) >>> 2] = value;
  };
  const at = (field: number): number => space.words[(address + field) >>> 2] as number;
  const take = (bytes: number): number => {
    const piece = space.take(bytes);
    pieces.push({ address: piece, bytes });
    return piece;
  };
  const address = take(scratchBytes);
  space.words.fill(0, address >>> 2, (address + scratchBytes) >>> 2);
  for (const [field, bytes] of [
    [scratchCandidates, candidateCapacity * pairBytes],
    [scratchQuery, dimensions * 4],
    [scratchCodes, dimensions * 2],
    [scratchBatch, batchRows * 4],
    [scratchDistances, batchRows * 4],
    [scratchPlan, (maxLevel + 1) * (m + 1) * 4],
  ] as const) {
    put(field, take(bytes));
  }
  space.floats.fill(0, at(scratchQuery) >>> 2, (at(scratchQuery) >>> 2) + dimensions);

  /** What doubles is taken before the old is given back, so that a full memory leaves everything as it was. */
  const fitVisited = (rows: number): boolean => {
    const before = at(scratchVisitedRows);
    if (rows <= before) return false;
    const room = roomFor(Math.max(rows, leastVisited));
    const visited = space.take(room * 2);
    space.bytes.fill(0, visited, visited + room * 2);
    if (before > 0) space.give(at(scratchVisited), before * 2);
    put(scratchVisited, visited);
    put(scratchVisitedRows, room);
    put(scratchEpoch, 0);
    return true;
  };
  const resultFields = [
    [scratchResults, pairBytes],
    [scratchRows, 4],
    [scratchRowDistances, 4],
  ] as const;
  const fitResults = (results: number): boolean => {
    const before = at(scratchResultCapacity);
    if (results <= before) return false;
    const room = roomFor(Math.max(results, leastResults));
    for (const [field, bytes] of resultFields) {
      const fresh = space.take(room * bytes);
      if (before > 0) space.give(at(field), before * bytes);
      put(field, fresh);
    }
    put(scratchResultCapacity, room);
    return true;
  };
  return {
    address,
    at,
    fit: (rows, results) => {
      const hasMoved = fitVisited(rows);
      return fitResults(results) || hasMoved;
    },
    release: () => {
      space.give(at(scratchVisited), at(scratchVisitedRows) * 2);
      for (const [field, bytes] of resultFields) space.give(at(field), at(scratchResultCapacity) * bytes);
      for (const piece of pieces) space.give(piece.address, piece.bytes);
    },
  };
};
