import { linkedController } from './clock.js';
import {
  type AnyStep,
  callStep,
  defineStep,
  type Step,
  type StepInput,
  type StepLike,
  type StepOutput,
} from './step.js';

type Branches = Readonly<Record<string, AnyStep>>;
/** What all branches accept: the intersection of their inputs. */
type BranchInput<B extends Branches> = { [K in keyof B]: (input: StepInput<B[K]>) => void }[keyof B] extends (
  input: infer In,
) => void
  ? In
  : never;

/**
 * Gives the same input to every branch at once and resolves to an object of their results. When one fails, the signal of
 * the others aborts and the call rejects with that first failure.
 * @example await parallel({ size: (text: string) => text.length, loud: (text: string) => text.toUpperCase() })('hi')
 * // => { size: 2, loud: 'HI' }
 */
export const parallel = <const B extends Branches>(
  branches: B,
): Step<BranchInput<B>, { [K in keyof B]: StepOutput<B[K]> }> => {
  const entries = Object.entries(branches);
  const children = entries.map(([label, step]) => ({ label, step }));
  return defineStep({ kind: 'parallel', children }, async (input, run) => {
    run.throwIfAborted();
    using group = linkedController(run.signal);
    const inner = run.with({ signal: group.signal });
    const results = await Promise.all(
      entries.map(async ([label, step]) => {
        try {
          return [label, await callStep(step as StepLike<unknown, unknown>, input, inner, label)] as const;
        } catch (error) {
          group.abort(error);
          throw error;
        }
      }),
    );
    run.throwIfAborted();
    return Object.fromEntries(results) as { [K in keyof B]: StepOutput<B[K]> };
  });
};
