import { PipewrightError } from './errors.js';
import { type AnyStep, callStep, defineStep, type Step, type StepLike, type StepOutput } from './step.js';

/**
 * Runs `then` when the condition holds for the input, else `otherwise`; without `otherwise` the input passes through.
 * @example await branch((n: number) => n < 0, (n) => -n)(-3) // => 3
 */
export function branch<In, Yes, No>(
  when: StepLike<In, boolean>,
  then: StepLike<NoInfer<In>, Yes>,
  otherwise: StepLike<NoInfer<In>, No>,
): Step<In, Yes | No>;
export function branch<In, Yes>(when: StepLike<In, boolean>, then: StepLike<NoInfer<In>, Yes>): Step<In, Yes | In>;
export function branch(
  when: StepLike<unknown, boolean>,
  then: StepLike<unknown, unknown>,
  otherwise?: StepLike<unknown, unknown>,
): Step<unknown, unknown> {
  const children = [
    { label: 'when', step: when as AnyStep },
    { label: 'then', step: then as AnyStep },
    ...(otherwise === undefined ? [] : [{ label: 'otherwise', step: otherwise as AnyStep }]),
  ];
  return defineStep({ kind: 'branch', children }, async (input, run) => {
    const isChosen = await callStep(when, input, run, 'when');
    run.throwIfAborted();
    if (isChosen) return callStep(then, input, run, 'then');
    return otherwise === undefined ? input : callStep(otherwise, input, run, 'otherwise');
  });
}

type Routes<In> = Readonly<Record<string, StepLike<In, unknown>>>;

/**
 * Runs the route that `choose` names; all routes take what `choose` takes. A name that is no route rejects with `bad-input` and
 * lists those there are.
 * @example await route((n: number) => (n % 2 ? 'odd' : 'even'), { odd: (n) => n + 1, even: (n) => n })(3) // => 4
 */
export const route = <In, const R extends Routes<In>>(
  choose: StepLike<In, keyof NoInfer<R> & string>,
  routes: R,
): Step<In, StepOutput<R[keyof R]>> => {
  const children = Object.entries(routes).map(([label, step]) => ({ label, step: step as AnyStep }));
  const info = { kind: 'route', children: [{ label: 'choose', step: choose as AnyStep }, ...children] };
  return defineStep(info, async (input, run) => {
    const name = await callStep(choose, input, run, 'choose');
    run.throwIfAborted();
    const chosen = Object.hasOwn(routes, name) ? routes[name] : undefined;
    if (chosen === undefined) {
      const known = Object.keys(routes).join(', ');
      throw new PipewrightError('bad-input', `There is no route \`${name}\`. The routes are: ${known}.`);
    }
    return callStep(chosen, input, run, name) as Promise<StepOutput<R[keyof R]>>;
  });
};
