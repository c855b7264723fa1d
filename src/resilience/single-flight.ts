import { setMaxListeners } from 'node:events';
import { raceAbort, type Run } from '../core/index.js';
import { type ShownLog, type ShownRecord, shownLog } from './cache-shown.js';

/** Makes calls of equal key at the same time into one. */
export interface SingleFlight<Out> {
  /**
   * Joins the call that is under way for this key, or starts it. Whoever is aborted leaves alone; when the last one has left,
   * the call is aborted.
   */
  readonly join: (key: string, run: Run, start: Start<Out>) => Joined<Out>;
  /** Whether a call for this key is under way. */
  readonly has: (key: string) => boolean;
}

/**
 * Makes the shared call. Its run is that of the caller who starts it (events, meter, clock, values), with a signal of its own;
 * `shown` tells what it has shown so far.
 */
export type Start<Out> = (run: Run, shown: () => ShownRecord) => Promise<Out>;

export interface Joined<Out> {
  /** Whether this caller started the call, and so pays for it and hears its events in full. */
  readonly isLeader: boolean;
  readonly result: Promise<Out>;
}

interface Flight<Out> {
  readonly result: Promise<Out>;
  readonly control: AbortController;
  readonly shown: ShownLog;
  callers: number;
  isOver: boolean;
}

export const singleFlight = <Out>(): SingleFlight<Out> => {
  const flights = new Map<string, Flight<Out>>();

  const launch = (key: string, run: Run, start: Start<Out>): Flight<Out> => {
    const control = new AbortController();
    // Every step under way below may listen, and there is no bound on how many.
    setMaxListeners(0, control.signal);
    const shown = shownLog(run.span);
    const result = start(run.with({ signal: control.signal, on: shown.take }), shown.record);
    const flight: Flight<Out> = { result, control, shown, callers: 0, isOver: false };
    flights.set(key, flight);
    const land = (): void => {
      flight.isOver = true;
      if (flights.get(key) === flight) flights.delete(key);
    };
    result.then(land, land);
    return flight;
  };

  const wait = async (key: string, flight: Flight<Out>, run: Run, isLeader: boolean): Promise<Out> => {
    flight.callers += 1;
    const unfollow = isLeader || !run.isWatched ? undefined : flight.shown.follow(run);
    try {
      return await raceAbort(flight.result, run);
    } finally {
      unfollow?.();
      flight.callers -= 1;
      if (flight.callers === 0 && !flight.isOver) {
        // At once, so that whoever comes next starts anew.
        if (flights.get(key) === flight) flights.delete(key);
        flight.control.abort(reasonOf(run));
      }
    }
  };

  return {
    join: (key, run, start) => {
      const known = flights.get(key);
      const flight = known ?? launch(key, run, start);
      const isLeader = known === undefined;
      return { isLeader, result: wait(key, flight, run, isLeader) };
    },
    has: (key) => flights.has(key),
  };
};

/** Only asked of a run that is aborted. */
const reasonOf = (run: Run): unknown => run.signal.reason;
