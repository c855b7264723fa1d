import { checkAtLeast, onAbort, PipewrightError, sliceTimer, yieldToEventLoop } from '../../core/index.js';
import { jobBytes, jobCount, jobKind, jobNext, jobStop } from './assembly/layout.js';
import { type Crew, startCrew } from './crew.js';
import type { KernelParts } from './kernel.js';

/** What a job is made of: its kind, how many items it has, and the other words of it by their place. */
export interface Job {
  readonly kind: number;
  readonly count: number;
  readonly words?: readonly (readonly [place: number, value: number])[];
  /** Results that a walk of it may keep. @default 1 */
  readonly results?: number;
}

/** Works through jobs, one after the other, on threads or in slices of the calling thread. */
export interface Jobs {
  /** Calls `work` when all before it is done; after `dispose` it rejects with `store-closed`. */
  readonly next: <T>(work: () => Promise<T>) => Promise<T>;
  /** Does a job; inside `next` only. An abort stops it after the items under way, and rejects with the reason of the signal. */
  readonly run: (job: Job, signal?: AbortSignal) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

const maxThreads = 64;

const closed = (): PipewrightError =>
  new PipewrightError('store-closed', 'The threads of this vector collection were ended while they had work.');

/** The job in memory, and the flag that stops it. */
const writeJob = ({ words }: KernelParts['space'], address: number, { kind, count, words: own = [] }: Job): void => {
  const put = (place: number, value: number): void => {
    words[(address + place) >>> 2] = value;
  };
  put(jobKind, kind);
  put(jobCount, count);
  put(jobNext, 0);
  put(jobStop, 0);
  for (const [place, value] of own) put(place, value);
};

/** A few items at a time, since one may take a millisecond. */
const workHere = async ({ exports, makeRoom }: KernelParts, job: number, results: number): Promise<void> => {
  const isTime = sliceTimer();
  makeRoom(results);
  while (exports.work(job, 4) !== 0) {
    if (!isTime()) continue;
    await yieldToEventLoop();
    // The collection may have grown meanwhile.
    makeRoom(results);
  }
};

export const createJobs = (parts: KernelParts, threads: number): Jobs => {
  checkAtLeast('threads', threads, 0);
  if (!Number.isInteger(threads) || threads > maxThreads) {
    throw new PipewrightError('bad-option', `\`threads\` must be a whole number up to ${maxThreads}, got ${threads}.`);
  }
  const { space } = parts;
  const address = space.take(jobBytes);
  let crew: Promise<Crew | undefined> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const closing = new AbortController();

  const work = async (results: number): Promise<void> => {
    if (threads > 0) crew ??= startCrew(parts, threads);
    const own = await crew;
    return own === undefined ? workHere(parts, address, results) : own.work(address, results);
  };
  const stop = (): void => void Atomics.store(space.words, (address + jobStop) >>> 2, 1);

  const run = async (job: Job, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    closing.signal.throwIfAborted();
    writeJob(space, address, job);
    const forgets = [signal, closing.signal].map((one) => (one === undefined ? undefined : onAbort(one, stop)));
    try {
      await work(job.results ?? 1);
    } finally {
      for (const forget of forgets) forget?.();
    }
    signal?.throwIfAborted();
    closing.signal.throwIfAborted();
  };
  return {
    run,
    next: (task) => {
      const result = last.then(() => {
        closing.signal.throwIfAborted();
        return task();
      });
      last = result.catch(() => undefined);
      return result;
    },
    dispose: async () => {
      if (closing.signal.aborted) return;
      closing.abort(closed());
      await last;
      await (await crew?.catch(() => undefined))?.dispose();
      space.give(address, jobBytes);
    },
  };
};
