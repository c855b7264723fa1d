import { type Run, runKey } from '../core/index.js';

/** Extra tries that are left; shared by all retries and hedges under the outermost. */
export interface TryBudget {
  extraTries: number;
}

/** One call of a step that may be tried more than once, as what is inside it sees it. */
export interface RetryScope {
  /** What one layer takes, the others no longer have. Undefined while nothing around limits it. */
  readonly budget: TryBudget | undefined;
  readonly above: RetryScope | undefined;
  /** The same object for all tries of one call. */
  readonly call: object;
  /** Whether its tries run side by side. */
  readonly isParallel: boolean;
  /** Whether something was done below that must not be done twice. */
  isForbidden: boolean;
  /** Told when that is about to happen. */
  readonly onForbid: (() => void) | undefined;
}

const scopeKey = runKey<RetryScope>('retry');

/** The innermost scope of a run. */
export const retryScopeOf = (run: Run): RetryScope | undefined => run.get(scopeKey);

/** A scope as a value to attach to a run. */
export const scopeValues = (scope: RetryScope): ReadonlyMap<object, unknown> => new Map([[scopeKey, scope]]);

/** A scope in which further tries are limited. */
export interface LimitedScope extends RetryScope {
  readonly budget: TryBudget;
}

interface Entered<Scope extends RetryScope> {
  readonly scope: Scope;
  readonly run: Run;
}

const enter = <Scope extends RetryScope>(run: Run, scope: Scope): Entered<Scope> => ({
  scope,
  run: run.with({ values: scopeValues(scope) }),
});

/** Opens a scope inside those of the run; the outermost brings the budget. */
export const enterRetry = (run: Run, extraTries: number): Entered<LimitedScope> => {
  const above = retryScopeOf(run);
  const budget = above?.budget ?? { extraTries };
  return enter(run, { budget, above, call: {}, isParallel: false, isForbidden: false, onForbid: undefined });
};

/** Opens a scope that learns of `forbidRetry` and leaves the budget to others. */
export const enterFallback = (run: Run): Entered<RetryScope> => {
  const above = retryScopeOf(run);
  return enter(run, {
    budget: above?.budget,
    above,
    call: {},
    isParallel: false,
    isForbidden: false,
    onForbid: undefined,
  });
};

/**
 * Call it just before doing what must not happen twice, such as sending a mail or charging a card: no retry, fallback or hedge
 * around this point will then run it again or run something else in its place, whatever fails later. Tries of the same call
 * that a hedge has under way are cancelled first. Retries that start after it and wrap other work go on as ever.
 * Throws the signal's reason when the run is aborted already, so that a try that was given up does not do the deed.
 * @example const send = async (mail: string, run: Run) => { forbidRetry(run); return post(mail); }
 */
export const forbidRetry = (run: Run): void => {
  run.throwIfAborted();
  for (let scope = retryScopeOf(run); scope !== undefined; scope = scope.above) {
    scope.isForbidden = true;
    scope.onForbid?.();
  }
};
