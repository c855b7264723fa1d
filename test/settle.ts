import type { ManualClock } from '../src/testing/index.js';

/** Moves the clock on until the work settles, however often that gives the event loop a turn meanwhile. */
export const settle = async <T>(work: Promise<T>, clock: ManualClock): Promise<T> => {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  work.then(over, over);
  while (!isOver) await clock.advance(1);
  return work;
};

/** All that an iterable gives. */
export const allOf = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};
