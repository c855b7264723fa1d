import type { AnyStep, Decorated, Run, StepInput } from '../core/index.js';
import type { KeyedShelf } from './cache-shelf.js';

export interface CacheStats {
  /** Calls that were answered from the cache. */
  readonly hits: number;
  /** Calls that went through. */
  readonly misses: number;
  /** Calls that were answered by an equal call under way. */
  readonly shared: number;
  /** Answers in memory; undefined for a store. */
  readonly entries?: number;
  /** Their size; undefined for a store. */
  readonly bytes?: number;
  /** Answers that had to go to make room; undefined for a store. */
  readonly evictions?: number;
}

/** What is to be forgotten: one answer by its key, or all of one scope. */
export type CacheSelection = { readonly key: string } | { readonly scope: unknown };

/** A handle on the cache of a step. */
export interface CacheControl<in In> {
  readonly stats: () => CacheStats;
  /** The key under which the answer to this input lies, as `cache-hit` and `cache-miss` tell it. */
  readonly keyOf: (input: In, run?: Run) => string;
  /** Forgets what is selected, or everything; resolves to how many answers there were. Calls under way are not kept either. */
  readonly invalidate: (selection?: CacheSelection) => Promise<number>;
}

/** A cached step: the step itself, with a handle on its cache. */
export type Cached<S extends AnyStep> = Decorated<S> & { readonly cache: CacheControl<StepInput<S>> };

export const withControl = <S extends AnyStep>(step: Decorated<S>, control: CacheControl<StepInput<S>>): Cached<S> =>
  Object.defineProperty(step, 'cache', { value: control, enumerable: true, configurable: true }) as Cached<S>;

/** Takes what is selected off a shelf. */
export const forget = (
  shelf: Pick<KeyedShelf, 'delete' | 'deleteAll'>,
  prefixOf: (scope?: unknown) => string,
  selection: CacheSelection | undefined,
): Promise<number> => {
  if (selection === undefined) return shelf.deleteAll(prefixOf());
  return 'key' in selection ? shelf.delete(selection.key) : shelf.deleteAll(prefixOf(selection.scope));
};
