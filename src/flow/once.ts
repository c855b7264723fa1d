import { type AnyStep, callStep, type Decorated, decorate, type StepInput, type StepLike } from '../core/index.js';
import { journalKey } from './journal.js';

export interface OnceOptions<In> {
  /**
   * What stands for a call, in place of the order in which calls of this name come. For calls that run side by side in a function of
   * your own; those in `map` and `parallel` have places of their own. @default the order
   */
  readonly key?: (input: In) => string;
  /** Whether a failure is kept as well, and thrown again instead of trying anew. @default never */
  readonly isErrorKept?: (error: unknown) => boolean;
}

/**
 * Marks a step whose work must not be done again. Inside a `durable` run, or a node of a graph with checkpoints, what it
 * resolves to is journaled before the run goes on; when that run is resumed, the journal answers in place of the step. Elsewhere
 * it is the step as it is. It keeps the properties of the step: a model stays a model, a tool a tool. Put retries inside it. What it
 * resolves to must be plain data.
 * It throws `journal-mismatch` when the journal was written by another pipeline, or the input is not the one it had then.
 * @example await once('charge', async (eur: number) => `paid ${eur}`)(5) // => 'paid 5'
 */
export const once = <S extends AnyStep>(name: string, step: S, options: OnceOptions<StepInput<S>> = {}): Decorated<S> =>
  decorate(step, { kind: 'once', name }, async (input, run, inner) => {
    const journal = run.get(journalKey);
    if (journal === undefined) return inner(input, run);
    const { key, isErrorKept } = options;
    return journal.call<unknown>(
      {
        name,
        input,
        work: (within) => callStep(inner as StepLike<unknown, unknown>, input, within, name),
        ...(key === undefined ? {} : { key: key(input) }),
        ...(isErrorKept === undefined ? {} : { isErrorKept }),
      },
      run,
    );
  });
