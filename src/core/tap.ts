import { type AnyStep, callStep, type Decorated, decorate, defineStep, type Step, type StepLike } from './step.js';

/**
 * Runs an effect on the value that passes through and hands the value on unchanged. The pipe waits for the effect and fails
 * with it.
 * @example await pipe((n: number) => n + 1, tap((n) => { if (n > 9) throw new Error('too large'); }))(1) // => 2
 */
export const tap = <T>(effect: StepLike<T, unknown>): Step<T, T> =>
  defineStep({ kind: 'tap', children: [{ step: effect as AnyStep }] }, async (input, run) => {
    await callStep(effect, input, run, 'effect');
    return input;
  });

/**
 * Gives a step a name: in event paths, drawings and messages.
 * @example inspect(named('shout', (text: string) => text.toUpperCase())).name // => 'shout'
 */
export const named = <S extends AnyStep>(name: string, step: S): Decorated<S> =>
  decorate(step, { kind: 'named', name }, async (input, run, inner) => inner(input, run));
