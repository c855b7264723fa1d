import { sliceTimer, yieldToEventLoop } from '../../core/index.js';
import { batchRows, isLinked, noRow, scratchBatch } from './assembly/layout.js';
import type { KernelParts } from './kernel.js';

/*
 * A walk measures rows that are neighbours in the graph, hundreds for a query. Where each lies on a page of its own, the
 * processor waits for memory and looks up addresses more than it computes. So rows are laid out in the order of a depth-first
 * walk through the lowest level: most neighbours are then a few places apart. (Orders that take more effort, as that of Gorder,
 * Wei et al. 2016, gained two parts in a hundred more.)
 */

/** Tells when a slice of the work is over, and lets others have their turn. One for all of it: the parts follow each other at once. */
interface Slices {
  readonly isOver: () => boolean;
  /** @throws the reason of the signal when it was aborted meanwhile */
  readonly pause: () => Promise<void>;
}

const createSlices = (signal: AbortSignal | undefined): Slices => ({
  isOver: sliceTimer(),
  pause: async () => {
    await yieldToEventLoop();
    signal?.throwIfAborted();
  },
});

/** Does something for each row. */
const eachRow = async (length: number, { isOver, pause }: Slices, work: (row: number) => void): Promise<void> => {
  for (let row = 0; row < length; row++) {
    work(row);
    if (row % 64 === 0 && isOver()) await pause();
  }
};

/** The rows in the order of the walk; then the others that have a label, as they lie. */
const orderOf = async ({ rows, space, exports }: KernelParts, slices: Slices): Promise<Uint32Array> => {
  const { length } = rows;
  const order = new Uint32Array(length);
  const isKnown = new Uint8Array(length);
  /** The rows on the way to where the walk is, and how far into the list of each it has come. */
  const path = new Uint32Array(length);
  const steps = new Uint16Array(length);
  let count = 0;
  let depth = 0;
  const put = (row: number): void => {
    isKnown[row] = 1;
    order[count++] = row;
  };
  const enter = (row: number): void => {
    put(row);
    path[depth] = row;
    steps[depth++] = 0;
  };
  /** Goes on to the next neighbour that is not known yet, or back where there is none. */
  const step = (): void => {
    const list = rows.listAt(path[depth - 1] as number, 0) >>> 2;
    const links = space.words[list] as number;
    for (let i = steps[depth - 1] as number; i < links; i++) {
      const neighbour = space.words[list + 1 + i] as number;
      if (isKnown[neighbour] === 1) continue;
      steps[depth - 1] = i + 1;
      enter(neighbour);
      return;
    }
    depth--;
  };
  for (let row = 0; row < length; row++) {
    if (isKnown[row] === 1 || (exports.flags(row) & isLinked) === 0) continue;
    enter(row);
    while (depth > 0) {
      step();
      if (slices.isOver()) await slices.pause();
    }
  }
  await eachRow(length, slices, (row) => {
    if (isKnown[row] === 0 && rows.labelOf(row) !== noRow) put(row);
  });
  return order.subarray(0, count);
};

/** Which rows link to which, by the numbers that they had when it was made. */
interface Inbound {
  readonly starts: Uint32Array;
  readonly sources: Uint32Array;
}

const inboundOf = async ({ rows, space, exports }: KernelParts, length: number, slices: Slices): Promise<Inbound> => {
  const eachLink = async (work: (from: number, to: number) => void): Promise<void> =>
    eachRow(length, slices, (row) => {
      if ((exports.flags(row) & isLinked) === 0) return;
      for (let level = rows.levelOf(row); level >= 0; level--) {
        const list = rows.listAt(row, level) >>> 2;
        const end = list + (space.words[list] as number);
        for (let at = list + 1; at <= end; at++) work(row, space.words[at] as number);
      }
    });
  const starts = new Uint32Array(length + 1);
  await eachLink((_, to) => {
    starts[to] = (starts[to] as number) + 1;
  });
  // From counts to ends; filling from behind makes starts of them.
  for (let row = 1; row <= length; row++) starts[row] = (starts[row] as number) + (starts[row - 1] as number);
  const sources = new Uint32Array(starts[length] as number);
  await eachLink((from, to) => {
    const at = (starts[to] as number) - 1;
    starts[to] = at;
    sources[at] = from;
  });
  return { starts, sources };
};

/** For each place the row that is to lie there; the spare one stays out of it. */
const wantedAt = (order: Uint32Array, spare: number): Uint32Array => {
  const wanted = new Uint32Array(order.length + 1);
  wanted.set(order.subarray(0, spare));
  if (spare < order.length) wanted.set(order.subarray(spare), spare + 1);
  return wanted;
};

/**
 * Moves rows that are neighbours in the graph next to each other, along the cycles of the permutation: the first row of a cycle
 * steps aside to the spare place, then each place is filled with the row that belongs there. After every move all is in order for
 * who searches. Nothing may be linked meanwhile.
 */
export const arrange = async (parts: KernelParts, signal: AbortSignal | undefined): Promise<void> => {
  signal?.throwIfAborted();
  const slices = createSlices(signal);
  const { rows, space, scratch, exports } = parts;
  const spare = rows.takeSpare();
  /** The place that no row has. */
  let hole = spare;
  try {
    const { length } = rows;
    const wanted = wantedAt(await orderOf(parts, slices), spare);
    const { starts, sources } = await inboundOf(parts, length, slices);
    /** Where each row is now, by the number that it had at first. */
    const now = new Uint32Array(length);
    for (let row = 0; row < length; row++) now[row] = row;
    const batch = scratch.at(scratchBatch) >>> 2;
    let place = 0;
    const move = (row: number): void => {
      const from = now[row] as number;
      exports.move(from, hole);
      rows.noteMove();
      now[row] = hole;
      const end = starts[row + 1] as number;
      for (let start = starts[row] as number; start < end; start += batchRows) {
        const count = Math.min(batchRows, end - start);
        for (let i = 0; i < count; i++) space.words[batch + i] = now[sources[start + i] as number] as number;
        exports.relink(count, from, hole);
      }
      hole = from;
    };
    const isFilled = (at: number): boolean => at === spare || now[wanted[at] as number] === at;
    const moveOne = (): boolean => {
      if (hole !== spare) move(wanted[hole] as number);
      else if (place >= wanted.length) return false;
      else if (isFilled(place)) place++;
      else move(place);
      return true;
    };
    const moveSome = async (): Promise<boolean> => {
      while (moveOne()) if (slices.isOver()) return true;
      return false;
    };
    while (await parts.places.run(moveSome, signal)) await slices.pause();
  } finally {
    rows.giveSpare(hole);
  }
};
