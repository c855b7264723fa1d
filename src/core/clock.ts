import { setMaxListeners } from 'node:events';
import { PipewrightError } from './errors.js';

/** Where time comes from. Tests put a clock here that they move by hand. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls `callback` once after `ms`; the returned function calls it off. */
  readonly after: (ms: number, callback: () => void) => () => void;
}

/** The longest wait that a platform timer takes; a longer one would fire at once. */
const maxTimerMs = 2_147_483_647;

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    let timer: ReturnType<typeof setTimeout>;
    const wait = (leftMs: number): void => {
      timer = setTimeout(
        () => (leftMs > maxTimerMs ? wait(leftMs - maxTimerMs) : callback()),
        Math.min(leftMs, maxTimerMs),
      );
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};

/** Numbers from 0 (included) to 1 (excluded). */
export type Random = () => number;

/** The platform's random numbers. */
export const systemRandom: Random = () => Math.random();

/**
 * Repeatable random numbers (mulberry32): the same seed gives the same sequence.
 * @example seededRandom(1)() === seededRandom(1)() // => true
 */
export const seededRandom = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** An id of 16 hexadecimal digits drawn from `random`. */
export const randomId = (random: Random): string => {
  const half = (): string =>
    Math.floor(random() * 4_294_967_296)
      .toString(16)
      .padStart(8, '0');
  return half() + half();
};

/** Our listeners on one signal. The signal itself holds a single one, which calls them all. */
interface AbortHub {
  readonly listeners: Set<() => void>;
  readonly fanOut: () => void;
}

/** A platform signal warns from 11 listeners on, and searches them all when one comes or goes: a thousand calls may share it. */
const abortHubs = new WeakMap<AbortSignal, AbortHub>();

const hubOf = (signal: AbortSignal): AbortHub => {
  const known = abortHubs.get(signal);
  if (known !== undefined) return known;
  const listeners = new Set<() => void>();
  const fanOut = (): void => {
    abortHubs.delete(signal);
    for (const listener of listeners) listener();
  };
  const hub = { listeners, fanOut };
  abortHubs.set(signal, hub);
  signal.addEventListener('abort', fanOut, { once: true });
  return hub;
};

/**
 * Calls `listener` once when the signal aborts; the returned function takes the listener away again. The listener must not
 * throw. A signal that has aborted already calls nobody: ask `signal.aborted` first.
 */
export const onAbort = (signal: AbortSignal, listener: () => void): (() => void) => {
  const { listeners, fanOut } = hubOf(signal);
  // A function of its own, so that the same listener may be given twice.
  const own = (): void => listener();
  listeners.add(own);
  return () => {
    if (!listeners.delete(own) || listeners.size > 0) return;
    abortHubs.delete(signal);
    signal.removeEventListener('abort', fanOut);
  };
};

/**
 * Waits `ms` on the given clock. Rejects with `signal.reason` as soon as the signal aborts, and leaves no timer or listener.
 * @example await sleep(10, { signal: new AbortController().signal, clock: systemClock })
 */
export const sleep = (
  ms: number,
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock },
): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const cancelTimer = clock.after(ms, () => {
      forget();
      resolve();
    });
    const forget = onAbort(signal, () => {
      cancelTimer();
      reject(signal.reason);
    });
  });

/** A controller that also aborts when `parent` does, until it is disposed. */
export interface LinkedController extends Disposable {
  readonly signal: AbortSignal;
  readonly abort: (reason: unknown) => void;
}

/** Makes a controller below `parent`. Dispose it when the work is over: then `parent` holds nothing of it any more. */
export const linkedController = (parent: AbortSignal): LinkedController => {
  const own = new AbortController();
  // Every step under way below may listen, and there is no bound on how many.
  setMaxListeners(0, own.signal);
  const forget = parent.aborted ? undefined : onAbort(parent, () => own.abort(parent.reason));
  if (parent.aborted) own.abort(parent.reason);
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    [Symbol.dispose]: () => forget?.(),
  };
};

/** What can be aborted: a platform signal, or a run, which is cheaper. */
export type Abortable =
  | AbortSignal
  | { readonly onAbort: (listener: () => void) => () => void; readonly throwIfAborted: () => void };

/**
 * Settles with `work`, or rejects with the reason of the signal or run if that is aborted first: a caller never waits for work
 * that is deaf to its signal. What the late work does afterwards is ignored.
 */
export const raceAbort = <T>(work: Promise<T>, abortable: Abortable): Promise<T> =>
  new Promise((resolve, reject) => {
    const rejectIfAborted = (): boolean => {
      try {
        abortable.throwIfAborted();
        return false;
      } catch (reason) {
        reject(reason);
        return true;
      }
    };
    if (rejectIfAborted()) {
      work.catch(() => undefined);
      return;
    }
    const listener = (): void => void rejectIfAborted();
    const forget = 'onAbort' in abortable ? abortable.onAbort(listener) : onAbort(abortable, listener);
    work.then(
      (value) => {
        forget();
        resolve(value);
      },
      (error: unknown) => {
        forget();
        reject(error);
      },
    );
  });

/** Gives the event loop a turn: long synchronous work calls this between slices. */
export const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Returns a function that is true when `sliceMs` have passed since it last said so: time to give the event loop a turn. */
export const sliceTimer = (sliceMs = 15): (() => boolean) => {
  if (!(sliceMs > 0)) throw new PipewrightError('bad-option', `\`sliceMs\` must be above 0, got ${sliceMs}.`);
  let start = performance.now();
  return () => {
    const now = performance.now();
    if (now - start < sliceMs) return false;
    start = now;
    return true;
  };
};
