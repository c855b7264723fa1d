import {
  type BudgetBreach,
  checkAtLeast,
  createRun,
  isPipewrightError,
  messageOf,
  PipewrightError,
  type Run,
  type Store,
  scrubText,
} from '../core/index.js';
import { memoryAmounts, noAmount, type PoolAmount, type PoolAmounts, storeAmounts } from './budget-amounts.js';

export interface BudgetPoolOptions {
  readonly maxCostUsd?: number;
  /** Input and output tokens together. */
  readonly maxTokens?: number;
  /** Model calls, tries that failed included. */
  readonly maxCalls?: number;
  /** The pool fills up again after this time; windows begin at multiples of it since 1970, in UTC. @default 86_400_000 (a day) */
  readonly perMs?: number;
  /** Where the pool lies, when several processes share it. @default the memory of this process */
  readonly store?: Store;
  /** Tells the pools of one store apart, and stands in errors. @default 'budget' */
  readonly name?: string;
}

type Limit = 'maxCostUsd' | 'maxTokens' | 'maxCalls';

/** Money, tokens and calls for a stretch of time, which many calls share. Give it to `budget`. */
export interface BudgetPool {
  readonly name: string;
  readonly limits: { readonly [K in Limit]?: number };
  readonly perMs: number;
  /** What was spent in this window and what calls under way hold, for one `poolKey`. */
  readonly taken: (poolKey?: string, run?: Run) => Promise<PoolAmount>;
  /**
   * Holds an amount for a call.
   * @throws {PipewrightError} `budget-exceeded` when the pool has no room for it; what the store threw when that fails.
   */
  readonly take: (amount: PoolAmount, poolKey: string, run: Run) => Promise<PoolHold>;
}

export interface PoolHold {
  /** Puts back what the call did not need. It never rejects: what cannot be put back stays taken until the window ends. */
  readonly giveBack: (unused: PoolAmount) => Promise<void>;
}

const fieldOf: { readonly [K in Limit]: keyof PoolAmount } = {
  maxCostUsd: 'costUsd',
  maxTokens: 'tokens',
  maxCalls: 'calls',
};
const unitOf: { readonly [K in Limit]: string } = { maxCostUsd: 'USD', maxTokens: 'tokens', maxCalls: 'calls' };
const allLimits = Object.keys(fieldOf) as readonly Limit[];

/** Sums of money in binary fractions are off by less than this. */
const roundingUsd = 1e-9;

const plus = (a: PoolAmount, b: PoolAmount, sign: 1 | -1): PoolAmount => ({
  costUsd: a.costUsd + sign * b.costUsd,
  tokens: a.tokens + sign * b.tokens,
  calls: a.calls + sign * b.calls,
});

/**
 * Makes a budget over time that many calls share: 5 USD a day for a tenant. Every call holds its own limits in the pool before
 * it starts and puts back what it did not need, so that parallel calls cannot overshoot. What a process held when it died stays
 * taken until the window ends.
 * @throws {PipewrightError} `bad-option` without any limit.
 * @example budgetPool({ maxCostUsd: 5 }).limits // => { maxCostUsd: 5 }
 */
export const budgetPool = (options: BudgetPoolOptions): BudgetPool => {
  const { perMs = 86_400_000, store, name = 'budget' } = options;
  checkAtLeast('perMs', perMs, 1);
  const limits: { [K in Limit]?: number } = {};
  for (const limit of allLimits) {
    const value = options[limit];
    if (value === undefined) continue;
    checkAtLeast(limit, value, 0);
    limits[limit] = value;
  }
  if (Object.keys(limits).length === 0) {
    throw new PipewrightError('bad-option', 'A budget pool needs `maxCostUsd`, `maxTokens` or `maxCalls`.');
  }
  const amounts = store === undefined ? memoryAmounts() : storeAmounts(store, name, perMs);
  const windowAt = (run: Run): number => Math.floor(run.clock.now() / perMs);
  return {
    name,
    limits,
    perMs,
    taken: (poolKey = '', run = createRun()) => amounts.read(poolKey, windowAt(run)),
    take: (amount, poolKey, run) =>
      take({ name, limits, perMs, amounts }, amount, { poolKey, window: windowAt(run), run }),
  };
};

interface Pool {
  readonly name: string;
  readonly limits: BudgetPool['limits'];
  readonly perMs: number;
  readonly amounts: PoolAmounts;
}

interface Place {
  readonly poolKey: string;
  readonly window: number;
  readonly run: Run;
}

const take = async (pool: Pool, amount: PoolAmount, { poolKey, window, run }: Place): Promise<PoolHold> => {
  const opensMs = (window + 1) * pool.perMs - run.clock.now();
  const hold = (taken: PoolAmount): PoolAmount => {
    const after = plus(taken, amount, 1);
    checkRoom(pool, after, opensMs);
    return after;
  };
  try {
    await pool.amounts.change(poolKey, window, hold, run);
  } catch (error) {
    run.throwIfAborted();
    throw isPipewrightError(error) && error.code === 'budget-exceeded' ? error : unreachable(pool.name, error);
  }
  return {
    giveBack: async (unused) => {
      // Not under the run's signal: an aborted call, too, puts back what it did not need.
      const detached = createRun({ clock: run.clock });
      try {
        await pool.amounts.change(poolKey, window, (taken) => plus(taken, unused, -1), detached);
      } catch (error) {
        const message = `The budget pool \`${pool.name}\` keeps what a call did not need: ${scrubText(messageOf(error))}`;
        run.emit({ type: 'warning', message });
      }
    },
  };
};

const checkRoom = ({ name, limits }: Pool, after: PoolAmount, opensMs: number): void => {
  for (const limit of allLimits) {
    const allowed = limits[limit];
    const wouldBe = after[fieldOf[limit]];
    if (allowed === undefined || wouldBe <= allowed + roundingUsd) continue;
    const budget: BudgetBreach = { limit, allowed, wouldBe };
    throw new PipewrightError(
      'budget-exceeded',
      `The call was not made: up to ${Number(wouldBe.toFixed(6))} ${unitOf[limit]} would have been spent of the budget pool \`${name}\`, which has ${allowed}. It fills up again in ${opensMs} ms.`,
      { details: { budget, retryAfterMs: opensMs } },
    );
  }
};

const unreachable = (name: string, cause: unknown): PipewrightError =>
  new PipewrightError(
    isPipewrightError(cause) ? cause.code : 'connection-lost',
    `The call was not made, because the budget pool \`${name}\` could not be asked: ${scrubText(messageOf(cause))}`,
    { retryable: true, cause },
  );

/** What a pool holds for a call that may take so much: only what the pool limits counts. */
export const heldIn = (pool: BudgetPool, callLimits: { readonly [K in Limit]?: number | undefined }): PoolAmount => {
  const held: { -readonly [K in keyof PoolAmount]: number } = { ...noAmount };
  for (const limit of allLimits) {
    if (pool.limits[limit] === undefined) continue;
    const most = callLimits[limit];
    if (most === undefined) {
      throw new PipewrightError(
        'bad-option',
        `The budget pool \`${pool.name}\` has a \`${limit}\`, so each call needs one too: it is what a call holds before it starts.`,
      );
    }
    held[fieldOf[limit]] = most;
  }
  return held;
};
