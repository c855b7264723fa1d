import { type Run, sliceTimer, yieldToEventLoop } from '../core/index.js';

/** For long work: call it often, and it gives the event loop a turn when one is due, and ends when the run is aborted. */
export type GiveWay = () => Promise<void>;

export const giveWayOf = (run: Run): GiveWay => {
  const isTimeUp = sliceTimer();
  return async () => {
    if (!isTimeUp()) return;
    await yieldToEventLoop();
    run.throwIfAborted();
  };
};
