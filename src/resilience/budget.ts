import {
  type AnyStep,
  type Budget,
  checkAtLeast,
  type Decorated,
  decorate,
  PipewrightError,
  type Run,
  type StepInput,
  type StepLike,
  yieldToEventLoop,
} from '../core/index.js';
import type { PoolAmount } from './budget-amounts.js';
import { type BudgetPool, heldIn } from './budget-pool.js';

/** At least one limit or a pool. */
export interface BudgetOptions<In = never> extends Budget {
  /** What many calls share; each holds its own limits there before it starts. */
  readonly pool?: BudgetPool;
  /** Whose part of the pool the call takes from, such as a tenant. @default one for all */
  readonly poolKey?: (input: In, run: Run) => string;
}

/**
 * Limits what one call of a step may spend, with everything inside it. A model call that might overshoot is refused before it
 * is made, counting all calls under way; limits of the run and of steps around hold as well.
 * A call rejects with `budget-exceeded`, whose `details.budget` names what would have been spent; with `price-unknown` when
 * money is limited and a price is not known; with the store's failure when the pool cannot be asked.
 * @throws {PipewrightError} `bad-option` without a limit, or when the pool limits what the call does not.
 * @example await budget((text: string) => text.length, { maxCostUsd: 0.05 })('four') // => 4
 */
export const budget = <S extends AnyStep>(step: S, options: BudgetOptions<StepInput<S>>): Decorated<S> => {
  const { pool, poolKey = () => '' } = options;
  const limits = limitsOf(options);
  if (pool === undefined && Object.keys(limits).length === 0) {
    throw new PipewrightError(
      'bad-option',
      'A budget needs `maxCostUsd`, `maxTokens`, `maxCalls`, `maxMs` or a `pool`.',
    );
  }
  const held = pool === undefined ? undefined : heldIn(pool, limits);
  const details = { ...limits, ...(pool === undefined ? {} : { pool: pool.name, poolMs: pool.perMs }) };
  return decorate(step, { kind: 'budget', details }, async (input, run, inner) => {
    const limited = run.with({ budget: limits });
    if (pool === undefined || held === undefined) return inner(input, limited);
    return callFromPool(inner, input, limited, { pool, held, poolKey: poolKey(input, run) });
  });
};

/** The limits that were given, checked. */
const limitsOf = (options: Budget): Budget => {
  const names = (['maxCostUsd', 'maxTokens', 'maxCalls', 'maxMs'] as const).filter(
    (name) => options[name] !== undefined,
  );
  for (const name of names) checkAtLeast(name, options[name] as number, 0);
  return Object.fromEntries(names.map((name) => [name, options[name]]));
};

interface PoolShare {
  readonly pool: BudgetPool;
  readonly held: PoolAmount;
  readonly poolKey: string;
}

const callFromPool = async <In, Out>(
  step: StepLike<In, Out>,
  input: In,
  run: Run,
  { pool, held, poolKey }: PoolShare,
): Promise<Out> => {
  const hold = await pool.take(held, poolKey, run);
  try {
    return await step(input, run);
  } finally {
    // A model call that was cut off settles a moment after whoever cut it off has gone on.
    if (run.meter.held.calls > 0) await yieldToEventLoop();
    await hold.giveBack(unusedOf(held, run));
  }
};

/** What is left of the hold; what is still under way may yet be spent. */
const unusedOf = (held: PoolAmount, { meter }: Run): PoolAmount => {
  const { usage, costUsd, calls, isCostPartial } = meter.spent;
  // Below zero where a call took more than it was held for.
  const left = (most: number, spent: number, underWay: number): number => most - spent - underWay;
  return {
    costUsd: isCostPartial ? 0 : left(held.costUsd, costUsd, meter.held.costUsd),
    tokens: left(held.tokens, usage.inputTokens + usage.outputTokens, meter.held.tokens),
    calls: left(held.calls, calls, meter.held.calls),
  };
};
