import { isPipewrightError, type Run } from '../core/index.js';
import type { BalanceSettings, Target } from './balance-options.js';
import { askedWaitMs, grownMs } from './failure.js';
import { detached, type SharedState, sharedState } from './shared-state.js';

/** Keeps account of which targets take no calls, with other processes where there is a store. */
export interface Ejections {
  /** Learns what other processes have found, at most once a second. */
  readonly refresh: (run: Run) => Promise<void>;
  readonly failed: (run: Run, target: Target, error: unknown) => Promise<void>;
}

/** By target: until when it takes no calls, and how often that has happened since its last success. */
type Shared = Readonly<Record<string, readonly [untilMs: number, ejections: number]>>;

const refreshMs = 1_000;
/** The longest ejection, in units of the first. */
const longestGrowth = 32;

export const ejectionsOf = (settings: BalanceSettings): Ejections => {
  const { targets, store, name, maxFailures, ejectMs, minActive, isFailure } = settings;
  const shared: SharedState<Shared> | undefined =
    store && sharedState({ store, key: `balance/${name}`, decode: decodeShared });
  let readMs = Number.NEGATIVE_INFINITY;

  const adopt = (current: Shared | undefined): void => {
    for (const target of targets) {
      const known = current !== undefined && Object.hasOwn(current, target.name) ? current[target.name] : undefined;
      if (known === undefined || known[0] <= target.ejectedUntilMs) continue;
      [target.ejectedUntilMs, target.ejections] = known;
    }
  };

  const eject = async (run: Run, target: Target, error: unknown): Promise<void> => {
    const nowMs = run.clock.now();
    const active = targets.filter(({ ejectedUntilMs }) => ejectedUntilMs <= nowMs).length;
    if (active <= minActive) return;
    target.ejections += 1;
    const waitMs = Math.max(grownMs(ejectMs, target.ejections, ejectMs * longestGrowth), askedWaitMs(error));
    target.ejectedUntilMs = nowMs + Math.min(waitMs, ejectMs * longestGrowth);
    // After its time one more failure is enough.
    target.failuresInRow = maxFailures - 1;
    run.emit({ type: 'target-eject', target: target.name, untilMs: target.ejectedUntilMs, error });
    await shared?.update(detached(run), (current = {}) => {
      adopt(current);
      // What is over is not kept: the entry does not grow with targets that are gone.
      const alive = Object.entries(current).filter(([, [untilMs]]) => untilMs > nowMs);
      return Object.fromEntries([...alive, [target.name, [target.ejectedUntilMs, target.ejections]]]);
    });
  };

  return {
    refresh: async (run) => {
      const nowMs = run.clock.now();
      if (shared === undefined || nowMs - readMs < refreshMs) return;
      readMs = nowMs;
      await shared.update(run, (current) => {
        adopt(current);
        return undefined;
      });
    },
    failed: async (run, target, error) => {
      // A refusal that says for how long is as good as a row of failures.
      const isPaused = askedWaitMs(error) > 0 && isPipewrightError(error) && pausing.has(error.code);
      if (!isPaused && !isFailure(error)) return;
      // Calls that were under way when it was ejected tell nothing new.
      if (target.ejectedUntilMs > run.clock.now()) return;
      target.failuresInRow += 1;
      if (isPaused || target.failuresInRow >= maxFailures) await eject(run, target, error);
    },
  };
};

const pausing: ReadonlySet<string> = new Set(['circuit-open', 'model-overloaded', 'rate-limited']);

const decodeShared = (value: unknown): Shared | undefined => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const isEntry = (entry: unknown): boolean =>
    Array.isArray(entry) && entry.length === 2 && entry.every((figure) => Number.isFinite(figure));
  return Object.values(value).every(isEntry) ? (value as Shared) : undefined;
};
