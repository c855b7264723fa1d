import {
  type AnyStep,
  callStep,
  type Decorated,
  decorate,
  isPipewrightError,
  PipewrightError,
  type Run,
  type StepInput,
  type StepLike,
  type StepOutput,
} from '../core/index.js';
import { byKey, type Choice, leastLoaded } from './balance-choice.js';
import { type Ejections, ejectionsOf } from './balance-ejections.js';
import { type BalanceOptions, type BalanceSettings, resolveOptions, type Target } from './balance-options.js';
import { failureOf } from './failure.js';
import { retryScopeOf } from './retry-scope.js';

type Equal<S extends AnyStep> = StepLike<StepInput<S>, StepOutput<S>>;

/** What a balance keeps while it is in use. */
interface Core {
  readonly settings: BalanceSettings;
  readonly ejections: Ejections;
  /** By call: the targets that its next try leaves to the last. */
  readonly used: WeakMap<object, Set<Target>>;
}

/**
 * Spreads calls over steps that do the same: by weight and load, or by a key to the same step. A step that keeps failing, or
 * whose server asks for a pause, takes no calls for a while. The result has the properties of the first step. A failed call is not tried
 * again by itself; the tries of a `retry` or `hedge` around it go to steps that their call has not used yet.
 * Rejects with the failure of the step, without its `retryAfterMs` while there is another step to go to; with `circuit-open` (retryable) when none takes calls, which only `minActive: 0` allows.
 * Emits `choice-made` and `target-eject`.
 * @throws {PipewrightError} `bad-option` when there is no step, or a number is out of range, or a store comes without a name.
 * @example await balance([(n: number) => n + 1, (n) => n + 1], { weights: [3, 1] })(1) // => 2
 */
export const balance = <S extends AnyStep>(
  steps: readonly [S, ...Equal<NoInfer<S>>[]],
  options: BalanceOptions = {},
): Decorated<S> => {
  const settings = resolveOptions(steps, options);
  const { targets, maxFailures, ejectMs, minActive, keyOf, store } = settings;
  const core: Core = { settings, ejections: ejectionsOf(settings), used: new WeakMap() };
  const [first] = steps;
  const info = {
    kind: 'balance',
    details: {
      by: keyOf === undefined ? 'load' : 'key',
      maxFailures,
      ejectMs,
      minActive,
      isShared: store !== undefined,
    },
    children: targets.map(({ step, weight }) => ({ step, label: `weight ${weight}` })),
  };
  return decorate(first, info, (input, run) => callOne(core, input, run));
};

const callOne = async (core: Core, input: unknown, run: Run): Promise<unknown> => {
  const { ejections, settings } = core;
  if (settings.store !== undefined) await ejections.refresh(run);
  const { target, reason } = choose(core, input, run);
  if (run.isWatched) run.emit({ type: 'choice-made', chosen: target.name, reason });
  note(core, run, target, 'start');
  target.busy += 1;
  try {
    const output = await callStep(target.step as StepLike<unknown, unknown>, input, run, target.name);
    target.failuresInRow = 0;
    target.ejections = 0;
    note(core, run, target, 'success');
    return output;
  } catch (error) {
    note(core, run, target, 'failure');
    const failure = failureOf(run, error);
    if (failure !== undefined) await ejections.failed(run, target, failure.error);
    throw hasFresh(core, run) ? withoutWait(error) : error;
  } finally {
    target.busy -= 1;
  }
};

const choose = ({ settings, used }: Core, input: unknown, run: Run): Choice => {
  const { targets, name, keyOf } = settings;
  const nowMs = run.clock.now();
  const active = activeOf(settings, nowMs);
  if (active.length === 0) throw noneActive(name, targets, nowMs);
  const fresh = active.filter((target) => !isUsed(used, run, target));
  const candidates = fresh.length > 0 ? fresh : active;
  const key = keyOf?.(input as never);
  return key === undefined ? leastLoaded(candidates, run.random) : byKey(candidates, key);
};

/** Those that take calls. Several processes together may have ejected more than one would: then those that come back first. */
const activeOf = ({ targets, minActive }: BalanceSettings, nowMs: number): readonly Target[] => {
  const active = targets.filter(({ ejectedUntilMs }) => ejectedUntilMs <= nowMs);
  if (active.length >= minActive || active.length === targets.length) return active;
  return targets.toSorted((a, b) => a.ejectedUntilMs - b.ejectedUntilMs).slice(0, minActive);
};

const isUsed = (used: Core['used'], run: Run, target: Target): boolean => {
  for (let scope = retryScopeOf(run); scope !== undefined; scope = scope.above) {
    if (used.get(scope.call)?.has(target) === true) return true;
  }
  return false;
};

/**
 * Remembers for the retries and hedges around this call which targets it has failed with, and for hedges, whose tries run side by
 * side, also those that are under way.
 */
const note = ({ used }: Core, run: Run, target: Target, what: 'start' | 'success' | 'failure'): void => {
  for (let scope = retryScopeOf(run); scope !== undefined; scope = scope.above) {
    const targets = used.get(scope.call);
    if (what === 'success') targets?.delete(target);
    else if (what === 'failure' || scope.isParallel) {
      if (targets === undefined) used.set(scope.call, new Set([target]));
      else targets.add(target);
    }
  }
};

const hasFresh = ({ settings, used }: Core, run: Run): boolean => {
  const nowMs = run.clock.now();
  return settings.targets.some((target) => target.ejectedUntilMs <= nowMs && !isUsed(used, run, target));
};

/** The same failure without the wait that one server asked for: the next try goes to another. */
const withoutWait = (error: unknown): unknown => {
  if (!isPipewrightError(error) || error.details.retryAfterMs === undefined) return error;
  const { retryAfterMs: _, ...details } = error.details;
  return new PipewrightError(error.code, error.message, { retryable: error.retryable, cause: error, details });
};

const noneActive = (name: string, targets: readonly Target[], nowMs: number): PipewrightError => {
  const retryAfterMs = Math.min(...targets.map(({ ejectedUntilMs }) => ejectedUntilMs)) - nowMs;
  const message = `None of the ${targets.length} steps of \`${name}\` takes calls after failures, for ${retryAfterMs} ms more. Try again then, or use a fallback.`;
  return new PipewrightError('circuit-open', message, { retryable: true, details: { retryAfterMs } });
};
