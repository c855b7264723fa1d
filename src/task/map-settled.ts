import {
  type AnyStep,
  callStep,
  checkAtLeast,
  defineStep,
  isPipewrightError,
  map,
  type Run,
  type Step,
  type StepLike,
  stepName,
} from '../core/index.js';

/** What came of one item; `index` is its place in the list. A failure is data: the others go on. */
export type Settled<Out> =
  | { readonly index: number; readonly isDone: true; readonly value: Out }
  | { readonly index: number; readonly isDone: false; readonly error: unknown };

export interface MapSettledOptions {
  /** How many items are under way at once. @default 8 */
  readonly concurrency?: number;
  /** Names the `progress` events. @default the step's name */
  readonly label?: string;
}

/**
 * Applies a step to every item of a list, several at once: results keep the order of the items, and an item that fails is told
 * as such while the others go on. Emits `progress` after each item. An item that the budget refused before it had spent anything,
 * because others held the room, is tried again when those are done; what still does not fit fails with `budget-exceeded`, at no
 * cost. Only aborting the run rejects the call.
 * @throws {PipewrightError} `bad-option`.
 * @example (await mapSettled((n: number) => 6 / n)([1, 2])).map((each) => each.isDone && each.value) // => [6, 3]
 */
export const mapSettled = <In, Out>(
  step: StepLike<In, Out>,
  options: MapSettledOptions = {},
): Step<readonly In[], readonly Settled<Out>[]> => {
  const { concurrency = 8, label = stepName(step as AnyStep) } = options;
  checkAtLeast('concurrency', concurrency, 1);
  const info = { kind: 'map', name: 'map-settled', details: { concurrency }, children: [{ step: step as AnyStep }] };
  return defineStep(info, async (items: readonly In[], run: Run) => {
    let done = 0;
    const settledAt = async (index: number, inner: Run, isLastTry: boolean): Promise<Settled<Out> | undefined> => {
      const { result, isRefused } = await settle(step, items[index] as In, inner, index);
      if (isRefused && !isLastTry) return undefined;
      done += 1;
      run.emit({ type: 'progress', label, done, total: items.length });
      return result;
    };
    const places = items.map((_, index) => index);
    const first = await map((index: number, inner) => settledAt(index, inner, false), { concurrency })(places, run);
    const results: Settled<Out>[] = [];
    for (const [index, result] of first.entries()) {
      const settled = result ?? (await settledAt(index, run, true));
      if (settled !== undefined) results.push(settled);
    }
    return results;
  });
};

interface Tried<Out> {
  readonly result: Settled<Out>;
  /** The budget had no room, and nothing was spent. */
  readonly isRefused: boolean;
}

const settle = async <In, Out>(step: StepLike<In, Out>, item: In, run: Run, index: number): Promise<Tried<Out>> => {
  // A budget without limits counts what this item alone spends.
  using scope = run.scope({ budget: {} });
  try {
    const value = await callStep(step, item, scope.run);
    return { result: { index, isDone: true, value }, isRefused: false };
  } catch (error) {
    run.throwIfAborted();
    const isRefused = isPipewrightError(error) && error.code === 'budget-exceeded' && scope.run.meter.spent.calls === 0;
    return { result: { index, isDone: false, error }, isRefused };
  }
};
