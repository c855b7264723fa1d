import { callStep, defineStep, type AnyStep, type Step, type StepLike } from './step.js';

// A type that is not known yet counts as `never` (the defaults below), because a compiler that has not looked into an untyped
// lambda would else take its result for `unknown`, and the typed step behind it for wrong.

/**
 * Joins steps end to end: each gets what the one before resolved to. Takes up to ten; put a pipe in a pipe for more.
 * Rejects with the first failure, or with the signal's reason once that aborts; then no further step starts.
 * @example await pipe((text: string) => text.trim(), (text) => text.length)(' four ') // => 4
 */
export function pipe<A, B = never>(ab: StepLike<A, B>): Step<A, B>;
export function pipe<A, B = never, C = never>(ab: StepLike<A, B>, bc: StepLike<NoInfer<B>, C>): Step<A, C>;
export function pipe<A, B = never, C = never, D = never>(
  ab: StepLike<A, B>,
  bc: StepLike<NoInfer<B>, C>,
  cd: StepLike<NoInfer<C>, D>,
): Step<A, D>;
export function pipe<A, B = never, C = never, D = never, E = never>(
  ab: StepLike<A, B>,
  bc: StepLike<NoInfer<B>, C>,
  cd: StepLike<NoInfer<C>, D>,
  de: StepLike<NoInfer<D>, E>,
): Step<A, E>;
export function pipe<A, B = never, C = never, D = never, E = never, F = never>(
  ab: StepLike<A, B>,
  bc: StepLike<NoInfer<B>, C>,
  cd: StepLike<NoInfer<C>, D>,
  de: StepLike<NoInfer<D>, E>,
  ef: StepLike<NoInfer<E>, F>,
): Step<A, F>;
export function pipe<A, B = never, C = never, D = never, E = never, F = never, G = never>(
  ab: StepLike<A, B>,
  bc: StepLike<NoInfer<B>, C>,
  cd: StepLike<NoInfer<C>, D>,
  de: StepLike<NoInfer<D>, E>,
  ef: StepLike<NoInfer<E>, F>,
  fg: StepLike<NoInfer<F>, G>,
): Step<A, G>;
export function pipe<A, B = never, C = never, D = never, E = never, F = never, G = never, H = never>(
  ab: StepLike<A, B>,
  bc: StepLike<NoInfer<B>, C>,
  cd: StepLike<NoInfer<C>, D>,
  de: StepLike<NoInfer<D>, E>,
  ef: StepLike<NoInfer<E>, F>,
  fg: StepLike<NoInfer<F>, G>,
  gh: StepLike<NoInfer<G>, H>,
): Step<A, H>;
export function pipe<A, B = never, C = never, D = never, E = never, F = never, G = never, H = never, I = never>(
  ab: StepLike<A, B>,
  bc: StepLike<NoInfer<B>, C>,
  cd: StepLike<NoInfer<C>, D>,
  de: StepLike<NoInfer<D>, E>,
  ef: StepLike<NoInfer<E>, F>,
  fg: StepLike<NoInfer<F>, G>,
  gh: StepLike<NoInfer<G>, H>,
  hi: StepLike<NoInfer<H>, I>,
): Step<A, I>;
export function pipe<
  A,
  B = never,
  C = never,
  D = never,
  E = never,
  F = never,
  G = never,
  H = never,
  I = never,
  J = never,
>(
  ab: StepLike<A, B>,
  bc: StepLike<NoInfer<B>, C>,
  cd: StepLike<NoInfer<C>, D>,
  de: StepLike<NoInfer<D>, E>,
  ef: StepLike<NoInfer<E>, F>,
  fg: StepLike<NoInfer<F>, G>,
  gh: StepLike<NoInfer<G>, H>,
  hi: StepLike<NoInfer<H>, I>,
  ij: StepLike<NoInfer<I>, J>,
): Step<A, J>;
export function pipe<
  A,
  B = never,
  C = never,
  D = never,
  E = never,
  F = never,
  G = never,
  H = never,
  I = never,
  J = never,
  K = never,
>(
  ab: StepLike<A, B>,
  bc: StepLike<NoInfer<B>, C>,
  cd: StepLike<NoInfer<C>, D>,
  de: StepLike<NoInfer<D>, E>,
  ef: StepLike<NoInfer<E>, F>,
  fg: StepLike<NoInfer<F>, G>,
  gh: StepLike<NoInfer<G>, H>,
  hi: StepLike<NoInfer<H>, I>,
  ij: StepLike<NoInfer<I>, J>,
  jk: StepLike<NoInfer<J>, K>,
): Step<A, K>;
export function pipe(...steps: readonly StepLike<unknown, unknown>[]): Step<unknown, unknown> {
  const children = steps.map((step) => ({ step: step as AnyStep }));
  return defineStep({ kind: 'pipe', children }, async (input, run) => {
    let value = input;
    for (const step of steps) {
      run.throwIfAborted();
      value = await callStep(step, value, run);
    }
    return value;
  });
}
