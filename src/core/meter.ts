import type { Clock } from './clock.js';
import { type BudgetBreach, checkAtLeast, PipewrightError } from './errors.js';
import { addUsage, noUsage, type Usage } from './usage.js';

/** Limits on what a run may spend. What is left out is not limited. */
export interface Budget {
  readonly maxCostUsd?: number;
  /** Input and output tokens together. */
  readonly maxTokens?: number;
  /** Model calls, tries that failed included. */
  readonly maxCalls?: number;
  /** After this time from the start of the run no further model call starts. */
  readonly maxMs?: number;
}

/** The most that a call may take, told before it starts. */
export interface Reservation {
  /** Who asks, for the error message: `openai:gpt-5-mini`. */
  readonly label: string;
  readonly tokens: number;
  /** Undefined when the price is not known. */
  readonly costUsd: number | undefined;
}

export interface Spent {
  readonly usage: Usage;
  readonly costUsd: number;
  readonly calls: number;
  /** True when some call had no known price, so that `costUsd` is too low. */
  readonly isCostPartial: boolean;
}

/** Room in the budget, held for a call that is under way. Settle it once; later settlements are ignored. */
export interface Hold {
  /** Replaces the reservation by what was really spent. */
  readonly settle: (usage: Usage, costUsd: number | undefined) => void;
  /** Gives the room back: the call never went out. */
  readonly release: () => void;
}

/** What the calls that are under way may still take. */
export interface Held {
  readonly tokens: number;
  readonly costUsd: number;
  readonly calls: number;
}

export interface Remaining {
  readonly tokens: number;
  readonly costUsd: number;
}

export interface Meter {
  readonly spent: Spent;
  readonly held: Held;
  /** What the limits here and above leave, calls under way taken off; `Infinity` where there is no limit. */
  readonly remaining: Remaining;
  /** Whether tokens or money are limited, here or in a run above. */
  readonly isLimited: boolean;
  /**
   * Holds room for a call.
   * @throws {PipewrightError} `budget-exceeded` when the call might overshoot, counting all calls under way; `price-unknown`
   * when money is limited and the price is not known.
   */
  readonly reserve: (reservation: Reservation) => Hold;
}

/** Sums of money in binary fractions are off by less than this. */
const roundingUsd = 1e-9;

const checkBudget = (budget: Budget): void => {
  for (const name of ['maxCostUsd', 'maxTokens', 'maxCalls', 'maxMs'] as const) {
    const value = budget[name];
    if (value !== undefined) checkAtLeast(`budget.${name}`, value, 0);
  }
};

/** What was spent, and what calls under way may still take. */
interface Tally {
  usage: Usage;
  costUsd: number;
  calls: number;
  isCostPartial: boolean;
  heldTokens: number;
  heldUsd: number;
  heldCalls: number;
}

const refuse = (label: string, what: string, limit: string, budget: BudgetBreach): never => {
  const message = `${label} was not called: ${what}, but the budget is ${limit}.`;
  throw new PipewrightError('budget-exceeded', message, { details: { budget } });
};

const checkCost = (maxCostUsd: number, tally: Tally, { label, costUsd }: Reservation): void => {
  if (costUsd === undefined || tally.isCostPartial) {
    throw new PipewrightError(
      'price-unknown',
      `${label} was not called: a budget of ${maxCostUsd} USD is set and the price of ${costUsd === undefined ? 'this model' : 'an earlier call'} is not known. Give the model a price, or limit tokens instead.`,
    );
  }
  const costAfter = tally.costUsd + tally.heldUsd + costUsd;
  if (costAfter > maxCostUsd + roundingUsd) {
    const breach = { limit: 'maxCostUsd', allowed: maxCostUsd, wouldBe: costAfter } as const;
    refuse(label, `up to ${costAfter.toFixed(6)} USD would have been spent`, `${maxCostUsd} USD`, breach);
  }
};

/** Throws when the call might overshoot the budget, counting all calls under way. */
const checkRoom = (budget: Budget, tally: Tally, elapsedMs: number, reservation: Reservation): void => {
  const { maxCalls, maxMs, maxTokens, maxCostUsd } = budget;
  const { label, tokens } = reservation;
  const callsAfter = tally.calls + tally.heldCalls + 1;
  if (maxCalls !== undefined && callsAfter > maxCalls) {
    const breach = { limit: 'maxCalls', allowed: maxCalls, wouldBe: callsAfter } as const;
    refuse(label, `it would be call ${callsAfter}`, `${maxCalls} calls`, breach);
  }
  if (maxMs !== undefined && elapsedMs >= maxMs) {
    const breach = { limit: 'maxMs', allowed: maxMs, wouldBe: elapsedMs } as const;
    refuse(label, `${elapsedMs} ms have passed`, `${maxMs} ms`, breach);
  }
  const tokensAfter = tally.usage.inputTokens + tally.usage.outputTokens + tally.heldTokens + tokens;
  if (maxTokens !== undefined && tokensAfter > maxTokens) {
    const breach = { limit: 'maxTokens', allowed: maxTokens, wouldBe: tokensAfter } as const;
    refuse(label, `up to ${tokensAfter} tokens would have been spent`, `${maxTokens} tokens`, breach);
  }
  if (maxCostUsd !== undefined) checkCost(maxCostUsd, tally, reservation);
};

const remainingOf = (
  { maxTokens = Infinity, maxCostUsd = Infinity }: Budget,
  tally: Tally,
  parent?: Meter,
): Remaining => {
  const { usage, costUsd, heldTokens, heldUsd } = tally;
  const { tokens = Infinity, costUsd: aboveUsd = Infinity } = parent?.remaining ?? {};
  return {
    tokens: Math.min(tokens, Math.max(0, maxTokens - usage.inputTokens - usage.outputTokens - heldTokens)),
    costUsd: Math.min(aboveUsd, Math.max(0, maxCostUsd - costUsd - heldUsd)),
  };
};

/** Counts what model calls take, and refuses a call that might overshoot the budget of this run or of one above it. */
export const createMeter = (budget: Budget, clock: Clock, parent?: Meter, startedMs: number = clock.now()): Meter => {
  checkBudget(budget);
  const tally: Tally = {
    usage: noUsage,
    costUsd: 0,
    calls: 0,
    isCostPartial: false,
    heldTokens: 0,
    heldUsd: 0,
    heldCalls: 0,
  };

  const reserve = (reservation: Reservation): Hold => {
    checkRoom(budget, tally, clock.now() - startedMs, reservation);
    const above = parent?.reserve(reservation);
    const { tokens, costUsd: heldUsd = 0 } = reservation;
    tally.heldTokens += tokens;
    tally.heldUsd += heldUsd;
    tally.heldCalls += 1;
    let isOpen = true;
    const close = (): boolean => {
      if (!isOpen) return false;
      isOpen = false;
      tally.heldTokens -= tokens;
      tally.heldUsd -= heldUsd;
      tally.heldCalls -= 1;
      return true;
    };
    return {
      settle: (usage, costUsd) => {
        if (!close()) return;
        tally.usage = addUsage(tally.usage, usage);
        tally.calls += 1;
        if (costUsd === undefined) tally.isCostPartial = true;
        else tally.costUsd += costUsd;
        above?.settle(usage, costUsd);
      },
      release: () => {
        if (close()) above?.release();
      },
    };
  };

  return {
    get spent() {
      const { usage, costUsd, calls, isCostPartial } = tally;
      return { usage, costUsd, calls, isCostPartial };
    },
    get held() {
      return { tokens: tally.heldTokens, costUsd: tally.heldUsd, calls: tally.heldCalls };
    },
    get remaining() {
      return remainingOf(budget, tally, parent);
    },
    isLimited: budget.maxTokens !== undefined || budget.maxCostUsd !== undefined || parent?.isLimited === true,
    reserve,
  };
};
