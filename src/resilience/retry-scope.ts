import { type Run, runKey } from '../core/index.js';

/** One call of a retried step, as the retries inside it see it. */
export interface RetryScope {
  /** Shared by all retries under the outermost: what one layer takes, the others no longer have. */
  readonly budget: { extraTries: number };
  readonly above: RetryScope | undefined;
  /** Whether something was done below that must not be done twice. */
  isForbidden: boolean;
}

const scopeKey = runKey<RetryScope>('retry');

/** Opens a scope inside those of the run; the outermost brings the budget. */
export const enterRetry = (run: Run, extraTries: number): { readonly scope: RetryScope; readonly run: Run } => {
  const above = run.get(scopeKey);
  const scope: RetryScope = { budget: above?.budget ?? { extraTries }, above, isForbidden: false };
  return { scope, run: run.with({ values: new Map([[scopeKey, scope]]) }) };
};

/**
 * Call it just before doing what must not happen twice, such as sending a mail or charging a card: no retry around this point
 * will then run it again, whatever fails later. Retries that start after it and wrap other work go on as ever.
 * @example const send = async (mail: string, run: Run) => { forbidRetry(run); return post(mail); }
 */
export const forbidRetry = (run: Run): void => {
  for (let scope = run.get(scopeKey); scope !== undefined; scope = scope.above) scope.isForbidden = true;
};
