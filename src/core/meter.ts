import type { Clock } from './clock.js';
import { checkAtLeast, PipewrightError } from './errors.js';
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

export interface Meter {
  readonly spent: Spent;
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

/** Counts what model calls take, and refuses a call that might overshoot the budget of this run or of one above it. */
export const createMeter = (budget: Budget, clock: Clock, parent?: Meter): Meter => {
  checkBudget(budget);
  const startedMs = clock.now();
  let usage = noUsage;
  let costUsd = 0;
  let calls = 0;
  let isCostPartial = false;
  let heldTokens = 0;
  let heldUsd = 0;
  let heldCalls = 0;

  const refuse = (label: string, what: string, limit: string): never => {
    throw new PipewrightError('budget-exceeded', `${label} was not called: ${what}, but the budget is ${limit}.`);
  };

  const check = ({ label, tokens, costUsd: callUsd }: Reservation): void => {
    const { maxCalls, maxMs, maxTokens, maxCostUsd } = budget;
    if (maxCalls !== undefined && calls + heldCalls + 1 > maxCalls) {
      refuse(label, `it would be call ${calls + heldCalls + 1}`, `${maxCalls} calls`);
    }
    const elapsedMs = clock.now() - startedMs;
    if (maxMs !== undefined && elapsedMs >= maxMs) refuse(label, `${elapsedMs} ms have passed`, `${maxMs} ms`);
    const tokensAfter = usage.inputTokens + usage.outputTokens + heldTokens + tokens;
    if (maxTokens !== undefined && tokensAfter > maxTokens) {
      refuse(label, `up to ${tokensAfter} tokens would have been spent`, `${maxTokens} tokens`);
    }
    if (maxCostUsd === undefined) return;
    if (callUsd === undefined || isCostPartial) {
      throw new PipewrightError(
        'price-unknown',
        `${label} was not called: a budget of ${maxCostUsd} USD is set and the price of ${callUsd === undefined ? 'this model' : 'an earlier call'} is not known. Give the model a price, or limit tokens instead.`,
      );
    }
    const costAfter = costUsd + heldUsd + callUsd;
    if (costAfter > maxCostUsd + roundingUsd) {
      refuse(label, `up to ${costAfter.toFixed(6)} USD would have been spent`, `${maxCostUsd} USD`);
    }
  };

  const reserve = (reservation: Reservation): Hold => {
    check(reservation);
    const above = parent?.reserve(reservation);
    const { tokens, costUsd: heldCost = 0 } = reservation;
    heldTokens += tokens;
    heldUsd += heldCost;
    heldCalls += 1;
    let isOpen = true;
    const close = (): boolean => {
      if (!isOpen) return false;
      isOpen = false;
      heldTokens -= tokens;
      heldUsd -= heldCost;
      heldCalls -= 1;
      return true;
    };
    return {
      settle: (spentUsage, spentUsd) => {
        if (!close()) return;
        usage = addUsage(usage, spentUsage);
        calls += 1;
        if (spentUsd === undefined) isCostPartial = true;
        else costUsd += spentUsd;
        above?.settle(spentUsage, spentUsd);
      },
      release: () => {
        if (close()) above?.release();
      },
    };
  };

  return {
    get spent() {
      return { usage, costUsd, calls, isCostPartial };
    },
    isLimited: budget.maxTokens !== undefined || budget.maxCostUsd !== undefined || parent?.isLimited === true,
    reserve,
  };
};
