import {
  type AnyStep,
  callStep,
  type CommonInput,
  defineStep,
  type Step,
  type StepLike,
  type StepOutput,
} from './step.js';

type Branches = Readonly<Record<string, AnyStep>>;

/**
 * Gives the same input to every branch at once and resolves to an object of their results. When one fails, the signal of
 * the others aborts and the call rejects with that first failure.
 * @example await parallel({ size: (text: string) => text.length, loud: (text: string) => text.toUpperCase() })('hi')
 * // => { size: 2, loud: 'HI' }
 */
export const parallel = <const B extends Branches>(
  branches: B,
): Step<CommonInput<B>, { [K in keyof B]: StepOutput<B[K]> }> => {
  const entries = Object.entries(branches);
  const children = entries.map(([label, step]) => ({ label, step }));
  return defineStep({ kind: 'parallel', children }, async (input, run) => {
    using group = run.scope();
    const { run: inner } = group;
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
    return Object.fromEntries(results) as { [K in keyof B]: StepOutput<B[K]> };
  });
};
