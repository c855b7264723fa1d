import { type Run, sliceTimer, yieldToEventLoop } from '../core/index.js';

/**
 * Calls `visit` for each item, slice by slice: in between other work has its turn, and an abort of the run is noticed. Loops that follow
 * each other share a timer, or their slices would add up.
 */
export const eachInSlices = async <T>(
  items: Iterable<T>,
  visit: (item: T, index: number) => void,
  run?: Run,
  isTimeUp: () => boolean = sliceTimer(),
): Promise<void> => {
  let index = 0;
  for (const item of items) {
    visit(item, index++);
    if (isTimeUp()) {
      await yieldToEventLoop();
      run?.throwIfAborted();
    }
  }
};
