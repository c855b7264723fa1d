import type { CircuitState, Run, Store } from '../core/index.js';
import { detached, sharedState } from './shared-state.js';

/** What processes share of a circuit. */
export interface CircuitRecord {
  readonly state: CircuitState;
  /** Open: no call goes through before. Half-open: how long the probes have, before others may take their place. */
  readonly untilMs: number;
  /** How often it has opened since it was last closed. */
  readonly opens: number;
}

export const closedRecord: CircuitRecord = { state: 'closed', untilMs: 0, opens: 0 };

/** The `untilMs` of a circuit that was opened by hand. JSON has no Infinity. */
export const forever: number = Number.MAX_SAFE_INTEGER;

const isSameRecord = (a: CircuitRecord | undefined, b: CircuitRecord | undefined): boolean =>
  a?.state === b?.state && a?.untilMs === b?.untilMs && a?.opens === b?.opens;

const states: ReadonlySet<unknown> = new Set<CircuitState>(['closed', 'open', 'half-open']);

const decodeRecord = (value: unknown): CircuitRecord | undefined => {
  const { state, untilMs, opens } = Object(value) as Partial<CircuitRecord>;
  const isRecord = states.has(state) && Number.isFinite(untilMs) && Number.isInteger(opens);
  return isRecord ? ({ state, untilMs, opens } as CircuitRecord) : undefined;
};

/** With a store, how often a process looks what the others know. */
const refreshMs = 1_000;

/** The record in a store. Counts stay with each process; that it opened, probes or closed is for all. */
export interface SharedRecord {
  /** What another process has stored since we looked, if anything. */
  readonly refresh: (run: Run) => Promise<CircuitRecord | undefined>;
  /** Stores ours, unless another process has stored something since we looked: then gives that. */
  readonly publish: (run: Run, record: CircuitRecord) => Promise<CircuitRecord | undefined>;
}

export const sharedRecord = (store: Store, name: string, own: () => CircuitRecord): SharedRecord => {
  const state = sharedState({ store, key: `circuit/${name}`, decode: decodeRecord });
  let seen: CircuitRecord | undefined;
  let readMs = Number.NEGATIVE_INFINITY;
  const isNews = (current: CircuitRecord | undefined): boolean => current !== undefined && !isSameRecord(current, seen);

  return {
    refresh: async (run) => {
      const nowMs = run.clock.now();
      if (nowMs - readMs < refreshMs) return undefined;
      readMs = nowMs;
      let news: CircuitRecord | undefined;
      await state.update(run, (current) => {
        news = isNews(current) ? current : undefined;
        return undefined;
      });
      seen = news ?? seen;
      return isSameRecord(news, own()) ? undefined : news;
    },
    publish: async (run, record) => {
      let news: CircuitRecord | undefined;
      const isStored = await state.update(detached(run), (current) => {
        news = isNews(current) ? current : undefined;
        return news === undefined ? record : undefined;
      });
      if (isStored) seen = news ?? record;
      return news;
    },
  };
};
