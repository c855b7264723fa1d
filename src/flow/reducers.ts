import type { StateSchema } from './graph-types.js';

/**
 * A reducer for lists: what nodes resolve to comes behind what is there.
 * @example append([1], [2, 3]) // => [1, 2, 3]
 */
export const append = <T>(before: readonly T[] = [], more: readonly T[] = []): T[] => [...before, ...more];

const unchecked: StateSchema<never, never> = {
  '~standard': { version: 1, vendor: 'pipewright', validate: (value) => ({ value: value as never }) },
};

/**
 * Names the type of a state where there is no schema for it. Nothing is checked.
 * @example stateType<{ readonly draft: string }>()
 */
export const stateType = <S>(): StateSchema<S, S> => unchecked as unknown as StateSchema<S, S>;
